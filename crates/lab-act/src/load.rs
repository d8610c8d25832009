//! Workloads for measuring what a sensor costs: much of one kind of call, and a build. None of them is an act.
//!
//! `lab-load WORKLOAD COUNT PROCESSES REPORT` does it and writes one JSON object: how long it took, what processor time
//! it and its children used, and how many calls of each action it made, by its own count.

mod lives;

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use nix::{
    libc,
    sys::socket::{setsockopt, sockopt},
};
use serde::Serialize;

/// A file that is on every Linux machine and small.
const FILE: &std::ffi::CStr = c"/etc/passwd";
/// A program that does nothing.
const TRUE: &str = "/bin/true";

/// What a workload was.
#[derive(Debug, Serialize)]
struct Report {
    /// seconds by the clock
    wall: f64,
    /// seconds of processor time, children included
    cpu: f64,
    /// calls made, by action
    calls: BTreeMap<&'static str, u64>,
}

/// The whole program; gives its exit code.
pub fn main() -> i32 {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["wait", ready, go] => wait(Path::new(ready), Path::new(go)),
        ["lives", times, count, gap, report] => match (count.parse(), gap.parse()) {
            (Ok(count), Ok(gap)) => lives::lives(times, count, gap, Path::new(report)),
            _ => Err(io::Error::other("expected numbers of processes and of milliseconds")),
        },
        [workload, count, processes, report] => match (count.parse(), processes.parse()) {
            (Ok(count), Ok(processes)) => measured(workload, count, processes, Path::new(report)),
            _ => Err(io::Error::other("expected numbers of calls and of processes")),
        },
        _ => Err(io::Error::other("usage: lab-load exec|open|connect|fork|build COUNT PROCESSES REPORT")),
    };
    match done {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("lab-load: failed to run: {error}");
            2
        }
    }
}

/// Does nothing from the moment that it has written to `ready` until somebody has written to `go`: two FIFOs.
fn wait(ready: &Path, go: &Path) -> io::Result<()> {
    fs::write(ready, b"ready")?;
    fs::File::open(go)?.read_exact(&mut [0])
}

fn measured(workload: &str, count: u64, processes: u64, report: &Path) -> io::Result<()> {
    let processes = processes.max(1);
    let folder = if workload == "build" { Some(project(count)?) } else { None };
    let (began, used) = (Instant::now(), used());
    match folder {
        Some(folder) => build(&folder),
        None if processes > 1 => side_by_side(workload, count, processes),
        None => perform(workload, count),
    }?;
    let (wall, cpu) = (began.elapsed().as_secs_f64(), self::used() - used);
    let measured = Report { wall, cpu, calls: made(workload, count / processes * processes) };
    fs::write(report, serde_json::to_vec(&measured).map_err(io::Error::other)?)
}

/// The calls that a workload makes, by action; of a build nobody knows.
fn made(workload: &str, count: u64) -> BTreeMap<&'static str, u64> {
    let actions: &[&str] = match workload {
        "exec" => &["exec", "fork"],
        "open" => &["open"],
        "connect" => &["connect", "accept"],
        "fork" => &["fork"],
        _ => &[],
    };
    actions.iter().map(|action| (*action, count)).collect()
}

fn perform(workload: &str, count: u64) -> io::Result<()> {
    match workload {
        "exec" => execs(count),
        "open" => opens(count),
        "connect" => connects(count),
        "fork" => grow(count),
        other => Err(io::Error::other(format!("there is no workload {other}"))),
    }
}

/// The calls shared out to processes that run at once.
fn side_by_side(workload: &str, count: u64, processes: u64) -> io::Result<()> {
    let mut children = Vec::new();
    for _ in 0..processes {
        children.push(fork(|| perform(workload, count / processes).is_ok())?);
    }
    children.into_iter().try_for_each(ended)
}

fn opens(count: u64) -> io::Result<()> {
    for _ in 0..count {
        // SAFETY: a valid string; the descriptor is closed here and nobody else knows it.
        unsafe {
            let fd = libc::open(FILE.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            libc::close(fd);
        }
    }
    Ok(())
}

fn execs(count: u64) -> io::Result<()> {
    for _ in 0..count {
        let status = Command::new(TRUE).env_clear().stdin(Stdio::null()).status()?;
        if !status.success() {
            return Err(io::Error::other(format!("{TRUE} ended with {status}")));
        }
    }
    Ok(())
}

/// Connections to a listener of its own, each taken before the next: a queue that overflows would cost whole seconds. Each
/// is broken off, so that it leaves no port to wait for its time: the next run would have fewer to choose from.
fn connects(count: u64) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address: SocketAddr = listener.local_addr()?;
    for _ in 0..count {
        let stream = TcpStream::connect(address)?;
        setsockopt(&stream, sockopt::Linger, &libc::linger { l_onoff: 1, l_linger: 0 })?;
        let _taken = listener.accept()?;
        drop(stream);
    }
    Ok(())
}

/// Makes `count` processes below this one: half of them below each of two children, and so on.
fn grow(count: u64) -> io::Result<()> {
    let left = count.div_ceil(2);
    for below in [left, count - left].into_iter().filter(|below| *below > 0) {
        let child = fork(|| grow(below - 1).is_ok())?;
        ended(child)?;
    }
    Ok(())
}

fn fork(body: impl FnOnce() -> bool) -> io::Result<libc::pid_t> {
    // SAFETY: this process has one thread; the child ends without returning.
    match unsafe { libc::fork() } {
        0 => {
            let code = i32::from(!body());
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(code) }
        }
        -1 => Err(io::Error::last_os_error()),
        child => Ok(child),
    }
}

fn ended(child: libc::pid_t) -> io::Result<()> {
    let mut status = 0;
    // SAFETY: our own child and a live integer.
    if unsafe { libc::waitpid(child, &raw mut status, 0) } != child || status != 0 {
        return Err(io::Error::other(format!("a child ended with status {status}")));
    }
    Ok(())
}

/// A C project of so many files, in a folder of its own below the one for temporary files.
fn project(files: u64) -> io::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("lab-load-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let mut objects = String::new();
    for file in 0..files {
        let body: String = (0..20).map(|n| format!("int f{file}_{n}(const char *s) {{ char b[64]; return snprintf(b, sizeof b, \"%s %d\", s, {n}) + (int)strlen(s); }}\n")).collect();
        let source = format!("#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n{body}");
        fs::write(folder.join(format!("f{file}.c")), source)?;
        objects.push_str(&format!(" f{file}.o"));
    }
    fs::write(folder.join("main.c"), "int main(void) { return 0; }\n")?;
    fs::write(folder.join("Makefile"), format!("program: main.o{objects}\n\tcc -o $@ $^\n"))?;
    Ok(folder)
}

fn build(folder: &Path) -> io::Result<()> {
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let output = Command::new("make")
        .args(["--silent", &format!("--jobs={jobs}"), "--directory"])
        .arg(folder)
        .stdin(Stdio::null())
        .output()?;
    fs::remove_dir_all(folder)?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Ok(())
}

/// Processor time of this process and of its children that have ended, in seconds.
fn used() -> f64 {
    let of = |who| {
        // SAFETY: all-zero bytes are a valid `rusage`, which is numbers alone.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: a live value of the type that is written.
        unsafe { libc::getrusage(who, &raw mut usage) };
        let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
        seconds(usage.ru_utime) + seconds(usage.ru_stime)
    };
    of(libc::RUSAGE_SELF) + of(libc::RUSAGE_CHILDREN)
}
