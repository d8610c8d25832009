//! The same call made by the witness itself, under the ids of the process that acted: for acts that must be refused.
//!
//! A refused call leaves no trace that a bystander could find later: no descriptor, no event of fanotify. What can be
//! had is this: the call *would* be refused, with this very error, to a process with these ids, at the moment when
//! the act is held. Together with `/proc` (a process with these ids and images is there, a child of the actor, and
//! holds) it shows that the result could not have been another if the call was made. That it was made in that
//! process stands on the receipt alone.
//!
//! Linux keeps ids per thread; a thread of our own takes them with raw system calls and ends after the call.

use std::{
    io,
    net::{SocketAddr, TcpStream, UdpSocket},
    os::fd::AsRawFd as _,
    path::Path,
    thread,
    time::Duration,
};

use lab_model::{Act, ActKind, Errno, Ids, Outcome, SetIdCall};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrStorage, bind, socket};

use crate::actor::call_raw;

use super::ids::parse;

/// Longest wait for a peer that should refuse.
const PATIENCE: Duration = Duration::from_secs(2);

/// How the act's call ends under `ids`; the error says why that could not be found out.
pub(super) fn rehearse(act: &Act, ids: Ids, groups: Option<Vec<u32>>) -> Result<Outcome, String> {
    thread::scope(|scope| {
        let rehearsal = move || {
            take(ids, groups).map_err(|error| format!("take the ids: {error}"))?;
            attempt(act)
        };
        let thread =
            thread::Builder::new().name("sightline-rehearsal".to_owned()).spawn_scoped(scope, rehearsal);
        let thread = thread.map_err(|error| format!("start a thread: {error}"))?;
        thread.join().unwrap_or_else(|_| Err("the rehearsal panicked".to_owned()))
    })
}

fn take(ids: Ids, groups: Option<Vec<u32>>) -> io::Result<()> {
    if let Some(groups) = groups {
        // SAFETY: pointer and count are those of one live vector; the raw call concerns this thread alone.
        call(unsafe { libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) })?;
    }
    // SAFETY: takes three numbers; the raw call concerns this thread alone.
    call(unsafe { libc::syscall(libc::SYS_setresgid, ids.gid, ids.egid, ids.sgid) })?;
    // SAFETY: takes three numbers; the raw call concerns this thread alone.
    call(unsafe { libc::syscall(libc::SYS_setresuid, ids.uid, ids.euid, ids.suid) })
}

fn attempt(act: &Act) -> Result<Outcome, String> {
    let result = match &act.kind {
        ActKind::Exec => match act.via.last() {
            Some(link) => access(&link.path, libc::X_OK),
            None => return Err("there is no image".to_owned()),
        },
        ActKind::Read { path } => open(path, libc::O_RDONLY),
        ActKind::Append { path, .. } => open(path, libc::O_WRONLY),
        ActKind::Write { path, .. } => match open(path, libc::O_WRONLY) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => enter(path),
            other => other,
        },
        ActKind::Unlink { path } => match std::fs::symlink_metadata(path) {
            Ok(file) if file.is_dir() => Err(io::Error::from_raw_os_error(libc::EISDIR)),
            Ok(_) => enter(path),
            Err(error) => Err(error),
        },
        ActKind::Rename { from, to } => {
            std::fs::symlink_metadata(from).and_then(|_| enter(from)).and_then(|()| enter(to))
        }
        ActKind::Connect { address, .. } => parsed(address)
            .and_then(on_loopback)
            .and_then(|address| TcpStream::connect_timeout(&address, PATIENCE))
            .map(drop),
        ActKind::Resolve { resolver, .. } => {
            UdpSocket::bind("0.0.0.0:0").and_then(|socket| socket.connect(resolver))
        }
        ActKind::Serve { address } => parsed(address).and_then(listen),
        ActKind::Setid { call, ids } => match parse(ids) {
            Some(requested) => set_ids(*call, &requested),
            None => return Err("its ids are no ids".to_owned()),
        },
        ActKind::Shell { .. } => access("/bin/sh", libc::X_OK),
        ActKind::Observe { .. } => return Err("a program of the person's own is not rehearsed".to_owned()),
    };
    match result {
        Ok(()) => Ok(Outcome::Ok(0)),
        Err(error) => match error.raw_os_error() {
            Some(number) => Ok(Outcome::Errno(Errno(number))),
            None => Err(error.to_string()),
        },
    }
}

fn call(returned: i64) -> io::Result<()> {
    if returned < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn access(path: &str, mode: i32) -> io::Result<()> {
    let path = std::ffi::CString::new(path)?;
    // SAFETY: the pointer is that of a live C string.
    call(unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), mode, libc::AT_EACCESS) }.into())
}

/// Opens without making, emptying or waiting for anything, and closes again.
fn open(path: &str, access: i32) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new()
        .read(access == libc::O_RDONLY)
        .write(access == libc::O_WRONLY)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
        .map(drop)
}

/// May a name be made or removed in the directory of `path`?
fn enter(path: &str) -> io::Result<()> {
    let directory = Path::new(path).parent().and_then(Path::to_str).filter(|parent| !parent.is_empty());
    access(directory.unwrap_or("."), libc::W_OK | libc::X_OK)
}

fn parsed(address: &str) -> io::Result<SocketAddr> {
    address.parse().map_err(|_| io::Error::other("not an address"))
}

/// Nothing may leave the machine that the act itself does not send.
fn on_loopback(address: SocketAddr) -> io::Result<SocketAddr> {
    if address.ip().is_loopback() { Ok(address) } else { Err(io::Error::other("not on the loopback")) }
}

/// Binds as the actor does, without `SO_REUSEADDR`.
fn listen(address: SocketAddr) -> io::Result<()> {
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let socket = socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    Ok(bind(socket.as_raw_fd(), &SockaddrStorage::from(address))?)
}

fn set_ids(which: SetIdCall, requested: &[Option<u32>]) -> io::Result<()> {
    Ok(call_raw(which, requested).map(drop)?)
}
