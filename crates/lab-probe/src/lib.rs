//! lab-probe: see ARCHITECTURE.md.
