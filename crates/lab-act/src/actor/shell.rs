//! The kind `shell`: a real `/bin/sh -c` in a child.

use std::{
    io::Read as _,
    os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd},
};

use lab_model::{Exec, Outcome, Text};
use nix::{
    errno::Errno,
    fcntl::OFlag,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        signal::{Signal, kill},
        wait::{Id, WaitPidFlag, waitid},
    },
    unistd::{Pid, execve, pipe2, read, write},
};

use super::{
    chain::{Doer, c_string, end, pidfd, reap},
    kinds::Kept,
    own::{boot_ns, outcome, stamp, step},
};
use crate::hash::KeyedHash;

const SHELL: &str = "/bin/sh";
const ENVIRONMENT: [&str; 2] = ["PATH=/usr/bin:/bin", "LC_ALL=C"];

/// Runs the command to its end; the shell stays a zombie while the act is held, so that a witness can see whose
/// child it was. The hash is that of what it wrote, standard output and errors in the order in which they came.
pub(super) fn run(doer: &Doer, key: &[u8], command: &str) -> Result<Kept, String> {
    let argv = ["sh", "-c", command].map(c_string).into_iter().collect::<Result<Vec<_>, _>>()?;
    let environment = ENVIRONMENT.map(c_string).into_iter().collect::<Result<Vec<_>, _>>()?;
    let path = c_string(SHELL)?;
    let pipe = || pipe2(OFlag::O_CLOEXEC).map_err(|e| format!("make a pipe for {SHELL}: {e}"));
    let ((failed_out, failed_in), (output_out, output_in)) = (pipe()?, pipe()?);

    let parent = stamp();
    let Some(child) = doer.fork().map_err(|e| format!("fork for {SHELL}: {e}"))? else {
        for to in [1, 2] {
            // SAFETY: takes two numbers; this process is about to be replaced. Its standard input is `/dev/null`.
            unsafe { libc::dup2(output_in.as_raw_fd(), to) };
        }
        let began_ns = boot_ns();
        let Err(error) = execve(&path, &argv, &environment);
        let _ =
            write(&failed_in, &[began_ns.to_le_bytes().as_slice(), &(error as i32).to_le_bytes()].concat());
        end(127)
    };
    let began_ns = boot_ns();
    drop((failed_in, output_in));

    let mut refusal = Vec::new();
    std::fs::File::from(failed_out)
        .read_to_end(&mut refusal)
        .map_err(|e| format!("learn whether {SHELL} runs: {e}"))?;
    let error = refusal.get(8..12).and_then(|b| b.try_into().ok()).map(i32::from_le_bytes);
    let result = outcome(error.map_or(Ok(0), |error| Err(Errno::from_raw(error))));
    let payload = Exec {
        path: Text::from(SHELL),
        argv: Some(["sh", "-c", command].map(Text::from).to_vec()),
        argv_truncated: false,
        exe: None,
        file: None,
        executable: None,
        result,
    };
    let mut executed = step(began_ns, payload);
    executed.process.pid = child.as_raw() as u32;
    executed.process.parent = parent.pid;

    let mut hash = KeyedHash::new(key);
    let finished = wait_for(doer, child, &output_out, &mut hash);
    if matches!(result, Outcome::Ok(_)) {
        executed.content = Some(hash.finish());
    }
    doer.step(executed, true);
    finished?;
    Ok(Kept { open: Vec::new(), child: Some(child) })
}

/// Reads what the shell writes until it has ended, without reaping it.
fn wait_for(doer: &Doer, child: Pid, output: &OwnedFd, hash: &mut KeyedHash) -> Result<(), String> {
    let ended = pidfd(child).map_err(|e| format!("watch {SHELL}: {e}"))?;
    let mut buffer = [0; 1 << 12];
    let mut take = |from: BorrowedFd<'_>| match read(from, &mut buffer) {
        Ok(length) => {
            hash.update(&buffer[..length]);
            length > 0
        }
        Err(_) => false,
    };
    let mut output_open = true;
    loop {
        // A descendant may keep the output open for ever: the shell's own end is what counts.
        let watched = |open| if open { PollFlags::POLLIN } else { PollFlags::empty() };
        let mut fds = [
            PollFd::new(ended.as_fd(), PollFlags::POLLIN),
            PollFd::new(doer.release.as_fd(), PollFlags::POLLIN),
            PollFd::new(output.as_fd(), watched(output_open)),
        ];
        let count = if output_open { 3 } else { 2 };
        match poll(&mut fds[..count], PollTimeout::NONE) {
            Err(Errno::EINTR) => continue,
            Err(error) => return Err(format!("wait for {SHELL}: {error}")),
            Ok(_) => {}
        }
        let [has_ended, released, has_output] = [0, 1, 2].map(|at: usize| fds[at].any() == Some(true));
        if output_open && has_output {
            output_open = take(output.as_fd());
        } else if has_ended {
            let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
            return waitid(Id::Pid(child), flags).map(drop).map_err(|e| format!("wait for {SHELL}: {e}"));
        } else if released {
            let _ = kill(child, Signal::SIGKILL);
            reap(child);
            return Err(format!("wait for {SHELL}: the act was let go before it ended"));
        }
    }
}
