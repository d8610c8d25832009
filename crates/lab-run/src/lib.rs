//! lab-run: see ARCHITECTURE.md.
