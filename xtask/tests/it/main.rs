//! The rules of the house, as tests.

mod architecture;
mod arrows;
mod files;
mod map;
mod readme;
mod road;
mod tree;
