//! lab-profile: see ARCHITECTURE.md.
