//! The categories of Sigma's taxonomy for Linux that our events can stand for, and the fields of each.

/// A category of records, as a rule's `logsource` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// a program was executed
    ProcessCreation,
    /// a file was opened, or somebody tried to
    FileAccess,
    /// a file was opened for writing
    FileEvent,
    /// a name was removed
    FileDelete,
    /// a name was changed
    FileRename,
    /// a connection was made or accepted
    NetworkConnection,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 6] = [
        Self::ProcessCreation,
        Self::FileAccess,
        Self::FileEvent,
        Self::FileDelete,
        Self::FileRename,
        Self::NetworkConnection,
    ];

    /// Its word in rules.
    pub fn word(self) -> &'static str {
        match self {
            Self::ProcessCreation => "process_creation",
            Self::FileAccess => "file_access",
            Self::FileEvent => "file_event",
            Self::FileDelete => "file_delete",
            Self::FileRename => "file_rename",
            Self::NetworkConnection => "network_connection",
        }
    }

    /// The fields that some sensor can know. Sigma's taxonomy has more; a rule on those would never fire here.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Self::ProcessCreation => &[
                "CommandLine",
                "EffectiveUser",
                "Image",
                "ParentCommandLine",
                "ParentImage",
                "ParentProcessId",
                "ProcessId",
                "User",
            ],
            Self::FileAccess | Self::FileEvent | Self::FileDelete => {
                &["EffectiveUser", "Image", "ProcessId", "TargetFilename", "User"]
            }
            Self::FileRename => {
                &["EffectiveUser", "Image", "ProcessId", "SourceFilename", "TargetFilename", "User"]
            }
            Self::NetworkConnection => &[
                "DestinationIp",
                "DestinationIsIpv6",
                "DestinationPort",
                "EffectiveUser",
                "Image",
                "Initiated",
                "ProcessId",
                "SourceIp",
                "SourceIsIpv6",
                "SourcePort",
                "User",
            ],
        }
    }
}
