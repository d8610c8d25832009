//! Sockets that listen, and what is sent: by every call, granted and refused, with the questions of DNS.

use std::{
    mem::zeroed,
    net::{TcpListener, TcpStream, UdpSocket},
    os::fd::AsRawFd,
};

use crate::{
    connect::inet,
    lab::{Lab, told},
};

#[test]
fn listening() {
    let Some(lab) = Lab::start("listen", &[]) else { return };
    // SAFETY: no pointers.
    let subject = lab.subject(|| unsafe {
        let fd = libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0);
        libc::listen(fd, 7);
        libc::listen(fd, -1);
        libc::listen(libc::socket(libc::AF_INET, libc::SOCK_DGRAM, 0), 1);
        libc::listen(-1, 0);
        0
    });
    subject.wait();
    let folder = lab.dir.path().to_owned();
    let (events, _) = lab.stop();
    assert_eq!(
        told(&events, subject.pid, &folder),
        [
            "listen backlog=7 -> ok",
            "listen backlog=-1 -> ok",
            "listen backlog=1 -> EOPNOTSUPP",
            "listen backlog=0 -> EBADF"
        ]
    );
}

#[test]
fn sent_by_every_call() {
    let Some(lab) = Lab::start("send", &[]) else { return };
    let sink = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = sink.local_addr().unwrap().port();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let tcp = listener.local_addr().unwrap().port();
    let to = inet(port);
    let secret = b"secret";
    // SAFETY: valid buffers and lengths.
    let subject = lab.subject(|| unsafe {
        let udp = libc::socket(libc::AF_INET, libc::SOCK_DGRAM, 0);
        let name = to.as_ptr().cast::<libc::sockaddr>();
        let buffer = secret.as_ptr().cast();
        libc::sendto(udp, buffer, 6, 0, name, to.len() as u32);
        libc::send(udp, buffer, 6, 0);
        let mut piece = libc::iovec { iov_base: buffer.cast_mut(), iov_len: 6 };
        let mut pieces = [piece; 9];
        let mut message: libc::msghdr = zeroed();
        (message.msg_name, message.msg_namelen) = (name.cast_mut().cast(), to.len() as u32);
        (message.msg_iov, message.msg_iovlen) = (pieces.as_mut_ptr(), 2);
        libc::sendmsg(udp, &raw const message, 0);
        message.msg_iovlen = 9;
        libc::sendmsg(udp, &raw const message, 0);
        libc::connect(udp, name, to.len() as u32);
        libc::send(udp, buffer, 6, 0);
        libc::send(stream.as_raw_fd(), buffer, 6, libc::MSG_NOSIGNAL);
        let mut both: [libc::mmsghdr; 2] = zeroed();
        for one in &mut both {
            (one.msg_hdr.msg_iov, one.msg_hdr.msg_iovlen) = (&raw mut piece, 1);
        }
        libc::sendmmsg(udp, both.as_mut_ptr(), 2, 0);
        libc::send(0, buffer, 6, 0);
        libc::send(-1, buffer, 6, 0);
        0
    });
    subject.wait();
    let folder = lab.dir.path().to_owned();
    let (events, spool) = lab.stop_with_spool();
    let told = told(&events, subject.pid, &folder);
    assert_eq!(
        told[..7],
        [
            format!("send address=127.0.0.1:{port} length=6 -> 6"),
            "send length=6 -> EDESTADDRREQ".to_owned(),
            format!("send address=127.0.0.1:{port} length=12 -> 12"),
            format!("send address=127.0.0.1:{port} -> 54"),
            format!("send address=127.0.0.1:{port} length=6 -> 6"),
            format!("send address=127.0.0.1:{tcp} length=6 -> 6"),
            format!("send address=127.0.0.1:{port} length=12 -> 2"),
        ]
    );
    assert!(told[7].starts_with("send length=6 -> E"), "{told:?}");
    assert_eq!(told[8..], ["send length=6 -> EBADF"]);
    assert!(!spool.windows(6).any(|window| window == secret), "what is sent is nobody's business");
}

fn query(name: &[u8], kind: u8) -> Vec<u8> {
    let header = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    [&header, name, &[0, 0, kind, 0, 1], b"secret"].concat()
}

#[test]
fn questions_of_dns() {
    let Some(lab) = Lab::start("send-dns", &[]) else { return };
    // A server of our own, so that nothing is asked of a real one.
    let server = UdpSocket::bind("127.77.0.1:53").unwrap();
    let mut to = inet(53);
    to[4..8].copy_from_slice(&[127, 77, 0, 1]);
    let (a, aaaa) = (query(b"\x03www\x07example", 1), query(b"\x03www\x07example", 28));
    // SAFETY: valid buffers and lengths.
    let subject = lab.subject(|| unsafe {
        let udp = libc::socket(libc::AF_INET, libc::SOCK_DGRAM, 0);
        let name = to.as_ptr().cast::<libc::sockaddr>();
        libc::sendto(udp, a.as_ptr().cast(), a.len(), 0, name, to.len() as u32);
        libc::sendto(udp, b"no query".as_ptr().cast(), 8, 0, name, to.len() as u32);
        libc::connect(udp, name, to.len() as u32);
        let mut both: [libc::mmsghdr; 2] = zeroed();
        let mut pieces = [&a, &aaaa]
            .map(|query| libc::iovec { iov_base: query.as_ptr().cast_mut().cast(), iov_len: query.len() });
        for (one, piece) in both.iter_mut().zip(&mut pieces) {
            (one.msg_hdr.msg_iov, one.msg_hdr.msg_iovlen) = (&raw mut *piece, 1);
        }
        libc::sendmmsg(udp, both.as_mut_ptr(), 2, 0);
        0
    });
    subject.wait();
    drop(server);
    let folder = lab.dir.path().to_owned();
    let (events, spool) = lab.stop_with_spool();
    let length = a.len();
    assert_eq!(
        told(&events, subject.pid, &folder),
        [
            format!(r#"send address=127.77.0.1:53 questions=["www.example A"] length={length} -> {length}"#),
            "send address=127.77.0.1:53 length=8 -> 8".to_owned(),
            format!(
                r#"send address=127.77.0.1:53 questions=["www.example A", "www.example AAAA"] length={} -> 2"#,
                2 * length
            ),
        ]
    );
    let holds = |text: &[u8]| spool.windows(text.len()).any(|window| window == text);
    assert!(holds(b"www.example AAAA") && !holds(b"secret") && !holds(b"no query"));
}
