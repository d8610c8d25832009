//! Rows about the running kernel and what it lets us do.

use std::io;

use super::securityfs;
use crate::mounts::Mount;
use crate::privilege::{Privilege, privilege, status_field};
use crate::{Options, Row};

/// The oldest kernel that is promised.
const FLOOR: (u32, u32) = (6, 1);

/// Capabilities without which something fails, by number, and who fails.
const NEEDED: [(u32, &str, &str); 8] = [
    (5, "KILL", "cleanup"),
    (6, "SETGID", "acts"),
    (7, "SETUID", "acts"),
    (12, "NET_ADMIN", "witnesses"),
    (19, "SYS_PTRACE", "strace"),
    (21, "SYS_ADMIN", "witnesses"),
    (38, "PERFMON", "probe"),
    (39, "BPF", "probe"),
];
const SYS_RESOURCE: u32 = 24;

pub(super) fn release(options: &Options) -> Row {
    let upgrade = "sudo apt-get install linux-image-amd64, then reboot";
    let Some(text) = options.text("/proc/sys/kernel/osrelease") else {
        let cause = "/proc/sys/kernel/osrelease can't be read";
        return Row::missing("kernel", "every run", "unknown", cause, "sudo mount -t proc proc /proc");
    };
    let release = text.trim();
    let found = format!("Linux {release} {}", std::env::consts::ARCH);
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= FLOOR => {
            Row::ok("kernel", "every run", found)
        }
        (Some(Ok(_)), Some(Ok(_))) => {
            let cause =
                format!("older than {}.{}: best effort, some programs may be refused", FLOOR.0, FLOOR.1);
            Row::missing("kernel", "every run", found, cause, upgrade).degraded()
        }
        _ => Row::missing("kernel", "every run", found, "the release is not a number", "uname -r").degraded(),
    }
}

pub(super) fn btf(options: &Options) -> Row {
    let path = "/sys/kernel/btf/vmlinux";
    match std::fs::read(options.at(path)) {
        Ok(bytes) if bytes.starts_with(&0xeb9f_u16.to_ne_bytes()) => {
            Row::ok("btf", "probe", format!("{path}, {} KB", bytes.len() / 1024))
        }
        Ok(_) => {
            let cause = format!("{path} does not begin with BTF's magic number");
            Row::missing("btf", "probe", "unreadable", cause, format!("bpftool btf dump file {path}"))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Row::missing(
            "btf",
            "probe",
            format!("no {path}"),
            "the kernel was built without CONFIG_DEBUG_INFO_BTF, so the probe can't learn its structures",
            "sudo apt-get install linux-image-amd64, then reboot (Debian's and Ubuntu's kernels have BTF)",
        ),
        Err(error) => {
            Row::missing("btf", "probe", format!("no {path}"), error.to_string(), format!("ls -l {path}"))
        }
    }
}

pub(super) fn root(options: &Options) -> Row {
    let (name, needed_by) = ("root", "every run");
    match privilege(options) {
        Privilege::Root => Row::ok(name, needed_by, "this is root"),
        Privilege::Sudo => Row::ok(name, needed_by, "sudo, without a password"),
        Privilege::SudoAsks => Row::missing(
            name,
            needed_by,
            "sudo, with a password",
            "sudo will ask on a terminal; elsewhere nothing that needs root can run",
            "sudo -v",
        )
        .degraded(),
        Privilege::None => Row::missing(
            name,
            needed_by,
            "an ordinary user without sudo",
            "eBPF programs, cgroups and witnesses need root",
            "su -c 'apt-get install sudo && adduser '\"$USER\"' sudo', then log in again",
        ),
    }
}

/// The set that root's processes will have: our own as root, the bounding set through sudo.
pub(super) fn capabilities(options: &Options) -> Row {
    let (name, needed_by) = ("capabilities", "every run");
    let status = options.text("/proc/self/status").unwrap_or_default();
    let is_root = status_field(&status, "Uid").and_then(|ids| ids.split_whitespace().nth(1)) == Some("0");
    let field = if is_root { "CapEff" } else { "CapBnd" };
    let Some(set) = status_field(&status, field).and_then(|hex| u64::from_str_radix(hex, 16).ok()) else {
        let cause = format!("/proc/self/status has no {field}");
        return Row::missing(name, needed_by, "unknown", cause, "grep Cap /proc/self/status").degraded();
    };
    let lacking: Vec<_> = NEEDED.iter().filter(|(bit, ..)| set >> bit & 1 == 0).collect();
    if lacking.is_empty() {
        let resource =
            if set >> SYS_RESOURCE & 1 == 0 { " (without SYS_RESOURCE, which is not needed)" } else { "" };
        return Row::ok(name, needed_by, format!("all that matter{resource}"));
    }
    let list = |show: fn(&(u32, &str, &str)) -> String, between: &str| {
        lacking.iter().map(|entry| show(entry)).collect::<Vec<_>>().join(between)
    };
    Row::missing(
        name,
        needed_by,
        format!("not {}", list(|(_, name, _)| (*name).to_owned(), ", ")),
        format!(
            "taken away from this process: {}",
            list(|(_, name, who)| format!("{who} need {name}"), ", ")
        ),
        format!("docker run {} ...", list(|(_, name, _)| format!("--cap-add={name}"), " ")),
    )
}

pub(super) fn lockdown(options: &Options, mounts: &[Mount]) -> Row {
    let path = "/sys/kernel/security/lockdown";
    let text = match options.text(path) {
        Some(text) => Ok(text),
        None if crate::mounts::of_type(mounts, "securityfs").is_some() => Err(io::ErrorKind::NotFound.into()),
        None => securityfs::read(c"lockdown"),
    };
    lockdown_row(text)
}

fn lockdown_row(text: io::Result<String>) -> Row {
    let (name, needed_by) = ("lockdown", "probe");
    let mode = match &text {
        Ok(text) => text.split(['[', ']']).nth(1),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Row::ok(name, needed_by, "not in this kernel");
        }
        Err(_) => None,
    };
    match mode {
        Some("confidentiality") => Row::missing(
            name,
            needed_by,
            "confidentiality",
            "the kernel refuses programs that read its memory, so the probe can't be attached",
            "set lockdown=integrity in GRUB_CMDLINE_LINUX of /etc/default/grub, sudo update-grub, then reboot",
        ),
        Some(mode) => Row::ok(name, needed_by, mode),
        None => {
            let cause =
                text.map_or_else(|error| error.to_string(), |text| format!("the mode {text:?} is unknown"));
            let remedy = "sudo mount -t securityfs securityfs /sys/kernel/security";
            Row::missing(name, needed_by, "unknown", cause, remedy).degraded()
        }
    }
}

pub(super) fn fanotify(options: &Options) -> Row {
    if options.at("/proc/sys/fs/fanotify").is_dir() {
        return Row::ok("fanotify", "witnesses", "in the kernel");
    }
    let cause = "the kernel was built without CONFIG_FANOTIFY, so file acts lose a witness";
    let remedy = "grep FANOTIFY /boot/config-$(uname -r)";
    Row::missing("fanotify", "witnesses", "no /proc/sys/fs/fanotify", cause, remedy)
}

pub(super) fn taskstats(family: io::Result<bool>) -> Row {
    let (name, needed_by) = ("taskstats", "witnesses");
    let remedy = "grep TASKSTATS /boot/config-$(uname -r)";
    match family {
        Ok(true) => Row::ok(name, needed_by, "in the kernel"),
        Ok(false) => {
            let cause = "the kernel was built without CONFIG_TASKSTATS, so process acts lose a witness";
            Row::missing(name, needed_by, "no generic netlink family TASKSTATS", cause, remedy)
        }
        Err(error) => Row::missing(name, needed_by, "unknown", error.to_string(), remedy).degraded(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::State;

    #[test]
    fn lockdown_by_mode() {
        let row = lockdown_row(Ok("none integrity [confidentiality]\n".into()));
        assert_eq!((row.state, row.found.as_str()), (State::Missing, "confidentiality"));
        assert!(row.cause.unwrap().contains("refuses programs that read its memory"));
        assert!(row.remedy.unwrap().contains("lockdown=integrity"));
        let row = lockdown_row(Ok("none [integrity] confidentiality\n".into()));
        assert_eq!((row.state, row.found.as_str()), (State::Ok, "integrity"));
        assert_eq!(lockdown_row(Err(io::ErrorKind::NotFound.into())).found, "not in this kernel");
        let row = lockdown_row(Err(io::ErrorKind::PermissionDenied.into()));
        assert_eq!(row.state, State::Degraded);
        assert!(row.remedy.unwrap().contains("mount -t securityfs"));
        assert_eq!(lockdown_row(Ok("gibberish".into())).state, State::Degraded);
    }

    #[test]
    fn taskstats_by_answer() {
        assert_eq!(taskstats(Ok(true)).state, State::Ok);
        let row = taskstats(Ok(false));
        assert_eq!(row.state, State::Missing);
        assert!(row.cause.unwrap().contains("CONFIG_TASKSTATS"));
        assert_eq!(taskstats(Err(io::ErrorKind::PermissionDenied.into())).state, State::Degraded);
    }
}
