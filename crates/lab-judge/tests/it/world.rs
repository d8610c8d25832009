//! A small world in which acts happen, seen by one sensor: what tests make records of.

use std::collections::{BTreeMap, BTreeSet};

use lab_model::{
    Act, ActKind, Action, Counters, Event, Exec, Exit, Expectation, Family, Fork, Ids, InstanceRecord,
    Interest, ObjectClass, Open, OpenFlags, Origin, Outcome, ParentRef, PassRecord, Payload, ProcessRef,
    Receipt, Refs, Role, ScenarioHead, ScenarioRecord, SensorKind, Seq, Stamp, Step, Time, TimeSource,
    Witness,
};

pub(crate) const MS: u64 = 1_000_000;

struct Proc {
    start_ns: u64,
    parent: u32,
    ids: Ids,
}

/// One pass in the making.
pub(crate) struct World {
    pub(crate) now: u64,
    sensor: SensorKind,
    procs: BTreeMap<u32, Proc>,
    events: Vec<Event>,
    numbers: BTreeMap<u32, u64>,
    actor: u32,
    next_pid: u32,
    pass: PassRecord,
    steps: Vec<Step>,
}

/// `Ok(0)`.
pub(crate) const OK: Outcome = Outcome::Ok(0);

impl World {
    /// Pass `number` under `sensor`; pids, folder, port and nonces differ by pass.
    pub(crate) fn new(number: u32, sensor: SensorKind) -> Self {
        let work = format!("/var/lib/sightline/run{number}");
        let variables = [
            ("work", work.clone()),
            ("bin", format!("{work}/bin")),
            ("sink", format!("127.0.0.1:{}", 40_000 + number)),
            ("nobody", "65534".to_owned()),
        ];
        let actor = number * 1000;
        let mut world = Self {
            now: 50_000 * MS * u64::from(number),
            sensor,
            procs: BTreeMap::new(),
            events: Vec::new(),
            numbers: BTreeMap::new(),
            actor,
            next_pid: actor + 1,
            pass: PassRecord {
                pass: number,
                actor: None,
                cgroup: Some(7),
                variables: variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
                stages: Vec::new(),
                acts: Vec::new(),
                receipts: Vec::new(),
                witnesses: Vec::new(),
                instances: Vec::new(),
            },
            steps: Vec::new(),
        };
        let proc = Proc { start_ns: world.now, parent: 1, ids: Ids::default() };
        world.procs.insert(actor, proc);
        world.pass.actor = Some(world.stamp(actor));
        world.now += 30 * MS;
        world.call(actor, open("/run/mark-start", Outcome::from_ret(-2)));
        world
    }

    pub(crate) fn var(&self, name: &str) -> String {
        self.pass.variables[name].clone()
    }

    pub(crate) fn nonce(&self, act: u32) -> String {
        format!("sl{:012x}", self.pass.pass * 100 + act)
    }

    fn stamp(&self, pid: u32) -> Stamp {
        let proc = &self.procs[&pid];
        Stamp { pid, parent: proc.parent, start_ticks: proc.start_ns / (10 * MS), ids: proc.ids }
    }

    /// Something happens, and the sensor sees it.
    pub(crate) fn call(&mut self, pid: u32, payload: impl Into<Payload>) -> Step {
        let payload = payload.into();
        let began_ns = self.now;
        self.now += MS;
        let stamp = self.stamp(pid);
        let proc = &self.procs[&pid];
        let probe = self.sensor == SensorKind::Probe;
        // Processes move between CPUs.
        let stream = if probe { self.events.len() as u32 / 3 % 2 } else { 0 };
        let n = self.numbers.entry(stream).or_insert(0);
        let parent = self.procs.get(&proc.parent).map(|parent| parent.start_ns);
        let image = if probe {
            ProcessRef {
                pid: Some(pid),
                start_ns: Some(proc.start_ns),
                parent: Some(ParentRef { pid: proc.parent, start_ns: parent }),
                ids: Some(proc.ids),
                ..ProcessRef::default()
            }
        } else {
            ProcessRef { pid: Some(pid), ..ProcessRef::default() }
        };
        let mut seen = payload.clone();
        match &mut seen {
            Payload::Fork(fork) if !probe => fork.child_start_ns = None,
            Payload::Exec(exec) if probe => exec.exe = Some(exec.path.clone()),
            _ => {}
        }
        self.events.push(Event {
            instance: format!("{}@host", self.sensor),
            seq: Seq { stream, n: *n },
            time: Time {
                ns: began_ns + MS / 2,
                began_ns: Some(began_ns + MS / 4),
                error_ns: if probe { 0 } else { MS / 10 },
                source: if probe { TimeSource::Kernel } else { TimeSource::SensorWall },
            },
            subject: None,
            image,
            payload: seen,
            refs: Refs::default(),
            raw: serde_json::Map::new(),
        });
        *n += 1;
        Step { process: stamp, began_ns, ended_ns: self.now, payload, content: None }
    }

    /// A call that the receipt of the act in the making tells of.
    pub(crate) fn step(&mut self, pid: u32, payload: impl Into<Payload>) {
        let step = self.call(pid, payload);
        self.steps.push(step);
    }

    /// `parent` forks; true: the receipt tells of it.
    pub(crate) fn fork(&mut self, parent: u32, told: bool) -> u32 {
        self.next_pid += 1;
        self.fork_as(parent, self.next_pid - 1, told)
    }

    /// The same with a pid of the caller's choice.
    pub(crate) fn fork_as(&mut self, parent: u32, pid: u32, told: bool) -> u32 {
        self.now += 30 * MS;
        let start_ns = self.now + MS / 3;
        let ids = self.procs[&parent].ids;
        self.procs.insert(pid, Proc { start_ns, parent, ids });
        let fork = Fork { child: pid, child_start_ns: Some(start_ns) };
        let step = self.call(parent, fork);
        if told {
            self.steps.push(step);
        }
        pid
    }

    pub(crate) fn exit(&mut self, pid: u32, told: bool) {
        let step = self.call(pid, Exit { code: Some(0), signal: None });
        if told {
            self.steps.push(step);
        }
    }

    pub(crate) fn actor(&self) -> u32 {
        self.actor
    }

    /// What is recorded so far, to change or to take back.
    pub(crate) fn events(&mut self) -> &mut Vec<Event> {
        &mut self.events
    }

    /// Closes the act whose steps were told; `principal` is their index.
    pub(crate) fn act(&mut self, id: u32, kind: ActKind, principal: usize) {
        let exec_only = matches!(kind, ActKind::Shell { .. });
        let steps = std::mem::take(&mut self.steps);
        let expect = match steps[principal].payload.result() {
            Some(Outcome::Errno(errno)) => Expectation::Errno(errno),
            _ => Expectation::Ok,
        };
        self.pass.acts.push(Act {
            id,
            role: Role::Act,
            origin: Origin::Performed,
            kind,
            via: Vec::new(),
            user: None,
            expect,
            interest: Interest { exec_only, ..interest() },
            nonce: self.nonce(id),
        });
        self.pass.receipts.push(Receipt {
            act: id,
            began_ns: steps[0].began_ns,
            ended_ns: self.now,
            principal: Some(principal),
            steps,
            error: None,
        });
        for (family, road) in
            [(Family::Receipt, "receipt"), (Family::Outside, "canary"), (Family::Kernel, "proc")]
        {
            self.pass.witnesses.push(Witness {
                act: id,
                family,
                road: road.to_owned(),
                claim: "the object was touched".to_owned(),
                observed: true,
                contradicted: false,
                detail: String::new(),
            });
        }
    }

    /// Ends the pass.
    pub(crate) fn end(mut self) -> PassRecord {
        self.call(self.actor, open("/run/mark-end", Outcome::from_ret(-2)));
        self.pass.instances.push(InstanceRecord {
            instance: format!("{}@host", self.sensor),
            sensor: self.sensor,
            version: "1".to_owned(),
            object: None,
            refused: Vec::new(),
            start_marker_ns: self.events.first().map(|event| event.time.ns),
            end_marker_ns: self.events.last().map(|event| event.time.ns),
            cost: None,
            counters: Some(Counters::default()),
            error: None,
            events: self.events,
        });
        self.pass
    }
}

pub(crate) fn interest() -> Interest {
    Interest {
        scope: lab_model::Scope::Subtree,
        actions: Action::ALL.iter().copied().collect(),
        exec_only: false,
        folded: BTreeSet::from([ObjectClass::Loader, ObjectClass::Locale, ObjectClass::NameService]),
        free: Default::default(),
    }
}

pub(crate) fn open(path: &str, result: Outcome) -> Payload {
    Open { path: path.into(), flags: OpenFlags(0), late_path: false, opened: None, result }.into()
}

pub(crate) fn write(path: &str) -> Payload {
    Open { path: path.into(), flags: OpenFlags(1), late_path: false, opened: None, result: OK }.into()
}

pub(crate) fn exec(path: &str, argv: &[&str]) -> Payload {
    let argv = Some(argv.iter().map(|&argument| argument.into()).collect());
    Exec {
        path: path.into(),
        argv,
        argv_truncated: false,
        exe: None,
        file: None,
        executable: None,
        result: OK,
    }
    .into()
}

pub(crate) fn record(passes: Vec<PassRecord>) -> ScenarioRecord {
    let head = ScenarioHead { name: "sample".to_owned(), summary: String::new(), attack: Vec::new() };
    ScenarioRecord { head, planned: Vec::new(), passes }
}
