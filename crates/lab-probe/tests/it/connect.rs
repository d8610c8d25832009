//! Sockets connected: three families, success and refusal.

use std::{net::TcpListener, os::unix::net::UnixListener};

use lab_model::{Address, Errno, Outcome, Text};

use crate::lab::{Lab, of};

/// A `sockaddr` by its parts.
pub(crate) fn address(family: i32, rest: &[u8]) -> Vec<u8> {
    [&(family as u16).to_ne_bytes(), rest].concat()
}

pub(crate) fn inet(port: u16) -> Vec<u8> {
    address(libc::AF_INET, &[&port.to_be_bytes()[..], &[127, 0, 0, 1], &[0; 8]].concat())
}

pub(crate) fn inet6(port: u16) -> Vec<u8> {
    let mut ip = [0; 16];
    ip[15] = 1;
    address(libc::AF_INET6, &[&port.to_be_bytes()[..], &[0; 4], &ip, &[0; 4]].concat())
}

#[test]
fn connect_to_three_families() {
    let Some(lab) = Lab::start("connect", &[]) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let refused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let path = lab.dir.path().join("s");
    let _unix = UnixListener::bind(&path).unwrap();
    let name = format!("sightline-{}", std::process::id());
    let unix = address(libc::AF_UNIX, &[path.to_str().unwrap().as_bytes(), b"\0"].concat());
    let abstracted = address(libc::AF_UNIX, &[b"\0", name.as_bytes()].concat());
    let calls = [
        (libc::AF_INET, inet(port)),
        (libc::AF_INET, inet(refused)),
        (libc::AF_INET6, inet6(refused)),
        (libc::AF_UNIX, unix),
        (libc::AF_UNIX, abstracted),
    ];
    // SAFETY: valid buffers and lengths.
    let subject = lab.subject(|| unsafe {
        for (family, address) in &calls {
            let fd = libc::socket(*family, libc::SOCK_STREAM, 0);
            libc::connect(fd, address.as_ptr().cast(), address.len() as u32);
        }
        0
    });
    assert_eq!(subject.wait(), 0);
    let (events, _) = lab.stop();
    let seen: Vec<_> = of!(events, subject.pid, Connect).into_iter().map(|c| (c.address, c.result)).collect();
    let refusal = Outcome::Errno(Errno(libc::ECONNREFUSED));
    let v4 = |port| Address::Inet { ip: [127, 0, 0, 1].into(), port };
    assert_eq!(seen[0], (v4(port), Outcome::Ok(0)));
    assert_eq!(seen[1], (v4(refused), refusal));
    // Where IPv6 is off the address is the same and the errno another.
    assert_eq!(seen[2].0.to_string(), format!("[::1]:{refused}"));
    assert!(matches!(seen[2].1, Outcome::Errno(_)));
    let path = Text::from(path.to_str().unwrap());
    assert_eq!(seen[3], (Address::Unix { path, is_abstract: false }, Outcome::Ok(0)));
    assert_eq!(seen[4], (Address::Unix { path: Text::from(name), is_abstract: true }, refusal));
}
