//! lab-abi: see ARCHITECTURE.md.
