//! The kernel's audit records where the machine's own daemon gets them too: by the multicast group that is for readers.

use std::{
    io::{self, PipeReader, Write},
    os::fd::{AsRawFd, OwnedFd},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use lab_adapters::auditd;
use nix::sys::{
    socket::{
        AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, setsockopt,
        socket, sockopt,
    },
    time::{TimeVal, TimeValLike},
};

/// How long the reader waits before it looks whether it is to end.
const LOOK_MS: i64 = 50;

/// Room for what comes while the reader does something else.
const BUFFER: usize = 16 << 20;

/// Length of a netlink message's head, which holds its length and its type first.
const HEAD: usize = 16;

/// A reader of the group.
pub(super) struct Multicast {
    ends: Arc<AtomicBool>,
    reader: Option<JoinHandle<io::Result<()>>>,
}

impl Multicast {
    /// Joins the group. What comes is lines from then on, as the daemon writes them.
    pub(super) fn join() -> io::Result<(Self, PipeReader)> {
        let (netlink, raw) = (AddressFamily::Netlink, SockType::Raw);
        let socket = socket(netlink, raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkAudit)?;
        setsockopt(&socket, sockopt::RcvBufForce, &BUFFER)?;
        setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::milliseconds(LOOK_MS))?;
        // AUDIT_NLGRP_READLOG
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, 1))?;
        let (lines, mut writer) = io::pipe()?;
        let ends = Arc::new(AtomicBool::new(false));
        let reader = {
            let ends = Arc::clone(&ends);
            std::thread::spawn(move || read(&socket, &mut writer, &ends))
        };
        Ok((Self { ends, reader: Some(reader) }, lines))
    }

    /// Ends the lines. An error if some did not find room, how many nobody knows.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.ends.store(true, Ordering::SeqCst);
        let joined = self.reader.take().map(JoinHandle::join);
        joined.unwrap_or(Ok(Ok(()))).unwrap_or_else(|_| Err(io::Error::other("its reader died")))
    }
}

impl Drop for Multicast {
    fn drop(&mut self) {
        // Nobody reads any more: what the reader has to say does not matter.
        let _ = self.end();
    }
}

fn read(socket: &OwnedFd, lines: &mut impl Write, ends: &AtomicBool) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    while !ends.load(Ordering::SeqCst) {
        let message = match recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
            Ok(length) => &buffer[..length],
            Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EINTR) => continue,
            Err(error) => return Err(error.into()),
        };
        let (Some(head), Some(text)) = (message.first_chunk::<HEAD>(), message.get(HEAD..)) else { continue };
        let kind = u16::from_ne_bytes([head[4], head[5]]);
        if let Some(line) = auditd::line(kind, text) {
            lines.write_all(&line)?;
        }
    }
    Ok(())
}
