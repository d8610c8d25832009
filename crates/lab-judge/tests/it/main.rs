//! The judge over records that tests make up.

mod facts;
mod images;
mod laws;
mod observed;
mod packets;
mod rules;
mod sample;
mod size;
mod ticks;
mod verdicts;
mod world;
