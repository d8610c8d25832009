//! A scenario's record as a busy build would leave it: one process that starts thousands of short ones.

use lab_model::{
    Act, ActKind, Event, Exec, Exit, Expectation, Fork, Ids, InstanceRecord, Interest, ObjectClass, Open,
    OpenFlags, Origin, Outcome, ParentRef, PassRecord, Payload, ProcessRef, Receipt, Refs, Role,
    ScenarioHead, ScenarioRecord, Scope, SensorKind, Seq, Stamp, Step, TICK_NS, Time, TimeSource,
};

const CPUS: u32 = 4;
const LOADER: u32 = 0o2_000_000;

/// Events being put together, in the order in which a sensor hands them over: by CPU, not by time.
struct Events {
    list: Vec<Event>,
    next: [u64; CPUS as usize],
    now_ns: u64,
}

impl Events {
    fn push(&mut self, pid: u32, parent: u32, payload: impl Into<Payload>) {
        self.now_ns += 1000;
        let stream = pid % CPUS;
        let n = self.next[stream as usize];
        self.next[stream as usize] += 1;
        let ids = Ids {
            uid: 1000,
            euid: 1000,
            suid: 1000,
            fsuid: 1000,
            gid: 1000,
            egid: 1000,
            sgid: 1000,
            fsgid: 1000,
        };
        let image = ProcessRef {
            pid: Some(pid),
            tid: Some(pid),
            start_ns: Some(start_ns(pid)),
            parent: Some(ParentRef { pid: parent, start_ns: Some(start_ns(parent)) }),
            cgroup: Some(1),
            ids: Some(ids),
            ..ProcessRef::default()
        };
        let time = Time {
            ns: self.now_ns,
            began_ns: Some(self.now_ns - 500),
            error_ns: 0,
            source: TimeSource::Kernel,
        };
        self.list.push(Event {
            instance: "probe@host".to_owned(),
            seq: Seq { stream, n },
            time,
            subject: None,
            image,
            payload: payload.into(),
            refs: Refs::default(),
            raw: serde_json::Map::new(),
        });
    }
}

fn start_ns(pid: u32) -> u64 {
    u64::from(pid) * TICK_NS
}

fn open(path: String, flags: u32, result: i64) -> Open {
    Open {
        path: path.into(),
        flags: OpenFlags(flags),
        late_path: false,
        opened: None,
        result: Outcome::from_ret(result),
    }
}

fn exec(path: String, argv: &[String]) -> Exec {
    let argv = Some(argv.iter().map(|arg| arg.as_str().into()).collect());
    Exec {
        exe: Some(path.as_str().into()),
        path: path.into(),
        argv,
        argv_truncated: false,
        file: None,
        executable: None,
        result: Outcome::Ok(0),
    }
}

/// A record of `count` events: a shell that is act 1, and below it compilers that fork, execute, open and exit.
pub(crate) fn record(count: usize) -> ScenarioRecord {
    const SHELL: u32 = 1000;
    let mut events =
        Events { list: Vec::with_capacity(count), next: [0; CPUS as usize], now_ns: start_ns(SHELL) };
    let began = events.now_ns;
    let shell = exec("/bin/sh".to_owned(), &["sh".to_owned(), "-c".to_owned(), "make".to_owned()]);
    events.push(SHELL, 1, shell.clone());
    let mut job: u32 = 0;
    while events.list.len() + 1 < count {
        job += 1;
        let pid = SHELL + job;
        events.push(SHELL, 1, Fork { child: pid, child_start_ns: Some(start_ns(pid)) });
        let source = format!("/srv/lab/run-1/src/module-{}/file-{job}.c", job % 97);
        let object = format!("/srv/lab/run-1/out/file-{job}.o");
        let argv = ["cc", "-O2", "-c", &source, "-o", &object].map(str::to_owned);
        events.push(pid, SHELL, exec("/usr/bin/cc".to_owned(), &argv));
        for library in
            ["/etc/ld.so.cache", "/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libm.so.6"]
        {
            events.push(pid, SHELL, open(library.to_owned(), LOADER, 3));
        }
        events.push(pid, SHELL, open("/usr/lib/locale/locale-archive".to_owned(), LOADER, 3));
        events.push(pid, SHELL, open(source, 0, 3));
        for header in 0..8 + job % 5 {
            let path = format!("/usr/include/part-{}/header-{header}.h", job % 211);
            events.push(pid, SHELL, open(path, 0, if header % 4 == 3 { -2 } else { 4 }));
        }
        events.push(pid, SHELL, open(object, 0o1101, 4));
        events.push(pid, SHELL, Exit { code: Some(0), signal: None });
    }
    events.list.truncate(count.saturating_sub(1));
    events.push(SHELL, 1, Exit { code: Some(0), signal: None });
    let ended = events.now_ns;
    let mut list = events.list;
    list.sort_unstable_by_key(|event| event.seq);
    let stamp = Stamp { pid: SHELL, parent: 1, start_ticks: u64::from(SHELL), ids: Ids::default() };
    let step = Step {
        process: stamp,
        began_ns: began,
        ended_ns: began + 1000,
        payload: shell.into(),
        content: None,
    };
    let interest = Interest {
        scope: Scope::Subtree,
        actions: lab_model::Action::ALL.iter().copied().collect(),
        exec_only: false,
        folded: [ObjectClass::Loader, ObjectClass::Locale, ObjectClass::NameService].into(),
        free: Default::default(),
    };
    let act = Act {
        id: 1,
        role: Role::Act,
        origin: Origin::Performed,
        kind: ActKind::Exec,
        via: Vec::new(),
        user: None,
        expect: Expectation::Ok,
        interest,
        nonce: "sl0123456789ab".to_owned(),
    };
    let instance = InstanceRecord {
        instance: "probe@host".to_owned(),
        sensor: SensorKind::Probe,
        version: String::new(),
        object: None,
        refused: Vec::new(),
        start_marker_ns: Some(began - 1),
        end_marker_ns: Some(ended + 1),
        cost: None,
        counters: None,
        error: None,
        events: list,
    };
    let variables = [("work", "/srv/lab/run-1"), ("bin", "/srv/lab/run-1/bin"), ("nonce", "slrunrunrunrun")];
    let pass = PassRecord {
        pass: 1,
        actor: None,
        cgroup: None,
        variables: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        stages: Vec::new(),
        acts: vec![act],
        receipts: vec![Receipt {
            act: 1,
            began_ns: began,
            ended_ns: ended,
            steps: vec![step],
            principal: Some(0),
            error: None,
        }],
        witnesses: Vec::new(),
        instances: vec![instance],
    };
    let head = ScenarioHead {
        name: "bench".to_owned(),
        summary: "A busy build".to_owned(),
        attack: vec!["T1059".to_owned()],
    };
    ScenarioRecord { head, planned: Vec::new(), passes: vec![pass] }
}
