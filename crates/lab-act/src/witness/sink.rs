//! The lab's sink: a TCP server and a DNS server on the loopback, which keep a log of who said what.
//!
//! What they answer is random each time, so an actor that knows the answer has spoken to them.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::{fd::AsFd as _, unix::net::UnixStream},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
};

use crate::{dns, hash::hex};

/// Longest line that the sink takes.
const LONGEST_LINE: usize = 1 << 16;
/// Most connections at once; more are closed at once.
const MOST_CONNECTIONS: usize = 64;

/// One line in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    /// over TCP, else DNS
    pub(super) tcp: bool,
    /// from where
    pub(super) peer: SocketAddr,
    /// the line, or the name
    pub(super) said: Vec<u8>,
    /// the answer, without its line end; the address as text
    pub(super) answered: String,
}

type Log = Arc<Mutex<Vec<Heard>>>;

/// Both servers, in one thread.
pub(super) struct Sink {
    pub(super) tcp: SocketAddr,
    pub(super) dns: SocketAddr,
    log: Log,
    stop: UnixStream,
    thread: Option<JoinHandle<()>>,
}

impl Sink {
    pub(super) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let resolver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        resolver.set_nonblocking(true)?;
        let (tcp, dns) = (listener.local_addr()?, resolver.local_addr()?);
        let (stop, stopped) = UnixStream::pair()?;
        let log = Log::default();
        let server = Server { listener, resolver, stopped, connections: Vec::new(), log: log.clone() };
        let thread = thread::Builder::new().name("sightline-sink".to_owned()).spawn(|| server.run())?;
        Ok(Self { tcp, dns, log, stop, thread: Some(thread) })
    }

    /// Everything heard so far.
    pub(super) fn heard(&self) -> Vec<Heard> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stops the thread and closes every socket.
    pub(super) fn stop(&mut self) {
        let _ = self.stop.shutdown(std::net::Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Server {
    listener: TcpListener,
    resolver: UdpSocket,
    stopped: UnixStream,
    connections: Vec<Connection>,
    log: Log,
}

/// A connection stays open until its peer closes it, so that a witness finds it in the kernel's table.
struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    line: Vec<u8>,
    web: Web,
}

/// How far a request of HTTP/1 has come: programs that a person has observed speak it. (HTTP/0.9 is a line as any other.)
enum Web {
    No,
    /// its head comes; what will be answered
    Head(String),
    /// it is answered, and nothing more is
    Answered,
}

impl Server {
    fn run(mut self) {
        loop {
            let mut fds = vec![
                PollFd::new(self.stopped.as_fd(), PollFlags::POLLIN),
                PollFd::new(self.listener.as_fd(), PollFlags::POLLIN),
                PollFd::new(self.resolver.as_fd(), PollFlags::POLLIN),
            ];
            fds.extend(self.connections.iter().map(|c| PollFd::new(c.stream.as_fd(), PollFlags::POLLIN)));
            match poll(&mut fds, PollTimeout::NONE) {
                Err(Errno::EINTR) => continue,
                Err(_) => return,
                Ok(_) => {}
            }
            let ready: Vec<bool> = fds.iter().map(|fd| fd.any().unwrap_or(true)).collect();
            drop(fds);
            if ready[0] {
                return;
            }
            let mut at = 3;
            let log = &self.log;
            self.connections.retain_mut(|connection| {
                at += 1;
                !ready[at - 1] || connection.hear(log)
            });
            if ready[1] {
                self.accept();
            }
            if ready[2] {
                self.resolve();
            }
        }
    }

    fn accept(&mut self) {
        while let Ok((stream, peer)) = self.listener.accept() {
            let welcome = peer.ip().is_loopback() && self.connections.len() < MOST_CONNECTIONS;
            if welcome && stream.set_nonblocking(true).is_ok() {
                self.connections.push(Connection { stream, peer, line: Vec::new(), web: Web::No });
            }
        }
    }

    fn resolve(&mut self) {
        let mut query = [0; 1 << 12];
        while let Ok((length, peer)) = self.resolver.recv_from(&mut query) {
            let address = random_loopback();
            if !peer.ip().is_loopback() {
                continue;
            }
            if let Some((name, reply)) = dns::answer(&query[..length], address) {
                let said = name.into_bytes();
                push(&self.log, Heard { tcp: false, peer, said, answered: address.to_string() });
                let _ = self.resolver.send_to(&reply, peer);
            }
        }
    }
}

impl Connection {
    /// Takes what has come; false if the connection is over.
    fn hear(&mut self, log: &Log) -> bool {
        let mut buffer = [0; 1 << 12];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return false,
                Ok(length) => self.line.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
            if self.line.len() > LONGEST_LINE {
                return false;
            }
        }
        while let Some(end) = self.line.iter().position(|byte| *byte == b'\n') {
            let mut said: Vec<u8> = self.line.drain(..=end).collect();
            said.pop();
            match &self.web {
                Web::No => {}
                Web::Head(answer) if matches!(said.as_slice(), b"" | b"\r") => {
                    let length = answer.len() + 1;
                    let head =
                        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
                    if self.stream.write_all(format!("{head}{answer}\n").as_bytes()).is_err() {
                        return false;
                    }
                    // The other half stays open until the peer closes it, as on every connection.
                    let _ = self.stream.shutdown(std::net::Shutdown::Write);
                    self.web = Web::Answered;
                    continue;
                }
                Web::Head(_) | Web::Answered => continue,
            }
            let answered = hex(&random::<16>());
            if let Some(request) =
                said.strip_suffix(b" HTTP/1.1\r").or_else(|| said.strip_suffix(b" HTTP/1.0\r"))
            {
                let (said, answer) = (request.to_vec(), answered.clone());
                push(log, Heard { tcp: true, peer: self.peer, said, answered });
                self.web = Web::Head(answer);
                continue;
            }
            let reply = format!("{answered}\n");
            // The log comes first: who has the answer can rely on the line being there.
            push(log, Heard { tcp: true, peer: self.peer, said, answered });
            // An answer of 33 bytes fits into an empty buffer; a peer that reads nothing gets no more.
            if self.stream.write_all(reply.as_bytes()).is_err() {
                return false;
            }
        }
        true
    }
}

fn push(log: &Log, heard: Heard) {
    log.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // SAFETY: pointer and length are those of one live array. Up to 256 bytes come whole, or not at all at early boot.
    unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), N, 0) };
    bytes
}

fn random_loopback() -> Ipv4Addr {
    let [b, c, d] = random::<3>();
    Ipv4Addr::new(127, b, c, d)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead as _, BufReader, Read as _, Write as _},
        net::{TcpStream, UdpSocket},
        time::Duration,
    };

    use super::Sink;
    use crate::dns;

    #[test]
    fn a_request_of_http_gets_one_answer_after_its_head() {
        let sink = Sink::start().unwrap();
        let mut stream = TcpStream::connect(sink.tcp).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(b"POST /sl0 HTTP/1.1\r\nHost: x\r\n\r\nbody\nmore\n").unwrap();
        let mut answer = String::new();
        BufReader::new(&stream).read_to_string(&mut answer).unwrap();
        let heard = sink.heard();
        assert_eq!((heard.len(), heard[0].said.as_slice()), (1, &b"POST /sl0"[..]));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\nContent-Length: 33\r\n"), "{head}");
        assert_eq!(body, format!("{}\n", heard[0].answered));
    }

    #[test]
    fn lines_and_names_are_logged_and_answered() {
        let mut sink = Sink::start().unwrap();
        let mut stream = TcpStream::connect(sink.tcp).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(b"sl0\n").unwrap();
        let mut answer = String::new();
        BufReader::new(&stream).read_line(&mut answer).unwrap();
        let asker = UdpSocket::bind("127.0.0.1:0").unwrap();
        asker.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        asker.send_to(&dns::query(1, "sl1.test").unwrap(), sink.dns).unwrap();
        let mut reply = [0; 512];
        let (length, _) = asker.recv_from(&mut reply).unwrap();
        let heard = sink.heard();
        assert_eq!((heard[0].said.as_slice(), heard[0].peer), (&b"sl0"[..], stream.local_addr().unwrap()));
        assert_eq!(heard[0].answered, answer.trim_end());
        assert_eq!(heard[1].said, b"sl1.test");
        assert_eq!(heard[1].answered, dns::address_in(&reply[..length]).unwrap());
        sink.stop();
        assert!(TcpStream::connect(sink.tcp).is_err());
    }
}
