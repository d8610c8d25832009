//! What `/proc` says of the processes of an act while they are held.

use std::{collections::BTreeSet, fs, net::SocketAddr, os::unix::fs::MetadataExt as _};

use lab_model::{FileId, Ids};
use procfs::{
    ProcError, ProcResult,
    net::{TcpNetEntry, TcpState, UdpNetEntry},
    process::{FDTarget, Process},
};

use super::claims::{Unseen, otherwise};

/// How far up a chain of parents is followed.
const LONGEST_LINE: usize = 64;

/// A process as the kernel showed it.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) pid: u32,
    pub(super) start_ticks: u64,
    pub(super) comm: String,
    /// it has ended and is not yet reaped
    pub(super) zombie: bool,
    pub(super) ids: Ids,
    pub(super) groups: Vec<u32>,
    /// parent, its parent, and so on
    pub(super) ancestors: Vec<u32>,
    /// arguments, the zeroth included
    pub(super) argv: Option<Vec<Vec<u8>>>,
    pub(super) exe: Option<FileId>,
}

/// A socket that a process has open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Socket {
    pub(super) listens: bool,
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
}

/// Looks at a process; the error says why there is nothing to see, or that there is no such process.
pub(super) fn look(pid: u32) -> Result<View, Unseen> {
    read(pid).map_err(|error| match error {
        ProcError::NotFound(_) => otherwise(format!("there is no process {pid}")),
        error => format!("process {pid}: {error}").into(),
    })
}

fn read(pid: u32) -> ProcResult<View> {
    let process = Process::new(pid.cast_signed())?;
    let (stat, status) = (process.stat()?, process.status()?);
    let zombie = stat.state == 'Z';
    let ids = Ids {
        uid: status.ruid,
        euid: status.euid,
        suid: status.suid,
        fsuid: status.fuid,
        gid: status.rgid,
        egid: status.egid,
        sgid: status.sgid,
        fsgid: status.fgid,
    };
    let cmdline = fs::read(format!("/proc/{pid}/cmdline")).ok();
    let argv = cmdline.map(|cmdline| {
        let args = cmdline.strip_suffix(&[0]).unwrap_or_default();
        if cmdline.is_empty() {
            Vec::new()
        } else {
            args.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
        }
    });
    Ok(View {
        pid,
        start_ticks: stat.starttime,
        ancestors: ancestors(stat.ppid),
        comm: stat.comm,
        zombie,
        ids,
        groups: status.groups.clone(),
        argv,
        exe: file_id(&format!("/proc/{pid}/exe")),
    })
}

/// Device and inode of the file that a path leads to.
pub(super) fn file_id(path: &str) -> Option<FileId> {
    fs::metadata(path).ok().map(|file| FileId { dev: file.dev(), ino: file.ino() })
}

fn ancestors(mut pid: i32) -> Vec<u32> {
    let mut line = Vec::new();
    while pid > 0 && line.len() < LONGEST_LINE {
        line.push(pid.cast_unsigned());
        match Process::new(pid).and_then(|parent| parent.stat()) {
            Ok(stat) => pid = stat.ppid,
            Err(_) => break,
        }
    }
    line
}

/// The sockets of one protocol that a process has open. The kernel walks all its tables for it, so it is asked only
/// where an act needs it.
pub(super) fn sockets(pid: u32, tcp: bool, v6: bool) -> Result<Vec<Socket>, String> {
    read_sockets(pid, tcp, v6).map_err(|error| format!("sockets of process {pid}: {error}"))
}

fn read_sockets(pid: u32, tcp: bool, v6: bool) -> ProcResult<Vec<Socket>> {
    let process = Process::new(pid.cast_signed())?;
    let inodes: BTreeSet<u64> = process
        .fd()?
        .filter_map(|fd| match fd.ok()?.target {
            FDTarget::Socket(inode) => Some(inode),
            _ => None,
        })
        .collect();
    let socket =
        |inode, listens, local, remote| inodes.contains(&inode).then_some(Socket { listens, local, remote });
    Ok(if tcp {
        let table = if v6 { process.tcp6()? } else { process.tcp()? };
        let listens = |state| matches!(state, TcpState::Listen);
        let of = |e: TcpNetEntry| socket(e.inode, listens(e.state), e.local_address, e.remote_address);
        table.into_iter().filter_map(of).collect()
    } else {
        let table = if v6 { process.udp6()? } else { process.udp()? };
        let of = |e: UdpNetEntry| socket(e.inode, false, e.local_address, e.remote_address);
        table.into_iter().filter_map(of).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::{look, sockets};

    #[test]
    fn this_process_is_seen_and_an_impossible_one_is_not() {
        let me = look(std::process::id()).unwrap();
        assert!(!me.zombie && me.exe.is_some() && me.argv.is_some_and(|argv| !argv.is_empty()));
        assert_eq!(me.ancestors[0], std::os::unix::process::parent_id());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mine = sockets(me.pid, true, false).unwrap();
        assert!(mine.iter().any(|s| s.listens && s.local == listener.local_addr().unwrap()));
        assert!(look(u32::MAX).is_err() && look(0).is_err());
    }
}
