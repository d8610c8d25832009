//! A judged scenario by hand, and a golden that shows every construct.

use lab_model::{
    Accept, Act, ActKind, Address, Bind, Connect, Exec, Exit, Expectation, Fact, FactNode, Family, Fork, Ids,
    Interest, Judged, ObjectClass, Open, OpenFlags, Origin, Outcome, Payload, Proof, Role, ScenarioHead,
    SensorKind, SetId, SetIdCall, Unlink, Verdict, VerdictRow,
};

/// Every construct of the grammar in one file.
pub(crate) const EVERYTHING: &str = include_str!("everything.golden");

pub(crate) fn fact(payload: impl Into<Payload>, acts: &[u32]) -> FactNode {
    let fact = Fact {
        payload: payload.into(),
        ids: None,
        acts: acts.into(),
        folded: None,
        count: 1,
        free: Default::default(),
        sightings: Default::default(),
        unseen_by: Default::default(),
    };
    FactNode { fact, children: Default::default() }
}

pub(crate) fn exec(path: &str, argv: &[&str], acts: &[u32], children: Vec<FactNode>) -> FactNode {
    let exec = Exec {
        path: path.into(),
        argv: Some(argv.iter().map(|arg| (*arg).into()).collect()),
        argv_truncated: false,
        exe: Some("/usr/bin/whatever".into()),
        file: None,
        executable: None,
        result: Outcome::Ok(0),
    };
    let mut node = fact(exec, acts);
    node.fact.ids = Some(Ids {
        uid: 1000,
        euid: 1000,
        suid: 1000,
        fsuid: 1000,
        gid: 1000,
        egid: 1000,
        sgid: 1000,
        fsgid: 1000,
    });
    node.children = children.into();
    node
}

pub(crate) fn open(path: &str, flags: u32, result: Outcome) -> FactNode {
    fact(Open { path: path.into(), flags: OpenFlags(flags), late_path: false, opened: None, result }, &[])
}

pub(crate) fn exit(code: i32) -> FactNode {
    fact(Exit { code: Some(code), signal: None }, &[])
}

pub(crate) fn act(id: u32, role: Role) -> Act {
    Act {
        id,
        role,
        origin: Origin::Performed,
        kind: ActKind::Exec,
        via: Vec::new(),
        user: None,
        expect: Expectation::Ok,
        interest: Interest {
            scope: Default::default(),
            actions: Default::default(),
            exec_only: false,
            folded: Default::default(),
            free: Default::default(),
        },
        nonce: String::new(),
    }
}

/// A scenario of two acts and a twin, proven, seen by both sensors but for one fact.
pub(crate) fn judged() -> Judged {
    let mut passwd = open("/etc/passwd", 0o2000000, Outcome::Ok(0));
    passwd.fact.unseen_by = ["strace@host".into()].into();
    let mut loader = open("/etc/ld.so.cache", 0, Outcome::Ok(0));
    (loader.fact.folded, loader.fact.count) = (Some(ObjectClass::Loader), 7);
    let id = exec("/usr/bin/id", &["id"], &[2], vec![loader, passwd, exit(0)]);
    let shell = exec("/bin/sh", &["sh", "-c", "id"], &[1], vec![id, exit(0)]);
    let connect =
        Connect { address: Address::Variable { name: "sink".into() }, later: None, result: Outcome::Ok(0) };
    let mut fork = fact(Fork { child: 0, child_start_ns: None }, &[]);
    let nobody =
        Some(Ids { uid: 65534, euid: 65534, suid: 65534, fsuid: 65534, gid: 0, egid: 0, sgid: 0, fsgid: 0 });
    let setid = SetId {
        call: SetIdCall::Setresuid,
        requested: vec![Some(65534), None, Some(65534)],
        before: None,
        after: nobody,
        result: Outcome::Ok(0),
    };
    let peer = Some(Address::Inet { ip: [127, 0, 0, 1].into(), port: 0 });
    fork.children = [
        fact(setid, &[]),
        fact(connect, &[3]),
        fact(
            Bind { address: Address::Inet { ip: [127, 0, 0, 1].into(), port: 0 }, result: Outcome::Ok(0) },
            &[],
        ),
        fact(Accept { peer, result: Outcome::Ok(0) }, &[]),
        fact(Unlink { path: "${work}/x".into(), directory: false, result: Outcome::from_ret(-2) }, &[]),
        open("${work}/a\u{1b}[31m", 0o101, Outcome::Ok(0)),
        open("${work}/a", 0o101, Outcome::Ok(0)),
        exit(0),
    ]
    .into();
    let cell = |act, sensor| VerdictRow {
        scenario: "shell-spawn".into(),
        act,
        sensor,
        verdict: Verdict::Seen,
        reasons: Vec::new(),
        events: Vec::new(),
    };
    let sensors = vec![SensorKind::Probe, SensorKind::Strace];
    Judged {
        head: ScenarioHead {
            name: "shell-spawn".into(),
            summary: "Spawn a shell".into(),
            attack: vec!["T1059.004".into()],
        },
        acts: vec![act(1, Role::Act), act(2, Role::Act), act(3, Role::Twin)],
        tree: vec![shell, fork],
        verdicts: (1..=3).flat_map(|act| sensors.iter().map(move |sensor| cell(act, *sensor))).collect(),
        sensors,
        proofs: (1..=3)
            .map(|act| Proof {
                act,
                pass: 1,
                proven: true,
                families: vec![Family::Receipt, Family::Kernel],
                missing: Vec::new(),
            })
            .collect(),
        detections: Vec::new(),
        doubts: Vec::new(),
        troubles: Vec::new(),
    }
}
