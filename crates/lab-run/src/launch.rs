//! A program of the person's own in the stage `exercise`: started by the resident actor, waited for, and whatever it
//! leaves running is ended.

use std::{collections::BTreeMap, time::Duration};

use lab_env::Subject;
use lab_model::{Act, ActKind, Exit, Launch, Login, Order, Payload, Receipt, Reply, Text};
use nix::sys::signal::Signal;

use crate::{
    Interrupt, RunError,
    deadline::Deadline,
    exercise::{Exercised, reply, unexpected},
    observer::{Moment, Observer},
};

/// How long a program may take to end after it was asked to, before it is killed.
const GRACE: Duration = Duration::from_secs(3);

/// How long one that was killed may take.
const KILLED: Duration = Duration::from_secs(5);

const DOING: &str = "starting the program";

/// How a program of the person's own is started.
#[derive(Clone, Debug)]
pub struct Guest {
    /// its environment, `NAME=VALUE` each; what the lab says to it comes on top
    pub environment: Vec<Text>,
    /// as whom it runs; `None`: as who runs this
    pub user: Option<Login>,
    /// process group that it joins
    pub group: i32,
    /// its standard output is our standard error, as ours is for a report
    pub output_to_errors: bool,
}

/// The lab's variables that a program finds in its environment, and their names there.
const TOLD: &[(&str, &str)] = &[
    ("sink", "SIGHTLINE_SINK"),
    ("resolver", "SIGHTLINE_RESOLVER"),
    ("domain", "SIGHTLINE_DOMAIN"),
    ("work", "SIGHTLINE_WORK"),
];

impl Guest {
    /// The room that it needs.
    pub(crate) fn room(&self) -> lab_env::Guest {
        let owner = self.user.as_ref().map(|login| (login.uid, login.gid));
        lab_env::Guest { owner, output_to_errors: self.output_to_errors }
    }

    /// Places of this machine that differ on another one: `cwd` and `home`.
    pub(crate) fn variables(&self, acts: &[Act]) -> BTreeMap<String, String> {
        let cwd = acts.iter().find_map(|act| match &act.kind {
            ActKind::Observe { directory, .. } => Some(directory.clone()),
            _ => None,
        });
        let home = self.environment.iter().find_map(|pair| {
            let home = pair.as_bytes().strip_prefix(b"HOME=")?;
            std::str::from_utf8(home).ok().map(|home| home.trim_end_matches('/').to_owned())
        });
        let found = [("cwd", cwd), ("home", home)];
        let absolute = |path: &String| path.starts_with('/');
        let found =
            found.into_iter().filter_map(|(name, path)| Some((name.to_owned(), path.filter(absolute)?)));
        found.collect()
    }

    /// Starts it and waits until it has ended, or until the stage ends: then it is asked to end, and killed if it does
    /// not.
    pub(crate) fn launch(
        &self,
        act: &Act,
        subject: &mut dyn Subject,
        into: &mut Exercised,
        deadline: &Deadline,
        observer: &dyn Observer,
    ) -> Result<(), RunError> {
        let environment = self.environment_in(subject.variables(), &act.nonce);
        let launch = Launch { act: act.clone(), environment, user: self.user.clone(), group: self.group };
        subject.send(&Order::Launch { launch: Box::new(launch) })?;
        let (receipt, cut_off) = match receipt(subject, deadline) {
            Err(error @ RunError::Actor { .. }) => (stop(subject)?, Some(error)),
            other => (other?, None),
        };
        let left = subject.clear()?;
        let exit = receipt.steps.iter().rev().find_map(|step| match step.payload {
            Payload::Exit(exit) => Some(exit),
            _ => None,
        });
        let failed = receipt.error.clone();
        into.receipts.push(receipt);
        if let Some(error) = cut_off {
            return Err(error);
        }
        if let Some(said) = failed {
            return Err(RunError::ActorSaid { doing: DOING.to_owned(), said: format!("failed to {said}") });
        }
        observer.on(&Moment::Program { exit: exit.unwrap_or(Exit { code: None, signal: None }), left });
        Ok(())
    }

    fn environment_in(&self, variables: &BTreeMap<String, String>, nonce: &str) -> Vec<Text> {
        let work = variables.get("work").map(String::as_str).unwrap_or_default();
        let told = TOLD.iter().filter_map(|(name, told)| Some(format!("{told}={}", variables.get(*name)?)));
        let told = told.chain([format!("SIGHTLINE_NONCE={nonce}"), format!("TMPDIR={work}/tmp")]);
        let told: Vec<String> = told.collect();
        let name = |pair: &[u8]| pair.split(|byte| *byte == b'=').next().map(<[u8]>::to_vec);
        let ours = |pair: &&Text| told.iter().any(|own| name(own.as_bytes()) == name(pair.as_bytes()));
        let kept = self.environment.iter().filter(|pair| !ours(pair)).cloned();
        kept.chain(told.iter().map(|pair| Text::from(pair.as_str()))).collect()
    }
}

fn receipt(subject: &mut dyn Subject, deadline: &Deadline) -> Result<Receipt, RunError> {
    match reply(subject, DOING, deadline)? {
        Reply::Done { receipt } => Ok(receipt),
        other => Err(unexpected(DOING, other)),
    }
}

/// Ends a program that is cut off, and gives what is known of it.
fn stop(subject: &mut dyn Subject) -> Result<Receipt, RunError> {
    subject.send(&Order::Signal { number: Signal::SIGTERM as i32 })?;
    let nobody = Interrupt::default();
    match receipt(subject, &Deadline::after(GRACE, &nobody)) {
        Err(RunError::Actor { .. }) => {
            subject.clear()?;
            receipt(subject, &Deadline::after(KILLED, &nobody))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Guest;

    #[test]
    fn what_the_lab_says_takes_the_place_of_what_the_caller_says() {
        let guest = Guest {
            environment: ["HOME=/home/ann/", "TMPDIR=/mine", "SIGHTLINE_SINK=x", "A=b=c"]
                .map(Into::into)
                .into(),
            user: None,
            group: 1,
            output_to_errors: false,
        };
        let variables = [("sink", "127.0.0.1:1"), ("work", "/w"), ("nobody", "65534")];
        let variables: BTreeMap<String, String> =
            variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let environment = guest.environment_in(&variables, "sl0");
        let environment: Vec<String> = environment.iter().map(ToString::to_string).collect();
        assert_eq!(
            environment,
            [
                "HOME=/home/ann/",
                "A=b=c",
                "SIGHTLINE_SINK=127.0.0.1:1",
                "SIGHTLINE_WORK=/w",
                "SIGHTLINE_NONCE=sl0",
                "TMPDIR=/w/tmp"
            ]
        );
        assert_eq!(guest.variables(&[]), BTreeMap::from([("home".to_owned(), "/home/ann".to_owned())]));
    }
}
