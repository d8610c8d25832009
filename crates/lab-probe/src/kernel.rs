//! What `aya` does not tell about loaded programs: how often the kernel skipped one.

use std::{
    fs,
    os::fd::{AsFd, AsRawFd},
};

/// Runs that the kernel skipped because the program was already running on that CPU; 0 where it does not say.
pub(crate) fn recursion_misses(program: &impl AsFd) -> u64 {
    let path = format!("/proc/self/fdinfo/{}", program.as_fd().as_raw_fd());
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("recursion_misses:"));
    line.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}

/// The boot clock, ns: the one that the programs stamp records with.
pub(crate) fn boot_ns() -> u64 {
    let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME);
    now.map_or(0, |t| t.tv_sec() as u64 * 1_000_000_000 + t.tv_nsec() as u64)
}

/// The kernel's release.
pub(crate) fn release() -> String {
    read_trimmed("/proc/sys/kernel/osrelease")
}

/// Does a tracepoint leave preemption on, so that the kernel may skip a program for one task while another, put aside,
/// is in it? Since Linux 7.0.
pub(crate) fn tracepoints_are_preemptible(release: &str) -> bool {
    let major = release.split('.').next().and_then(|major| major.parse::<u32>().ok());
    major.is_some_and(|major| major >= 7)
}

/// Are programs interpreted, not compiled? Then none may call a function of the kernel. Who may not ask takes them for compiled.
pub(crate) fn programs_are_interpreted() -> bool {
    read_trimmed("/proc/sys/net/core/bpf_jit_enable") == "0"
}

/// The id of this boot.
pub(crate) fn boot_id() -> String {
    read_trimmed("/proc/sys/kernel/random/boot_id")
}

fn read_trimmed(path: &str) -> String {
    fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn tracepoints_are_preemptible_since_seven() {
        for (release, is) in [
            ("6.1.0-50-cloud-amd64", false),
            ("6.19.2", false),
            ("7.0.0-rc1", true),
            ("10.1", true),
            ("", false),
        ] {
            assert_eq!(super::tracepoints_are_preemptible(release), is, "{release}");
        }
    }
}
