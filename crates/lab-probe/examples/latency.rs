//! How old records are when the probe's reader has them, at a steady rate: `latency RATE SECONDS [PRIORITY]`.
//!
//! A process in a cgroup of its own opens a file that is not there, RATE times in a second; the probe, which lies beside this
//! program's folder, says the quantiles. With a PRIORITY both run at that real-time priority, as on a machine
//! that does nothing else.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let mut number = |default: u32| args.next().map_or(Ok(default), |text| text.parse());
    let (rate, seconds, priority) = (number(1000)?.max(1), number(5)?, number(0)?);
    if priority > 0 {
        let parameter = libc::sched_param { sched_priority: i32::try_from(priority)? };
        // SAFETY: a valid structure; the probe and the process inherit it.
        if unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const parameter) } != 0 {
            return Err(
                format!("take real-time priority {priority}: {}", std::io::Error::last_os_error()).into()
            );
        }
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    let hierarchy =
        mounts.lines().find(|line| line.contains(" - cgroup2 ")).and_then(|line| line.split(' ').nth(4));
    let cgroup = PathBuf::from(hierarchy.ok_or("no cgroup2 is mounted")?).join("sightline-latency");
    fs::create_dir_all(&cgroup)?;
    let spool = tempfile::NamedTempFile::new()?;
    let here = std::env::current_exe()?;
    let programs =
        here.parent().and_then(|examples| examples.parent()).ok_or("this program lies in no folder")?;
    let mut probe = Command::new(programs.join("lab-probe"))
        .args(["record", "--latency", "--scope"])
        .arg(&cgroup)
        .arg("--spool")
        .arg(spool.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut said = BufReader::new(probe.stdout.take().ok_or("the probe has no output")?);
    said.read_line(&mut String::new())?;
    opens(&cgroup, rate, rate * seconds)?;
    writeln!(probe.stdin.take().ok_or("the probe has no input")?, "stop")?;
    std::io::copy(&mut said, &mut std::io::sink())?;
    probe.wait()?;
    fs::remove_dir(&cgroup)?;
    Ok(())
}

/// Forks a process into the cgroup that opens `count` times, evenly.
fn opens(cgroup: &std::path::Path, rate: u32, count: u32) -> std::io::Result<()> {
    // SAFETY: this process has one thread, so the child may do as it likes.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let placed = fs::write(cgroup.join("cgroup.procs"), std::process::id().to_string());
        let began = Instant::now();
        for n in 0..count {
            let due = Duration::from_secs(1) / rate * n;
            // The reason: the rate is what is measured at.
            std::thread::sleep(due.saturating_sub(began.elapsed()));
            // SAFETY: a valid string; there is no such file.
            unsafe { libc::open(c"/nonexistent".as_ptr(), libc::O_RDONLY) };
        }
        // SAFETY: runs no destructors.
        unsafe { libc::_exit(i32::from(placed.is_err())) };
    }
    let mut status = 0;
    // SAFETY: our own child.
    if unsafe { libc::waitpid(child, &raw mut status, 0) } != child || status != 0 {
        return Err(std::io::Error::other("the process that opens files failed"));
    }
    Ok(())
}
