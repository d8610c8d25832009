//! Rows about mounted file systems and free space.

use std::path::Path;

use crate::mounts::{self, Mount};
use crate::{Options, Row};

const MB: u64 = 1 << 20;
/// Below this a run may not end.
const LITTLE: u64 = 256 * MB;
/// Below this only a few runs will fit.
const MODEST: u64 = 1024 * MB;

pub(super) fn tracefs(options: &Options, all: &[Mount]) -> Row {
    if let Some(mount) = mounts::of_type(all, "tracefs") {
        return Row::ok("tracefs", "probe", mount.at.display().to_string());
    }
    let (cause, remedy) = if mounts::kernel_knows(options, "tracefs") {
        ("nobody mounted it", "cargo xtask setup")
    } else {
        ("the kernel was built without CONFIG_TRACING", "grep CONFIG_TRACING= /boot/config-$(uname -r)")
    };
    Row::missing("tracefs", "probe", "not mounted", cause, remedy)
}

pub(super) fn cgroup2(options: &Options, all: &[Mount]) -> Row {
    let (name, needed_by) = ("cgroup2", "every run");
    match mounts::cgroup2(all) {
        Some(mount) if mount.read_only => {
            let at = mount.at.display();
            Row::missing(
                name,
                needed_by,
                format!("{at}, read-only"),
                "subjects are put in cgroups of their own, and none can be made",
                format!("sudo mount -o remount,rw {at}"),
            )
        }
        Some(mount) if mount.root != "/" => {
            Row::ok(name, needed_by, format!("{}, only the part below {}", mount.at.display(), mount.root))
        }
        Some(mount) => Row::ok(name, needed_by, mount.at.display().to_string()),
        None => {
            let (cause, remedy) = if mounts::kernel_knows(options, "cgroup2") {
                ("nobody mounted it; subjects are told apart by their cgroup", "cargo xtask setup")
            } else {
                (
                    "the kernel was built without CONFIG_CGROUPS",
                    "grep CONFIG_CGROUPS= /boot/config-$(uname -r)",
                )
            };
            Row::missing(name, needed_by, "not mounted", cause, remedy)
        }
    }
}

pub(super) fn disk(options: &Options) -> Row {
    let existing = options.runs.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
    let shown = existing.display().to_string();
    match nix::sys::statvfs::statvfs(existing) {
        Ok(stat) => disk_row(&shown, stat.blocks_available() * stat.fragment_size()),
        Err(error) => {
            Row::missing("disk", "every run", "unknown", error.to_string(), format!("df -h {shown}"))
                .degraded()
        }
    }
}

fn disk_row(folder: &str, free: u64) -> Row {
    let found = format!("{} MB free in {folder}", free / MB);
    let row = |cause: &str| Row::missing("disk", "every run", &found, cause, "cargo xtask lab prune");
    match free {
        0..LITTLE => row("less than 256 MB: a run may not end"),
        LITTLE..MODEST => row("less than 1 GB: only a few runs will fit").degraded(),
        _ => Row::ok("disk", "every run", found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::State;

    #[test]
    fn disk_by_free_space() {
        assert_eq!(disk_row("/x", 0).state, State::Missing);
        assert_eq!(disk_row("/x", LITTLE).state, State::Degraded);
        assert_eq!(disk_row("/x", MODEST).state, State::Ok);
        assert_eq!(disk_row("/x", 5 * MB).found, "5 MB free in /x");
    }
}
