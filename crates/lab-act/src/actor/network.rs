//! The kinds `connect`, `resolve` and `serve`.

use std::{
    mem::MaybeUninit,
    net::{IpAddr, SocketAddr},
    os::fd::{AsFd as _, AsRawFd as _, FromRawFd as _, OwnedFd},
};

use lab_model::{Accept, Address, Bind, Connect, Outcome, Question, Step};
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        socket::{
            AddressFamily, Backlog, MsgFlags, SockFlag, SockType, SockaddrLike as _, SockaddrStorage, bind,
            connect as connect_socket, getsockname, listen, recv, send, setsockopt, socket, sockopt,
        },
        time::TimeVal,
    },
};

use super::{
    chain::Doer,
    channel::Said,
    kinds::Kept,
    own::{boot_ns, outcome, step},
};
use crate::{dns, hash::keyed_hash};

/// Longest wait for a peer: a held act must never hang its lab.
const PATIENCE_SECONDS: i64 = 10;
/// Longest line that is read from a peer.
const LONGEST_LINE: usize = 1 << 12;

/// Connects over TCP, sends the payload and a line end, reads a line; the hash is that of the answer without its end.
pub(super) fn connect(doer: &Doer, key: &[u8], address: &str, payload: &str) -> Result<Kept, String> {
    if payload.contains('\n') {
        return Err("send the payload: it holds a line end, which is what ends it".to_owned());
    }
    let (socket, mut connected) = connected(address, SockType::Stream)?;
    let answer = match connected.payload.result() {
        Some(Outcome::Ok(_)) => send_all(&socket, format!("{payload}\n").as_bytes())
            .and_then(|()| line(&socket))
            .map(Some)
            .map_err(|e| format!("exchange lines with {address}: {e}")),
        _ => Ok(None),
    };
    if let Ok(Some(answer)) = &answer {
        connected.content = Some(keyed_hash(key, answer));
    }
    doer.step(connected, true);
    answer.map(|_| Kept { open: vec![socket], child: None })
}

/// Asks the resolver over a connected UDP socket; the hash is that of the address in the answer, as text.
pub(super) fn resolve(doer: &Doer, key: &[u8], resolver: &str, name: &str) -> Result<Kept, String> {
    let query = dns::query(1, name).map_err(|e| format!("ask for `{name}`: {e}"))?;
    let (socket, mut connected) = connected(resolver, SockType::Datagram)?;
    if !matches!(connected.payload.result(), Some(Outcome::Ok(_))) {
        doer.step(connected, true);
        return Ok(Kept { open: vec![socket], child: None });
    }
    let began_ns = boot_ns();
    let result = outcome(send(socket.as_raw_fd(), &query, MsgFlags::MSG_NOSIGNAL).map(|sent| sent as i64));
    let sent = step(began_ns, dns::asked(parse(resolver)?.into(), name, query.len(), result));
    let answer = match result {
        Outcome::Ok(_) => answer(&socket),
        Outcome::Errno(error) => Err(error.to_string()),
    };
    if let Ok(address) = &answer {
        connected.content = Some(keyed_hash(key, address.as_bytes()));
    }
    doer.step(connected, true);
    doer.step(sent, false);
    answer.map_err(|e| format!("ask {resolver} for `{name}`: {e}"))?;
    Ok(Kept { open: vec![socket], child: None })
}

/// Asks the resolver, for the sake of the question alone: a mark that sensors of packets can see.
pub(crate) fn ask(question: &Question) -> Result<(), String> {
    let Question { resolver, name } = question;
    let why = |error: String| format!("ask {resolver} for `{name}`: {error}");
    let query = dns::query(1, name).map_err(|e| why(e.to_string()))?;
    let (socket, _) = connected(resolver, SockType::Datagram)?;
    send_all(&socket, &query).map_err(|e| why(e.to_string()))?;
    answer(&socket).map(|_| ()).map_err(why)
}

/// The address in the answer.
fn answer(socket: &OwnedFd) -> Result<String, String> {
    let mut answer = [0; 1 << 12];
    let length = recv(socket.as_raw_fd(), &mut answer, MsgFlags::empty()).map_err(|e| e.to_string())?;
    dns::address_in(&answer[..length])
}

/// Binds, listens, accepts one connection, reads a line and answers with its keyed hash.
pub(super) fn serve(doer: &Doer, key: &[u8], address: &str) -> Result<Kept, String> {
    let wanted = parse(address)?;
    let listener = new_socket(wanted, SockType::Stream)?;
    let began_ns = boot_ns();
    let bound = bind(listener.as_raw_fd(), &SockaddrStorage::from(wanted));
    let result = outcome(bound.map(|()| 0));
    doer.step(step(began_ns, Bind { address: wanted.into(), result }), bound.is_err());
    if bound.is_err() {
        return Ok(Kept { open: vec![listener], child: None });
    }
    let why = |what: &str, error: Errno| format!("{what} {address}: {error}");
    listen(&listener, Backlog::new(1).map_err(|e| why("listen at", e))?).map_err(|e| why("listen at", e))?;
    let real: SockaddrStorage =
        getsockname(listener.as_raw_fd()).map_err(|e| why("ask the address of", e))?;
    doer.say(&Said::Listening { address: to_address(&real) });

    let mut fds = [
        PollFd::new(listener.as_fd(), PollFlags::POLLIN),
        PollFd::new(doer.release.as_fd(), PollFlags::POLLIN),
    ];
    let patience = PollTimeout::try_from(PATIENCE_SECONDS * 1000).unwrap_or(PollTimeout::MAX);
    let ready = poll(&mut fds, patience).map_err(|e| why("wait at", e))?;
    if ready == 0 || fds[1].any() == Some(true) {
        return Err(why("accept at", Errno::ETIMEDOUT));
    }
    let began_ns = boot_ns();
    let (accepted, peer) = accept_with_peer(&listener);
    let payload = Accept { peer, result: outcome(accepted.map(i64::from)) };
    let mut step = step(began_ns, payload);
    let Ok(fd) = accepted else {
        doer.step(step, true);
        return Ok(Kept { open: vec![listener], child: None });
    };
    // SAFETY: accept4 has just made this descriptor for us.
    let stream = unsafe { OwnedFd::from_raw_fd(fd) };
    let served = limit(&stream).and_then(|()| line(&stream)).and_then(|line| {
        let hash = keyed_hash(key, &line);
        send_all(&stream, format!("{hash}\n").as_bytes())?;
        step.content = Some(hash);
        Ok(())
    });
    doer.step(step, true);
    served.map_err(|e| why("serve at", e))?;
    Ok(Kept { open: vec![listener, stream], child: None })
}

/// Accepts and asks for the peer in the same call, as servers do: it is all that sensors of calls can know.
fn accept_with_peer(listener: &OwnedFd) -> (nix::Result<i32>, Option<Address>) {
    let mut peer = MaybeUninit::<libc::sockaddr_storage>::zeroed();
    let mut length = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes of the storage, and the length.
    let accepted = Errno::result(unsafe {
        libc::accept4(listener.as_raw_fd(), peer.as_mut_ptr().cast(), &mut length, libc::SOCK_CLOEXEC)
    });
    // SAFETY: it was zeroed, which is an address of no family; the kernel wrote `length` bytes of it.
    let storage = unsafe { SockaddrStorage::from_raw(peer.as_ptr().cast(), Some(length)) };
    (accepted, accepted.ok().and(storage).as_ref().map(to_address))
}

fn connected(address: &str, kind: SockType) -> Result<(OwnedFd, Step), String> {
    let peer = parse(address)?;
    let socket = new_socket(peer, kind)?;
    let began_ns = boot_ns();
    let result = outcome(connect_socket(socket.as_raw_fd(), &SockaddrStorage::from(peer)).map(|()| 0));
    let step = step(began_ns, Connect { address: peer.into(), later: None, result });
    Ok((socket, step))
}

fn new_socket(address: SocketAddr, kind: SockType) -> Result<OwnedFd, String> {
    let family = match address.ip() {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    };
    let made = socket(family, kind, SockFlag::SOCK_CLOEXEC, None).and_then(|fd| limit(&fd).map(|()| fd));
    made.map_err(|error| format!("make a socket for {address}: {error}"))
}

fn limit(socket: &OwnedFd) -> nix::Result<()> {
    let patience = TimeVal::new(PATIENCE_SECONDS, 0);
    setsockopt(socket, sockopt::ReceiveTimeout, &patience)?;
    setsockopt(socket, sockopt::SendTimeout, &patience)
}

fn parse(address: &str) -> Result<SocketAddr, String> {
    address.parse().map_err(|_| format!("use `{address}` as an address: expected IP:PORT"))
}

fn to_address(address: &SockaddrStorage) -> Address {
    if let Some(v4) = address.as_sockaddr_in() {
        Address::Inet { ip: v4.ip(), port: v4.port() }
    } else if let Some(v6) = address.as_sockaddr_in6() {
        Address::Inet6 { ip: v6.ip(), port: v6.port() }
    } else {
        Address::Other { number: 0 }
    }
}

fn send_all(socket: &OwnedFd, mut bytes: &[u8]) -> nix::Result<()> {
    while !bytes.is_empty() {
        match send(socket.as_raw_fd(), bytes, MsgFlags::MSG_NOSIGNAL) {
            Err(Errno::EINTR) => {}
            sent => bytes = &bytes[sent?..],
        }
    }
    Ok(())
}

/// Reads a line, without its end.
fn line(socket: &OwnedFd) -> nix::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut buffer = [0; 512];
    while line.len() < LONGEST_LINE {
        match recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
            Err(Errno::EINTR) => continue,
            Ok(0) => return Err(Errno::ECONNRESET),
            length => line.extend_from_slice(&buffer[..length?]),
        }
        if let Some(end) = line.iter().position(|byte| *byte == b'\n') {
            line.truncate(end);
            return Ok(line);
        }
    }
    Err(Errno::EMSGSIZE)
}
