//! QEMU as a process: its command line, its files, its end.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{Read as _, Write as _},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{Sender, channel},
    time::{Duration, Instant},
};

use super::{Machine, console};
use crate::{EnvError, errand::WINDOW_BYTES};

/// The program.
pub const PROGRAM: &str = "qemu-system-x86_64";

/// The most that a machine may say on its console.
const MOST_BYTES: u64 = 64 << 20;

/// How long a kernel may take to say something under KVM: it takes less than a second where KVM works.
const KVM_SPEAKS_WITHIN: Duration = Duration::from_secs(5);

/// How often a waiting process looks. Nothing tells when another process has written a file or ended.
const LOOK: Duration = Duration::from_millis(50);

/// How QEMU runs a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accelerator {
    /// by the processor
    Kvm,
    /// by translation: slow, and works anywhere
    Tcg,
}

impl Accelerator {
    /// `kvm` or `tcg`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Kvm => &["-accel", "kvm", "-cpu", "host"],
            // The machine's time is that of its instructions, one a nanosecond, and what is idle is left out: what happens in
            // it does not depend on how busy this machine is. QEMU 7.2 faults on Linux 6.12 with a processor that has
            // cmpxchg16b.
            Self::Tcg => {
                &["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-cpu", "max,cx16=off"]
            }
        }
    }
}

/// A running machine. Dropping it kills it.
#[derive(Debug)]
pub struct Vm {
    child: Child,
    console: PathBuf,
    window: PathBuf,
    errors: PathBuf,
}

/// How a machine ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// by itself
    Itself,
    /// QEMU failed, with its words
    Failed(String),
    /// it said more on its console than anybody has to say
    TooMuch,
}

/// Starts QEMU in `cgroup`, with the machine's files in `folder`.
pub(super) fn start(machine: &Machine, folder: &Path, cgroup: &Path) -> Result<Vm, EnvError> {
    let file = |what: &str| folder.join(format!("{}.{what}", machine.name));
    let (console, window, errors) = (file("console"), file("window"), file("errors"));
    let said = File::create(&errors).map_err(EnvError::io("make", &errors))?;
    let mut command = Command::new(PROGRAM);
    command.args(arguments(machine, &console, &window));
    // A group of its own: a Ctrl-C at the terminal is the runner's to handle.
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(said);
    let child = spawn(&mut command, cgroup)?;
    Ok(Vm { child, console, window, errors })
}

/// A console into a file, and a piece of memory that is one.
fn arguments(machine: &Machine, console: &Path, window: &Path) -> Vec<OsString> {
    let mut arguments = machine_arguments(machine);
    arguments.extend(["-chardev".into(), named("file,id=console,path=", console)]);
    arguments.extend(["-serial", "chardev:console", "-object"].map(Into::into));
    arguments.push(named(
        &format!("memory-backend-file,id=window,share=on,size={WINDOW_BYTES},mem-path="),
        window,
    ));
    arguments.extend(["-device", "ivshmem-plain,memdev=window"].map(Into::into));
    arguments
}

/// An option's value that ends in a file, where a comma is written twice.
fn named(before: &str, file: &Path) -> OsString {
    let mut word = OsString::from(before);
    word.push(file.to_string_lossy().replace(',', ",,"));
    word
}

/// No network device, no display: a machine that would boot again ends.
fn machine_arguments(machine: &Machine) -> Vec<OsString> {
    let mut arguments: Vec<OsString> =
        ["-nodefaults", "-no-user-config", "-nic", "none", "-display", "none", "-no-reboot"]
            .map(Into::into)
            .to_vec();
    arguments.extend(machine.accelerator.arguments().iter().map(Into::into));
    let (memory, cpus) = (machine.memory_mib.to_string(), machine.cpus.to_string());
    arguments.extend(["-m", &memory, "-smp", &cpus].map(Into::into));
    arguments.extend(["-kernel".into(), machine.kernel.clone().into()]);
    arguments.extend(["-initrd".into(), machine.root.clone().into()]);
    // A panic boots again at once, which ends it; a random number generator that waits for entropy would wait long.
    let always = "console=ttyS0 panic=-1 random.trust_cpu=on";
    let Some((disk, init)) = &machine.disk else {
        arguments.extend(["-append".into(), format!("{always} rdinit=/init").into()]);
        return arguments;
    };
    arguments.extend(["-append".into(), format!("{always} root=/dev/vda rw quiet init={init}").into()]);
    // What the machine writes goes to a file that nobody sees, and is gone with it.
    arguments.extend(["-drive".into(), named("format=raw,if=virtio,snapshot=on,file=", disk)]);
    arguments
}

/// A machine at the terminal of whoever boots it: its console is ours, and Ctrl-A X ends it.
pub(super) fn at_terminal(machine: &Machine, cgroup: &Path) -> Result<Option<i32>, EnvError> {
    let mut command = Command::new(PROGRAM);
    command.args(machine_arguments(machine)).args(["-serial", "mon:stdio"]);
    let status = spawn(&mut command, cgroup)?.wait();
    Ok(status.map_err(|source| EnvError::Io { doing: "wait for", path: PROGRAM.into(), source })?.code())
}

/// Starts QEMU in a cgroup.
fn spawn(command: &mut Command, cgroup: &Path) -> Result<Child, EnvError> {
    let procs = cgroup.join("cgroup.procs");
    let procs_file = File::options().write(true).open(&procs).map_err(EnvError::io("open", &procs))?;
    // SAFETY: between fork and exec: one write to an open descriptor.
    unsafe {
        command.pre_exec(move || (&procs_file).write_all(b"0"));
    }
    command.spawn().map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => EnvError::NoQemu,
        _ => EnvError::Io { doing: "start", path: PROGRAM.into(), source },
    })
}

impl Vm {
    /// What the machine has said on its console, if it has said anything yet.
    pub fn console(&self) -> &Path {
        &self.console
    }

    /// What it has sent.
    pub fn window(&self) -> &Path {
        &self.window
    }

    /// Waits at most `slice` for its end.
    ///
    /// # Errors
    /// If it cannot be waited for.
    pub fn wait(&mut self, slice: Duration) -> Result<Option<Ended>, EnvError> {
        let until = Instant::now() + slice;
        loop {
            let status = self.child.try_wait().map_err(EnvError::io("wait for", PROGRAM))?;
            if let Some(status) = status {
                let said = fs::read_to_string(&self.errors).unwrap_or_default();
                let failed = || Ended::Failed(format!("{status}: {}", said.trim()));
                return Ok(Some(if status.success() { Ended::Itself } else { failed() }));
            }
            if length(&self.console) > MOST_BYTES {
                return Ok(Some(Ended::TooMuch));
            }
            if Instant::now() >= until {
                return Ok(None);
            }
            // The reason is with the constant.
            std::thread::sleep(LOOK.min(slice));
        }
    }

    /// Kills it.
    ///
    /// # Errors
    /// If it cannot be killed.
    pub fn stop(&mut self) -> Result<(), EnvError> {
        self.child.kill().map_err(EnvError::io("kill", PROGRAM))?;
        self.child.wait().map(drop).map_err(EnvError::io("wait for", PROGRAM))
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        // It fails only for one that has ended.
        drop(self.stop());
    }
}

fn length(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |about| about.len())
}

/// Whether KVM runs this kernel here, by evidence: it is booted without a root, and must come as far as missing one. The
/// error says what happened instead.
///
/// # Errors
/// If it does not; machines then run under TCG.
pub fn try_kvm(kernel: &Path) -> Result<(), String> {
    try_kvm_of(Path::new("/dev/kvm"), kernel)
}

fn try_kvm_of(device: &Path, kernel: &Path) -> Result<(), String> {
    let opened = File::options().read(true).write(true).open(device);
    opened.map_err(|error| format!("{}: {error}", device.display()))?;
    let mut command = Command::new(PROGRAM);
    command.args(["-nodefaults", "-no-user-config", "-nic", "none", "-display", "none", "-no-reboot"]);
    command.args(Accelerator::Kvm.arguments()).args(["-m", "256", "-serial", "stdio", "-kernel"]).arg(kernel);
    command.args(["-append", "console=ttyS0 panic=-1"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(|error| format!("{PROGRAM}: {error}"))?;
    let (tell, told) = channel();
    if let Some(stream) = child.stdout.take() {
        say(stream, tell.clone());
    }
    if let Some(stream) = child.stderr.take() {
        say(stream, tell);
    }
    // Its streams end with it.
    let first = told.recv_timeout(KVM_SPEAKS_WITHIN).ok();
    let ended = first.is_some();
    // It fails only for one that has ended.
    drop(child.kill());
    drop(child.wait());
    let said: Vec<String> = first.into_iter().chain(told).collect();
    match said.iter().find_map(|text| console::panic_of(text)) {
        Some(_) => Ok(()),
        None if ended => Err(format!("QEMU ended: {}", said.concat().trim())),
        None => Err(format!("the kernel did not come up within {KVM_SPEAKS_WITHIN:?}")),
    }
}

/// Tells what a stream had to say once it ends.
fn say(stream: impl std::io::Read + Send + 'static, tell: Sender<String>) {
    // Whoever asked is there until both have told.
    std::thread::spawn(move || drop(tell.send(text(stream))));
}

fn text(mut stream: impl std::io::Read) -> String {
    let mut bytes = Vec::new();
    // What was read until an error is all there is.
    drop(stream.by_ref().take(1 << 20).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_its_device_there_is_no_kvm_and_nothing_is_started() {
        let why = try_kvm_of(Path::new("/nonexistent/kvm"), Path::new("/nonexistent/kernel")).unwrap_err();
        assert!(why.starts_with("/nonexistent/kvm: No such file"), "{why}");
    }

    #[test]
    fn a_machine_has_no_way_out_but_its_console_and_its_window() {
        let machine = Machine {
            name: "a".into(),
            kernel: "/k".into(),
            root: "/r".into(),
            disk: None,
            accelerator: Accelerator::Tcg,
            memory_mib: 512,
            cpus: 1,
        };
        let words = arguments(&machine, Path::new("/c"), Path::new("/l,1"));
        let words: Vec<_> = words.iter().map(|word| word.to_str().unwrap()).collect();
        let after = |option: &str| words.iter().position(|word| *word == option).map(|at| words[at + 1]);
        assert_eq!(after("-nic"), Some("none"));
        assert!(words.contains(&"-nodefaults"));
        for option in ["-netdev", "-drive", "-virtfs", "-monitor", "-hda"] {
            assert_eq!(after(option), None);
        }
        assert_eq!(after("-device"), Some("ivshmem-plain,memdev=window"));
        for option in ["-device", "-serial"] {
            assert_eq!(words.iter().filter(|word| **word == option).count(), 1);
        }
    }
}
