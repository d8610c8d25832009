//! The table of [`super`] as code: what must have been observed, and whether it was.

mod kernel;
mod outside;
mod receipt;

use lab_model::{Act, Expectation, Family, Payload, Receipt, Step, Witness};

use super::{Client, Watch, file::State, sink::Heard};

/// All that is known of one act when it is over.
pub(super) struct Evidence<'a> {
    pub(super) act: &'a Act,
    pub(super) receipt: &'a Receipt,
    pub(super) key: &'a [u8],
    pub(super) watch: &'a Watch,
    /// states of the act's names afterwards
    pub(super) after: &'a [State],
    /// what the sink heard in the meantime
    pub(super) heard: &'a [Heard],
}

/// What was seen of a claim: the evidence in short, or why it was not observed.
pub(super) type Seen = Result<String, Unseen>;

/// Why a claim was not observed. Text alone becomes [`Self::Unknown`]: a contradiction is always said as such.
#[derive(Clone, Debug)]
pub(super) enum Unseen {
    /// nobody could look
    Unknown(String),
    /// somebody looked, and it is otherwise
    Otherwise(String),
}

impl From<String> for Unseen {
    fn from(reason: String) -> Self {
        Self::Unknown(reason)
    }
}

impl From<&str> for Unseen {
    fn from(reason: &str) -> Self {
        Self::Unknown(reason.to_owned())
    }
}

impl From<&String> for Unseen {
    fn from(reason: &String) -> Self {
        reason.as_str().into()
    }
}

/// What was seen instead.
pub(super) fn otherwise(instead: impl Into<String>) -> Unseen {
    Unseen::Otherwise(instead.into())
}

impl<'a> Evidence<'a> {
    /// The call that the expectation is about.
    fn principal(&self) -> Result<&'a Step, String> {
        let at = self.receipt.principal.ok_or("the receipt names no principal call")?;
        self.receipt.steps.get(at).ok_or_else(|| format!("the receipt has no step {at}"))
    }

    fn refused(&self) -> bool {
        matches!(self.act.expect, Expectation::Errno(_))
    }

    /// Steps with an exec of one of the links' images that succeeded, in order.
    fn executed(&self) -> impl Iterator<Item = &'a Step> {
        self.receipt.steps.iter().filter(|step| match &step.payload {
            Payload::Exec(exec) => matches!(exec.result, lab_model::Outcome::Ok(_)),
            _ => false,
        })
    }

    /// How many links' images must have run.
    fn images(&self) -> usize {
        let last_refused = self.refused() && matches!(self.act.kind, lab_model::ActKind::Exec);
        self.act.via.len().saturating_sub(usize::from(last_refused))
    }

    /// Our connection to an actor that serves.
    fn client(&self) -> Result<&'a Client, Unseen> {
        match &self.watch.client {
            Some(client) => Ok(client.as_ref()?),
            None => Err(otherwise("the actor never said where it listens")),
        }
    }

    /// The actor's pid, known because the caller started it.
    fn actor(&self) -> Result<u32, String> {
        self.watch
            .actor
            .as_ref()
            .map(|actor| actor.pid)
            .ok_or_else(|| "the actor itself was not seen".to_owned())
    }
}

/// Collects the words of the witnesses.
struct Claims {
    act: u32,
    witnesses: Vec<Witness>,
}

impl Claims {
    fn add(&mut self, family: Family, road: &str, claim: impl Into<String>, seen: Seen) {
        let (observed, contradicted, detail) = match seen {
            Ok(evidence) => (true, false, evidence),
            Err(Unseen::Unknown(reason)) => (false, false, reason),
            Err(Unseen::Otherwise(instead)) => (false, true, instead),
        };
        let (act, road, claim) = (self.act, road.to_owned(), claim.into());
        self.witnesses.push(Witness { act, family, road, claim, observed, contradicted, detail });
    }
}

/// Every claim of the table for this act.
pub(super) fn claims(evidence: &Evidence<'_>) -> Vec<Witness> {
    let mut claims = Claims { act: evidence.act.id, witnesses: Vec::new() };
    receipt::claim(evidence, &mut claims);
    if !evidence.refused() {
        outside::claim(evidence, &mut claims);
    }
    kernel::claim(evidence, &mut claims);
    claims.witnesses
}

/// `Ok` with `evidence` if `holds`, else what was seen instead.
fn check(holds: bool, evidence: impl Into<String>, instead: impl Into<String>) -> Seen {
    if holds { Ok(evidence.into()) } else { Err(otherwise(instead)) }
}
