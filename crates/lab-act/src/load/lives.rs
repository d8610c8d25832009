//! Processes that live for so long and no longer, one after the other, for `cargo xtask bench misses`.

use std::{
    fs, io,
    path::Path,
    time::{Duration, Instant},
};

use procfs::process::Process;
use serde::Serialize;

use super::{ended, fork};

/// One process, by the account of who made it.
#[derive(Debug, Serialize)]
struct Life {
    /// how long it was to live
    wanted_ms: u64,
    pid: u32,
    /// start in clock ticks since boot
    start_ticks: u64,
    /// from before it was made until its end was known
    lived_ns: u64,
}

/// Makes `count` processes of each life time (in milliseconds, separated by commas) and writes what each was. Up to `gap`
/// milliseconds pass between two, never the same, so that the lives stand in no step with whoever looks every so often.
pub(super) fn lives(times: &str, count: u64, gap: u64, report: &Path) -> io::Result<()> {
    let times: Result<Vec<u64>, _> = times.split(',').map(str::parse).collect();
    let times = times.map_err(|_| io::Error::other("expected milliseconds, separated by commas"))?;
    let mut random = u64::from(std::process::id()) | 1;
    let mut lives = Vec::new();
    for _ in 0..count {
        for wanted_ms in &times {
            // Time is to pass; nothing is waited for.
            pass(Duration::from_nanos(below(&mut random, gap.saturating_mul(1_000_000))));
            lives.push(life(*wanted_ms)?);
        }
    }
    fs::write(report, serde_json::to_vec(&lives).map_err(io::Error::other)?)
}

fn life(wanted_ms: u64) -> io::Result<Life> {
    let began = Instant::now();
    let child = fork(|| {
        if wanted_ms > 0 {
            pass(Duration::from_millis(wanted_ms));
        }
        true
    })?;
    // One that has ended already can be asked until it is waited for.
    let stat = Process::new(child).and_then(|process| process.stat()).map_err(io::Error::other)?;
    ended(child)?;
    let lived_ns = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
    Ok(Life { wanted_ms, pid: child.unsigned_abs(), start_ticks: stat.starttime, lived_ns })
}

/// George Marsaglia's xorshift64.
fn below(random: &mut u64, bound: u64) -> u64 {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    *random % bound.max(1)
}

fn pass(time: Duration) {
    // How long a process lives is what is measured, and there is nothing else to wait for.
    std::thread::sleep(time);
}
