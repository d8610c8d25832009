//! What can go wrong in a run.

use std::{io, path::PathBuf, time::Duration};

use lab_env::EnvError;
use lab_model::SensorKind;

use crate::deadline::Ended;

/// An error of one step of a run. Within a pass it is data: it goes into the bundle and cleanup follows.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The environment.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// The bundle.
    #[error(transparent)]
    Store(#[from] lab_store::StoreError),
    /// The witnesses.
    #[error("failed to set up the witnesses: {0}")]
    Witness(#[source] lab_act::witness::WitnessError),
    /// A variable of an act has no value.
    #[error("failed to bind act {act}: {source}")]
    Variable {
        /// act
        act: u32,
        /// cause
        source: lab_model::UnknownVariable,
    },
    /// A sensor's program did not start.
    #[error("failed to start {sensor}: {source}")]
    Start {
        /// instance
        sensor: String,
        /// cause
        source: io::Error,
    },
    /// A wait for a sensor ended.
    #[error("{sensor}: {ended}{}", in_brackets(.said))]
    Sensor {
        /// instance
        sensor: String,
        /// why
        ended: Ended,
        /// its last words
        said: String,
    },
    /// Another run has what a sensor needs for itself.
    #[error("{sensor} waited for another run's turn to end (at most {} s): {ended}", .patience.as_secs())]
    Turn {
        /// instance
        sensor: String,
        /// why the wait ended
        ended: Ended,
        /// how long it may take
        patience: Duration,
    },
    /// A sensor said something that ends the matter.
    #[error("{sensor}: {message}")]
    Said {
        /// instance
        sensor: String,
        /// its words
        message: String,
    },
    /// There is nothing here that drives such a sensor.
    #[error("nothing here drives the sensor `{0}`")]
    NoDriver(SensorKind),
    /// There is nothing here that brings up such an environment.
    #[error("nothing here brings up the environment `{0}`")]
    NoEnvironment(String),
    /// A step needs a subject, and none was placed.
    #[error("there is no subject")]
    NoSubject,
    /// A wait for the actor ended.
    #[error("the actor, {doing}: {ended}")]
    Actor {
        /// what it was to do
        doing: String,
        /// why
        ended: Ended,
    },
    /// The actor said something unexpected.
    #[error("the actor, {doing}: {said}")]
    ActorSaid {
        /// what it was to do
        doing: String,
        /// its words
        said: String,
    },
    /// A file operation failed.
    #[error("failed to {doing} {path}: {source}")]
    Io {
        /// verb
        doing: &'static str,
        /// object
        path: PathBuf,
        /// cause
        source: io::Error,
    },
    /// What a virtual machine is made of could not be put together.
    #[error("failed to make a virtual machine: {0}")]
    Pack(String),
    /// The bundle of a virtual machine is not what its chain says.
    #[error("failed to verify what came out of a virtual machine in {}: {source}", dir.display())]
    Arrived {
        /// the bundle
        dir: PathBuf,
        /// cause
        source: lab_store::VerifyError,
    },
    /// A clock or a random number could not be read.
    #[error("failed to {doing}: {source}")]
    Call {
        /// verb and object
        doing: &'static str,
        /// cause
        source: io::Error,
    },
}

fn in_brackets(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(" ({words})") }
}

impl RunError {
    /// For `map_err` of a file operation.
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }

    /// The same error of a sensor's process with how that ended.
    pub(crate) fn with_status(self, status: std::process::ExitStatus) -> Self {
        match self {
            Self::Sensor { sensor, said, .. } => Self::Said { sensor, message: format!("{status}: {said}") },
            other => other,
        }
    }

    /// Something to type that helps, if there is.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Env(error) => error.hint(),
            Self::Start { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("cargo xtask setup")
            }
            _ => None,
        }
    }
}
