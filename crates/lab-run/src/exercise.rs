//! The stage `exercise`: act by act, with the witnesses looking before, during and after.

use lab_act::witness::Witnesses;
use lab_env::{EnvError, Subject};
use lab_model::{Act, Order, Question, Receipt, Reply, Witness};

use crate::{
    RunError,
    deadline::{Deadline, Ended},
    observer::{Moment, Observer},
};

/// What an exercise has made so far; kept also when it ends early.
#[derive(Debug, Default)]
pub(crate) struct Exercised {
    pub(crate) receipts: Vec<Receipt>,
    pub(crate) witnesses: Vec<Witness>,
    /// an act was begun and not brought to its end
    pub(crate) under_way: bool,
}

/// The actor at work, and who looks on.
pub(crate) struct Exercise<'a> {
    pub(crate) scenario: &'a str,
    pub(crate) key: &'a str,
    pub(crate) subject: &'a mut dyn Subject,
    pub(crate) witnesses: &'a mut Witnesses,
    pub(crate) deadline: &'a Deadline,
    pub(crate) observer: &'a dyn Observer,
}

impl Exercise<'_> {
    /// Performs the acts in order. Stops at the first that the actor cannot even attempt.
    pub(crate) fn run(&mut self, acts: &[Act], into: &mut Exercised) -> Result<(), RunError> {
        for act in acts {
            self.observer.on(&Moment::Act { scenario: self.scenario, act: act.id });
            self.witnesses.before(act);
            into.under_way = true;
            let receipt = self.perform(act)?;
            into.under_way = false;
            into.witnesses.extend(self.witnesses.after(act, &receipt));
            into.receipts.push(receipt);
        }
        Ok(())
    }

    fn perform(&mut self, act: &Act) -> Result<Receipt, RunError> {
        let doing = format!("performing act {} ({})", act.id, act.kind.word());
        self.subject.send(&Order::Perform { act: Box::new(act.clone()), key: self.key.to_owned() })?;
        loop {
            match reply(self.subject, &doing, self.deadline)? {
                Reply::Listening { address } => self.witnesses.listening(act, &address),
                Reply::Held { receipt } => {
                    self.witnesses.held(act, &receipt);
                    break;
                }
                other => return Err(unexpected(&doing, other)),
            }
        }
        self.subject.send(&Order::Release)?;
        match reply(self.subject, &doing, self.deadline)? {
            Reply::Done { receipt } => Ok(receipt),
            other => Err(unexpected(&doing, other)),
        }
    }
}

/// Brings an act to its end that a time-out has cut off, so that the actor takes orders again.
pub(crate) fn let_go(subject: &mut dyn Subject, deadline: &Deadline) -> Result<(), RunError> {
    let doing = "ending an act that was cut off";
    loop {
        match reply(subject, doing, deadline)? {
            Reply::Held { .. } => subject.send(&Order::Release)?,
            Reply::Done { .. } | Reply::Failed { .. } => return Ok(()),
            _ => {}
        }
    }
}

/// Makes a mark that every sensor of files can see, and with a question those of packets too.
pub(crate) fn mark(
    subject: &mut dyn Subject,
    path: String,
    question: Option<Question>,
    deadline: &Deadline,
) -> Result<(), RunError> {
    let doing = "making a mark";
    subject.send(&Order::Mark { path, question })?;
    match reply(subject, doing, deadline)? {
        Reply::Marked { .. } => Ok(()),
        other => Err(unexpected(doing, other)),
    }
}

pub(crate) fn reply(subject: &mut dyn Subject, doing: &str, deadline: &Deadline) -> Result<Reply, RunError> {
    loop {
        let slice = deadline.slice().map_err(|ended| RunError::Actor { doing: doing.to_owned(), ended })?;
        match subject.receive(slice) {
            Err(EnvError::ActorSilent(_)) => {}
            Err(EnvError::ActorEnded(_)) => {
                return Err(RunError::Actor { doing: doing.to_owned(), ended: Ended::Closed });
            }
            other => return Ok(other?),
        }
    }
}

pub(crate) fn unexpected(doing: &str, reply: Reply) -> RunError {
    let said = match reply {
        Reply::Failed { message } => format!("failed to {message}"),
        Reply::Hello { .. } => "answered with a hello out of turn".to_owned(),
        Reply::Marked { .. } => "answered with a mark out of turn".to_owned(),
        Reply::Listening { .. } => "waited for a connection out of turn".to_owned(),
        Reply::Held { .. } => "held an act out of turn".to_owned(),
        Reply::Done { .. } => "ended an act out of turn".to_owned(),
    };
    RunError::ActorSaid { doing: doing.to_owned(), said }
}
