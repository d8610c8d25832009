//! Observes acts by roads that no sensor uses, and says what it saw.
//!
//! The caller's way with one act: [`Witnesses::before`], order `Perform`, on `Listening`
//! [`Witnesses::listening`], on `Held` [`Witnesses::held`], order `Release`, on `Done` [`Witnesses::after`].
//!
//! # What each family must observe
//!
//! An act is proven by two families, if nobody contradicts; a family counts if all of its claims were observed. A claim
//! that was not observed is *contradicted* if somebody looked and it is otherwise (other content, other ids, no such
//! event on a road that hears all of them), and merely missing if nobody could look (the kernel refuses the road, a
//! file is too long to be compared). What the receipt does not say, it denies.
//!
//! The receipt's claims are the same for every kind: no error, the call, the images and the ids are those of the order,
//! the result is the expected one, each process ended, and the hash of what was written or served is right.
//!
//! | kind | outside | kernel |
//! |---|---|---|
//! | every | - | `/proc`: the receipt's processes are there while the act is held, children of the actor in the line that the receipt tells, begun when it says; the one that acted has the ids that the order leads to |
//! | every, through images | - | fanotify: each image was opened for execution by the process of its step; `/proc`: what runs there has this file and these arguments |
//! | exec | - | as above |
//! | read | the hash is that of the content that we read | fanotify: that process opened and read that name |
//! | write, append | the content was not there before and is there now, exactly | fanotify: that process opened (and made) and modified that name |
//! | unlink | the file was there and is gone | fanotify: that process deleted that name |
//! | rename | the very file has the new name, and the old name is gone | fanotify: that process renamed it so |
//! | connect | the sink got the payload; the receipt knows the hash of its random answer | `/proc`: the process holds a TCP socket from the sink's peer to the sink |
//! | resolve | the DNS server got the name; the receipt knows the hash of its random answer | `/proc`: the same with UDP |
//! | serve | our own client got the keyed answer, and the receipt names it as peer | `/proc`: the process holds the listening socket, and the one to our client |
//! | setid | - | `/proc`: the ids (in the line for every kind) |
//! | shell | - | fanotify: the shell was executed by that process; `/proc`: it has ended, the child of the process that acted |
//! | shell, if the command ends with `echo NONCE >PATH` | the file was other before and holds the nonce now, exactly | fanotify: the shell's own process opened (and made) and modified that name |
//! | any, refused | - | rehearsal: the same call by us under these ids is refused with the same error; fanotify: the process did nothing to the names of the act |
//!
//! # How strong that is
//!
//! - Outside is empty where nobody outside can see the act; then receipt and kernel must both stand.
//! - A refused call leaves no trace in the kernel. What is shown is that a process with these ids and images
//!   was there, and that the call could not have ended otherwise; that it was made stands on the receipt.
//!   An act that changes nothing (taking the ids one has) is no stronger. fanotify's permission events come after the
//!   check of the file's mode, and `/proc/PID/syscall` shows the call in which a process is held, not an earlier one.
//! - The command of a shell act is seen outside only if it ends by saying the nonce into a file; that the statements
//!   before it ran stands on the receipt. Of any other command so does all of it: that `/bin/sh` ran in that process
//!   is shown, its argument is not, as the shell has ended when the act is held.
//! - A process that holds sockets to the sink and a sink that got the payload are joined by the port.
//! - Nothing here trusts a pid of the receipt before `/proc` has shown it below the actor, whose pid the caller knows
//!   because it started it.

mod claims;
mod fanotify;
mod file;
pub(crate) mod ids;
mod process;
mod rehearsal;
mod sink;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use lab_model::{Act, ActKind, Address, Expectation, FileId, Outcome, Receipt, Witness};

use self::{
    claims::Unseen,
    fanotify::{Directory, Event, Fanotify},
    file::State,
    process::{Socket, View},
    sink::{Heard, Sink},
};
use crate::hash::key_bytes;

/// Longest wait for an actor that serves.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there can be no witnesses.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// No server could be started.
    #[error("start the sink on the loopback: {0}")]
    Sink(#[source] io::Error),
    /// The key is not hexadecimal.
    #[error("use the run's key: it is not hexadecimal")]
    Key,
}

/// The lab's witnesses, with the sink.
pub struct Witnesses {
    key: Vec<u8>,
    sink: Sink,
    fanotify: Result<Fanotify, String>,
    actor: Option<u32>,
    watch: Watch,
}

/// What is known of the act under way.
#[derive(Default)]
struct Watch {
    act: u32,
    /// place and identity of each link's image
    images: Vec<Result<Image, String>>,
    /// places of the names that the act concerns
    names: Vec<Result<Place, String>>,
    /// their states
    states: Vec<State>,
    /// how much the sink had heard
    heard: usize,
    /// the resident actor
    actor: Option<View>,
    events: Vec<Event>,
    /// why events may be missing
    deaf: Option<String>,
    views: BTreeMap<u32, Result<View, Unseen>>,
    /// the process that acted, as the receipt had it then, and its sockets, for kinds that make some
    sockets: Option<(u32, Result<Vec<Socket>, String>)>,
    rehearsal: Option<Result<Outcome, String>>,
    client: Option<Result<Client, String>>,
}

type Place = (Directory, Vec<u8>);

struct Image {
    place: Place,
    file: FileId,
}

/// Our own connection to an actor that serves.
struct Client {
    /// kept open until the act is over
    _stream: TcpStream,
    local: SocketAddr,
    server: SocketAddr,
    answer: String,
}

impl Witnesses {
    /// Starts the sink and opens the kernel's roads. `key` is the run's key for hashes, hexadecimal.
    ///
    /// A road that this kernel refuses is no error: what depends on it stays unobserved, with the reason.
    ///
    /// # Errors
    /// No server can be started on the loopback, or the key is not hexadecimal.
    pub fn start(key: &str) -> Result<Self, WitnessError> {
        let key = key_bytes(key).ok_or(WitnessError::Key)?;
        let sink = Sink::start().map_err(WitnessError::Sink)?;
        let fanotify = Fanotify::open().map_err(|error| format!("fanotify is refused: {error}"));
        Ok(Self { key, sink, fanotify, actor: None, watch: Watch::default() })
    }

    /// Where the TCP sink listens.
    pub fn sink(&self) -> SocketAddr {
        self.sink.tcp
    }

    /// Where the DNS server listens.
    pub fn resolver(&self) -> SocketAddr {
        self.sink.dns
    }

    /// Names the resident actor by the pid with which the caller started it, never by what it says of itself.
    pub fn actor(&mut self, pid: u32) {
        self.actor = Some(pid);
    }

    /// Notes how things stand, and watches the places that the act concerns.
    pub fn before(&mut self, act: &Act) {
        let paths = paths(act);
        let images = act.via.iter().map(|link| self.image(&link.path)).collect();
        let names = paths.iter().map(|(path, follow)| self.place(path, *follow)).collect();
        let states = paths.iter().map(|(path, _)| file::state(path)).collect();
        let actor = self.actor.and_then(|pid| process::look(pid).ok());
        let deaf = match &self.fanotify {
            Ok(fanotify) => fanotify.drain().err().map(|error| error.to_string()),
            Err(error) => Some(error.clone()),
        };
        let heard = self.sink.heard().len();
        self.watch = Watch { act: act.id, images, names, states, heard, actor, deaf, ..Watch::default() };
    }

    /// Connects, as someone outside, to an actor that serves, and says the nonce.
    pub fn listening(&mut self, act: &Act, address: &Address) {
        self.watch.client = Some(visit(act, address).map_err(|error| format!("visit {address}: {error}")));
    }

    /// Looks at the processes of the act while they hold.
    pub fn held(&mut self, act: &Act, receipt: &Receipt) {
        self.drain();
        let pids: BTreeSet<u32> = receipt.steps.iter().map(|step| step.process.pid).collect();
        self.watch.views = pids.into_iter().map(|pid| (pid, process::look(pid))).collect();
        let principal = receipt.principal.and_then(|at| receipt.steps.get(at)).map(|step| step.process.pid);
        self.watch.sockets =
            principal.zip(protocol(&act.kind)).map(|(pid, (tcp, v6))| (pid, process::sockets(pid, tcp, v6)));
        let actor = self.watch.actor.as_ref().map(|actor| actor.ids);
        if matches!(act.expect, Expectation::Errno(_)) {
            let ids = actor.and_then(|actor| ids::expected(act, actor));
            self.watch.rehearsal = Some(match ids {
                Some(ids) => rehearsal::rehearse(act, ids, ids::expected_groups(act)),
                None => Err("the ids of the process that acted are not known".to_owned()),
            });
        }
    }

    /// Says what was seen of the act. Without [`Self::before`] and [`Self::held`] nothing was.
    pub fn after(&mut self, act: &Act, receipt: &Receipt) -> Vec<Witness> {
        self.drain();
        if let Ok(fanotify) = &self.fanotify {
            fanotify.forget();
        }
        let watch = std::mem::take(&mut self.watch);
        let watch = if watch.act == act.id { watch } else { Watch::default() };
        let states: Vec<State> = paths(act).iter().map(|(path, _)| file::state(path)).collect();
        let heard: Vec<Heard> = self.sink.heard().into_iter().skip(watch.heard).collect();
        let evidence =
            claims::Evidence { act, receipt, key: &self.key, watch: &watch, after: &states, heard: &heard };
        claims::claims(&evidence)
    }

    /// Stops the sink; nothing is left.
    pub fn finish(mut self) {
        self.sink.stop();
    }

    fn drain(&mut self) {
        let Ok(fanotify) = &self.fanotify else { return };
        match fanotify.drain() {
            Ok(events) => self.watch.events.extend(events),
            Err(error) => self.watch.deaf = Some(error.to_string()),
        }
    }

    fn image(&self, path: &str) -> Result<Image, String> {
        let file = process::file_id(path).ok_or_else(|| format!("there is no {path}"))?;
        Ok(Image { place: self.place(path, true)?, file })
    }

    fn place(&self, path: &str, follow: bool) -> Result<Place, String> {
        let (directory, name) = file::place(path, follow)?;
        let fanotify = self.fanotify.as_ref().map_err(Clone::clone)?;
        let directory =
            fanotify.watch(&directory).map_err(|e| format!("watch {}: {e}", directory.display()))?;
        Ok((directory, name))
    }
}

/// The file into which a command says the nonce: it must end with `echo NONCE >PATH`, the path absolute and plain.
fn said_into<'a>(command: &'a str, nonce: &str) -> Option<&'a str> {
    let last = command.rsplit(';').next()?.trim();
    let path = last.strip_prefix("echo ")?.strip_prefix(nonce)?.strip_prefix(" >")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    (path.starts_with('/') && !path.starts_with("/dev/") && path.bytes().all(plain)).then_some(path)
}

/// The names that an act concerns, and whether its call follows a link there.
fn paths(act: &Act) -> Vec<(&str, bool)> {
    match &act.kind {
        ActKind::Read { path } | ActKind::Write { path, .. } | ActKind::Append { path, .. } => {
            vec![(path, true)]
        }
        ActKind::Unlink { path } => vec![(path, false)],
        ActKind::Rename { from, to } => vec![(from, false), (to, false)],
        ActKind::Shell { command } => {
            ["/bin/sh"].into_iter().chain(said_into(command, &act.nonce)).map(|path| (path, true)).collect()
        }
        ActKind::Exec
        | ActKind::Connect { .. }
        | ActKind::Resolve { .. }
        | ActKind::Serve { .. }
        | ActKind::Setid { .. }
        | ActKind::Observe { .. } => Vec::new(),
    }
}

/// Whether the kind's socket is one of TCP, and of IPv6.
fn protocol(kind: &ActKind) -> Option<(bool, bool)> {
    let (tcp, address) = match kind {
        ActKind::Connect { address, .. } | ActKind::Serve { address } => (true, address),
        ActKind::Resolve { resolver, .. } => (false, resolver),
        _ => return None,
    };
    Some((tcp, address.starts_with('[')))
}

fn visit(act: &Act, address: &Address) -> io::Result<Client> {
    let server = match address {
        Address::Inet { ip, port } => SocketAddr::from((*ip, *port)),
        Address::Inet6 { ip, port } => SocketAddr::from((*ip, *port)),
        _ => return Err(io::Error::other("not an address of IP")),
    };
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(format!("{}\n", act.nonce).as_bytes())?;
    let mut answer = String::new();
    BufReader::new(io::Read::take(&stream, 1 << 12)).read_line(&mut answer)?;
    Ok(Client { local: stream.local_addr()?, server, answer: answer.trim_end().to_owned(), _stream: stream })
}

#[cfg(test)]
mod tests {
    use super::said_into;

    #[test]
    fn where_a_command_says_the_nonce() {
        let said = |command| said_into(command, "sl1");
        assert_eq!(said("id >/dev/null; echo sl1 >/tmp/a-b.c"), Some("/tmp/a-b.c"));
        assert_eq!(said("echo sl1 >/tmp/a"), Some("/tmp/a"));
        for other in [
            "echo sl1",
            "echo sl1 >a",
            "echo sl1 >>/tmp/a",
            "echo sl1 >/dev/null",
            "echo sl10 >/tmp/a",
            "echo sl1 >/tmp/a; id",
            "echo sl1 >/tmp/$a",
            "echo sl1 >/tmp/a b",
            "",
        ] {
            assert_eq!(said(other), None, "{other}");
        }
    }
}
