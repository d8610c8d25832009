//! Small made-up records: a scenario of one act and one twin, seen by two sensors in a pass each.

use std::collections::BTreeMap;

use lab_golden::{Drift, Golden};
use lab_model::{
    Act, ActKind, Balance, Counters, Detection, Expectation, Fact, FactNode, Family, Hit, InstanceRecord,
    Interest, Judged, LossCause, Open, OpenFlags, Origin, Outcome, PassRecord, Proof, Role, RunOutcome,
    ScenarioHead, ScenarioRecord, SensorKind, Seq, Sighting, StageRecord, Verdict, VerdictRow,
};
use lab_report::{RunReport, ScenarioReport};

/// What could steer a terminal.
pub(crate) const EVIL: &str = "\x1b]0;owned\x07\x1b[2J\u{9b}31m\u{202e}\u{200b}\u{2061}\u{2060}\r\n\u{7f}";

/// What could steer a page, an XML parser or a terminal.
pub(crate) const WORST: &[&str] = &[
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>--></style></title></textarea><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)",
    "'><svg/onload=alert(1)>",
    "\u{2028}\u{2029}\u{202e}\u{200f}",
    "&lt;script&gt;&#x3c;",
    "\0\u{fffd}\u{ffff}",
    "\x1b[2J\x1b[31mred\x1b]8;;file:///etc/passwd\x07link\x1b]8;;\x07",
    EVIL,
];

pub(crate) fn interest() -> Interest {
    Interest::default()
}

pub(crate) fn act(id: u32, role: Role, kind: ActKind) -> Act {
    Act {
        id,
        role,
        origin: Origin::Performed,
        kind,
        via: Vec::new(),
        user: None,
        expect: Expectation::Ok,
        interest: interest(),
        nonce: format!("sl{id:012x}"),
    }
}

fn stage(name: &str, took_ns: u64) -> StageRecord {
    StageRecord { stage: name.into(), began_ns: 0, took_ns, error: None }
}

fn instance(sensor: SensorKind, produced: u64, received: u64) -> InstanceRecord {
    let balance = Balance { produced, received, filtered: produced - received, ..Balance::default() };
    let programs = BTreeMap::from([("file_open".to_owned(), balance)]);
    InstanceRecord {
        instance: format!("{sensor}@host"),
        sensor,
        version: "1".into(),
        object: None,
        refused: Vec::new(),
        start_marker_ns: Some(1),
        end_marker_ns: Some(9),
        cost: None,
        counters: Some(Counters { programs, redacted: 0 }),
        error: None,
        events: Vec::new(),
    }
}

fn open(path: &str, act: u32) -> FactNode {
    let open = Open {
        path: path.into(),
        flags: OpenFlags(0),
        late_path: false,
        opened: None,
        result: Outcome::Ok(3),
    };
    let sighting = |sensor| Sighting {
        instance: format!("{sensor}@host").into(),
        events: vec![Seq { stream: 0, n: 0 }].into(),
    };
    let fact = Fact {
        payload: open.into(),
        ids: None,
        acts: [act].into(),
        folded: None,
        count: 1,
        free: Default::default(),
        sightings: ["probe", "strace"].map(sighting).into_iter().collect(),
        unseen_by: Default::default(),
    };
    FactNode { fact, children: Default::default() }
}

/// Two passes, the probe's and strace's; nothing lost.
pub(crate) fn record() -> ScenarioRecord {
    let pass = |pass, instance| PassRecord {
        pass,
        actor: None,
        cgroup: None,
        variables: BTreeMap::new(),
        stages: vec![stage("attach", 12_340_000), stage("exercise", 100_000_000), stage("cleanup", 500_000)],
        acts: Vec::new(),
        receipts: Vec::new(),
        witnesses: Vec::new(),
        instances: vec![instance],
    };
    ScenarioRecord {
        head: head(),
        planned: Vec::new(),
        passes: vec![
            pass(1, instance(SensorKind::Probe, 1812, 96)),
            pass(2, instance(SensorKind::Strace, 96, 96)),
        ],
    }
}

pub(crate) fn head() -> ScenarioHead {
    ScenarioHead {
        name: "sensitive-read".into(),
        summary: "Read the shadow password file".into(),
        attack: vec!["T1003.008".into()],
    }
}

/// Proven and seen throughout.
pub(crate) fn judged() -> Judged {
    let acts = vec![
        act(1, Role::Act, ActKind::Read { path: "/etc/shadow".into() }),
        act(2, Role::Twin, ActKind::Read { path: "/etc/hostname".into() }),
    ];
    let sensors = vec![SensorKind::Probe, SensorKind::Strace];
    let families = vec![Family::Receipt, Family::Outside, Family::Kernel];
    let proof =
        |act, pass| Proof { act, pass, proven: true, families: families.clone(), missing: Vec::new() };
    let verdict = |act, sensor| VerdictRow {
        scenario: head().name,
        act,
        sensor,
        verdict: Verdict::Seen,
        reasons: Vec::new(),
        events: Vec::new(),
    };
    Judged {
        head: head(),
        verdicts: acts.iter().flat_map(|act| sensors.iter().map(|s| verdict(act.id, *s))).collect(),
        proofs: acts.iter().flat_map(|act| [proof(act.id, 1), proof(act.id, 2)]).collect(),
        acts,
        sensors,
        tree: vec![open("/etc/shadow", 1), open("/etc/hostname", 2)],
        detections: Vec::new(),
        doubts: Vec::new(),
        troubles: Vec::new(),
    }
}

/// A judged record beside its golden.
pub(crate) struct Sample {
    pub(crate) record: ScenarioRecord,
    pub(crate) judged: Judged,
    golden: Golden,
    drift: Drift,
}

impl Sample {
    /// Compared with the golden that `blessed` would have made; none if there is no golden yet.
    pub(crate) fn new(record: ScenarioRecord, judged: Judged, blessed: Option<&Judged>) -> Self {
        let golden = lab_golden::render(&judged);
        let drift = lab_golden::compare(blessed.map(lab_golden::render).as_ref(), &golden);
        Self { record, judged, golden, drift }
    }

    /// A run of this one scenario.
    pub(crate) fn report(&self, outcome: RunOutcome) -> RunReport<'_> {
        let Self { record, judged, golden, drift } = self;
        RunReport {
            run: "20300102T030405Z-host-7f3a".into(),
            profile: "host".into(),
            kernel: "6.1.0-30-amd64".into(),
            began: "2030-01-02T03:04:05Z".into(),
            bundle: "runs/20300102T030405Z-host-7f3a".into(),
            chain_head: Some("5ca1ab1e".into()),
            stages: &[],
            scenarios: vec![ScenarioReport { record, judged, golden, drift }],
            troubles: Vec::new(),
            outcome,
            interrupted: false,
            in_machine: false,
            environment: vec![("machine", "architecture".into(), "x86_64".into())],
        }
    }
}

/// As blessed.
pub(crate) fn same() -> Sample {
    Sample::new(record(), judged(), Some(&judged()))
}

/// The probe killed in the middle: its counters and end marker are missing.
pub(crate) fn kill(instance: &mut InstanceRecord) {
    instance.counters = None;
    instance.end_marker_ns = None;
    instance.error = Some("killed by signal 9".into());
}

/// A rule of ours that fired on these acts, in the first pass.
pub(crate) fn fires(judged: &mut Judged, title: &str, acts: &[Option<u32>]) {
    let hit = |act: &Option<u32>| Hit {
        pass: 1,
        act: *act,
        instance: "probe@host".into(),
        events: vec![Seq { stream: 0, n: u64::from(act.unwrap_or_default()) }],
    };
    judged.detections.push(Detection {
        source: "sigma".into(),
        rule: format!("id of {title}"),
        title: title.into(),
        tags: vec!["attack.t1003.008".into()],
        hits: acts.iter().map(hit).collect(),
    });
}

/// Some of what an instance had filtered, lost instead.
pub(crate) fn lose(instance: &mut InstanceRecord, cause: LossCause, count: u64) {
    let balance = instance.counters.as_mut().and_then(|c| c.programs.get_mut("file_open")).unwrap();
    balance.filtered -= count;
    balance.lost.insert(cause, count);
}

/// `text` wherever a record may have a text.
pub(crate) fn hostile(text: &str) -> Sample {
    let (record, mut now) = (record(), judged());
    now.head.name = text.into();
    now.acts[0].kind = ActKind::Shell { command: text.into() };
    now.verdicts[0].verdict = Verdict::Wrong;
    now.verdicts[0].reasons = vec![text.into()];
    now.proofs[0].proven = false;
    now.proofs[0].missing = vec![text.into()];
    now.doubts = vec![text.into()];
    fires(&mut now, text, &[Some(1), Some(2)]);
    let rule = &mut now.detections[0];
    (rule.rule, rule.tags) = (text.into(), vec![text.into()]);
    Sample::new(record, now, Some(&judged()))
}
