//! Acts performed, lied about and half performed, before real witnesses on the real kernel.

mod believed;
mod cases;
mod lied;
mod performed;
mod stage;
mod traced;
