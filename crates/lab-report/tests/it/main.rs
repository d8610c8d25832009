//! Reports of small made-up records, as they look.

mod browser;
mod chromium;
mod comparison;
mod events;
mod explain;
mod hostile;
mod html;
mod json;
mod junit;
mod markdown;
mod observed;
mod samples;
mod sarif;
mod schema;
mod shown;
mod stages;
mod terminal;
