//! One process as `/proc` tells of it, read so that what is told belongs together.

use std::{io::Read, os::unix::ffi::OsStringExt};

use lab_model::{Ids, Text};
use procfs::process::Process;
use serde::Serialize;

/// How often the image of a process is read that changes meanwhile.
const TIMES: usize = 4;

/// What `/proc` tells of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Seen {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    /// start in clock ticks since boot
    pub(crate) start: u64,
    pub(crate) comm: Text,
    pub(crate) ids: Ids,
    /// absent if it has none any more: it is about to end
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) image: Option<Image>,
}

/// What a process executes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Image {
    /// where `/proc/PID/exe` leads
    pub(crate) exe: Text,
    pub(crate) argv: Vec<Text>,
}

/// Reads a process. False beside it: its image was changing, so that its parts may not belong together. `None`: it is gone.
pub(crate) fn read(pid: u32) -> Option<(Seen, bool)> {
    // The folder stays that of this process, whoever has its number later.
    let process = Process::new(i32::try_from(pid).ok()?).ok()?;
    let stat = process.stat().ok()?;
    let (image, whole) = image(&process);
    let ids = ids(&bytes(&process, "status")?)?;
    let seen = Seen {
        pid,
        parent: u32::try_from(stat.ppid).unwrap_or(0),
        start: stat.starttime,
        comm: stat.comm.into(),
        ids,
        image,
    };
    Some((seen, whole))
}

/// The image, and whether its parts belong together.
fn image(process: &Process) -> (Option<Image>, bool) {
    let mut last = None;
    for _ in 0..TIMES {
        let Some(exe) = exe(process) else { return (None, true) };
        let argv = arguments(&bytes(process, "cmdline").unwrap_or_default());
        let same = self::exe(process).as_ref() == Some(&exe);
        // A new image has no arguments for a moment.
        let whole = same && !argv.is_empty();
        let image = Some(Image { exe, argv });
        if whole {
            return (image, true);
        }
        last = image;
    }
    (last, false)
}

fn exe(process: &Process) -> Option<Text> {
    Some(process.exe().ok()?.into_os_string().into_vec().into())
}

fn bytes(process: &Process, file: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    process.open_relative(file).ok()?.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Each argument ends with a NUL, the last one of a process that wrote over them perhaps not.
fn arguments(line: &[u8]) -> Vec<Text> {
    if line.is_empty() {
        return Vec::new();
    }
    line.strip_suffix(b"\0").unwrap_or(line).split(|byte| *byte == 0).map(Text::from).collect()
}

/// The ids in `/proc/PID/status`. By bytes, for the name in it can be any.
fn ids(status: &[u8]) -> Option<Ids> {
    let of = |name: &[u8]| -> Option<[u32; 4]> {
        let line = status.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(name))?;
        let mut numbers = std::str::from_utf8(line).ok()?.split_whitespace().map(str::parse);
        let mut next = || numbers.next()?.ok();
        Some([next()?, next()?, next()?, next()?])
    };
    let ([uid, euid, suid, fsuid], [gid, egid, sgid, fsgid]) = (of(b"Uid:")?, of(b"Gid:")?);
    Some(Ids { uid, euid, suid, fsuid, gid, egid, sgid, fsgid })
}

#[cfg(test)]
mod tests {
    use lab_model::{Ids, Text};

    use super::{arguments, ids, read};

    #[test]
    fn arguments_end_with_a_nul() {
        let texts = |words: &[&str]| words.iter().map(|word| Text::from(*word)).collect::<Vec<_>>();
        assert_eq!(arguments(b"sh\0-c\0\0"), texts(&["sh", "-c", ""]));
        assert_eq!(arguments(b"\0"), texts(&[""]));
        assert_eq!(arguments(b"server: idle"), texts(&["server: idle"]));
        assert_eq!(arguments(b""), texts(&[]));
    }

    #[test]
    fn ids_stand_beside_any_name() {
        let status = b"Name:\t\xffUid:\t9\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n";
        let expected = Ids { uid: 1, euid: 2, suid: 3, fsuid: 4, gid: 5, egid: 6, sgid: 7, fsgid: 8 };
        assert_eq!(ids(status), Some(expected));
        for wrong in ["", "Uid:\t1\t2\t3\nGid:\t5\t6\t7\t8\n", "Uid:\t1\t2\t3\t4\n", "Uid:\t1\t2\t3\tx\nGid:"]
        {
            assert_eq!(ids(wrong.as_bytes()), None, "{wrong:?}");
        }
    }

    #[test]
    fn this_process_is_read_whole() {
        let (seen, whole) = read(std::process::id()).unwrap();
        let image = seen.image.unwrap();
        let own = std::env::current_exe().unwrap();
        assert_eq!(image.exe, Text::from(own.to_str().unwrap()));
        assert_eq!(image.argv.len(), std::env::args().count());
        assert!(whole && seen.start > 0);
        assert!(read(u32::MAX).is_none());
    }
}
