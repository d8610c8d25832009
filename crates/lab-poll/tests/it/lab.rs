//! A cgroup, a poller that makes a round when it is told to, and processes that wait in the cgroup for what is written to
//! them.

use std::{
    ffi::OsStr,
    fs::File,
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use lab_adapters::{Clock, proc};
use lab_env::cgroup;
use lab_model::{Event, Payload};

pub(crate) const POLLER: &str = env!("CARGO_BIN_EXE_lab-poll");

pub(crate) struct Lab {
    pub(crate) cgroup: PathBuf,
    poller: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    log: String,
    marks: u32,
}

/// A new cgroup; `None`, and it is said, where that cannot be.
pub(crate) fn place(name: &str) -> Option<PathBuf> {
    // SAFETY: no arguments, cannot fail.
    if unsafe { libc::geteuid() } != 0 {
        println!("SKIP {name}: it takes root");
        return None;
    }
    let Ok(mount) = cgroup::mount_point() else {
        println!("SKIP {name}: no cgroup2 is mounted");
        return None;
    };
    let folder = mount.join(format!("sightline-test-{}-{name}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    Some(folder)
}

pub(crate) fn take_away(cgroup: &Path) {
    let gone = cgroup::kill(cgroup, Duration::from_secs(10)).and_then(|()| cgroup::remove(cgroup));
    gone.unwrap();
}

impl Lab {
    /// A poller that has made its first round. With an interval of 0 it makes one for each mark.
    pub(crate) fn start(name: &str, interval: u32) -> Option<Self> {
        Some(Self::start_in(place(name)?, interval))
    }

    pub(crate) fn start_in(cgroup: PathBuf, interval: u32) -> Self {
        let mut poller = Command::new(POLLER)
            .arg("--scope")
            .arg(&cgroup)
            .args(["--interval", &interval.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = poller.stdin.take();
        let output = BufReader::new(poller.stdout.take().unwrap());
        let mut lab = Self { cgroup, poller, input, output, log: String::new(), marks: 0 };
        lab.until(|line| line.contains(r#""say":"ready""#));
        lab
    }

    /// Reads up to a line that is `wanted`.
    pub(crate) fn until(&mut self, wanted: impl Fn(&str) -> bool) {
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the poller ended: {}", self.log);
            self.log.push_str(&line);
            if wanted(&line) {
                break;
            }
        }
    }

    /// Lets a whole round be made.
    pub(crate) fn round(&mut self) {
        self.marks += 1;
        let name = format!("mark-{}", self.marks);
        self.input.as_mut().unwrap().write_all(proc::mark(&name).as_bytes()).unwrap();
        self.until(|line| line.contains(&format!("\"{name}\"")));
    }

    /// What was told so far.
    pub(crate) fn events(&self) -> Vec<Event> {
        let decoded = proc::decode(self.log.as_bytes(), "proc@host", Clock { offset_ns: 0, error_ns: 0 });
        assert_eq!(decoded.unreadable, [], "{}", self.log);
        decoded.events
    }

    /// What was told so far of a process and of its making, in words.
    pub(crate) fn told(&self, pid: u32) -> Vec<String> {
        self.events().iter().filter_map(|event| say(event, pid)).collect()
    }

    /// True if a line names the process at all.
    pub(crate) fn names(&self, pid: u32) -> bool {
        self.log.contains(&format!("\"pid\":{pid},")) || self.log.contains(&format!("\"pid\":{pid}}}"))
    }

    /// Ends the input, and gives the last line.
    pub(crate) fn end(&mut self) -> serde_json::Value {
        drop(self.input.take());
        self.until(|line| line.contains(r#""say":"end""#));
        assert!(self.poller.wait().unwrap().success());
        serde_json::from_str(self.log.lines().last().unwrap()).unwrap()
    }

    /// A command that will run in the cgroup, or in one below it.
    pub(crate) fn command(&self, below: Option<&str>, words: &[impl AsRef<OsStr>]) -> Command {
        let folder = below.map_or_else(|| self.cgroup.clone(), |below| self.cgroup.join(below));
        command(&folder, words)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.poller.kill();
        let _ = self.poller.wait();
        take_away(&self.cgroup);
    }
}

fn say(event: &Event, pid: u32) -> Option<String> {
    let own = event.image.pid == Some(pid);
    match &event.payload {
        Payload::Fork(fork) if fork.child == pid => Some(format!("made by {}", event.image.pid.unwrap_or(0))),
        Payload::Exec(exec) if own => {
            Some(format!("executes {:?}", exec.argv.as_deref().unwrap_or_default()))
        }
        Payload::Exit(_) if own => Some("ends".to_owned()),
        Payload::Message(message) if own => Some(message.kind.to_string()),
        _ => None,
    }
}

pub(crate) fn command(cgroup: &Path, words: &[impl AsRef<OsStr>]) -> Command {
    let procs = File::options().write(true).open(cgroup.join("cgroup.procs")).unwrap();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).stdin(Stdio::piped()).stdout(Stdio::piped());
    // SAFETY: between fork and exec: a write to an open descriptor.
    unsafe { command.pre_exec(move || (&procs).write_all(b"0")) };
    command
}

/// A process with its streams. It has executed its program.
pub(crate) struct Process {
    pub(crate) child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, input, output: BufReader::new(output) }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn tell(&mut self, text: &str) {
        self.input.write_all(text.as_bytes()).unwrap();
    }

    /// Waits for a line of its output.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Ends its input, and waits until it has ended.
    pub(crate) fn end(self) {
        let Self { mut child, input, .. } = self;
        drop(input);
        child.wait().unwrap();
    }
}
