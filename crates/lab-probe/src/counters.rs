//! The balance of each kind: what its programs made and where it went.

use std::collections::BTreeMap;

use lab_abi::{Cause, Counts, Kind};
use lab_model::{Balance, Counters, LossCause};

use crate::{Error, load::Programs, reader::Reader};

/// The word for a cause.
pub(crate) fn cause(cause: Cause) -> LossCause {
    match cause {
        Cause::RingFull => LossCause::ReserveFailed,
        Cause::StateFull => LossCause::StateFull,
        Cause::NoExit => LossCause::EnterWithoutExit,
    }
}

/// Reads the programs' counters and sets them against what the reader wrote.
///
/// A call is produced when it ends; one that is still going on, or whose end was never seen, is added. What was
/// skipped by the kernel was not even counted by the program: it is added to both sides.
pub(crate) fn read(programs: &Programs, reader: &Reader) -> Result<Counters, Error> {
    let mut counters = Counters { redacted: reader.redacted, ..Counters::default() };
    let in_flight = in_flight(programs);
    let skipped: BTreeMap<&str, u64> = programs.skipped().collect();
    for &kind in Kind::EVENTS {
        let counts = sum(programs, kind)?;
        let mut balance = Balance {
            produced: counts.exit_produced,
            received: reader.received.get(&kind).copied().unwrap_or(0),
            filtered: counts.exit_filtered,
            in_flight: in_flight.get(&kind).copied().unwrap_or(0),
            lost: BTreeMap::new(),
        };
        let no_exit = counts.lost[Cause::NoExit as usize].count;
        balance.produced += balance.in_flight + no_exit;
        for c in Cause::ALL {
            add(&mut balance, cause(c), counts.lost[c as usize].count);
        }
        add(&mut balance, LossCause::WriteFailed, reader.unwritten.get(&kind).copied().unwrap_or(0));
        let missed =
            skipped.iter().filter(|(program, _)| kind_of(program) == Some(kind)).map(|(_, n)| n).sum();
        balance.produced += missed;
        add(&mut balance, LossCause::Recursion, missed);
        counters.programs.insert(kind.name().to_owned(), balance);
    }
    // A skipped exit of a syscall may have been one of any kind; a skipped enter is made good at the exit.
    if let Some(missed) = skipped.get("sys_exit").copied().filter(|missed| *missed > 0) {
        let mut balance = Balance { produced: missed, ..Balance::default() };
        add(&mut balance, LossCause::Recursion, missed);
        counters.programs.insert("sys_exit".to_owned(), balance);
    }
    Ok(counters)
}

/// The kind that an attached program of its own tells of.
pub(crate) fn kind_of(program: &str) -> Option<Kind> {
    match program {
        "connect_later" => Some(Kind::ConnectLater),
        // What a ring is given is mostly no open.
        "ring" => Some(Kind::IoUring),
        "ring_done" => Some(Kind::Open),
        name => Kind::EVENTS.iter().copied().find(|kind| kind.name() == name),
    }
}

fn add(balance: &mut Balance, cause: LossCause, count: u64) {
    if count > 0 {
        *balance.lost.entry(cause).or_default() += count;
    }
}

/// Records that the programs gave to the ring buffer.
pub(crate) fn submitted(programs: &Programs) -> Result<u64, Error> {
    let mut total = 0;
    for &kind in Kind::EVENTS {
        total += sum(programs, kind)?.submitted;
    }
    Ok(total)
}

fn sum(programs: &Programs, kind: Kind) -> Result<Counts, Error> {
    let per_cpu = programs.counts.get(&(kind as u32), 0).map_err(|error| Error::load(&error))?;
    let mut total = Counts::default();
    for counts in per_cpu.iter().map(|counts| &counts.0) {
        total.enter_produced += counts.enter_produced;
        total.enter_filtered += counts.enter_filtered;
        total.stored += counts.stored;
        total.unstored += counts.unstored;
        total.exit_produced += counts.exit_produced;
        total.exit_filtered += counts.exit_filtered;
        total.joined += counts.joined;
        total.submitted += counts.submitted;
        for (sum, loss) in total.lost.iter_mut().zip(&counts.lost) {
            sum.count += loss.count;
        }
    }
    Ok(total)
}

/// Calls that had begun and not returned, by kind.
fn in_flight(programs: &Programs) -> BTreeMap<Kind, u64> {
    let mut found = BTreeMap::new();
    for slot in
        [&programs.slots, &programs.opens].into_iter().flat_map(|map| map.iter()).filter_map(Result::ok)
    {
        if slot.1.0.active != 0
            && let Some(kind) = u16::try_from(slot.1.0.active).ok().and_then(Kind::from_number)
        {
            *found.entry(kind).or_default() += 1;
        }
    }
    let waiting = programs.waiting.keys().filter_map(Result::ok).count() as u64;
    if waiting > 0 {
        found.insert(Kind::ConnectLater, waiting);
    }
    found
}
