//! The only command line of Sightline.

fn main() {}
