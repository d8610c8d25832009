//! The rules of the house, as tests.

mod architecture;
mod arrows;
mod ci;
mod files;
mod map;
mod nix;
mod object;
mod pins;
mod plan;
mod readme;
mod road;
mod tree;
