//! What `aya` does not tell about loaded programs: how often the kernel skipped one.

use std::{
    fs,
    os::fd::{AsFd, AsRawFd},
};

use lab_abi::counts::Turn;

/// Runs that the kernel skipped because the program was already running on that CPU; 0 where it does not say.
pub(crate) fn recursion_misses(program: &impl AsFd) -> u64 {
    let path = format!("/proc/self/fdinfo/{}", program.as_fd().as_raw_fd());
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("recursion_misses:"));
    line.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}

/// How many exits of syscalls were lost of those that the kernel skipped the first program for: no more than the second did not
/// make good, and no more than that one was skipped for, or did not know of.
pub(crate) fn lost_exits(skipped: u64, turns: &[Turn], second_skipped: u64) -> u64 {
    let sum = |of: fn(&Turn) -> u64| turns.iter().map(of).sum::<u64>();
    skipped.saturating_sub(sum(|turn| turn.made_good)).min(second_skipped + sum(|turn| turn.unsure))
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
    use lab_abi::counts::Turn;

    #[test]
    fn exits_that_both_programs_missed_are_lost() {
        let turns = |made_good, unsure| [Turn { owner: 0, made_good, unsure }, Turn::default()];
        let lost = super::lost_exits;
        assert_eq!(lost(9, &turns(9, 0), 0), 0, "all made good");
        assert_eq!(lost(9, &turns(4, 0), 0), 0, "five were of nobody who is observed");
        assert_eq!(lost(9, &turns(4, 2), 1), 3, "two unsure, and one that both were skipped for");
        assert_eq!(lost(9, &turns(8, 5), 5), 1, "of one alone nobody knows what became of it");
        assert_eq!(lost(3, &turns(4, 0), 7), 0);
    }

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
