//! The program on the real kernel: what it tells of processes that live until they were seen, and that it tells no more.

mod forked;
mod lab;
mod lives;
mod program;
