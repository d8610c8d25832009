//! Why a verdict is what it is: every call of the act, the event found for it, what differed, what was lost.

use std::fmt;

use lab_model::{Event, Field, Receipt, ScenarioRecord, SensorKind, Verdict, Witness};

use crate::{
    compare::{self, Difference},
    loss::seconds,
    matching::Found,
    verdict::{self, Judgement},
    view,
};

/// The account of one act and one sensor, over all passes in which the sensor ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// scenario
    pub scenario: String,
    /// act
    pub act: u32,
    /// its kind in a word; `None` if the record holds no such act
    pub kind: Option<String>,
    /// sensor
    pub sensor: SensorKind,
    /// what the matrix says
    pub verdict: Verdict,
    /// why, as in the matrix
    pub reasons: Vec<String>,
    /// by instance and pass
    pub instances: Vec<InstanceExplanation>,
    /// what witnesses say, with the pass that they speak of
    pub witnesses: Vec<(u32, Witness)>,
}

/// What one instance recorded of the act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceExplanation {
    /// pass
    pub pass: u32,
    /// instance
    pub instance: String,
    /// all its losses, in sentences
    pub losses: Vec<String>,
    /// calls of the act in order
    pub steps: Vec<StepExplanation>,
}

/// One call of the act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepExplanation {
    /// the call
    pub call: String,
    /// this is the call that the scenario's expectation is about
    pub principal: bool,
    /// what was found
    pub finding: StepFinding,
    /// fields that were compared
    pub compared: Vec<String>,
    /// losses that could have touched it
    pub touched: Vec<String>,
}

/// What was found of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepFinding {
    /// the sensor does not see such calls
    Blind,
    /// it could not here; the reason
    Refused(String),
    /// this event equals it
    Equal(String),
    /// this event is it, but for these fields
    Differs(String, Vec<Difference>),
    /// no event; if there is one that comes near, that and what differs
    Nothing(Option<(String, Vec<Difference>)>),
}

/// Explains the verdict on `act` and `sensor`. An act or sensor that the record does not hold gives an explanation
/// without instances.
pub fn explain(record: &ScenarioRecord, act: u32, sensor: SensorKind) -> Explanation {
    let acts: Vec<_> = view::acts(&record.passes).into_iter().filter(|known| known.id == act).collect();
    let judgements = crate::judgements(record);
    let row = verdict::rows(&record.head.name, &record.passes, &acts, &[sensor], &judgements).pop();
    let (verdict, reasons) = row.map_or((Verdict::Absent, Vec::new()), |row| (row.verdict, row.reasons));
    let of_sensor = judgements.iter().filter(|judgement| judgement.view.record.sensor == sensor);
    let witnesses = record.passes.iter().flat_map(|pass| pass.witnesses.iter().map(|w| (pass.pass, w)));
    Explanation {
        scenario: record.head.name.clone(),
        act,
        kind: acts.first().map(|act| act.kind.word().to_owned()),
        sensor,
        verdict,
        reasons,
        instances: of_sensor.map(|judgement| instance(judgement, act)).collect(),
        witnesses: witnesses.filter(|(_, w)| w.act == act).map(|(pass, w)| (pass, w.clone())).collect(),
    }
}

fn instance(judgement: &Judgement<'_>, act: u32) -> InstanceExplanation {
    let view = &judgement.view;
    let matched = judgement.matched.iter().filter(|matched| matched.receipt.act == act);
    let steps =
        matched.flat_map(|m| (0..m.findings.len()).map(|i| step(judgement, m.receipt, &m.findings[i], i)));
    InstanceExplanation {
        pass: view.pass.pass,
        instance: view.record.instance.clone(),
        losses: view.losses.iter().map(|loss| loss.describe()).collect(),
        steps: steps.collect(),
    }
}

fn step(
    judgement: &Judgement<'_>,
    receipt: &Receipt,
    finding: &crate::matching::Finding,
    index: usize,
) -> StepExplanation {
    let view = &judgement.view;
    let call = &receipt.steps[index];
    let fields: &[Field] =
        view.knows(receipt.act, call.payload.action()).map_or(&[], |knowledge| knowledge.fields);
    let show = |event: usize| show_event(view.stream.events[event]);
    let result = match &finding.found {
        Found::Blind => StepFinding::Blind,
        Found::Refused(reason) => StepFinding::Refused(reason.clone()),
        Found::Equal(event) => StepFinding::Equal(show(*event)),
        Found::Differs(event, differences) => StepFinding::Differs(show(*event), differences.clone()),
        Found::Nothing(near) => StepFinding::Nothing(near.map(|event| {
            (show(event), compare::differences(call, view.stream.events[event], fields).collect())
        })),
    };
    StepExplanation {
        call: verdict::describe(receipt, index),
        principal: receipt.principal == Some(index),
        finding: result,
        compared: fields.iter().map(|field| format!("{field:?}").to_lowercase()).collect(),
        touched: finding.touched.iter().map(|&loss| view.losses[loss].describe()).collect(),
    }
}

/// An event for people: its place, time and JSON of object and result.
fn show_event(event: &Event) -> String {
    let pid = event.image.pid.map_or_else(|| "?".to_owned(), |pid| pid.to_string());
    let result =
        event.payload.result().map(compare::show_outcome).map_or_else(String::new, |r| format!(" = {r}"));
    let texts: Vec<String> = event.payload.texts().iter().map(|text| format!("{text:?}")).collect();
    format!(
        "event {}/{} at {}: {} by pid {pid} {}{result}",
        event.seq.stream,
        event.seq.n,
        seconds(event.time.ns),
        event.payload.action(),
        texts.join(" "),
    )
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.as_deref().unwrap_or("not in this record");
        writeln!(f, "{} act {} ({kind}), {}: {}", self.scenario, self.act, self.sensor, self.verdict)?;
        for reason in &self.reasons {
            writeln!(f, "  {reason}")?;
        }
        for instance in &self.instances {
            writeln!(f, "\n{} in pass {}", instance.instance, instance.pass)?;
            for loss in &instance.losses {
                writeln!(f, "  {loss}")?;
            }
            for step in &instance.steps {
                write!(f, "{step}")?;
            }
        }
        if !self.witnesses.is_empty() {
            writeln!(f, "\nwitnesses")?;
        }
        for (pass, witness) in &self.witnesses {
            let observed = if witness.observed { "observed" } else { "NOT observed" };
            write!(f, "  pass {pass}: {} ({}): {}: {observed}", witness.family, witness.road, witness.claim)?;
            writeln!(f, "{}{}", if witness.detail.is_empty() { "" } else { ": " }, witness.detail)?;
        }
        Ok(())
    }
}

impl fmt::Display for StepExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.principal { " (the act's own call)" } else { "" };
        writeln!(f, "  {}{mark}", self.call)?;
        let list = |f: &mut fmt::Formatter<'_>, differences: &[Difference]| {
            differences.iter().try_for_each(|difference| writeln!(f, "      {difference}"))
        };
        match &self.finding {
            StepFinding::Blind => writeln!(f, "    blind: the sensor does not see such calls")?,
            StepFinding::Refused(reason) => writeln!(f, "    refused: {reason}")?,
            StepFinding::Equal(event) => {
                writeln!(f, "    {event}\n      equal in {}", self.compared.join(", "))?;
            }
            StepFinding::Differs(event, differences) => {
                writeln!(f, "    {event}")?;
                list(f, differences)?;
            }
            StepFinding::Nothing(None) => writeln!(f, "    no event of this kind by this process")?,
            StepFinding::Nothing(Some((event, differences))) => {
                writeln!(f, "    no event; the nearest is {event}")?;
                list(f, differences)?;
            }
        }
        self.touched.iter().try_for_each(|loss| writeln!(f, "    could be among those {loss}"))
    }
}
