//! The kernel's own account of what was done in a few directories, by whom: fanotify(7).
//!
//! No sensor uses it. Events are queued by the very call that causes them, so when an act is held its events are
//! there to be read; nobody waits. Each carries the pid and the directory's handle and name. Failed calls leave
//! no event.

use std::{
    ffi::CString,
    io,
    mem::{MaybeUninit, offset_of, size_of},
    os::{
        fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::Path,
};

/// What is watched in a directory.
const WATCHED: u64 = libc::FAN_OPEN
    | libc::FAN_ACCESS
    | libc::FAN_MODIFY
    | libc::FAN_OPEN_EXEC
    | libc::FAN_CREATE
    | libc::FAN_DELETE
    | RENAME
    | libc::FAN_ONDIR
    | libc::FAN_EVENT_ON_CHILD;
/// `FAN_RENAME`, Linux 5.17.
pub(super) const RENAME: u64 = libc::FAN_RENAME;

/// The records that name a directory entry: what the event concerns; of a rename the old one and the new one.
const NAMED: [u8; 3] = [
    libc::FAN_EVENT_INFO_TYPE_DFID_NAME,
    libc::FAN_EVENT_INFO_TYPE_OLD_DFID_NAME,
    libc::FAN_EVENT_INFO_TYPE_NEW_DFID_NAME,
];

/// Which directory, whatever its path: file system and file handle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directory(Vec<u8>);

/// One event.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// `FAN_*`
    pub(super) mask: u64,
    /// process, as our own pid namespace has it; 0 if it is not in it
    pub(super) pid: u32,
    /// directory and name: one, or the old and the new for a rename
    pub(super) names: Vec<(Directory, Vec<u8>)>,
}

/// A notification group.
pub(super) struct Fanotify {
    group: OwnedFd,
}

impl Fanotify {
    pub(super) fn open() -> io::Result<Self> {
        let flags = libc::FAN_CLASS_NOTIF
            | libc::FAN_CLOEXEC
            | libc::FAN_NONBLOCK
            | libc::FAN_UNLIMITED_QUEUE
            | libc::FAN_REPORT_DIR_FID
            | libc::FAN_REPORT_NAME;
        // SAFETY: takes two numbers.
        let fd = unsafe { libc::fanotify_init(flags, libc::O_RDONLY as u32) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has just made this descriptor for us.
        Ok(Self { group: unsafe { OwnedFd::from_raw_fd(fd) } })
    }

    /// Watches a directory and the files in it.
    pub(super) fn watch(&self, directory: &Path) -> io::Result<Directory> {
        let path = CString::new(directory.as_os_str().as_bytes())?;
        let flags = libc::FAN_MARK_ADD | libc::FAN_MARK_ONLYDIR;
        // SAFETY: the pointer is that of a live C string.
        let marked = unsafe {
            libc::fanotify_mark(self.group.as_raw_fd(), flags, WATCHED, libc::AT_FDCWD, path.as_ptr())
        };
        if marked != 0 {
            return Err(io::Error::last_os_error());
        }
        identify(&path)
    }

    /// Watches nothing any more.
    pub(super) fn forget(&self) {
        let flags = libc::FAN_MARK_FLUSH;
        // SAFETY: flushing needs no path.
        unsafe { libc::fanotify_mark(self.group.as_raw_fd(), flags, 0, libc::AT_FDCWD, std::ptr::null()) };
    }

    /// Takes all that is queued. An overflow of the queue is an error: then silence proves nothing.
    pub(super) fn drain(&self) -> io::Result<Vec<Event>> {
        let mut events = Vec::new();
        let mut buffer = vec![0u8; 1 << 16];
        loop {
            match nix::unistd::read(&self.group, &mut buffer) {
                Ok(length) => parse(&buffer[..length], &mut events)?,
                Err(nix::errno::Errno::EAGAIN) => return Ok(events),
                Err(nix::errno::Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// File system id and handle, laid out as in an event's record.
fn identify(path: &CString) -> io::Result<Directory> {
    let mut file_system = MaybeUninit::<libc::statfs>::zeroed();
    // SAFETY: both pointers are those of live objects of the right types.
    if unsafe { libc::statfs(path.as_ptr(), file_system.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: zeroed is a valid value of this plain struct, and the call has filled it in.
    let file_system = unsafe { file_system.assume_init() };
    // SAFETY: fsid_t is eight plain bytes behind private fields.
    let fsid: [u8; 8] = unsafe { std::mem::transmute(file_system.f_fsid) };

    let mut handle = [0u8; 8 + libc::MAX_HANDLE_SZ as usize];
    handle[..4].copy_from_slice(&(libc::MAX_HANDLE_SZ as u32).to_ne_bytes());
    let mut mount = 0i32;
    // SAFETY: the buffer begins with its capacity, as struct file_handle does; the rest is for the kernel to fill.
    let named = unsafe {
        libc::syscall(
            libc::SYS_name_to_handle_at,
            libc::AT_FDCWD,
            path.as_ptr(),
            handle.as_mut_ptr(),
            &raw mut mount,
            libc::AT_SYMLINK_FOLLOW,
        )
    };
    if named != 0 {
        return Err(io::Error::last_os_error());
    }
    let length = handle_length(&handle).ok_or(io::ErrorKind::InvalidData)?;
    Ok(Directory([&fsid, &handle[..length]].concat()))
}

/// Length of a struct file_handle with its bytes.
fn handle_length(handle: &[u8]) -> Option<usize> {
    let length = 8 + u32::from_ne_bytes(*handle.first_chunk()?) as usize;
    (length <= handle.len()).then_some(length)
}

fn parse(mut bytes: &[u8], events: &mut Vec<Event>) -> io::Result<()> {
    type Head = libc::fanotify_event_metadata;
    while bytes.len() >= size_of::<Head>() {
        let word = |at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap_or_default());
        let length = word(offset_of!(Head, event_len)) as usize;
        let mask_at = offset_of!(Head, mask);
        let mask = u64::from_ne_bytes(bytes[mask_at..mask_at + 8].try_into().unwrap_or_default());
        let pid = word(offset_of!(Head, pid));
        let event = bytes.get(..length).filter(|event| event.len() >= size_of::<Head>());
        let event = event.ok_or(io::ErrorKind::InvalidData)?;
        if mask & libc::FAN_Q_OVERFLOW != 0 {
            return Err(io::Error::other("the queue of events ran over"));
        }
        events.push(Event { mask, pid, names: names(&event[size_of::<Head>()..]) });
        bytes = &bytes[length..];
    }
    Ok(())
}

/// The records behind an event's head: `type u8, pad u8, length u16, fsid [u8; 8], file_handle, name NUL`.
fn names(mut records: &[u8]) -> Vec<(Directory, Vec<u8>)> {
    let mut names = Vec::new();
    while let Some(&[kind, _, a, b]) = records.first_chunk() {
        let length = u16::from_ne_bytes([a, b]) as usize;
        let Some(record) = records.get(..length).filter(|_| length >= 12) else { break };
        if NAMED.contains(&kind)
            && let Some(handle) = handle_length(&record[12..])
        {
            let name = record[12 + handle..].split(|byte| *byte == 0).next().unwrap_or_default();
            names.push((Directory(record[4..12 + handle].to_vec()), name.to_vec()));
        }
        records = &records[length..];
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{names, parse};

    proptest::proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, length in 0u32..64) {
            let mut event = bytes.clone();
            if let Some(head) = event.first_chunk_mut() {
                *head = length.to_ne_bytes();
            }
            let _ = parse(&event, &mut Vec::new());
            let _ = names(&bytes);
        }
    }
}
