//! A resident actor on this machine: a process that takes orders on its standard input.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        unix::process::CommandExt,
    },
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::Duration,
};

use lab_model::{LAUNCH_VARIABLE, Order, Reply};
use nix::{
    fcntl::{FcntlArg, FdFlag, OFlag, fcntl},
    sys::stat::Mode,
};

use crate::{EnvError, Guest, host::GUEST};

/// A running actor. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Resident {
    child: Child,
    orders: ChildStdin,
    replies: Receiver<Result<Reply, String>>,
}

impl Resident {
    /// Starts `actor` inside the cgroup. With what it needs to start a guest, if there is to be one.
    pub(crate) fn start(actor: &Path, cgroup: &Path, guest: Option<&Guest>) -> Result<Self, EnvError> {
        let procs = cgroup.join("cgroup.procs");
        let procs_file = File::options().write(true).open(&procs).map_err(EnvError::io("open", &procs))?;
        let mut command = Command::new(actor);
        // A group of its own: a Ctrl-C at the terminal is the runner's to handle.
        command.process_group(0);
        command
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .current_dir("/");
        let passed_on = guest.map(|guest| passed_on(guest, cgroup)).transpose()?.unwrap_or_default();
        if guest.is_some() {
            let numbers: Vec<String> = passed_on.iter().map(|fd| fd.as_raw_fd().to_string()).collect();
            command.env(LAUNCH_VARIABLE, numbers.join(","));
        }
        let login = login_uid();
        // SAFETY: between fork and exec it makes writes to descriptors, one prctl, an open, and a call for each
        // descriptor that the new image keeps; nothing of it allocates.
        unsafe {
            command.pre_exec(move || {
                for fd in &passed_on {
                    fcntl(fd, FcntlArg::F_SETFD(FdFlag::empty()))?;
                }
                (&procs_file).write_all(b"0")?;
                begin_session(&login);
                nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?;
                Ok(())
            });
        }
        let mut child = command.spawn().map_err(EnvError::io("start", actor))?;
        let (Some(orders), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(EnvError::ActorEnded(" before it had pipes".to_owned()));
        };
        let (sender, replies) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout.take(1 << 30)).lines() {
                let reply = line
                    .map_err(|error| error.to_string())
                    .and_then(|line| serde_json::from_str(&line).map_err(|error| format!("{error}: {line}")));
                if sender.send(reply).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, orders, replies })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn send(&mut self, order: &Order) -> Result<(), EnvError> {
        let mut line = serde_json::to_vec(order)
            .map_err(|error| EnvError::Call { doing: "encode an order", source: error.into() })?;
        line.push(b'\n');
        if self.orders.write_all(&line).is_err() {
            return Err(self.ended());
        }
        Ok(())
    }

    pub(crate) fn receive(&mut self, within: Duration) -> Result<Reply, EnvError> {
        match self.replies.recv_timeout(within) {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(line)) => Err(EnvError::ActorUnclear(line)),
            Err(RecvTimeoutError::Timeout) => Err(EnvError::ActorSilent(within)),
            Err(RecvTimeoutError::Disconnected) => Err(self.ended()),
        }
    }

    fn ended(&mut self) -> EnvError {
        let status = self.child.try_wait().ok().flatten();
        EnvError::ActorEnded(status.map(|status| format!(" ({status})")).unwrap_or_default())
    }
}

/// The login user that a session of ours is of: the one that we have, or else ourselves.
fn login_uid() -> String {
    let known = std::fs::read_to_string(LOGIN_UID).ok().map(|text| text.trim().to_owned());
    known.filter(|uid| *uid != u32::MAX.to_string()).unwrap_or_else(|| nix::unistd::getuid().to_string())
}

const LOGIN_UID: &str = "/proc/self/loginuid";

/// Makes the calling process and those that it will make a login session of their own, by whose number the kernel's audit
/// tells them from others. Where the kernel has no audit, or does not allow it, they stay in the session of the runner.
fn begin_session(login: &str) {
    let file = nix::fcntl::open(c"/proc/self/loginuid", OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty());
    if let Ok(file) = file {
        let _ = nix::unistd::write(file, login.as_bytes());
    }
}

/// Our standard streams, and the file by which a process enters the guest's cgroup; closed in every other program.
fn passed_on(guest: &Guest, cgroup: &Path) -> Result<Vec<OwnedFd>, EnvError> {
    let duplicate = |fd: std::os::fd::BorrowedFd<'_>| {
        fd.try_clone_to_owned().map_err(|source| EnvError::Call { doing: "pass on a stream", source })
    };
    let (input, output, errors) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    let output = if guest.output_to_errors { errors.as_fd() } else { output.as_fd() };
    let procs = cgroup.join(GUEST).join("cgroup.procs");
    let procs_file = File::options().write(true).open(&procs).map_err(EnvError::io("open", &procs))?;
    let procs_file = OwnedFd::from(procs_file);
    Ok(vec![duplicate(input.as_fd())?, duplicate(output)?, duplicate(errors.as_fd())?, procs_file])
}

impl Drop for Resident {
    fn drop(&mut self) {
        // Both fail only if it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
