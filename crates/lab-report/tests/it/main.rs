//! Reports of small made-up records, as they look.

mod hostile;
mod json;
mod samples;
mod stages;
mod terminal;
