//! Set-up: what is missing is planned as steps, and each step is done whole or not at all.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::bpf::{self, LINKER_LLVM};
use crate::{Error, Options, apt, binaries, duckdb, linker, mounts, options, privilege, process};

/// Packages with a compiler and a prebuilt `core` for eBPF.
const DEBIAN_COMPILER: [&str; 3] = ["rustc-web", "cargo-web", "libstd-rust-web-dev-bpf"];

/// What runs virtual machines.
const QEMU: &str = "qemu-system-x86_64";

/// What is wanted of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// tracefs and cgroup2.
    pub mounts: bool,
    /// Static programs for the host's own target.
    pub static_link: bool,
    /// The sensor strace.
    pub strace: bool,
    /// The sensor auditd.
    pub auditd: bool,
    /// The sensor bpftrace.
    pub bpftrace: bool,
    /// The sensor tcpdump.
    pub tcpdump: bool,
    /// QEMU, for virtual machines.
    pub qemu: bool,
    /// What builds the eBPF object; only developers need it.
    pub ebpf_toolchain: bool,
    /// sudo; only the test of an ordinary user needs it where everything else is root's.
    pub sudo: bool,
    /// mmdebstrap; only the test on another Debian needs it.
    pub mmdebstrap: bool,
    /// shellcheck; only the test of the action's scripts needs it.
    pub shellcheck: bool,
    /// Nix; only the tests of the flake need it.
    pub nix: bool,
    /// A browser and an XML validator; only the tests of reports need them.
    pub reports: bool,
    /// DuckDB, which answers queries.
    pub duckdb: bool,
}

impl Needs {
    /// Nothing at all.
    pub const NONE: Self = Self {
        mounts: false,
        static_link: false,
        strace: false,
        auditd: false,
        bpftrace: false,
        tcpdump: false,
        qemu: false,
        ebpf_toolchain: false,
        sudo: false,
        mmdebstrap: false,
        shellcheck: false,
        nix: false,
        reports: false,
        duckdb: false,
    };
    /// What a run of the profile `host` needs.
    pub const HOST: Self = Self {
        mounts: true,
        static_link: true,
        strace: true,
        auditd: true,
        bpftrace: true,
        tcpdump: true,
        ..Self::NONE
    };
}

/// One thing to install or to mount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What: `packages strace gcc`, `tracefs`.
    pub name: String,
    /// Who needs it.
    pub why: String,
    /// What will be run, as a person would type it.
    pub how: String,
    /// Whether it needs root.
    pub as_root: bool,
    #[serde(skip)]
    action: Action,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Action {
    Packages(Vec<String>),
    Mount { fstype: &'static str, at: PathBuf },
    Linker,
    DuckDb,
}

/// What has to be done; nothing when all is there.
///
/// # Errors
/// Packages are missing on a system without apt; the message names them.
pub fn plan_setup(options: &Options, needs: Needs) -> Result<Vec<Step>, Error> {
    let mut steps = Vec::new();
    let mut packages: Vec<(String, &str)> = Vec::new();
    let sensors = [
        (needs.strace, "strace", "the sensor strace"),
        (needs.auditd, "auditd", "the sensor auditd"),
        (needs.bpftrace, "bpftrace", "the sensor bpftrace"),
        (needs.tcpdump, "tcpdump", "the sensor tcpdump"),
    ];
    for (_, name, why) in
        sensors.into_iter().filter(|(needed, name, _)| *needed && options.program_of_root(name).is_none())
    {
        packages.push((name.into(), why));
    }
    if needs.qemu && options.program(QEMU).is_none() {
        packages.push(("qemu-system-x86".into(), "virtual machines"));
    }
    if needs.static_link && binaries::try_static_link(options).is_err() {
        packages
            .extend(["gcc", "libc6-dev"].map(|name| (name.into(), "actor and probe are static programs")));
    }
    if needs.sudo && options.program("sudo").is_none() {
        packages.push(("sudo".into(), "the test of an ordinary user"));
    }
    if needs.mmdebstrap && options.program("mmdebstrap").is_none() {
        packages.push(("mmdebstrap".into(), "the test on another Debian"));
    }
    if needs.shellcheck && options.program("shellcheck").is_none() {
        packages.push(("shellcheck".into(), "the test of the action's scripts"));
    }
    if needs.nix && options.program("nix").is_none() {
        packages.push(("nix-bin".into(), "the tests of the flake"));
    }
    if needs.reports {
        packages
            .extend(report_packages(options).into_iter().map(|name| (name.into(), "the tests of reports")));
    }
    let duckdb = needs.duckdb && duckdb::duckdb(options).is_none();
    if duckdb && !duckdb::has_python(options) {
        packages.push(("python3-venv".into(), "DuckDB comes as a package of Python"));
    }
    let mut wants_linker = false;
    if needs.ebpf_toolchain && bpf::find_toolchain(options).is_err() {
        let (missing, linker) = toolchain_gap(options)?;
        packages.extend(missing.into_iter().map(|name| (name, "building the eBPF object")));
        wants_linker = linker;
    }
    if !packages.is_empty() {
        steps.push(packages_step(options, packages)?);
    }
    if needs.mounts {
        steps.extend(mount_steps(options));
    }
    if wants_linker {
        steps.push(linker_step(options)?);
    }
    if duckdb {
        steps.push(Step {
            name: format!("DuckDB {}", duckdb::version(options)?),
            why: "it answers queries".to_owned(),
            how: duckdb::how(options)?,
            as_root: false,
            action: Action::DuckDb,
        });
    }
    Ok(steps)
}

/// Does one step, telling each line that its programs write; an unfinished step leaves nothing behind.
pub fn run_step(options: &Options, step: &Step, tell: &mut dyn FnMut(&str)) -> Result<(), Error> {
    match &step.action {
        Action::Packages(packages) => apt::install(options, packages, tell),
        Action::Mount { fstype, at } => mount(options, fstype, at, tell),
        Action::Linker => linker::install(options, tell),
        Action::DuckDb => duckdb::install(options, tell),
    }
}

/// What opens and validates reports. Ubuntu's package `chromium` is a snap, which cannot read a clone's files: there
/// the tests do without, unless there is another browser.
fn report_packages(options: &Options) -> Vec<&'static str> {
    let mut wanted = Vec::new();
    let browsers = ["chromium", "google-chrome", "google-chrome-stable"];
    if apt::distribution(options).is_debian && browsers.iter().all(|name| options.program(name).is_none()) {
        wanted.push("chromium");
    }
    if options.program("xmllint").is_none() {
        wanted.push("libxml2-utils");
    }
    wanted
}

/// Debian packages and whether bpf-linker has to be built.
fn toolchain_gap(options: &Options) -> Result<(Vec<String>, bool), Error> {
    let mut wanted = Vec::new();
    let has_nightly = bpf::has_compiler(options);
    if !has_nightly {
        wanted.extend(DEBIAN_COMPILER);
    }
    let llvm = format!("llvm-{LINKER_LLVM}-dev");
    wanted.push(&llvm);
    if options.program("g++").is_none() {
        wanted.push("g++");
    }
    let linker = !options::is_executable(&bpf::linker_folder(options)?.join("bin/bpf-linker"));
    Ok((apt::not_installed(options, &wanted), linker))
}

fn packages_step(options: &Options, packages: Vec<(String, &str)>) -> Result<Step, Error> {
    let mut reasons: Vec<&str> = packages.iter().map(|(_, why)| *why).collect();
    reasons.dedup();
    let why = reasons.join("; ");
    let names: Vec<String> = packages.into_iter().map(|(name, _)| name).collect();
    let distribution = apt::distribution(options);
    if !distribution.has_apt {
        return Err(Error::UnknownDistribution { distribution: distribution.name, packages: names });
    }
    let list = names.join(" ");
    let how = typed(options, &format!("apt-get install {list}"));
    Ok(Step { name: format!("packages {list}"), why, how, as_root: true, action: Action::Packages(names) })
}

fn mount_steps(options: &Options) -> Vec<Step> {
    let all = mounts::mounts(options);
    let tracefs = mounts::of_type(&all, "tracefs").is_none();
    let cgroup2 = mounts::cgroup2(&all).is_none();
    let wanted = [
        (tracefs, "tracefs", Path::new("/sys/kernel/tracing"), "the probe's tracepoints"),
        (cgroup2, "cgroup2", mounts::cgroup2_place(&all), "subjects are told apart by their cgroup"),
    ];
    // What the kernel does not know can't be mounted: doctor says so.
    let possible =
        wanted.into_iter().filter(|(missing, fstype, ..)| *missing && mounts::kernel_knows(options, fstype));
    possible
        .map(|(_, fstype, at, why)| Step {
            name: fstype.to_owned(),
            why: why.to_owned(),
            how: typed(options, &format!("mount -t {fstype} {fstype} {}", at.display())),
            as_root: true,
            action: Action::Mount { fstype, at: at.to_owned() },
        })
        .collect()
}

fn linker_step(options: &Options) -> Result<Step, Error> {
    let (into, version) = (bpf::linker_folder(options)?, &bpf::linker_pin(options)?.version);
    Ok(Step {
        name: format!("bpf-linker {version}"),
        why: "building the eBPF object".to_owned(),
        how: format!("cargo install --locked --version ={version} --root {} bpf-linker", into.display()),
        as_root: false,
        action: Action::Linker,
    })
}

fn typed(options: &Options, command: &str) -> String {
    let sudo = if privilege::privilege(options) == privilege::Privilege::Root { "" } else { "sudo " };
    format!("{sudo}{command}")
}

fn mount(options: &Options, fstype: &str, at: &Path, tell: &mut dyn FnMut(&str)) -> Result<(), Error> {
    // Somebody else may have done it since the plan was made.
    if mounts::of_type(&mounts::mounts(options), fstype).is_some() {
        return Ok(());
    }
    let made = !at.is_dir();
    if made {
        process::stream(privilege::as_root(options, "mkdir")?.arg(at), tell)?;
    }
    let mut command = privilege::as_root(options, "mount")?;
    let mounted = process::stream(command.args(["-t", fstype, fstype]).arg(at), tell);
    if mounted.is_err() && made {
        process::stream(privilege::as_root(options, "rmdir")?.arg(at), tell)?;
    }
    mounted
}
