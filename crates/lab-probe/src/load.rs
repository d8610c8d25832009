//! Loads and attaches the eBPF programs, kind by kind: what the kernel refuses is switched off with its reason.

use std::{collections::BTreeMap, os::fd::AsFd};

use aya::{
    Btf, Ebpf, EbpfLoader,
    maps::{Array, HashMap, Map, MapData, PerCpuArray, ProgramArray, RingBuf},
    programs::{BtfTracePoint, Program, ProgramFd},
};
use lab_abi::{Call, FileKey, Kind, Offsets};

use crate::{
    Error,
    error::chain,
    kernel,
    offsets::{KernelTypes, VMLINUX},
    pace::Asleep,
    plain::{
        PlainCounts, PlainDescriptor, PlainKey, PlainLoss, PlainPaths, PlainSlot, PlainTurn, PlainWaiting,
    },
    scope::Scope,
    stubs,
    wanted::Wanted,
};

/// The programs, built from `bpf/`: see CONTRIBUTING.md.
pub(crate) static OBJECT: &[u8] =
    aya::include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../bpf/prebuilt/sightline-ebpf.o"));

const SYS_ENTER: &str = "sys_enter";
const SYS_EXIT: &str = "sys_exit";
/// Behind it, for whom it was skipped.
const SYS_EXIT_AGAIN: &str = "sys_exit_again";

/// Why an action is not observed that was not asked for.
const LEFT_OUT: &str = "left out: other actions were asked for";

/// Sizes that the caller may choose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// bytes of the ring buffer, rounded up to a power of two of at least a page
    pub(crate) ring: u32,
    /// threads whose calls are kept at once
    pub(crate) threads: u32,
}

/// A kind that cannot be observed here.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(crate) kind: Kind,
    pub(crate) reason: String,
}

/// Loaded and attached programs, and their maps.
pub(crate) struct Programs {
    ebpf: Ebpf,
    pub(crate) records: RingBuf<MapData>,
    pub(crate) counts: PerCpuArray<MapData, PlainCounts>,
    pub(crate) pending: PerCpuArray<MapData, PlainLoss>,
    pub(crate) slots: HashMap<MapData, u64, PlainSlot>,
    /// opens that were given to a ring
    pub(crate) opens: HashMap<MapData, u64, PlainSlot>,
    /// connects whose end is not known yet
    pub(crate) waiting: HashMap<MapData, u64, PlainWaiting>,
    pub(crate) foreign: Array<MapData, u64>,
    turns: PerCpuArray<MapData, PlainTurn>,
    pub(crate) asleep: Asleep,
    /// tracepoints leave preemption on
    pub(crate) preemptible: bool,
    /// programs that the kernel runs by itself, and may skip
    pub(crate) attached: Vec<(&'static str, ProgramFd)>,
    pub(crate) refused: Vec<Refused>,
    pub(crate) offsets: [u32; Offsets::COUNT],
    _tables: [ProgramArray<MapData>; 3],
    _files: [FileTable; 2],
    _tree: HashMap<MapData, u32, u8>,
}

/// The programs that a kind has beside those of its syscalls, and the tracepoint of each: the first that the kernel has.
fn tracepoints(kind: Kind) -> &'static [(&'static str, &'static [&'static str])] {
    match kind {
        Kind::Exec => &[("exec", &["sched_process_exec"])],
        Kind::Fork => &[("fork", &["sched_process_fork"])],
        Kind::Exit => &[("exit", &["sched_process_exit"])],
        Kind::ConnectLater => &[("connect_later", &["inet_sock_set_state"])],
        // The first one's name until 6.3 is the second.
        Kind::IoUring => &[
            ("ring_done", &["io_uring_complete"]),
            ("ring", &["io_uring_submit_req", "io_uring_submit_sqe"]),
        ],
        _ => &[],
    }
}

/// The names that a kind's programs for syscalls begin with: its own, or that of the programs which serve all others.
fn programs(kind: Kind) -> &'static str {
    match kind {
        Kind::Exec
        | Kind::Fork
        | Kind::Exit
        | Kind::Open
        | Kind::Unlink
        | Kind::Rename
        | Kind::Connect
        | Kind::Bind
        | Kind::Accept
        | Kind::Setid
        | Kind::Send
        | Kind::Signal => kind.name(),
        Kind::Read | Kind::Write => "data",
        _ => "call",
    }
}

/// Loads and attaches everything that is wanted for one scope.
pub(crate) fn load(
    scope: &Scope,
    sizes: Sizes,
    wanted: &Wanted,
    pretended: &[(String, u32)],
) -> Result<Programs, Error> {
    if !cfg!(target_arch = "x86_64") {
        return Err(Error::Architecture(std::env::consts::ARCH));
    }
    let filter = wanted.compile()?;
    let types = KernelTypes::read(VMLINUX.as_ref(), pretended)?;
    let missing = types.missing(None);
    if !missing.is_empty() {
        return Err(Error::Fields { fields: missing.join(", ") });
    }
    let object = stubs::filled(OBJECT, |function| types.functions.get(function).copied())
        .map_err(|message| Error::Load { message, hint: "" })?;
    let btf = Btf::from_sys_fs().map_err(|error| Error::load(&error))?;
    let mut ebpf = EbpfLoader::new()
        .btf(Some(&btf))
        .override_global("OFFSETS", &types.offsets[..], true)
        .override_global("WORDS", &types.words, true)
        .override_global("SCOPE_ID", &scope.id, true)
        .override_global("SCOPE_LEVEL", &scope.level, true)
        .override_global("WITHOUT_ID", &scope.without.0, true)
        .override_global("WITHOUT_LEVEL", &scope.without.1, true)
        .override_global("READER", &(if scope.level == 0 { std::process::id() } else { 0 }), true)
        .override_global("BY_TREE", &u32::from(scope.tree.is_some()), true)
        .override_global("WANTED", &PlainPaths(filter.paths), true)
        .override_global("DECLARED", &PlainPaths(filter.declared), true)
        .override_global("BY_EXECUTABLE", &u32::from(!filter.executables.is_empty()), true)
        .override_global("PREEMPTIBLE", &u32::from(types.preemptible), true)
        .override_global("EXIT_HAS_GROUP_DEAD", &u32::from(types.exit_has_group_dead), true)
        .override_global("RING_HAS_ENTRY", &u32::from(types.ring_has_entry), true)
        .map_max_entries("RECORDS", ring_size(sizes.ring))
        .map_max_entries("SLOTS", sizes.threads.max(1))
        .load(&object)
        .map_err(|error| Error::load(&error))?;
    let mut tables: [ProgramArray<MapData>; 3] =
        [take(&mut ebpf, "ENTER")?, take(&mut ebpf, "EXIT")?, take(&mut ebpf, "FINISH")?];
    let mut calls: Array<MapData, PlainDescriptor> = take(&mut ebpf, "CALLS")?;
    let files = [
        filled(take(&mut ebpf, "EXECUTABLES")?, filter.executables)?,
        filled(take(&mut ebpf, "FILES")?, filter.files)?,
    ];
    let mut tree = take(&mut ebpf, "TREE")?;
    scope.grow(&mut tree)?;

    let mut programs = Loading { ebpf: &mut ebpf, btf: &btf, loaded: BTreeMap::new(), attached: Vec::new() };
    let mut refused = Vec::new();
    // The exits of syscalls are watched before their enters: a call that begins in between is told as begun late.
    let mut shared = vec![(SYS_EXIT, SYS_EXIT)];
    if types.preemptible {
        shared.push((SYS_EXIT_AGAIN, SYS_EXIT));
    }
    shared.push((SYS_ENTER, SYS_ENTER));
    for (program, point) in &shared {
        programs.load(program, point).map_err(|error| Error::load(&*error))?;
    }
    let finish = programs.load("finish", SYS_EXIT).map_err(|error| Error::load(&*error))?;
    tables[2].set(0, &finish, 0).map_err(|error| Error::load(&error))?;
    for &kind in Kind::EVENTS {
        if !wanted.kind(kind) {
            if wanted.leaves_out(kind) {
                refused.push(Refused { kind, reason: LEFT_OUT.to_owned() });
            }
            continue;
        }
        let missing = types.missing(Some(kind));
        let result = if missing.is_empty() {
            programs.kind(kind, &mut tables, &mut calls).map_err(|error| chain(&*error))
        } else {
            Err(format!("this kernel has no {}", missing.join(", ")))
        };
        if let Err(reason) = result {
            refused.push(Refused { kind, reason });
        }
    }
    for (program, _) in shared {
        programs.attach(program).map_err(|error| Error::load(&*error))?;
    }
    let attached = programs.attached;
    // Children that were made before the programs were there.
    scope.grow(&mut tree)?;
    let asleep = match ebpf.map("ASLEEP") {
        Some(Map::Array(array)) => Asleep::new(array.fd())?,
        _ => return Err(Error::Load { message: "the object has no array ASLEEP".to_owned(), hint: "" }),
    };
    Ok(Programs {
        asleep,
        preemptible: types.preemptible,
        records: take(&mut ebpf, "RECORDS")?,
        counts: take(&mut ebpf, "COUNTS")?,
        pending: take(&mut ebpf, "PENDING")?,
        slots: take(&mut ebpf, "SLOTS")?,
        opens: take(&mut ebpf, "OPENS")?,
        waiting: take(&mut ebpf, "WAITING")?,
        foreign: take(&mut ebpf, "FOREIGN")?,
        turns: take(&mut ebpf, "TURNS")?,
        ebpf,
        attached,
        refused,
        offsets: types.offsets,
        _tables: tables,
        _files: files,
        _tree: tree,
    })
}

impl Programs {
    /// Detaches every program; what they recorded stays to be drained.
    pub(crate) fn detach(&mut self) {
        for (_, program) in self.ebpf.programs_mut() {
            if let Program::BtfTracePoint(program) = program {
                // It fails only for what was never loaded.
                let _ = program.unload();
            }
        }
    }
}

type Failure = Box<dyn std::error::Error>;

struct Loading<'a> {
    ebpf: &'a mut Ebpf,
    btf: &'a Btf,
    /// what several kinds share is loaded, or refused, once
    loaded: BTreeMap<String, Result<ProgramFd, String>>,
    attached: Vec<(&'static str, ProgramFd)>,
}

impl Loading<'_> {
    fn program(&mut self, name: &str) -> Result<&mut BtfTracePoint, Failure> {
        let program =
            self.ebpf.program_mut(name).ok_or_else(|| format!("the object has no program {name}"))?;
        Ok(program.try_into()?)
    }

    fn load(&mut self, name: &str, point: &str) -> Result<ProgramFd, Failure> {
        if !self.loaded.contains_key(name) {
            let result = self.load_anew(name, point).map_err(|error| chain(&*error));
            self.loaded.insert(name.to_owned(), result);
        }
        match &self.loaded[name] {
            Ok(program) => Ok(program.try_clone()?),
            Err(reason) => Err(reason.clone().into()),
        }
    }

    fn load_anew(&mut self, name: &str, point: &str) -> Result<ProgramFd, Failure> {
        let btf = self.btf;
        let program = self.program(name)?;
        program.load(point, btf)?;
        Ok(program.fd()?.try_clone()?)
    }

    /// At the first tracepoint that the kernel takes; what it says of the last one is the reason if it takes none.
    fn load_at_first(&mut self, name: &str, points: &[&str]) -> Result<(), Failure> {
        let mut result = Ok(());
        for point in points {
            result = self.load_anew(name, point).map(drop);
            if result.is_ok() {
                break;
            }
        }
        result
    }

    fn attach(&mut self, name: &'static str) -> Result<(), Failure> {
        let program = self.program(name)?;
        program.attach()?;
        let fd = program.fd()?.try_clone()?;
        self.attached.push((name, fd));
        Ok(())
    }

    /// The programs of one kind, put in the tables for its syscalls only once all of them are loaded.
    fn kind(
        &mut self,
        kind: Kind,
        tables: &mut [ProgramArray<MapData>; 3],
        calls: &mut Array<MapData, PlainDescriptor>,
    ) -> Result<(), Failure> {
        let has_enter = !matches!(kind, Kind::Fork | Kind::Exit | Kind::ConnectLater);
        let has_exit = !matches!(kind, Kind::Exit | Kind::ConnectLater);
        let name = programs(kind);
        let enter = has_enter.then(|| self.load(&format!("{name}_enter"), SYS_ENTER)).transpose()?;
        let exit = has_exit.then(|| self.load(&format!("{name}_exit"), SYS_EXIT)).transpose()?;
        let own = tracepoints(kind);
        for (program, points) in own {
            self.load_at_first(program, points)?;
        }
        let wait = (kind == Kind::ConnectLater).then(|| self.load("connect_wait", SYS_EXIT)).transpose()?;
        for (program, _) in own {
            self.attach(program)?;
        }
        let [enters, exits, finish] = tables;
        if let Some(program) = &wait {
            finish.set(1, program, 0)?;
        }
        for (call, nr) in Call::ALL.iter().filter(|(call, _)| call.kind() == kind) {
            calls.set(*nr, PlainDescriptor(call.descriptor()), 0)?;
            if let Some(program) = &exit {
                exits.set(*nr, program, 0)?;
            }
            if let Some(program) = &enter {
                enters.set(*nr, program, 0)?;
            }
        }
        Ok(())
    }
}

/// Puts keys into a table that the programs only look into.
fn filled(mut table: FileTable, keys: Vec<FileKey>) -> Result<FileTable, Error> {
    for key in keys {
        table.insert(PlainKey(key), 1, 0).map_err(|error| Error::load(&error))?;
    }
    Ok(table)
}

type FileTable = HashMap<MapData, PlainKey, u8>;

fn take<T>(ebpf: &mut Ebpf, name: &'static str) -> Result<T, Error>
where
    T: TryFrom<aya::maps::Map, Error = aya::maps::MapError>,
{
    let map = ebpf
        .take_map(name)
        .ok_or_else(|| Error::Load { message: format!("the object has no map {name}"), hint: "" })?;
    T::try_from(map).map_err(|error| Error::load(&error))
}

/// Ring buffers are a power of two of at least a page.
fn ring_size(bytes: u32) -> u32 {
    bytes.clamp(4096, 1 << 30).next_power_of_two()
}

impl Programs {
    /// The programs that are loaded, and how many instructions the verifier went through, if the kernel says.
    pub(crate) fn verified(&self) -> Vec<(String, Option<u32>)> {
        let loaded = self.ebpf.programs().filter_map(|(name, program)| {
            // What is not loaded has no information.
            Some((name.to_owned(), program.info().ok()?.verified_instruction_count()))
        });
        loaded.collect()
    }

    /// How often the kernel skipped each attached program, and no other program made it good.
    pub(crate) fn skipped(&self) -> impl Iterator<Item = (&'static str, u64)> {
        // Itself skipped, it made good nothing: that is among those of the program before it.
        let attached = self.attached.iter().filter(|(name, _)| *name != SYS_EXIT_AGAIN);
        attached.map(|(name, fd)| {
            let missed = kernel::recursion_misses(&fd.as_fd());
            (*name, if *name == SYS_EXIT { self.not_made_good(missed) } else { missed })
        })
    }

    /// Of so many skipped exits. The others are asked for only then: what is counted meanwhile is told the next time.
    fn not_made_good(&self, missed: u64) -> u64 {
        let Some((_, again)) = self.attached.iter().find(|(name, _)| *name == SYS_EXIT_AGAIN) else {
            return missed;
        };
        let turns = self.turns.get(&0, 0).map(|turns| turns.iter().map(|turn| turn.0).collect::<Vec<_>>());
        kernel::lost_exits(missed, &turns.unwrap_or_default(), kernel::recursion_misses(&again.as_fd()))
    }
}
