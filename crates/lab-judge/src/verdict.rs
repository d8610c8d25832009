//! The verdict per act and sensor, from the findings of its instances.

use lab_model::{Act, PassRecord, Payload, Receipt, SensorKind, Seq, Step, Verdict, VerdictRow};

use crate::{
    matching::{Found, Matched},
    view::View,
};

/// What one instance's record makes of one act.
pub(crate) struct Opinion {
    pub(crate) verdict: Verdict,
    pub(crate) reasons: Vec<String>,
    pub(crate) events: Vec<Seq>,
}

impl Opinion {
    fn new(verdict: Verdict, reason: String) -> Self {
        Self { verdict, reasons: vec![reason], events: Vec::new() }
    }
}

/// An instance's view with the findings for every receipt of its pass.
pub(crate) struct Judgement<'a> {
    pub(crate) view: View<'a>,
    pub(crate) matched: Vec<Matched<'a>>,
}

/// One row for each act and sensor. Within a pass the best instance speaks for its sensor (a subject runs in one
/// place); over passes the worst.
pub(crate) fn rows(
    scenario: &str,
    passes: &[PassRecord],
    acts: &[Act],
    sensors: &[SensorKind],
    judgements: &[Judgement<'_>],
) -> Vec<VerdictRow> {
    let mut rows = Vec::with_capacity(acts.len() * sensors.len());
    for act in acts {
        for &sensor in sensors {
            let over_passes = passes.iter().filter_map(|pass| {
                let here = judgements
                    .iter()
                    .filter(|j| j.view.pass.pass == pass.pass && j.view.record.sensor == sensor);
                here.map(|judgement| opinion(judgement, act.id))
                    .min_by_key(|opinion| badness(opinion.verdict))
            });
            let worst = over_passes.max_by_key(|opinion| badness(opinion.verdict));
            let opinion =
                worst.unwrap_or_else(|| Opinion::new(Verdict::Absent, "no instance of it ran".to_owned()));
            rows.push(VerdictRow {
                scenario: scenario.to_owned(),
                act: act.id,
                sensor,
                verdict: opinion.verdict,
                reasons: opinion.reasons,
                events: opinion.events,
            });
        }
    }
    rows
}

fn badness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Seen => 0,
        Verdict::Replayed => 1,
        Verdict::Blind => 2,
        Verdict::Refused => 3,
        Verdict::Absent => 4,
        Verdict::Late => 5,
        Verdict::Lost => 6,
        Verdict::Missed => 7,
        Verdict::Wrong => 8,
    }
}

/// The verdict of one instance on one act.
pub(crate) fn opinion(judgement: &Judgement<'_>, act: u32) -> Opinion {
    let view = &judgement.view;
    if !view.was_ready() {
        let error = view.record.error.as_deref().unwrap_or("it never got ready");
        return Opinion::new(Verdict::Absent, format!("{} did not start: {error}", view.record.instance));
    }
    let Some(matched) = judgement.matched.iter().find(|matched| matched.receipt.act == act) else {
        return Opinion::new(Verdict::Lost, "there is no receipt to compare with".to_owned());
    };
    if matched.receipt.steps.is_empty() {
        return Opinion::new(Verdict::Lost, "the receipt holds no call to compare with".to_owned());
    }
    let cannot = match matched.telling() {
        Some(finding) => Some(&finding.found),
        None if matched.findings.iter().all(|f| matches!(f.found, Found::Blind | Found::Refused(_))) => {
            matched.findings.first().map(|finding| &finding.found)
        }
        None => None,
    };
    match cannot {
        Some(Found::Blind) => Opinion {
            verdict: Verdict::Blind,
            reasons: vec![format!("{} declares that it does not see such calls", view.record.sensor)],
            events: Vec::new(),
        },
        Some(Found::Refused(reason)) => Opinion::new(Verdict::Refused, reason.clone()),
        _ => from_findings(view, matched),
    }
}

fn from_findings(view: &View<'_>, matched: &Matched<'_>) -> Opinion {
    let (mut reasons, mut events) = (Vec::new(), Vec::new());
    let (mut differs, mut nothing, mut late, mut unclear) = (false, false, false, false);
    let mut touched: Vec<usize> = Vec::new();
    for (index, finding) in matched.findings.iter().enumerate() {
        let step = describe(matched.receipt, index);
        match &finding.found {
            Found::Blind | Found::Refused(_) => continue,
            Found::Equal(event) => {
                events.push(view.stream.events[*event].seq);
                if finding.late {
                    late = true;
                    reasons.push(format!("{step}: seen after the end marker"));
                }
                continue;
            }
            Found::Differs(event, differences) => {
                events.push(view.stream.events[*event].seq);
                differs = true;
                let list: Vec<String> = differences.iter().map(ToString::to_string).collect();
                reasons.push(format!("{step}: {}", list.join("; ")));
            }
            Found::Nothing(_) => {
                nothing = true;
                unclear |= finding.unclear;
                let why = if finding.unclear { "; one may be its, or another process's" } else { "" };
                reasons.push(format!("{step}: no event{why}"));
            }
        }
        touched.extend(finding.touched.iter().filter(|loss| !touched.contains(loss)).collect::<Vec<_>>());
    }
    reasons.extend(
        touched.iter().map(|&loss| format!("{} {}", view.record.instance, view.losses[loss].describe())),
    );
    let verdict = match (touched.is_empty() && !unclear, nothing, differs, late) {
        (false, ..) => Verdict::Lost,
        (true, true, ..) => Verdict::Missed,
        (true, false, true, _) => Verdict::Wrong,
        (true, false, false, true) => Verdict::Late,
        (true, false, false, false) => Verdict::Seen,
    };
    Opinion { verdict, reasons, events }
}

/// A step for people: `call 3 (open "/etc/shadow" by pid 12)`.
pub(crate) fn describe(receipt: &Receipt, index: usize) -> String {
    let Some(step) = receipt.steps.get(index) else { return format!("call {}", index + 1) };
    format!("call {} ({} by pid {})", index + 1, headline(step), step.process.pid)
}

fn headline(step: &Step) -> String {
    let action = step.payload.action();
    match &step.payload {
        Payload::Connect(connect) => format!("{action} {}", connect.address),
        Payload::Bind(bind) => format!("{action} {}", bind.address),
        Payload::SetId(setid) => format!("{}", setid.call),
        Payload::Fork(fork) => format!("{action} of pid {}", fork.child),
        payload => match payload.texts().first() {
            Some(text) => format!("{action} {text:?}"),
            None => action.to_string(),
        },
    }
}
