//! A program of the person's own: started as told, with streams that the lab passes on, and left alone until it ends.
//!
//! The receipt holds what a launcher knows: that it forked, which ids the child took, what it executed and how that
//! ended, and the exit status. What the program does is for the sensors to say.

use std::{
    io,
    os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd},
};

use lab_model::{
    ActKind, Exec, Fork, LAUNCH_VARIABLE, Launch, Login, Outcome, Payload, Receipt, SetIdCall, Stamp, Step,
    Text,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::{ForkResult, Pid, chdir, execve, fork, getppid, setpgid, write},
};

use super::{
    chain::{c_string, end, pidfd, reap},
    channel::{Channel, Said},
    own::{boot_ns, outcome, step},
    resident::start_ticks,
    setid,
};

/// A program that runs, or has just ended.
pub(super) struct Launched {
    child: Pid,
    process: Stamp,
    /// readable once the program has ended
    ended: OwnedFd,
    receipt: Receipt,
}

/// Starts the program; comes back once it runs, or could not be made to.
pub(super) fn launch(me: Stamp, launch: &Launch) -> io::Result<Launched> {
    let (began_ns, descriptors) = (boot_ns(), descriptors()?);
    let (channel, theirs) = Channel::pair()?;
    let forked_ns = boot_ns();
    // SAFETY: this process has one thread, so the child may do whatever its parent may.
    let child = match unsafe { fork() }? {
        ForkResult::Child => {
            drop(channel);
            let message = match become_program(&theirs, launch, &descriptors, me.pid) {
                Ok(refused) | Err(refused) => refused,
            };
            // Nobody is there any more to hear it, if this fails.
            let _ = theirs.send(&Said::Trouble { message });
            end(127)
        }
        ForkResult::Parent { child } => child,
    };
    drop(theirs);
    let pid = child.as_raw() as u32;
    let mut process = Stamp { pid, parent: me.pid, start_ticks: start_ticks(pid).unwrap_or(0), ids: me.ids };
    let fork = Payload::from(Fork { child: pid, child_start_ns: None });
    let forked = Step { process: me, began_ns: forked_ns, ended_ns: boot_ns(), payload: fork, content: None };
    let mut receipt = Receipt {
        act: launch.act.id,
        began_ns,
        ended_ns: 0,
        steps: vec![forked],
        principal: None,
        error: None,
    };
    let mut executing = None;
    // It ends when the program's image takes the child's place, or with the child.
    while let Some(said) = channel.receive()? {
        match said {
            Said::Step { step, principal } => {
                process.ids = step.process.ids;
                receipt.principal = principal.then_some(receipt.steps.len());
                receipt.steps.push(Step { process, ..*step });
            }
            Said::Executing { began_ns, .. } => executing = Some(began_ns),
            Said::Trouble { message } => receipt.error = Some(message),
            _ => {}
        }
    }
    if let (Some(began_ns), None) = (executing, &receipt.error) {
        let payload = executed(launch, Outcome::Ok(0)).into();
        receipt.principal = Some(receipt.steps.len());
        receipt.steps.push(Step { process, began_ns, ended_ns: boot_ns(), payload, content: None });
    }
    Ok(Launched { child, process, ended: pidfd(child)?, receipt })
}

impl Launched {
    /// Readable once the program has ended.
    pub(super) fn ended(&self) -> BorrowedFd<'_> {
        self.ended.as_fd()
    }

    /// Sends it a signal; it cannot be another process, as it is not reaped yet.
    pub(super) fn signal(&self, number: i32) {
        if let Ok(signal) = Signal::try_from(number) {
            // One that has ended needs no signal.
            let _ = kill(self.child, signal);
        }
    }

    /// Waits for its end.
    pub(super) fn finish(mut self) -> Receipt {
        let payload = reap(self.child).into();
        let now = boot_ns();
        let ended = Step { process: self.process, began_ns: now, ended_ns: now, payload, content: None };
        self.receipt.steps.push(ended);
        self.receipt.ended_ns = now;
        self.receipt
    }
}

/// In the child: takes streams, cgroup, group, user and folder, and executes. Comes back only with why it could not.
fn become_program(
    channel: &Channel,
    launch: &Launch,
    descriptors: &[RawFd; 4],
    parent: u32,
) -> Result<String, String> {
    let ActKind::Observe { program, argv, directory } = &launch.act.kind else {
        return Err("launch what is no program of the person's own".to_owned());
    };
    let path = c_string(program)?;
    let arguments = argv.iter().map(|arg| c_string(arg)).collect::<Result<Vec<_>, _>>()?;
    let environment = launch.environment.iter().map(environment_string).collect::<Result<Vec<_>, _>>()?;
    for (to, from) in descriptors[..3].iter().enumerate() {
        // SAFETY: takes two numbers; this process is about to be replaced.
        if unsafe { libc::dup2(*from, to as RawFd) } < 0 {
            return Err(format!("pass on stream {to}: {}", io::Error::last_os_error()));
        }
    }
    // SAFETY: nothing else in this process owns it.
    let procs = unsafe { OwnedFd::from_raw_fd(descriptors[3]) };
    write(&procs, b"0").map_err(|error| format!("enter the program's cgroup: {error}"))?;
    drop(procs);
    for from in &descriptors[..3] {
        // SAFETY: takes a number.
        unsafe { libc::close(*from) };
    }
    // Where the terminal is another session's, its keys reach nobody here.
    let _ = setpgid(Pid::from_raw(0), Pid::from_raw(launch.group));
    if let Some(login) = &launch.user {
        take(channel, login)?;
    }
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)
        .map_err(|error| format!("bind it to the lab: {error}"))?;
    if getppid().as_raw() as u32 != parent {
        return Err("start it: the lab is gone".to_owned());
    }
    chdir(directory.as_str()).map_err(|error| format!("enter {directory}: {error}"))?;
    let began_ns = boot_ns();
    // If nobody hears it, the program runs all the same.
    let _ = channel.send(&Said::Executing { link: 0, began_ns });
    let Err(error) = execve(&path, &arguments, &environment);
    let step = step(began_ns, executed(launch, outcome(Err(error))));
    let _ = channel.send(&Said::Step { step: Box::new(step), principal: true });
    Ok(format!("execute {program}: {}", error.desc()))
}

/// Takes the person's user for good.
fn take(channel: &Channel, login: &Login) -> Result<(), String> {
    let calls = [
        (SetIdCall::Setgroups, login.groups.iter().copied().map(Some).collect()),
        (SetIdCall::Setresgid, vec![Some(login.gid); 3]),
        (SetIdCall::Setresuid, vec![Some(login.uid); 3]),
    ];
    for (call, requested) in calls {
        let step = setid::make(call, requested);
        let refused = step.payload.result().is_some_and(|result| matches!(result, Outcome::Errno(_)));
        let _ = channel.send(&Said::Step { step: Box::new(step), principal: false });
        if refused {
            return Err(format!("become user {}: {call} was refused", login.uid));
        }
    }
    Ok(())
}

fn executed(launch: &Launch, result: Outcome) -> Exec {
    let (program, argv) = match &launch.act.kind {
        ActKind::Observe { program, argv, .. } => (program.as_str(), argv.as_slice()),
        _ => ("", &[][..]),
    };
    Exec {
        path: Text::from(program),
        argv: Some(argv.iter().map(|arg| Text::from(arg.as_str())).collect()),
        argv_truncated: false,
        exe: None,
        file: None,
        executable: None,
        result,
    }
}

fn environment_string(pair: &Text) -> Result<std::ffi::CString, String> {
    std::ffi::CString::new(pair.as_bytes()).map_err(|_| "pass on a variable: it holds a NUL".to_owned())
}

/// The descriptors that whoever started this actor has left open for a program, closed in every other.
fn descriptors() -> io::Result<[RawFd; 4]> {
    let named = std::env::var(LAUNCH_VARIABLE).unwrap_or_default();
    let numbers: Option<Vec<RawFd>> = named.split(',').map(|number| number.parse().ok()).collect();
    let descriptors: Option<[RawFd; 4]> = numbers.and_then(|numbers| numbers.try_into().ok());
    descriptors
        .filter(|all| all.iter().all(|fd| fd.as_raw_fd() > 2))
        .ok_or_else(|| io::Error::other(format!("{LAUNCH_VARIABLE} does not name the program's streams")))
}
