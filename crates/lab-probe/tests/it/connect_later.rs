//! Sockets that do not wait: connected later, refused later, given up.

use std::net::TcpListener;

use lab_model::{Errno, Outcome};

use crate::{
    connect::inet,
    lab::{Lab, of},
};

#[test]
fn how_a_connect_ended_is_told_by_the_event_of_the_call() {
    let Some(lab) = Lab::start("connect-later", &[]) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let open = listener.local_addr().unwrap().port();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    // A listener whose queue is full answers no further one: the connect stays where it is.
    let full = TcpListener::bind("127.0.0.1:0").unwrap();
    // SAFETY: a descriptor of ours.
    unsafe { libc::listen(std::os::fd::AsRawFd::as_raw_fd(&full), 0) };
    let port = full.local_addr().unwrap().port();
    let _first = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let addresses = [inet(open), inet(closed), inet(port), inet(port)];
    // SAFETY: valid buffers and lengths.
    let subject = lab.subject(|| unsafe {
        let mut last = 0;
        for address in &addresses {
            last = libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_NONBLOCK, 0);
            libc::connect(last, address.as_ptr().cast(), address.len() as u32);
        }
        // The last but one is still going on when the probe ends; this one is given up.
        libc::close(last);
        let mut all = libc::pollfd { fd: last - 1, events: libc::POLLOUT, revents: 0 };
        libc::raise(libc::SIGSTOP);
        libc::poll(&raw mut all, 1, 0)
    });
    let mut status = 0;
    // SAFETY: our own child, which stops itself.
    unsafe { libc::waitpid(subject.pid as i32, &raw mut status, libc::WUNTRACED) };
    let cgroup = lab.cgroup.clone();
    let (events, counters) = lab.stop();
    // SAFETY: our own child.
    unsafe { libc::kill(subject.pid as i32, libc::SIGKILL) };
    subject.wait();
    // The lab could not take it away, with the subject in it.
    std::fs::remove_dir(cgroup).unwrap();
    let connects: Vec<_> =
        events.iter().filter(|event| event.image.pid == Some(subject.pid)).collect::<Vec<_>>();
    let told: Vec<_> = of!(events, subject.pid, Connect).into_iter().map(|c| (c.result, c.later)).collect();
    let progress = Outcome::Errno(Errno(libc::EINPROGRESS));
    assert_eq!(
        told,
        [
            (progress, Some(Outcome::Ok(0))),
            (progress, Some(Outcome::Errno(Errno(libc::ECONNREFUSED)))),
            (progress, None),
            (progress, None),
        ]
    );
    let given_up = |event: &&&lab_model::Event| event.raw.contains_key("later");
    assert_eq!(connects.iter().filter(given_up).count(), 1, "the one whose socket was closed");
    let balance = &counters.programs["connect-later"];
    assert_eq!((balance.produced, balance.received, balance.in_flight), (4, 3, 1));
}
