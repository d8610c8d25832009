//! Truth and lies about one act, as the witnesses and then the judge take them.

use lab_act::witness::Witnesses;
use lab_model::{Act, Family, Receipt, Step, Witness};

use crate::stage::{ACTOR, Actor, KEY, families, observe_other, proven};

/// Someone who performs all acts rightly but one, about which he lies.
pub(crate) fn account(act: &Act, done: &Act, forge: impl Fn(&mut Receipt)) -> (Receipt, Vec<Witness>) {
    let mut witnesses = Witnesses::start(KEY).unwrap();
    let mut actor = Actor::start(ACTOR);
    observe_other(&mut actor, &mut witnesses, act, done, forge)
}

/// The families that a lie leaves: however many, somebody saw otherwise, and it is not proven.
pub(crate) fn lie(act: &Act, done: &Act, forge: impl Fn(&mut Receipt)) -> Vec<Family> {
    let (receipt, words) = account(act, done, forge);
    caught(act, &receipt, &words);
    families(&words).into_iter().collect()
}

/// The families that prove what was told and done alike.
pub(crate) fn truth(act: &Act, forge: impl Fn(&mut Receipt)) -> Vec<Family> {
    let (receipt, words) = account(act, act, forge);
    assert!(proven(act, &receipt, &words), "{words:#?}");
    families(&words).into_iter().collect()
}

#[track_caller]
pub(crate) fn caught(act: &Act, receipt: &Receipt, words: &[Witness]) {
    assert!(words.iter().any(|word| word.contradicted && !word.observed), "{words:#?}");
    assert!(!proven(act, receipt, words), "{words:#?}");
}

/// The call that the receipt is about.
pub(crate) fn principal(receipt: &mut Receipt) -> &mut Step {
    let at = receipt.principal.unwrap();
    &mut receipt.steps[at]
}
