//! lab-model: see ARCHITECTURE.md.
