//! A cgroup, a probe that observes it, and subjects that are forked into it and make nothing but the calls they are
//! told to make.

use std::{
    ffi::{CString, OsStr},
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use lab_model::{Counters, Event, Outcome, Refusal, Report};

pub(crate) struct Lab {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) cgroup: PathBuf,
    pub(crate) probe: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

pub(crate) const PROBE: &str = env!("CARGO_BIN_EXE_lab-probe");

/// Where cgroup2 is mounted, or why these tests cannot run here.
fn hierarchy() -> Result<PathBuf, String> {
    // SAFETY: no arguments, cannot fail.
    if unsafe { libc::geteuid() } != 0 {
        return Err("it takes root".to_owned());
    }
    if !Path::new("/sys/kernel/btf/vmlinux").exists() {
        return Err("this kernel has no BTF".to_owned());
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let mount = mounts.lines().find(|line| line.contains(" - cgroup2 "));
    mount.and_then(|line| line.split(' ').nth(4)).map(PathBuf::from).ok_or("no cgroup2 is mounted".to_owned())
}

impl Lab {
    /// A new cgroup with a probe that is ready; `None`, and it is said, where that cannot be.
    pub(crate) fn start(name: &str, options: &[&str]) -> Option<Self> {
        let (lab, refused) = Self::start_refused(name, options)?;
        assert_eq!(refused, []);
        Some(lab)
    }

    /// A new folder and a new cgroup; `None`, and it is said, where that cannot be.
    pub(crate) fn place(name: &str) -> Option<(tempfile::TempDir, PathBuf)> {
        let hierarchy = match hierarchy() {
            Ok(hierarchy) => hierarchy,
            Err(reason) => {
                println!("SKIP {name}: {reason}");
                return None;
            }
        };
        let cgroup = hierarchy.join(format!("sightline-test-{}-{name}", std::process::id()));
        fs::create_dir(&cgroup).unwrap();
        Some((tempfile::tempdir().unwrap(), cgroup))
    }

    /// The same with a program that runs the probe, and whom to observe; also says what it refused.
    pub(crate) fn start_in(
        dir: tempfile::TempDir,
        cgroup: PathBuf,
        command: &mut Command,
        whom: &[&OsStr],
        options: &[&str],
    ) -> (Self, Vec<Refusal>) {
        let mut probe = command
            .arg("record")
            .args(whom)
            .arg("--spool")
            .arg(dir.path().join("spool"))
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = probe.stdin.take();
        let output = BufReader::new(probe.stdout.take().unwrap());
        let mut lab = Self { dir, cgroup, probe, input, output };
        match lab.report() {
            Some(Report::Ready { refused, .. }) => (lab, refused),
            other => panic!("expected ready, got {other:?}"),
        }
    }

    /// The same in a new cgroup, where some of it may be refused; `None`, and it is said, where that cannot be.
    pub(crate) fn start_refused(name: &str, options: &[&str]) -> Option<(Self, Vec<Refusal>)> {
        let (dir, cgroup) = Self::place(name)?;
        let whom = ["--scope".as_ref(), cgroup.as_os_str()];
        Some(Self::start_in(dir, cgroup.clone(), &mut Command::new(PROBE), &whom, options))
    }

    pub(crate) fn report(&mut self) -> Option<Report> {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        (!line.is_empty()).then(|| serde_json::from_str(&line).unwrap())
    }

    pub(crate) fn say(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    pub(crate) fn hang_up(&mut self) {
        self.input = None;
    }

    pub(crate) fn path(&self, name: &str) -> CString {
        CString::new(self.dir.path().join(name).as_os_str().as_bytes()).unwrap()
    }

    /// Forks a subject into the scope; it runs `body`, which may only make system calls, and ends with its result.
    pub(crate) fn subject(&self, body: impl FnOnce() -> i32) -> Subject {
        subject_in(&self.cgroup, body)
    }

    /// Waits until the probe has seen a marker, so that everything before it is in the spool.
    pub(crate) fn mark(&mut self, name: &str) {
        self.say(&format!("marker {name}"));
        assert_eq!(self.report(), Some(Report::Watching { name: name.to_owned() }));
        let path = self.path(name);
        self.subject(|| open(&path, libc::O_RDONLY).min(0)).wait();
        match self.report() {
            Some(Report::Marker { name: seen, .. }) => assert_eq!(seen, name),
            other => panic!("expected the marker, got {other:?}"),
        }
    }

    /// Ends the probe: its events, and the bytes that it wrote.
    pub(crate) fn stop_with_spool(mut self) -> (Vec<Event>, Vec<u8>) {
        self.end();
        (self.events(), fs::read(self.dir.path().join("spool")).unwrap())
    }

    /// Ends the probe: its events and its account, which must balance.
    pub(crate) fn stop(mut self) -> (Vec<Event>, Counters) {
        let counters = self.end();
        (self.events(), counters)
    }

    fn end(&mut self) -> Counters {
        self.say("stop");
        let counters = match self.report() {
            Some(Report::Counters { counters }) => counters,
            other => panic!("expected counters, got {other:?}"),
        };
        assert_eq!(self.report(), Some(Report::Done));
        assert!(self.probe.wait().unwrap().success());
        for (program, balance) in &counters.programs {
            assert!(balance.holds(), "{program}: {balance:?}");
        }
        counters
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        let out = self.dir.path().join("events.jsonl");
        let status = Command::new(PROBE)
            .args(["decode", "--instance", "probe@host", "--spool"])
            .arg(self.dir.path().join("spool"))
            .arg("--events")
            .arg(&out)
            .status()
            .unwrap();
        assert!(status.success());
        let text = fs::read_to_string(out).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.probe.wait();
        let _ = fs::remove_dir(&self.cgroup);
    }
}

/// A forked process.
pub(crate) struct Subject {
    pub(crate) pid: u32,
}

impl Subject {
    /// Its wait status.
    pub(crate) fn wait(&self) -> i32 {
        let mut status = 0;
        // SAFETY: our own child.
        unsafe { libc::waitpid(self.pid as i32, &raw mut status, 0) };
        status
    }
}

pub(crate) fn subject_in(cgroup: &Path, body: impl FnOnce() -> i32) -> Subject {
    let mut gate = [0; 2];
    // SAFETY: `gate` has room for two descriptors.
    assert_eq!(unsafe { libc::pipe2(gate.as_mut_ptr(), libc::O_CLOEXEC) }, 0);
    // SAFETY: the child makes system calls only, until it ends or execs.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let mut byte = 0u8;
        // SAFETY: valid descriptor and buffer; `_exit` runs no destructors.
        unsafe {
            libc::read(gate[0], (&raw mut byte).cast(), 1);
            libc::_exit(body());
        }
    }
    assert!(pid > 0);
    fs::write(cgroup.join("cgroup.procs"), pid.to_string()).unwrap();
    // SAFETY: our own descriptors.
    unsafe {
        libc::write(gate[1], b"x".as_ptr().cast(), 1);
        libc::close(gate[0]);
        libc::close(gate[1]);
    }
    Subject { pid: pid as u32 }
}

/// openat: the descriptor or -errno.
pub(crate) fn open(path: &CString, flags: i32) -> i32 {
    // SAFETY: a valid string.
    call(unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), flags, 0o600) })
}

/// A raw system call's result: the value or -errno.
pub(crate) fn call(result: i64) -> i32 {
    if result >= 0 {
        return result as i32;
    }
    // SAFETY: errno of this thread.
    -unsafe { *libc::__errno_location() }
}

/// The calls of a process that are declared part by part, a line each, with `folder` as `W`.
pub(crate) fn told(events: &[Event], pid: u32, folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let line = |event: &Event| {
        let call = event.payload.call()?;
        let parts = call.parts();
        let parts = parts.iter().filter_map(|part| Some(format!(" {}={}", part.name, part.value.as_ref()?)));
        let result = match call.result() {
            Outcome::Ok(0) => "ok".to_owned(),
            Outcome::Ok(value) => value.to_string(),
            Outcome::Errno(errno) => errno.to_string(),
        };
        let parts = parts.collect::<String>().replace(folder, "W");
        Some(format!("{}{parts} -> {result}", event.payload.action()))
    };
    events.iter().filter(|event| event.image.pid == Some(pid)).filter_map(line).collect()
}

/// The payloads of a process, of one action.
macro_rules! of {
    ($events:expr, $pid:expr, $variant:ident) => {
        $events
            .iter()
            .filter(|event| event.image.pid == Some($pid))
            .filter_map(|event| match &event.payload {
                lab_model::Payload::$variant(payload) => Some(payload.clone()),
                _ => None,
            })
            .collect::<Vec<_>>()
    };
}
pub(crate) use of;

/// Copies a program to be started at once. Another process writes it: were the file open for writing here, a child that another
/// thread forks meanwhile would hold it open, and nobody could execute it (ETXTBSY).
pub(crate) fn copy_program(from: impl AsRef<Path>, to: impl AsRef<Path>) {
    assert!(Command::new("cp").args([from.as_ref(), to.as_ref()]).status().unwrap().success());
}
