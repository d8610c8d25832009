//! Connections accepted, with and without asking for the peer.

use std::{
    net::{TcpListener, TcpStream},
    os::fd::AsRawFd,
    ptr::null_mut,
};

use lab_model::{Address, Errno, Outcome};

use crate::lab::{Lab, of};

#[test]
fn accept_knows_the_peer_that_was_asked_for() {
    let Some(lab) = Lab::start("accept", &[]) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = listener.local_addr().unwrap();
    let first = TcpStream::connect(to).unwrap();
    let _second = TcpStream::connect(to).unwrap();
    let fd = listener.as_raw_fd();
    // SAFETY: valid buffers and lengths.
    let subject = lab.subject(|| unsafe {
        let mut peer = [0u8; 28];
        let mut len = 28u32;
        libc::accept(fd, peer.as_mut_ptr().cast(), &raw mut len);
        libc::accept4(fd, null_mut(), null_mut(), libc::SOCK_CLOEXEC);
        libc::fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK);
        libc::accept(fd, null_mut(), null_mut());
        0
    });
    subject.wait();
    let (events, _) = lab.stop();
    let accepts = of!(events, subject.pid, Accept);
    let peer = Address::from(first.local_addr().unwrap());
    assert_eq!(accepts[0].peer, Some(peer));
    assert!(matches!(accepts[0].result, Outcome::Ok(fd) if fd > 2));
    assert_eq!(accepts[1].peer, None);
    assert!(matches!(accepts[1].result, Outcome::Ok(_)));
    assert_eq!((&accepts[2].peer, accepts[2].result), (&None, Outcome::Errno(Errno(libc::EAGAIN))));
}
