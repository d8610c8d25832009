//! lab-store: see ARCHITECTURE.md.
