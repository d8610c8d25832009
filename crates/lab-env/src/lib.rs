//! lab-env: see ARCHITECTURE.md.
