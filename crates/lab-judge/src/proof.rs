//! Whether an act happened, from witnesses alone.
//!
//! Two families must have observed all that they had to, and none may have seen otherwise: a witness that could not look
//! takes nothing away from the others, one that saw the opposite does.

use std::collections::BTreeMap;

use lab_model::{Act, Expectation, Family, Outcome, PassRecord, Payload, Proof, Receipt};

use crate::{compare::show_outcome, view};

/// A proof for each act of a pass that is performed; what is only observed has no witnesses, so nothing is proven.
pub(crate) fn proofs(pass: &PassRecord) -> Vec<Proof> {
    pass.acts.iter().filter(|act| !act.is_observed()).map(|act| proof(pass, act)).collect()
}

fn proof(pass: &PassRecord, act: &Act) -> Proof {
    let (mut missing, mut contradicted) = (Vec::new(), false);
    let mut claims: BTreeMap<Family, bool> = BTreeMap::new();
    for witness in pass.witnesses.iter().filter(|witness| witness.act == act.id) {
        *claims.entry(witness.family).or_insert(true) &= witness.observed && !witness.contradicted;
        contradicted |= witness.contradicted;
        if !witness.observed || witness.contradicted {
            let detail = if witness.detail.is_empty() { "nothing was seen" } else { &witness.detail };
            let word = if witness.contradicted { " saw otherwise" } else { "" };
            missing.push(format!("{} ({}){word}: {}: {detail}", witness.family, witness.road, witness.claim));
        }
    }
    let families: Vec<Family> =
        claims.into_iter().filter(|(_, observed)| *observed).map(|(f, _)| f).collect();
    let few = families.len() < 2;
    if few {
        let names: Vec<String> = families.iter().map(Family::to_string).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        missing.push(format!("two families of witness are needed, observed: {names}"));
    }
    let unmet = unmet(act.expect, view::receipt(pass, act.id));
    let proven = !few && !contradicted && unmet.is_none();
    missing.extend(unmet);
    Proof { act: act.id, pass: pass.pass, proven, families, missing }
}

/// Why the receipt does not say what the scenario wanted, if so.
fn unmet(expect: Expectation, receipt: Option<&Receipt>) -> Option<String> {
    let Some(receipt) = receipt else { return Some("there is no receipt".to_owned()) };
    if let Some(error) = &receipt.error {
        return Some(format!("the actor failed to {error}"));
    }
    let Some(step) = receipt.principal.and_then(|index| receipt.steps.get(index)) else {
        return Some("the receipt does not name the call that the expectation is about".to_owned());
    };
    let met = match (&step.payload, step.payload.result()) {
        (_, Some(result)) => expect.met_by(result),
        (Payload::Exit(exit), None) => exit.code == Some(0) && expect == Expectation::Ok,
        (_, None) => expect == Expectation::Ok,
    };
    let wanted = match expect {
        Expectation::Ok => show_outcome(Outcome::Ok(0)),
        Expectation::Errno(errno) => show_outcome(Outcome::Errno(errno)),
    };
    let got = step.payload.result().map_or_else(|| "another end".to_owned(), show_outcome);
    (!met).then(|| format!("the receipt's {} should end with {wanted}, got {got}", step.payload.action()))
}
