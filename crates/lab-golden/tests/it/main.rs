//! Goldens end to end: laws over arbitrary facts, mutations of every line, the document's examples, bad input.

mod bad_input;
mod blessing;
mod comparing;
mod document;
mod folder;
mod freedom;
mod laws;
mod merging;
mod mutations;
mod overriding;
mod reviewing;
mod sample;
mod strategy;
mod texts;
