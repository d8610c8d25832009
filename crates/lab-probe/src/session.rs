//! One recording: load, attach, drain until told to stop, detach, account for everything.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    os::fd::AsFd,
    path::PathBuf,
};

use lab_abi::{Cause, Kind, LossRecord, Offsets};
use lab_model::{Action, Counters, Refusal, Report};
use nix::libc;
use sha2::{Digest, Sha256};

use crate::{
    Error, ancestry,
    check::{LOCKDOWN, not_locked_down},
    control::{Command, Control, catch_signals},
    counters, kernel,
    load::{self, Programs, Sizes},
    pace::{Pace, Wait},
    reader::{self, Reader},
    scope::{Scope, Whom},
    spool::{End, Header, LAYOUT, Skipped, Writer, frame},
    wanted::Wanted,
};

/// What to record and where to.
#[derive(Clone, Debug)]
pub struct Session {
    /// who is observed
    pub whom: Whom,
    /// what of it is recorded
    pub wanted: Wanted,
    /// file for the spool
    pub spool: PathBuf,
    /// bytes of the ring buffer
    pub ring_bytes: u32,
    /// threads in scope whose calls are kept at once
    pub threads: u32,
    /// say at the end how old the records were when they were read
    pub latency: bool,
    /// fields of the kernel's structs that are taken to be elsewhere: for tests of what a kernel refuses
    pub pretended: Vec<(String, u32)>,
}

/// Longest time between heartbeats.
const HEARTBEAT_NS: u64 = 50_000_000;
/// A record is stamped a little before it is in the ring: a heartbeat speaks only for what is older than this.
const MARGIN_NS: u64 = 1_000_000;

/// Records until `input` ends or says stop, or a signal comes. What the runner must know is said on `output`.
pub fn record(
    session: &Session,
    input: impl Read + AsFd,
    output: &mut impl Write,
) -> Result<Counters, Error> {
    catch_signals().map_err(Error::Signals)?;
    not_locked_down(LOCKDOWN.as_ref())?;
    let scope = Scope::of(&session.whom)?;
    let sizes = Sizes { ring: session.ring_bytes, threads: session.threads };
    let mut programs = load::load(&scope, sizes, &session.wanted, &session.pretended)?;
    // What was read of the kernel's types is gone, but the allocator would keep the room.
    // SAFETY: gives free memory back, whoever allocates meanwhile.
    unsafe { libc::malloc_trim(0) };
    // Only now: nothing half-written is left where the programs cannot be loaded.
    let mut spool = Writer::create(&session.spool)?;
    let header = header(session, &scope, &programs);
    spool.push_json(frame::HEADER, &header)?;
    spool.push_json(frame::ANCESTRY, &ancestry::read(&scope.path))?;
    spool.flush()?;
    say(
        output,
        &Report::Ready { version: header.version, object: Some(header.object), refused: header.refused },
    );

    let mut reader = Reader::default();
    reader.ages = session.latency.then(Vec::new);
    let result = run(&mut programs, &mut reader, &mut spool, &mut Control::new(input), output)
        .and_then(|()| finish(&mut programs, &mut reader, &mut spool));
    let counters = match &result {
        Ok(counters) => counters.clone(),
        Err(_) => {
            programs.detach();
            reader.discard(&mut programs);
            counters::read(&programs, &reader)?
        }
    };
    say(output, &Report::Counters { counters });
    if let Some(ages) = &mut reader.ages {
        eprintln!("{}", reader::quantiles(ages));
    }
    if result.is_ok() {
        say(output, &Report::Done);
    }
    result
}

fn run(
    programs: &mut Programs,
    reader: &mut Reader,
    spool: &mut Writer,
    control: &mut Control<impl Read + AsFd>,
    output: &mut impl Write,
) -> Result<(), Error> {
    let mut skips = Skips::default();
    let mut beat = 0;
    let mut pace = Pace::new(programs.preemptible);
    loop {
        let before: u64 = reader.received.values().sum();
        // Read before the drain: everything older is in the ring by now.
        let now = kernel::boot_ns();
        let mut seen = Vec::new();
        reader::drain(reader, programs, spool, &mut seen)?;
        for marker in seen {
            say(output, &Report::Marker { name: marker.name, ns: marker.ns });
        }
        if now - beat >= HEARTBEAT_NS {
            skips.tell(programs, spool, beat, now)?;
            spool.push(frame::HEARTBEAT, &now.saturating_sub(MARGIN_NS).to_le_bytes());
            spool.flush()?;
            beat = now;
        }
        let found = reader.received.values().sum::<u64>() - before;
        for command in wait(pace.next(now, found), programs, control) {
            match command {
                Command::Marker(name) => {
                    reader.markers.want(&name);
                    say(output, &Report::Watching { name });
                }
                Command::Stop => return skips.tell(programs, spool, beat, kernel::boot_ns()),
            }
        }
    }
}

/// Waits as the pace says. The programs wake nobody who looks by himself.
fn wait(wait: Wait, programs: &Programs, control: &mut Control<impl Read + AsFd>) -> Vec<Command> {
    match wait {
        Wait::Looking(milliseconds) => control.wait(milliseconds, None),
        Wait::Woken(milliseconds) => {
            programs.asleep.set(true);
            let said = control.wait(milliseconds, Some(programs.records.as_fd()));
            programs.asleep.set(false);
            said
        }
    }
}

/// Detaches first, so that the counters stand still, then takes what is left.
fn finish(programs: &mut Programs, reader: &mut Reader, spool: &mut Writer) -> Result<Counters, Error> {
    /// A program that was running when it was detached ends within this many drains.
    const ATTEMPTS: u32 = 20;
    programs.detach();
    for _ in 0..ATTEMPTS {
        reader::drain(reader, programs, spool, &mut Vec::new())?;
        if reader.received.values().sum::<u64>() + reader.unreadable == counters::submitted(programs)? {
            break;
        }
        // The reason: another CPU may be inside a program, and nothing tells when it has left it.
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let untold = untold(programs)?;
    if !untold.is_empty() {
        spool.push(frame::RECORDS, &untold);
    }
    let counters = counters::read(programs, reader)?;
    let foreign = programs.foreign.get(&0, 0).map_err(|error| Error::load(&error))?;
    spool.push_json(frame::END, &End { ns: kernel::boot_ns(), counters: counters.clone(), foreign })?;
    spool.flush()?;
    Ok(counters)
}

/// Loss that no record has carried, because none came after it.
fn untold(programs: &Programs) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    for cause in Cause::ALL {
        let per_cpu = programs.pending.get(&(cause as u32), 0).map_err(|error| Error::load(&error))?;
        for (cpu, loss) in (0..).zip(per_cpu.iter().map(|loss| loss.0)) {
            if loss.count > 0 {
                let time = kernel::boot_ns();
                out.extend_from_slice(&LossRecord::new(cpu, cause, time, loss).to_bytes());
            }
        }
    }
    Ok(out)
}

/// How often the kernel had skipped each program when it was last asked.
#[derive(Default)]
struct Skips(BTreeMap<&'static str, u64>);

impl Skips {
    fn tell(&mut self, programs: &Programs, spool: &mut Writer, first: u64, last: u64) -> Result<(), Error> {
        for (program, total) in programs.skipped() {
            let before = self.0.insert(program, total).unwrap_or(0);
            if total > before {
                let skipped = Skipped { program: program.to_owned(), count: total - before, first, last };
                spool.push_json(frame::SKIPPED, &skipped)?;
            }
        }
        Ok(())
    }
}

fn header(session: &Session, scope: &Scope, programs: &Programs) -> Header {
    let names = Offsets::FIELDS.iter().map(|(name, _, _)| (*name).to_owned());
    let refused = |kind: Kind| programs.refused.iter().any(|refused| refused.kind == kind);
    Header {
        layout: LAYOUT,
        version: lab_model::VERSION.to_owned(),
        object: object_hash(),
        boot_id: kernel::boot_id(),
        kernel: kernel::release(),
        scope: scope.path.to_string_lossy().into_owned(),
        scope_id: scope.id,
        scope_level: scope.level,
        ring_bytes: session.ring_bytes,
        threads: session.threads,
        offsets: names.zip(programs.offsets).collect(),
        attached: Kind::EVENTS.iter().filter(|k| !refused(**k)).map(|k| k.name().to_owned()).collect(),
        refused: programs
            .refused
            .iter()
            .filter_map(|r| Some(Refusal { action: action(r.kind)?, reason: r.reason.clone() }))
            .collect(),
        ready_ns: kernel::boot_ns(),
    }
}

/// SHA-256 of the eBPF object, in hex.
pub fn object_hash() -> String {
    Sha256::digest(load::OBJECT).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The action that a kind records, or completes.
pub(crate) fn action(kind: Kind) -> Option<Action> {
    if kind == Kind::ConnectLater {
        return Some(Action::Connect);
    }
    Action::ALL.iter().copied().find(|action| action.word() == kind.name())
}

/// One line of JSON. A runner that has gone away is noticed by the end of standard input.
fn say(output: &mut impl Write, report: &Report) {
    if let Ok(mut line) = serde_json::to_vec(report) {
        line.push(b'\n');
        let _ = output.write_all(&line).and_then(|()| output.flush());
    }
}
