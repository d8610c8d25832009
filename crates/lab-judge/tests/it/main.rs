//! The judge over records that tests make up.

mod facts;
mod laws;
mod sample;
mod verdicts;
mod world;
