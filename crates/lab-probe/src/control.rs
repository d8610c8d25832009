//! What the probe is told while it runs: lines on standard input, its end, and signals.

use std::{
    io::{self, Read},
    os::fd::{AsFd, BorrowedFd},
    sync::atomic::{AtomicBool, Ordering},
};

use nix::{
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction},
};

static STOPPED: AtomicBool = AtomicBool::new(false);

extern "C" fn on_signal(_signal: nix::libc::c_int) {
    STOPPED.store(true, Ordering::Relaxed);
}

/// SIGTERM and SIGINT end the recording instead of the process.
pub(crate) fn catch_signals() -> nix::Result<()> {
    let action = SigAction::new(SigHandler::Handler(on_signal), SaFlags::empty(), SigSet::empty());
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        // SAFETY: the handler only stores to an atomic.
        unsafe { sigaction(signal, &action)? };
    }
    Ok(())
}

/// One thing that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Watch for this name.
    Marker(String),
    /// End.
    Stop,
}

/// Longest line; more is dropped.
const LINE: usize = 4096;

/// Standard input, by lines.
pub(crate) struct Control<I> {
    input: I,
    line: Vec<u8>,
}

impl<I: Read + AsFd> Control<I> {
    pub(crate) fn new(input: I) -> Self {
        Self { input, line: Vec::new() }
    }

    /// Waits up to `milliseconds` for something to be said, or for `records` to have something.
    pub(crate) fn wait(&mut self, milliseconds: u16, records: Option<BorrowedFd<'_>>) -> Vec<Command> {
        if STOPPED.load(Ordering::Relaxed) {
            return vec![Command::Stop];
        }
        if !readable(self.input.as_fd(), records, milliseconds) {
            return Vec::new();
        }
        let mut bytes = [0; LINE];
        match self.input.read(&mut bytes) {
            Ok(0) => vec![Command::Stop],
            Ok(n) => self.lines(&bytes[..n]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Vec::new(),
            Err(_) => vec![Command::Stop],
        }
    }

    fn lines(&mut self, bytes: &[u8]) -> Vec<Command> {
        let mut said = Vec::new();
        for byte in bytes {
            if *byte != b'\n' {
                if self.line.len() < LINE {
                    self.line.push(*byte);
                }
                continue;
            }
            said.extend(command(&String::from_utf8_lossy(&self.line)));
            self.line.clear();
        }
        said
    }
}

/// True if `input` has something.
fn readable(input: BorrowedFd<'_>, records: Option<BorrowedFd<'_>>, milliseconds: u16) -> bool {
    let fd = |fd| PollFd::new(fd, PollFlags::POLLIN);
    let mut fds = [fd(input), fd(records.unwrap_or(input))];
    let ready = poll(&mut fds, PollTimeout::from(milliseconds));
    ready.is_ok_and(|n| n > 0) && fds[0].revents().is_some_and(|found| !found.is_empty())
}

/// Lines that are no command are ignored: a newer runner may say more.
fn command(line: &str) -> Option<Command> {
    let line = line.trim();
    if line == "stop" {
        return Some(Command::Stop);
    }
    line.strip_prefix("marker ").map(|name| Command::Marker(name.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{Command, Control};

    #[test]
    fn lines_may_come_in_pieces() {
        let mut control = Control::new(std::io::stdin());
        assert_eq!(control.lines(b"marker a-1\nmar"), [Command::Marker("a-1".to_owned())]);
        assert_eq!(control.lines(b"ker b\n\nwhat\nstop\n"), [Command::Marker("b".to_owned()), Command::Stop]);
    }
}
