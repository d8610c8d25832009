//! What differs between two records, fact by fact, in words.

use std::collections::BTreeSet;

use lab_model::{InstanceRecord, Judged, LossCause, Proof, RunOutcome, ScenarioRecord};

use super::Change;
use crate::{RunReport, ScenarioReport, input, loss, matrix};

/// What two runs were made from, and how they ended.
pub(super) fn of_run(old: &RunReport<'_>, new: &RunReport<'_>) -> Vec<Change> {
    let facts = |run: &RunReport<'_>| {
        let of_interest =
            run.environment.iter().filter(|(_, name, _)| !input::NEVER_THE_SAME.contains(&&**name));
        let mut facts: Vec<_> = of_interest.map(|(_, name, value)| (name.clone(), value.clone())).collect();
        facts.extend(run.interrupted.then(|| ("interrupted".to_owned(), "yes".to_owned())));
        let failed = run.stages.iter().filter_map(|stage| Some((stage, stage.error.as_ref()?)));
        facts.extend(failed.map(|(stage, error)| (format!("stage {}", stage.stage), error.clone())));
        facts
    };
    changes(&facts(old), &facts(new))
}

/// How two records of one scenario differ in proofs, losses, doubts and how they ended. The rest stands in the golden.
pub(super) fn of_scenario(
    (old, old_outcome): (&ScenarioReport<'_>, RunOutcome),
    (new, new_outcome): (&ScenarioReport<'_>, RunOutcome),
) -> Vec<Change> {
    let facts = |scenario: &ScenarioReport<'_>, outcome: RunOutcome| {
        let mut facts = vec![("outcome".to_owned(), outcome.word().to_owned())];
        facts.extend(scenario.judged.proofs.iter().map(|proof| of_proof(scenario.judged, proof)));
        facts.extend(losses(scenario.record));
        facts
    };
    let mut found = changes(&facts(old, old_outcome), &facts(new, new_outcome));
    found.extend(sentences("doubt", &old.judged.doubts, &new.judged.doubts));
    found.extend(sentences("trouble", &old.judged.troubles, &new.judged.troubles));
    found
}

/// What has another value, what only the first has, and what only the second has: in the order of the first.
fn changes(old: &[(String, String)], new: &[(String, String)]) -> Vec<Change> {
    let value = |facts: &[(String, String)], wanted: &str| {
        facts.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone())
    };
    let added = new.iter().filter(|(name, _)| value(old, name).is_none());
    let all = old.iter().chain(added).map(|(name, _)| Change {
        what: name.clone(),
        old: value(old, name),
        new: value(new, name),
    });
    all.filter(|change| change.old != change.new).collect()
}

fn sentences(what: &str, old: &[String], new: &[String]) -> Vec<Change> {
    let (before, now): (BTreeSet<&String>, BTreeSet<&String>) = (old.iter().collect(), new.iter().collect());
    let gone = before.difference(&now).map(|text| (Some((*text).clone()), None));
    let come = now.difference(&before).map(|text| (None, Some((*text).clone())));
    gone.chain(come).map(|(old, new)| Change { what: what.to_owned(), old, new }).collect()
}

fn of_proof(judged: &Judged, proof: &Proof) -> (String, String) {
    let what = format!("{} in pass {}", matrix::named(judged, proof.act), proof.pass);
    let families: Vec<String> = proof.families.iter().map(ToString::to_string).collect();
    let word = if proof.proven { "proven" } else { "unproven" };
    let by = if families.is_empty() { String::new() } else { format!(" by {}", families.join(", ")) };
    (what, format!("{word}{by}"))
}

/// What each instance lost, what the kernel refused it, and why it ended early. How much it saw differs from run to run.
fn losses(record: &ScenarioRecord) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    for pass in &record.passes {
        for instance in &pass.instances {
            let place = format!("{} in pass {}", instance.instance, pass.pass);
            facts.push((format!("loss of {place}"), lost(instance)));
            let refused = instance.refused.iter();
            facts.extend(refused.map(|refusal| {
                (format!("{} of {place}", refusal.action), format!("refused: {}", refusal.reason))
            }));
            facts.extend(instance.error.iter().map(|error| (format!("end of {place}"), error.clone())));
        }
        let failed = pass.stages.iter().filter_map(|stage| Some((stage, stage.error.as_ref()?)));
        facts.extend(
            failed.map(|(stage, error)| (format!("{} in pass {}", stage.stage, pass.pass), error.clone())),
        );
    }
    facts
}

fn lost(instance: &InstanceRecord) -> String {
    let Some(sum) = loss::sum(instance) else { return "unbounded".to_owned() };
    let cause = |(cause, count): (&LossCause, &u64)| format!("{count} {}", loss::word(*cause));
    let causes: Vec<String> = sum.lost.iter().filter(|(_, count)| **count > 0).map(cause).collect();
    if causes.is_empty() { "none".to_owned() } else { causes.join(", ") }
}
