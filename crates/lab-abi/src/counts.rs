//! What a program counts, per CPU, and how loss is told.

use crate::record::Plain;

/// Why a record was lost.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The ring buffer had no room.
    RingFull = 0,
    /// The table of threads had no room for the syscall's state.
    StateFull = 1,
    /// A syscall's exit was never seen, though the thread went on.
    NoExit = 2,
}

impl Cause {
    /// All causes.
    pub const ALL: [Self; 3] = [Self::RingFull, Self::StateFull, Self::NoExit];

    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RingFull => "ring-full",
            Self::StateFull => "state-full",
            Self::NoExit => "no-exit",
        }
    }
}

/// Loss of one cause on one CPU.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// Records lost.
    pub count: u64,
    /// Boot clock of the first, ns.
    pub first: u64,
    /// Boot clock of the last, ns.
    pub last: u64,
}

/// A record of kind `Loss`: what was lost on this CPU since the last one of the same cause.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct LossRecord {
    /// Bytes of the record.
    pub len: u32,
    /// Zero: [`crate::Kind::Loss`].
    pub kind: u16,
    /// Zero.
    pub flags: u16,
    /// Boot clock when it was told, ns.
    pub time: u64,
    /// CPU that lost.
    pub cpu: u32,
    /// A [`Cause`].
    pub cause: u32,
    /// How many and when.
    pub loss: Loss,
}

impl LossRecord {
    /// The record, as the programs write it.
    pub fn new(cpu: u32, cause: Cause, time: u64, loss: Loss) -> Self {
        let len = size_of::<Self>() as u32;
        Self { len, kind: crate::Kind::Loss as u16, flags: 0, time, cpu, cause: cause as u32, loss }
    }

    /// Its bytes.
    pub fn to_bytes(self) -> [u8; size_of::<Self>()] {
        // SAFETY: integers only, laid out without padding.
        unsafe { core::mem::transmute(self) }
    }
}

/// Counters of one kind on one CPU.
///
/// `exit_produced = exit_filtered + submitted + lost(ring-full, state-full)`,
/// `enter_produced = enter_filtered + stored + unstored`, and
/// `stored = joined + lost(no-exit) + in flight`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Runs of the enter program.
    pub enter_produced: u64,
    /// Enters out of scope.
    pub enter_filtered: u64,
    /// Enters kept until their exit.
    pub stored: u64,
    /// Enters not kept for want of room; their exit is still recorded if it finds some.
    pub unstored: u64,
    /// Runs of the exit program (or the only one).
    pub exit_produced: u64,
    /// Exits out of scope, or of a thread where the kind is about processes.
    pub exit_filtered: u64,
    /// Exits that found their enter.
    pub joined: u64,
    /// Records given to the reader.
    pub submitted: u64,
    /// Records lost, by cause.
    pub lost: [Loss; 3],
}

/// Who a program that may be interrupted ran for last on a CPU: see `bpf/src/preemption.rs`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Turn {
    /// The task, or 0.
    pub owner: u64,
    /// Runs that the kernel skipped, and that the program behind it did.
    pub made_good: u64,
    /// Runs that it may have skipped, of which that one could not know.
    pub unsure: u64,
}

// SAFETY: integers only, laid out without padding.
unsafe impl Plain for Turn {}
// SAFETY: integers only, laid out without padding.
unsafe impl Plain for Loss {}
// SAFETY: integers only, laid out without padding.
unsafe impl Plain for LossRecord {}
// SAFETY: integers only, laid out without padding.
unsafe impl Plain for Counts {}
