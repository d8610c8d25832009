//! The processes of one act: from the resident actor's child through the chain of images to the one that acts.
//!
//! Every process here makes only the calls that the act asks for; it opens nothing of its own.

use std::{
    convert::Infallible,
    ffi::CString,
    io,
    os::fd::{AsFd as _, AsRawFd as _, FromRawFd as _, OwnedFd, RawFd},
};

use lab_model::{Act, ActKind, Exec, Exit, Fork, Link, Outcome, Placement, SetIdCall, Step, Text};
use nix::{
    fcntl::{FcntlArg, FdFlag, fcntl},
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::wait::{WaitStatus, waitpid},
    unistd::{ForkResult, Pid, execve, fork, read},
};

use super::{
    channel::{Channel, Said, Told},
    kinds::{self, Kept},
    own::{boot_ns, outcome, stamp, step},
    setid,
};
use crate::hash::key_bytes;

/// The environment variable by which an image finds its channel and its release pipe: `REPORT,RELEASE`.
pub(super) const VARIABLE: &str = "SIGHTLINE_ACT";

/// A process of an act.
pub(super) struct Doer {
    pub(super) channel: Channel,
    /// Ends when the act's processes may end.
    pub(super) release: OwnedFd,
    pub(super) act: Act,
    /// Key for hashes, as it came.
    pub(super) key: String,
}

/// Whether a call of the kind went as far as it should; the error is why the act could not be performed at all.
pub(super) type Performed = Result<(), String>;

impl Doer {
    /// Performs the chain from link `next` on, holds and ends.
    pub(super) fn proceed(self, next: usize) -> ! {
        let Some(link) = self.act.via.get(next).cloned() else { self.perform() };
        if next > 0 && link.placement == Placement::Forked {
            match self.fork() {
                Ok(Some(child)) => self.mind(child),
                Ok(None) => {}
                Err(error) => self.fail(&format!("fork for {}: {error}", link.path)),
            }
        }
        if user_taken_before(&self.act) == Some(next) && !self.take_user() {
            self.hold()
        }
        let Err(error) = self.execute(next, &link);
        self.fail(&error)
    }

    /// Forks with a step; `None` in the child, which goes on once the step is recorded.
    pub(super) fn fork(&self) -> io::Result<Option<Pid>> {
        let began_ns = boot_ns();
        // SAFETY: this process has one thread, so the child may do whatever its parent may.
        match unsafe { fork() }? {
            ForkResult::Parent { child } => {
                self.step(step(began_ns, Fork { child: child.as_raw() as u32, child_start_ns: None }), false);
                Ok(Some(child))
            }
            ForkResult::Child => {
                self.await_go();
                Ok(None)
            }
        }
    }

    /// Waits until the resident actor has recorded the fork that made this process.
    pub(super) fn await_go(&self) {
        if !matches!(self.channel.receive(), Ok(Some(Told::Go))) {
            // The resident actor is gone.
            end(0);
        }
    }

    /// Executes a link's image. Returns only with an error that is not the call's own.
    fn execute(&self, at: usize, link: &Link) -> Result<Infallible, String> {
        let kept = [self.channel.fd().as_raw_fd(), self.release.as_raw_fd()];
        let path = c_string(&link.path)?;
        let argv = link.argv.iter().map(|arg| c_string(arg)).collect::<Result<Vec<_>, _>>()?;
        let environment = [c_string(&format!("{VARIABLE}={},{}", kept[0], kept[1]))?];
        for fd in [self.channel.fd(), self.release.as_fd()] {
            fcntl(fd, FcntlArg::F_SETFD(FdFlag::empty())).map_err(|e| format!("keep a descriptor: {e}"))?;
        }
        let began_ns = boot_ns();
        self.say(&Said::Executing { link: at, began_ns });
        let Err(error) = execve(&path, &argv, &environment);
        self.step(step(began_ns, exec_payload(link, outcome(Err(error)))), true);
        self.hold()
    }

    /// Performs the kind itself, in this process.
    fn perform(self) -> ! {
        if user_taken_before(&self.act) == Some(self.act.via.len()) && !self.take_user() {
            self.hold()
        }
        let result = match key_bytes(&self.key) {
            Some(key) => kinds::perform(&self, &key),
            None => Err("the key is not hexadecimal".to_owned()),
        };
        match result {
            Ok(Kept { open, child }) => {
                let _open_while_held = open;
                self.say(&Said::Holding);
                self.await_release();
                if let Some(child) = child {
                    self.say_ended(child, false);
                }
                end(0)
            }
            Err(message) => self.fail(&message),
        }
    }

    /// Takes the act's user for good; false if it was refused, which is reported.
    fn take_user(&self) -> bool {
        let Some(user) = self.act.user.as_deref() else { return true };
        let Ok(id) = user.parse::<u32>() else { self.fail(&format!("`{user}` is not a user id")) };
        let same = vec![Some(id); 3];
        let calls = [
            (SetIdCall::Setgroups, vec![]),
            (SetIdCall::Setresgid, same.clone()),
            (SetIdCall::Setresuid, same),
        ];
        for (call, requested) in calls {
            let step = setid::make(call, requested);
            let refused = step.payload.result().is_some_and(|r| matches!(r, Outcome::Errno(_)));
            self.step(step, false);
            if refused {
                self.say(&Said::Trouble { message: format!("take user {id}: {call} was refused") });
                return false;
            }
        }
        true
    }

    /// In the parent of a link's process: minds it until it has ended and the act is let go.
    fn mind(self, child: Pid) -> ! {
        let early = !self.released_before(child);
        self.say_ended(child, early);
        if early {
            self.await_release();
        }
        end(0)
    }

    /// True if the release comes first, false if the child ends.
    fn released_before(&self, child: Pid) -> bool {
        let Ok(child) = pidfd(child) else {
            self.await_release();
            return true;
        };
        let mut fds = [
            PollFd::new(child.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.release.as_fd(), PollFlags::POLLIN),
        ];
        loop {
            match poll(&mut fds, PollTimeout::NONE) {
                Err(nix::errno::Errno::EINTR) => {}
                _ => return fds[1].any() == Some(true),
            }
        }
    }

    fn say_ended(&self, child: Pid, early: bool) {
        let exit = reap(child);
        self.say(&Said::Ended { pid: child.as_raw() as u32, exit, ended_ns: boot_ns(), early });
    }

    pub(super) fn say(&self, said: &Said) {
        if self.channel.send(said).is_err() {
            end(0);
        }
    }

    pub(super) fn step(&self, step: Step, principal: bool) {
        self.say(&Said::Step { step: Box::new(step), principal });
    }

    fn fail(&self, message: &str) -> ! {
        self.say(&Said::Trouble { message: message.to_owned() });
        self.hold()
    }

    /// Stays alive for the witnesses until the release, then ends.
    fn hold(&self) -> ! {
        self.say(&Said::Holding);
        self.await_release();
        end(0)
    }

    fn await_release(&self) {
        let mut byte = [0];
        while read(&self.release, &mut byte) == Err(nix::errno::Errno::EINTR) {}
    }
}

/// Before which link the act's user is taken; the number of links if by the last process before it acts.
///
/// A set-user-id image would undo it, and make no difference to root, so there it is taken before that; where the
/// chain itself is the act, before its last image.
pub(crate) fn user_taken_before(act: &Act) -> Option<usize> {
    act.user.as_ref()?;
    let last = if matches!(act.kind, ActKind::Exec) { act.via.len().checked_sub(1)? } else { act.via.len() };
    Some(act.via.iter().position(|link| link.set_user_id).map_or(last, |at| at.min(last)))
}

/// True if this image was given more rights than whoever started it has.
pub(super) fn elevated() -> bool {
    // SAFETY: getauxval takes a number and reads this process's own auxiliary vector.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// An image of the chain: takes its orders and goes on.
pub(super) fn continue_as_image(descriptors: &str) -> Result<Infallible, String> {
    let (report, release) = descriptors
        .split_once(',')
        .and_then(|(a, b)| Some((inherited(a)?, inherited(b)?)))
        .ok_or_else(|| format!("find the descriptors `{descriptors}` of {VARIABLE}"))?;
    let channel = Channel::inherited(report);
    if elevated() && channel.maker().map_err(|e| format!("ask who gives the orders: {e}"))? != 0 {
        return Err("take orders: a set-user-id image takes them from root alone".to_owned());
    }
    channel
        .send(&Said::Image { stamp: stamp(), ended_ns: boot_ns() })
        .map_err(|e| format!("ask for orders: {e}"))?;
    match channel.receive() {
        Ok(Some(Told::Orders { act, key, link })) => {
            Doer { channel, release, act: *act, key }.proceed(link + 1)
        }
        Ok(_) => Err("take orders: the resident actor is gone".to_owned()),
        Err(error) => Err(format!("take orders: {error}")),
    }
}

fn inherited(number: &str) -> Option<OwnedFd> {
    let fd: RawFd = number.parse().ok().filter(|fd| *fd > 2)?;
    // SAFETY: fcntl takes a number; an unknown one is refused.
    if unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) } != 0 {
        return None;
    }
    // SAFETY: the descriptor is open, and nothing in this image owns it: it was inherited under this number.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The payload of a link's exec.
pub(super) fn exec_payload(link: &Link, result: Outcome) -> Exec {
    Exec {
        path: Text::from(link.path.as_str()),
        argv: Some(link.argv.iter().map(|arg| Text::from(arg.as_str())).collect()),
        argv_truncated: false,
        exe: None,
        file: None,
        executable: None,
        result,
    }
}

pub(super) fn c_string(text: &str) -> Result<CString, String> {
    CString::new(text).map_err(|_| format!("pass {text:?} to the kernel: it holds a NUL"))
}

/// A descriptor that is readable when the process has ended.
pub(super) fn pidfd(pid: Pid) -> io::Result<OwnedFd> {
    // SAFETY: pidfd_open takes two numbers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// Waits for the end of a child.
pub(super) fn reap(child: Pid) -> Exit {
    loop {
        match waitpid(child, None) {
            Err(nix::errno::Errno::EINTR) => {}
            Ok(WaitStatus::Exited(_, code)) => return Exit { code: Some(code), signal: None },
            Ok(WaitStatus::Signaled(_, signal, _)) => {
                return Exit { code: None, signal: Some(signal as i32) };
            }
            _ => return Exit { code: None, signal: None },
        }
    }
}

pub(super) fn end(code: i32) -> ! {
    // SAFETY: ends the process at once; nothing of it is needed any more.
    unsafe { libc::_exit(code) }
}
