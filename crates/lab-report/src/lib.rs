//! lab-report: see ARCHITECTURE.md.
