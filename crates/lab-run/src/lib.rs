//! Executes a plan, always cleans up, and writes the bundle.
//!
//! [`execute`] is the whole of it. Sensors and witnesses are attached before the actor starts; a step that fails is
//! data in the bundle; whatever happens, everything that was made is taken away again, by this run or, if it is
//! killed, by the next one.

mod clock;
mod deadline;
mod error;
mod exercise;
mod launch;
mod machines;
mod observer;
mod pass;
mod random;
mod run;
mod sensor;
mod stages;

pub use deadline::{Ended, Interrupt};
pub use error::RunError;
pub use lab_adapters::proc::INTERVAL_MS as POLLED_EVERY_MS;
pub use launch::Guest;
pub use machines::{Fleet, Kernel, Pack, execute_machines};
pub use observer::{Moment, Observer};
pub use run::{Finished, Inside, Options, execute, observed_runs, with_inventory};
