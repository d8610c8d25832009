//! lab-adapters: see ARCHITECTURE.md.
