//! What must be in a subject's place before its actor starts.

/// A copy of the actor under a name of its own, `${bin}/NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// file name
    pub name: String,
    /// the file is set-user-id root
    pub set_user_id: bool,
}

/// A file that the environment makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetUpFile {
    /// path, right in `${work}` or `${canary}`
    pub path: String,
    /// content, with variables
    pub content: String,
    /// permission bits
    pub mode: u32,
    /// `UID` of its owner, with variables; `None`: whoever makes it
    pub owner: Option<String>,
}
