//! What the probe must be allowed: three capabilities, and nobody's user id.

use std::{
    io,
    os::unix::{fs::chown, process::CommandExt},
    process::Command,
};

use crate::lab::{Lab, PROBE, copy_program, of, open};

const NOBODY: u32 = 65534;
const SYS_PTRACE: u32 = 19;
const PERFMON: u32 = 38;
const BPF: u32 = 39;

/// Becomes nobody, with these capabilities and no other, which the program that is executed keeps.
fn keep_only(capabilities: &[u32]) -> io::Result<()> {
    let checked = |result: i64| if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) };
    let set = capabilities.iter().fold(0_u64, |set, bit| set | 1 << bit);
    let [low, high] = [set as u32, (set >> 32) as u32];
    // The kernel's structures of capset, version 3: effective, permitted, inheritable, twice.
    let (header, data) = ([0x2008_0522_u32, 0], [low, low, low, high, high, high]);
    // SAFETY: calls of this process on itself, with structures of the right size.
    unsafe {
        for bit in (0..=40).filter(|bit| !capabilities.contains(bit)) {
            libc::prctl(libc::PR_CAPBSET_DROP, bit, 0, 0, 0);
        }
        checked(i64::from(libc::prctl(libc::PR_SET_KEEPCAPS, 1, 0, 0, 0)))?;
        checked(i64::from(libc::setgroups(0, std::ptr::null())))?;
        checked(i64::from(libc::setresgid(NOBODY, NOBODY, NOBODY)))?;
        checked(i64::from(libc::setresuid(NOBODY, NOBODY, NOBODY)))?;
        checked(libc::syscall(libc::SYS_capset, header.as_ptr(), data.as_ptr()))?;
        for bit in capabilities {
            let raise = libc::PR_CAP_AMBIENT_RAISE;
            checked(i64::from(libc::prctl(libc::PR_CAP_AMBIENT, raise, *bit, 0, 0)))?;
        }
    }
    Ok(())
}

/// The probe as nobody with these capabilities, in a folder that is nobody's.
fn probe(capabilities: &'static [u32]) -> (tempfile::TempDir, Command) {
    let dir = tempfile::tempdir().unwrap();
    // The program may lie where nobody else may go.
    let program = dir.path().join("lab-probe");
    copy_program(PROBE, &program);
    chown(dir.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    let mut command = Command::new(program);
    // SAFETY: system calls only.
    unsafe { command.pre_exec(move || keep_only(capabilities)) };
    (dir, command)
}

#[test]
fn three_capabilities_suffice() {
    let Some((_, cgroup)) = Lab::place("rights") else { return };
    let (dir, mut command) = probe(&[BPF, PERFMON, SYS_PTRACE]);
    let whom = ["--scope".as_ref(), cgroup.as_os_str()];
    let (lab, refused) = Lab::start_in(dir, cgroup.clone(), &mut command, &whom, &[]);
    assert_eq!(refused, []);
    let status = std::fs::read_to_string(format!("/proc/{}/status", lab.probe.id())).unwrap();
    let line = |name: &str| status.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert_eq!(line("CapEff:"), format!("CapEff:\t{:016x}", 1_u64 << BPF | 1 << PERFMON | 1 << SYS_PTRACE));
    assert_eq!(line("Uid:"), "Uid:\t65534\t65534\t65534\t65534");
    let path = lab.path("none");
    let subject = lab.subject(|| open(&path, libc::O_RDONLY).min(0));
    subject.wait();
    let (events, counters) = lab.stop();
    assert_eq!((of!(events, subject.pid, Open).len(), counters.lost_total()), (1, 0));
}

#[test]
fn without_one_of_two_the_kernel_refuses() {
    for (name, capabilities) in
        [("rights-bpf", &[BPF, SYS_PTRACE]), ("rights-perfmon", &[PERFMON, SYS_PTRACE])]
    {
        let Some((_, cgroup)) = Lab::place(name) else { return };
        let (dir, mut command) = probe(capabilities);
        let output = command.args(["record", "--scope"]).arg(&cgroup).arg("--spool");
        let output = output.arg(dir.path().join("spool")).output().unwrap();
        std::fs::remove_dir(&cgroup).unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains("the capabilities bpf and perfmon"), "{said}");
    }
}
