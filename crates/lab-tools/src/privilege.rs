//! Who we are and what root we can have.

use std::process::{Command, Stdio};

use crate::{Error, Options};

/// How a command can be run as root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privilege {
    /// This process is root.
    Root,
    /// `sudo -n` works.
    Sudo,
    /// sudo is there but asks for a password.
    SudoAsks,
    /// There is no sudo.
    None,
}

/// Finds out, without asking anybody.
pub fn privilege(options: &Options) -> Privilege {
    if effective_uid(options) == Some(0) {
        return Privilege::Root;
    }
    let Some(sudo) = options.program("sudo") else { return Privilege::None };
    let mut command = Command::new(sudo);
    command.args(["-n", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if command.status().is_ok_and(|status| status.success()) { Privilege::Sudo } else { Privilege::SudoAsks }
}

/// A command that runs a program as root.
pub(crate) fn as_root(options: &Options, name: &str) -> Result<Command, Error> {
    let program = options.program(name).unwrap_or_else(|| name.into());
    let cause = match privilege(options) {
        Privilege::Root => return Ok(Command::new(program)),
        Privilege::Sudo => {
            let mut command = Command::new(options.program("sudo").unwrap_or_else(|| "sudo".into()));
            command.args(["-n", "--"]).arg(program);
            return Ok(command);
        }
        Privilege::SudoAsks => "not root, and sudo asks for a password",
        Privilege::None => "not root, and there is no sudo",
    };
    Err(Error::NoRoot { command: name.to_owned(), cause: cause.to_owned() })
}

fn effective_uid(options: &Options) -> Option<u32> {
    let status = options.text("/proc/self/status")?;
    status_field(&status, "Uid")?.split_whitespace().nth(1)?.parse().ok()
}

/// The value of one line of `/proc/PID/status`.
pub(crate) fn status_field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}
