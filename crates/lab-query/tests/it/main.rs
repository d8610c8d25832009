//! Queries over a bundle that the tests make: what the document asks, what is refused, what DuckDB says without us.

mod client;
mod duckdb;
mod questions;
mod refused;
mod sample;
