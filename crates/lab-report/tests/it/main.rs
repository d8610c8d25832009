//! Reports of small made-up records, as they look.

mod explain;
mod hostile;
mod json;
mod samples;
mod stages;
mod terminal;
