//! Sockets bound.

use lab_model::{Address, Errno, Outcome};

use crate::{
    connect::inet,
    lab::{Lab, call, of},
};

#[test]
fn bind_and_its_refusal() {
    let Some(lab) = Lab::start("bind", &[]) else { return };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().port();
    let (free, used) = (inet(0), inet(taken));
    // SAFETY: valid buffers and lengths.
    let subject = lab.subject(|| unsafe {
        let fd = libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0);
        libc::bind(fd, used.as_ptr().cast(), used.len() as u32);
        call(libc::bind(fd, free.as_ptr().cast(), free.len() as u32).into())
    });
    assert_eq!(subject.wait(), 0);
    let (events, _) = lab.stop();
    let seen: Vec<_> = of!(events, subject.pid, Bind).into_iter().map(|b| (b.address, b.result)).collect();
    let v4 = |port| Address::Inet { ip: [127, 0, 0, 1].into(), port };
    assert_eq!(seen, [(v4(taken), Outcome::Errno(Errno(libc::EADDRINUSE))), (v4(0), Outcome::Ok(0))]);
}
