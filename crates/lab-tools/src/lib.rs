//! lab-tools: see ARCHITECTURE.md.
