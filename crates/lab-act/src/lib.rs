//! lab-act: see ARCHITECTURE.md.
