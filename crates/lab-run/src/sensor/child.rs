//! A sensor's process: in the run's cgroup of sensors, in a group of its own, dead when the runner dies.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    os::{
        fd::{AsFd, FromRawFd, OwnedFd},
        unix::process::CommandExt,
    },
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
};

use lab_model::Cost;
use nix::{
    libc,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::signal::{Signal, kill},
};

use crate::{RunError, deadline::Deadline};

/// Where a sensor's program is told to write: the pipe that is its standard output.
pub(crate) const OUTPUT: &str = "/dev/stdout";

/// A sensor's process. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct SensorProcess {
    child: Child,
    name: String,
    /// Lines of its standard error, for messages.
    errors: Receiver<String>,
    /// What it had used at its first marker.
    start_ns: Option<u64>,
    /// The most memory that it had at a marker.
    resident_bytes: u64,
    cost: Option<Cost>,
}

/// Starts `command` inside `cgroup`.
pub(crate) fn start(
    mut command: Command,
    name: &str,
    cgroup: &Path,
) -> Result<(SensorProcess, Streams), RunError> {
    let procs = cgroup.join("cgroup.procs");
    let procs_file = File::options().write(true).open(&procs).map_err(RunError::io("open", &procs))?;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    // SAFETY: between fork and exec: a write to an open descriptor, and a prctl.
    unsafe {
        command.pre_exec(move || {
            (&procs_file).write_all(b"0")?;
            nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
            Ok(())
        });
    }
    let mut child = command.spawn().map_err(|source| RunError::Start { sensor: name.to_owned(), source })?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let errors = lines(stderr);
    Ok((
        SensorProcess { child, name: name.to_owned(), errors, start_ns: None, resident_bytes: 0, cost: None },
        Streams { stdin, stdout },
    ))
}

/// The standard streams of a started sensor.
pub(crate) struct Streams {
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) stdout: Option<ChildStdout>,
}

/// Sends each line of a stream to a channel until it ends.
pub(crate) fn lines(stream: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = channel();
    if let Some(stream) = stream {
        std::thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    break;
                }
            }
        });
    }
    receiver
}

impl SensorProcess {
    /// Waits for a line of standard error that `wanted` accepts.
    pub(crate) fn error_line(
        &self,
        deadline: &Deadline,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<(), RunError> {
        let mut seen = Vec::new();
        loop {
            match deadline.receive(&self.errors) {
                Ok(line) if wanted(&line) => return Ok(()),
                Ok(line) => seen.push(line),
                Err(ended) => {
                    return Err(RunError::Sensor { sensor: self.name.clone(), ended, said: seen.join("; ") });
                }
            }
        }
    }

    /// The error for a wait that ended, with the sensor's last words.
    pub(crate) fn failed(&mut self, ended: crate::deadline::Ended) -> RunError {
        // When it has ended its last lines are complete only once its standard error is closed. It may live: then who read its
        // records has ended, of a full disk for one, and it is of no use any more.
        let gone = matches!(ended, crate::deadline::Ended::Closed);
        if gone {
            let _ = self.child.kill();
        }
        let said: Vec<String> =
            if gone { self.errors.iter().collect() } else { self.errors.try_iter().collect() };
        RunError::Sensor { sensor: self.name.clone(), ended, said: said.join("; ") }
    }

    /// The lines of its standard error that nobody has read, once it has ended.
    pub(crate) fn last_words(&self) -> Vec<String> {
        self.errors.iter().collect()
    }

    /// Keeps what it uses now, at a marker.
    pub(crate) fn look(&mut self) {
        let of = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id()));
        let (status, times) = (of("status").unwrap_or_default(), of("schedstat").unwrap_or_default());
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        self.resident_bytes = self.resident_bytes.max(kilobytes.unwrap_or(0) * 1024);
        let ran = times.split(' ').next().and_then(|ns| ns.parse().ok());
        self.start_ns = self.start_ns.or(ran);
    }

    /// What it used, once it has ended.
    pub(crate) fn cost(&self) -> Option<Cost> {
        self.cost
    }

    /// Sends a signal; one that has ended is fine.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            let _ = kill(nix::unistd::Pid::from_raw(pid), signal);
        }
    }

    /// Waits until it has ended, and says how.
    pub(crate) fn ended(&mut self, deadline: &Deadline) -> Result<ExitStatus, RunError> {
        let pidfd = pidfd(self.child.id())?;
        loop {
            let waiting = |source| RunError::Call { doing: "wait for a sensor", source };
            if let Some(cpu_ns) = used(self.child.id()).map_err(waiting)? {
                let (start_ns, resident_bytes) = (self.start_ns.unwrap_or(cpu_ns), self.resident_bytes);
                self.cost = Some(Cost { start_ns, cpu_ns, resident_bytes });
                return self.child.wait().map_err(waiting);
            }
            let slice = match deadline.slice() {
                Ok(slice) => PollTimeout::try_from(slice).unwrap_or(PollTimeout::MAX),
                Err(ended) => return Err(self.failed(ended)),
            };
            let mut fds = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
            poll(&mut fds, slice)
                .map_err(|error| RunError::Call { doing: "wait for a sensor", source: error.into() })?;
        }
    }
}

/// The processor time of a child in nanoseconds, if it has ended. It can still be waited for.
fn used(child: u32) -> std::io::Result<Option<u64>> {
    // SAFETY: all-zero bytes are valid values of both, which are numbers alone.
    let (mut info, mut usage): (libc::siginfo_t, libc::rusage) = unsafe { std::mem::zeroed() };
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // The C library's waitid has no place for the usage.
    // SAFETY: both pointers are to live values of the types that the kernel writes.
    let waited = unsafe {
        libc::syscall(libc::SYS_waitid, libc::P_PID, child, &raw mut info, options, &raw mut usage)
    };
    if waited < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: the kernel has filled it in, or left it zero.
    let ended = unsafe { info.si_pid() } != 0;
    let ns = |time: libc::timeval| time.tv_sec as u64 * 1_000_000_000 + time.tv_usec as u64 * 1000;
    Ok(ended.then(|| ns(usage.ru_utime) + ns(usage.ru_stime)))
}

/// A descriptor that becomes readable when the process ends.
fn pidfd(pid: u32) -> Result<OwnedFd, RunError> {
    // SAFETY: takes two numbers; what it returns is a new descriptor or -1.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let fd = i32::try_from(fd).ok().filter(|fd| *fd >= 0).ok_or_else(|| RunError::Call {
        doing: "watch a sensor's process",
        source: std::io::Error::last_os_error(),
    })?;
    // SAFETY: it was opened for us just now, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

impl Drop for SensorProcess {
    fn drop(&mut self) {
        // Both fail only if it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
