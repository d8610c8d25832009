//! How the reader waits: woken by each record while few come, else looking by itself, since waking costs whoever writes
//! the record.

use std::{
    io,
    os::fd::{AsFd, AsRawFd},
    ptr::{NonNull, null_mut},
    sync::atomic::{AtomicU64, Ordering},
};

use nix::libc;

use crate::Error;

/// Over how long records are counted.
const WINDOW_NS: u64 = 5_000_000;
/// More records than this in a window are many: 4,000 in a second.
const FEW: u64 = 20;

/// What to wait for, and at most how long, ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// a record, or an order
    Woken(u16),
    /// an order
    Looking(u16),
}

/// Wait between looks, ms.
const LOOK: u16 = 1;
/// The same while few records come and nobody wakes the reader, ms.
const IDLE: u16 = 5;
/// Longest sleep, ms: heartbeats are due.
const SLEEP: u16 = 50;

/// How many records come.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    began: u64,
    count: u64,
    many: bool,
    never_woken: bool,
}

impl Pace {
    /// Of a reader that is never woken where tracepoints leave preemption on: it could run before the program that woke it
    /// has ended, and whatever else ran meanwhile would find that program busy.
    pub(crate) fn new(preemptible: bool) -> Self {
        Self { never_woken: preemptible, ..Self::default() }
    }

    /// After a look at `now` that found `found` records.
    pub(crate) fn next(&mut self, now: u64, found: u64) -> Wait {
        self.count += found;
        let over = now.saturating_sub(self.began) >= WINDOW_NS;
        if over || self.count > FEW {
            self.many = self.count > FEW;
        }
        if over {
            (self.began, self.count) = (now, 0);
        }
        match self.many {
            true => Wait::Looking(LOOK),
            false if self.never_woken => Wait::Looking(IDLE),
            false => Wait::Woken(SLEEP),
        }
    }
}

/// The flag that tells the programs to wake the reader, in memory that both have.
pub(crate) struct Asleep(NonNull<AtomicU64>);

impl Asleep {
    const LENGTH: usize = 4096;

    /// From the array that holds it.
    pub(crate) fn new(array: impl AsFd) -> Result<Self, Error> {
        let (access, fd) = (libc::PROT_READ | libc::PROT_WRITE, array.as_fd().as_raw_fd());
        // SAFETY: a fresh mapping wherever the kernel likes, of the array's one page.
        let page = unsafe { libc::mmap(null_mut(), Self::LENGTH, access, libc::MAP_SHARED, fd, 0) };
        match NonNull::new(page).filter(|page| page.as_ptr() != libc::MAP_FAILED) {
            Some(page) => Ok(Self(page.cast())),
            None => Err(Error::load(&io::Error::last_os_error())),
        }
    }

    /// Set before the ring is looked at for the last time, and taken back after the sleep.
    pub(crate) fn set(&self, asleep: bool) {
        // SAFETY: the first number of a page that stays mapped as long as this lives; the programs use atomics, too.
        unsafe { self.0.as_ref() }.store(u64::from(asleep), Ordering::SeqCst);
    }
}

impl Drop for Asleep {
    fn drop(&mut self) {
        // SAFETY: our own mapping, which nobody looks at any more. It fails only for what is none.
        unsafe { libc::munmap(self.0.as_ptr().cast(), Self::LENGTH) };
    }
}

#[cfg(test)]
mod tests {
    use super::{Pace, Wait};

    const MS: u64 = 1_000_000;

    #[test]
    fn few_records_wake_and_many_do_not() {
        let mut pace = Pace::default();
        let steady = |pace: &mut Pace, from: u64, ns: u64, found: u64, looks: u64| {
            (1..=looks).map(|n| pace.next(from + n * ns, found)).collect::<Vec<_>>()
        };
        let woken = steady(&mut pace, 0, MS, 1, 100);
        assert!(woken.iter().all(|wait| matches!(wait, Wait::Woken(_))), "1,000 in a second");
        let flood = steady(&mut pace, 100 * MS, 10_000, 1, 1000);
        let few = flood.iter().take_while(|wait| matches!(wait, Wait::Woken(_))).count();
        assert!(few <= 21, "a flood is noticed while it begins: after {few}");
        assert!(flood[few..].iter().all(|wait| matches!(wait, Wait::Looking(_))));
        let calm = steady(&mut pace, 110 * MS, MS, 0, 12);
        assert!(matches!(calm[11], Wait::Woken(_)), "and its end");
        let mut unwoken = Pace::new(true);
        let all = steady(&mut unwoken, 0, 10_000, 1, 1000);
        assert!(all.iter().all(|wait| matches!(wait, Wait::Looking(_))), "nobody wakes it there");
    }
}
