//! What a process costs: its processor time and the most memory that it had, as the kernel counts them.

use std::{
    io::Read,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

/// What a process cost, and what it said.
#[derive(Clone, Debug)]
pub(super) struct Spent {
    /// user and system, in seconds
    pub(super) cpu: f64,
    /// in MB of 2^20 bytes
    pub(super) peak_mb: f64,
    pub(super) said: String,
}

impl Spent {
    /// More than anything.
    pub(super) fn most() -> Self {
        Self { cpu: f64::INFINITY, peak_mb: f64::INFINITY, said: String::new() }
    }

    /// The one that cost less.
    pub(super) fn least(self, other: Self) -> Self {
        if other.cpu < self.cpu { other } else { self }
    }
}

/// Runs a command to its end; `codes` are the exit codes that are well.
pub(super) fn spent(command: &mut Command, codes: &[i32]) -> Result<Spent> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("failed to start {name}"))?;
    let mut said = Vec::new();
    if let Some(stdout) = &mut child.stdout {
        stdout.read_to_end(&mut said).with_context(|| format!("failed to read from {name}"))?;
    }
    let mut status = 0;
    // SAFETY: all-zero bytes are a valid `rusage`, which is numbers alone.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live values of the types that wait4 writes; the child is ours and nobody else waits.
    let waited = unsafe { libc::wait4(child.id() as libc::pid_t, &mut status, 0, &mut usage) };
    if waited < 0 {
        return Err(std::io::Error::last_os_error()).with_context(|| format!("failed to wait for {name}"));
    }
    if !libc::WIFEXITED(status) || !codes.contains(&libc::WEXITSTATUS(status)) {
        bail!("{name} ended with status {status}");
    }
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    Ok(Spent {
        cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime),
        peak_mb: usage.ru_maxrss as f64 / 1024.0,
        said: String::from_utf8_lossy(&said).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{Spent, spent};

    #[test]
    fn a_busy_process_costs_more_than_an_idle_one() {
        let run = |script: &str| spent(Command::new("sh").args(["-c", script]), &[0]).unwrap();
        let idle = run("echo done");
        let busy = run("i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done");
        assert_eq!(idle.said, "done\n");
        assert!(busy.cpu > idle.cpu && idle.peak_mb > 0.0);
        assert_eq!(Spent::most().least(idle.clone()).cpu, idle.cpu);
    }

    #[test]
    fn a_wrong_end_is_an_error() {
        assert!(spent(Command::new("sh").args(["-c", "exit 3"]), &[0, 1]).is_err());
    }
}
