//! lab-judge: see ARCHITECTURE.md.
