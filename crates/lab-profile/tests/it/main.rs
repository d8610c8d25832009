//! Integration tests of lab-profile.

mod real;
