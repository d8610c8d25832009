//! The road between the resident actor and an act's processes: a seqpacket socket pair that they inherit.
//!
//! One message is one packet, so processes of one act can share the end. It needs no file and no call of the kinds
//! that sensors observe.

use std::{
    io,
    os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd},
};

use lab_model::{Act, Address, Exit, Stamp, Step};
use nix::sys::socket::{
    AddressFamily, MsgFlags, Shutdown, SockFlag, SockType, recv, send, setsockopt, shutdown, socketpair,
    sockopt,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Longest message, where the kernel allows it: without privilege it is 208 KiB.
const LONGEST: usize = 1 << 20;

/// From an act's process to the resident actor.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "said", rename_all = "kebab-case")]
pub(super) enum Said {
    /// It is about to execute the image of this link.
    Executing { link: usize, began_ns: u64 },
    /// A new image runs; it wants its orders.
    Image { stamp: Stamp, ended_ns: u64 },
    /// A call was made. The child of a fork waits for `Go`.
    Step { step: Box<Step>, principal: bool },
    /// It waits for a connection.
    Listening { address: Address },
    /// A child of its own has ended; `early`: before it was let go.
    Ended { pid: u32, exit: Exit, ended_ns: u64, early: bool },
    /// All is done as far as it goes.
    Holding,
    /// The act could not be performed.
    Trouble { message: String },
}

/// From the resident actor to the one process that waits.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "told", rename_all = "kebab-case")]
pub(super) enum Told {
    /// The fork that made you is recorded: go on.
    Go,
    /// What the new image of this link is to do.
    Orders { act: Box<Act>, key: String, link: usize },
}

/// One end.
pub(super) struct Channel(OwnedFd);

impl Channel {
    /// Both ends, closed on exec.
    pub(super) fn pair() -> io::Result<(Self, Self)> {
        let (a, b) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?;
        for end in [&a, &b] {
            // Refused without CAP_NET_ADMIN: then long orders are refused in their turn, with EMSGSIZE.
            let _ = setsockopt(end, sockopt::SndBufForce, &LONGEST);
        }
        Ok((Self(a), Self(b)))
    }

    /// An end inherited from the image before.
    pub(super) fn inherited(end: OwnedFd) -> Self {
        Self(end)
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// The effective user that made the pair.
    pub(super) fn maker(&self) -> io::Result<u32> {
        use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
        Ok(getsockopt(&self.0, PeerCredentials)?.uid())
    }

    pub(super) fn send(&self, message: &impl Serialize) -> io::Result<()> {
        let bytes = serde_json::to_vec(message)?;
        if bytes.len() > LONGEST {
            return Err(io::Error::other(format!(
                "a message of {} bytes, the longest has {LONGEST}",
                bytes.len()
            )));
        }
        send(self.0.as_raw_fd(), &bytes, MsgFlags::MSG_NOSIGNAL)?;
        Ok(())
    }

    /// Sends nothing more: whoever waits for a message learns that none will come.
    pub(super) fn hang_up(&self) {
        let _ = shutdown(self.0.as_raw_fd(), Shutdown::Write);
    }

    /// The next message; `None` when every other end is closed.
    pub(super) fn receive<T: DeserializeOwned>(&self) -> io::Result<Option<T>> {
        let mut bytes = vec![0; LONGEST];
        let length = loop {
            match recv(self.0.as_raw_fd(), &mut bytes, MsgFlags::empty()) {
                Err(nix::errno::Errno::EINTR) => {}
                Err(nix::errno::Errno::ECONNRESET) => break 0,
                other => break other?,
            }
        };
        Ok(if length == 0 { None } else { Some(serde_json::from_slice(&bytes[..length])?) })
    }
}
