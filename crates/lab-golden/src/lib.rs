//! lab-golden: see ARCHITECTURE.md.
