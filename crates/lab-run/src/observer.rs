//! What a run tells while it goes on. The runner owns all state; whoever listens only shows it.

use std::time::Duration;

use lab_model::Exit;

/// One moment of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moment<'a> {
    /// What dead runs had left was taken away.
    Swept {
        /// their ids
        removed: &'a [String],
    },
    /// The run has its bundle.
    Began {
        /// id of the run
        id: &'a str,
        /// stages to come, in all passes
        stages: usize,
    },
    /// A stage begins.
    StageBegan {
        /// scenario
        scenario: &'a str,
        /// pass
        pass: u32,
        /// stage
        stage: &'a str,
    },
    /// Somebody else is waited for, before a stage begins.
    Waiting {
        /// scenario
        scenario: &'a str,
        /// pass
        pass: u32,
        /// for whom
        whom: &'a str,
    },
    /// An act begins.
    Act {
        /// scenario
        scenario: &'a str,
        /// act
        act: u32,
    },
    /// A program of the person's own has ended.
    Program {
        /// how
        exit: Exit,
        /// processes that it had left running, and that are ended now
        left: usize,
    },
    /// A stage has ended.
    StageEnded {
        /// scenario
        scenario: &'a str,
        /// pass
        pass: u32,
        /// stage
        stage: &'a str,
        /// how long it took
        took: Duration,
        /// why it failed
        error: Option<&'a str>,
    },
    /// A virtual machine is being booted.
    MachineBegan {
        /// its kernel
        kernel: &'a str,
    },
    /// A virtual machine has ended, and its bundle is there.
    MachineEnded {
        /// its kernel
        kernel: &'a str,
        /// how long it took
        took: Duration,
        /// why its record is not whole
        error: Option<&'a str>,
    },
    /// A pass is in the bundle with all its files.
    PassEnded,
}

/// Listens to a run.
pub trait Observer {
    /// Called at each moment, from the runner's thread.
    fn on(&self, moment: &Moment<'_>);
}
