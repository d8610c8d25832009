//! Why a verdict is what it is, for a terminal and as JSON.

use lab_judge::{Difference, Explanation, InstanceExplanation, StepExplanation, StepFinding};
use lab_model::Witness;
use serde_json::{Value, json};

use crate::{Style, escape, matrix::tone, style::Tone};

/// The explanation for a terminal. Ends with a line break.
pub fn explanation(explanation: &Explanation, style: Style) -> String {
    let kind = explanation.kind.as_deref().unwrap_or("not in this record");
    let mut out = format!(
        "{} act {} ({}), {}: {}\n",
        Tone::Title.mark(&escape(&explanation.scenario)),
        explanation.act,
        escape(kind),
        explanation.sensor,
        tone(explanation.verdict).mark(explanation.verdict.word()),
    );
    for reason in &explanation.reasons {
        line(&mut out, 2, reason);
    }
    for instance in &explanation.instances {
        instance_block(&mut out, instance);
    }
    if !explanation.witnesses.is_empty() {
        out.push_str("\nwitnesses\n");
    }
    for (pass, witness) in &explanation.witnesses {
        witness_line(&mut out, *pass, witness);
    }
    style.finish(&out)
}

fn instance_block(out: &mut String, instance: &InstanceExplanation) {
    out.push_str(&format!("\n{} in pass {}\n", escape(&instance.instance), instance.pass));
    for loss in &instance.losses {
        out.push_str(&format!("  {}\n", Tone::Doubtful.mark(&escape(loss))));
    }
    for step in &instance.steps {
        step_lines(out, step);
    }
}

fn step_lines(out: &mut String, step: &StepExplanation) {
    let own = if step.principal { " (the act's own call)" } else { "" };
    out.push_str(&format!("  {}{own}\n", escape(&step.call)));
    match &step.finding {
        StepFinding::Blind => line(out, 4, "blind: the sensor does not see such calls"),
        StepFinding::Refused(reason) => line(out, 4, &format!("refused: {reason}")),
        StepFinding::Equal(event) => {
            line(out, 4, event);
            let equal = format!("equal in {}", step.compared.join(", "));
            out.push_str(&format!("      {}\n", Tone::Good.mark(&escape(&equal))));
        }
        StepFinding::Differs(event, differences) => {
            line(out, 4, event);
            difference_lines(out, differences);
        }
        StepFinding::Nothing(None) => {
            out.push_str(&format!("    {}\n", Tone::Bad.mark("no event of this kind by this process")));
        }
        StepFinding::Nothing(Some((event, differences))) => {
            out.push_str(&format!("    {}; the nearest is {}\n", Tone::Bad.mark("no event"), escape(event)));
            difference_lines(out, differences);
        }
    }
    for loss in &step.touched {
        let could = format!("could be among those {loss}");
        out.push_str(&format!("    {}\n", Tone::Doubtful.mark(&escape(&could))));
    }
}

fn difference_lines(out: &mut String, differences: &[Difference]) {
    for difference in differences {
        out.push_str(&format!("      {}\n", Tone::Bad.mark(&escape(&difference.to_string()))));
    }
}

fn witness_line(out: &mut String, pass: u32, witness: &Witness) {
    let observed =
        if witness.observed { Tone::Good.mark("observed") } else { Tone::Bad.mark("NOT observed") };
    let detail = if witness.detail.is_empty() { String::new() } else { format!(": {}", witness.detail) };
    out.push_str(&format!(
        "  pass {pass}: {} ({}): {}: {observed}{}\n",
        witness.family,
        escape(&witness.road),
        escape(&witness.claim),
        escape(&detail),
    ));
}

fn line(out: &mut String, indent: usize, text: &str) {
    out.push_str(&format!("{:indent$}{}\n", "", escape(text)));
}

/// The explanation as JSON, with the strings as they were recorded.
pub fn explanation_json(explanation: &Explanation) -> Value {
    let witness = |(pass, witness): &(u32, Witness)| json!({ "pass": pass, "witness": witness });
    json!({
        "scenario": explanation.scenario,
        "act": explanation.act,
        "kind": explanation.kind,
        "sensor": explanation.sensor,
        "verdict": explanation.verdict,
        "reasons": explanation.reasons,
        "instances": explanation.instances.iter().map(instance_json).collect::<Vec<_>>(),
        "witnesses": explanation.witnesses.iter().map(witness).collect::<Vec<_>>(),
    })
}

fn instance_json(instance: &InstanceExplanation) -> Value {
    json!({
        "instance": instance.instance,
        "pass": instance.pass,
        "losses": instance.losses,
        "steps": instance.steps.iter().map(step_json).collect::<Vec<_>>(),
    })
}

fn step_json(step: &StepExplanation) -> Value {
    let texts = |differences: &[Difference]| differences.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (finding, event, differences, reason) = match &step.finding {
        StepFinding::Blind => ("blind", None, Vec::new(), None),
        StepFinding::Refused(reason) => ("refused", None, Vec::new(), Some(reason)),
        StepFinding::Equal(event) => ("equal", Some(event), Vec::new(), None),
        StepFinding::Differs(event, differences) => ("differs", Some(event), texts(differences), None),
        StepFinding::Nothing(None) => ("nothing", None, Vec::new(), None),
        StepFinding::Nothing(Some((event, differences))) => {
            ("nothing", Some(event), texts(differences), None)
        }
    };
    json!({
        "call": step.call,
        "principal": step.principal,
        "finding": finding,
        "event": event,
        "differences": differences,
        "reason": reason,
        "compared": step.compared,
        "touched": step.touched,
    })
}
