//! The stages of a pass, in their fixed order.

use std::{fmt, time::Duration};

/// A stage. A profile fills deploy and exercise; the rest follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// start the sensors; each says that it records
    Attach,
    /// make the subject's place and start its actor
    Deploy,
    /// start marker, acts, end marker
    Exercise,
    /// wait until each instance has shown the end marker
    Settle,
    /// stop the sensors, turn their record into events
    Collect,
    /// take away all that was made, whatever happened before
    Cleanup,
}

impl Stage {
    /// All, in order.
    pub const ALL: [Self; 6] =
        [Self::Attach, Self::Deploy, Self::Exercise, Self::Settle, Self::Collect, Self::Cleanup];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Attach => "attach",
            Self::Deploy => "deploy",
            Self::Exercise => "exercise",
            Self::Settle => "settle",
            Self::Collect => "collect",
            Self::Cleanup => "cleanup",
        }
    }

    /// How long it may take where the profile is silent.
    pub(crate) fn default_timeout(self) -> Duration {
        Duration::from_secs(match self {
            Self::Attach | Self::Deploy | Self::Settle => 5,
            Self::Exercise | Self::Collect | Self::Cleanup => 10,
        })
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
