//! The resident actor: takes orders over stdio, has each act performed in a child, keeps the receipt.

use std::{
    collections::BTreeMap,
    io,
    os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd},
};

use lab_model::{Act, ActKind, Exit, Fork, Order, Outcome, Payload, Receipt, Reply, Stamp, Step};
use nix::{
    errno::Errno,
    fcntl::{OFlag, open},
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::stat::Mode,
    unistd::{ForkResult, Pid, fork, pipe2, read, write},
};

use super::{
    chain::{Doer, exec_payload, reap},
    channel::{Channel, Said, Told},
    launch::{self, Launched},
    network,
    own::{boot_ns, stamp},
};

/// Longest order; more is not a lab's.
const LONGEST_ORDER: usize = 16 << 20;

/// Takes orders until told to stop or until nobody is there to give any.
///
/// # Errors
/// Only what makes the resident actor itself useless: no `/dev/null`, no `/proc`, a closed standard output.
pub(super) fn serve() -> io::Result<()> {
    let null = open("/dev/null", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty())?;
    let me = Stamp { start_ticks: start_ticks(stamp().pid).unwrap_or(0), ..stamp() };
    let mut resident = Resident { null, me, pending: Vec::new(), performing: None, launched: None };
    reply(&Reply::Hello { stamp: me, version: lab_model::VERSION.to_owned() })?;
    while let Some(line) = resident.next_order()? {
        match serde_json::from_slice(&line) {
            Ok(Order::Stop) => break,
            Ok(order) => resident.obey(order)?,
            Err(error) => fail(format!("read an order: {error}"))?,
        }
    }
    Ok(())
}

struct Resident {
    null: OwnedFd,
    me: Stamp,
    /// What has been read of the next order.
    pending: Vec<u8>,
    performing: Option<Performing>,
    /// A program of the person's own that runs.
    launched: Option<Launched>,
}

/// An act under way.
struct Performing {
    child: Pid,
    channel: Channel,
    /// Closing it lets the act's processes end.
    release: OwnedFd,
    key: String,
    act: Act,
    receipt: Receipt,
    /// The image that is about to run: its link, and when its exec began.
    executing: Option<(usize, u64)>,
    /// The last stamp of each process.
    stamps: BTreeMap<u32, Stamp>,
}

impl Resident {
    fn obey(&mut self, order: Order) -> io::Result<()> {
        match order {
            Order::Mark { path, question } => {
                let _ = open(path.as_str(), OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty());
                match question.as_ref().map_or(Ok(()), network::ask) {
                    Ok(()) => reply(&Reply::Marked { path }),
                    Err(error) => fail(format!("make a mark: {error}")),
                }
            }
            Order::Perform { .. } | Order::Launch { .. } if self.is_busy() => {
                fail("perform an act: the one before has not yet ended".to_owned())
            }
            Order::Perform { act, key } => match self.begin(*act, key) {
                Ok(performing) => self.hold(performing),
                Err(error) => fail(format!("perform an act: {error}")),
            },
            Order::Release => match self.performing.take() {
                Some(performing) => reply(&Reply::Done { receipt: performing.finish()? }),
                None => fail("release an act: none is held".to_owned()),
            },
            Order::Launch { launch } => match launch::launch(self.me, &launch) {
                Ok(launched) => {
                    self.launched = Some(launched);
                    Ok(())
                }
                Err(error) => fail(format!("start the program: {error}")),
            },
            Order::Signal { number } => {
                if let Some(launched) = &self.launched {
                    launched.signal(number);
                }
                Ok(())
            }
            Order::Stop => Ok(()),
        }
    }

    fn is_busy(&self) -> bool {
        self.performing.is_some() || self.launched.is_some()
    }

    /// The next line of standard input; until it comes, tells when a program that was started has ended.
    fn next_order(&mut self) -> io::Result<Option<Vec<u8>>> {
        while let Some(launched) = self.launched.take_if(|_| !self.pending.contains(&b'\n')) {
            let orders = io::stdin();
            let mut fds = [
                PollFd::new(launched.ended(), PollFlags::POLLIN),
                PollFd::new(orders.as_fd(), PollFlags::POLLIN),
            ];
            match poll(&mut fds, PollTimeout::NONE) {
                Err(Errno::EINTR) => self.launched = Some(launched),
                Err(error) => return Err(error.into()),
                Ok(_) if fds[0].any() == Some(true) => reply(&Reply::Done { receipt: launched.finish() })?,
                Ok(_) => {
                    self.launched = Some(launched);
                    break;
                }
            }
        }
        self.next_line()
    }

    fn begin(&self, act: Act, key: String) -> io::Result<Performing> {
        let began_ns = boot_ns();
        let (channel, theirs) = Channel::pair()?;
        let (waits, release) = pipe2(OFlag::O_CLOEXEC)?;
        let forked_ns = boot_ns();
        // SAFETY: this process has one thread, so the child may do whatever its parent may.
        let child = match unsafe { fork() }? {
            ForkResult::Child => {
                drop((channel, release));
                for standard in [0, 1] {
                    // SAFETY: takes two numbers; the orders are not for this process to read.
                    unsafe { libc::dup2(self.null.as_raw_fd(), standard) };
                }
                let doer = Doer { channel: theirs, release: waits, act, key };
                doer.await_go();
                doer.proceed(0)
            }
            ForkResult::Parent { child } => child,
        };
        let pid = child.as_raw() as u32;
        let receipt =
            Receipt { act: act.id, began_ns, ended_ns: 0, steps: Vec::new(), principal: None, error: None };
        let (executing, stamps) = (None, BTreeMap::from([(self.me.pid, self.me)]));
        let mut performing = Performing { child, channel, release, key, act, receipt, executing, stamps };
        let payload = Payload::from(Fork { child: pid, child_start_ns: None });
        performing.add(Step {
            process: self.me,
            began_ns: forked_ns,
            ended_ns: boot_ns(),
            payload,
            content: None,
        });
        Ok(performing)
    }

    /// Hears the act's processes until they hold.
    fn hold(&mut self, mut performing: Performing) -> io::Result<()> {
        loop {
            if self.nobody_orders_while_waiting(performing.channel.fd())? {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            match performing.channel.receive()? {
                None => {
                    performing
                        .trouble("hold the act: its processes ended before they were let go".to_owned());
                    break;
                }
                Some(Said::Listening { address }) => reply(&Reply::Listening { address })?,
                Some(Said::Holding) => break,
                Some(said) => {
                    if performing.hear(said) {
                        break;
                    }
                }
            }
        }
        let receipt = Receipt { ended_ns: boot_ns(), ..performing.receipt.clone() };
        self.performing = Some(performing);
        reply(&Reply::Held { receipt })
    }

    /// Waits for `news`; true if the one who gives orders has gone before they came.
    fn nobody_orders_while_waiting(&self, news: BorrowedFd<'_>) -> io::Result<bool> {
        let orders = io::stdin();
        let mut fds = [
            PollFd::new(news, PollFlags::POLLIN),
            PollFd::new(orders.as_fd(), PollFlags::from_bits_retain(libc::POLLRDHUP)),
        ];
        loop {
            match poll(&mut fds, PollTimeout::NONE) {
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
                Ok(_) => return Ok(fds[0].any() != Some(true)),
            }
        }
    }

    /// The next line of standard input; `None` at its end.
    fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut searched = 0;
        loop {
            if let Some(end) = self.pending[searched..].iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.pending.drain(..=searched + end).collect();
                line.pop();
                return Ok(Some(line));
            }
            searched = self.pending.len();
            if searched > LONGEST_ORDER {
                return Err(io::Error::other("an order longer than 16 MiB"));
            }
            let mut buffer = [0; 1 << 13];
            match read(io::stdin().as_fd(), &mut buffer) {
                Ok(0) => return Ok(None),
                Ok(length) => self.pending.extend_from_slice(&buffer[..length]),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Performing {
    /// Takes one message in; true if nothing more will come before the release.
    fn hear(&mut self, said: Said) -> bool {
        match said {
            Said::Executing { link, began_ns } => self.executing = Some((link, began_ns)),
            Said::Image { stamp, ended_ns } => {
                if let Some((at, began_ns)) = self.executing.take()
                    && let Some(link) = self.act.via.get(at)
                {
                    let payload = exec_payload(link, Outcome::Ok(0)).into();
                    let last = at + 1 == self.act.via.len() && matches!(self.act.kind, ActKind::Exec);
                    if last {
                        self.receipt.principal = Some(self.receipt.steps.len());
                    }
                    let process = self.known(stamp);
                    self.add(Step { process, began_ns, ended_ns, payload, content: None });
                    let (act, key) = (Box::new(self.act.clone()), self.key.clone());
                    if let Err(error) = self.channel.send(&Told::Orders { act, key, link: at }) {
                        self.trouble(format!("pass the orders on: {error}"));
                        return true;
                    }
                }
            }
            Said::Step { step, principal } => {
                if principal {
                    self.receipt.principal = Some(self.receipt.steps.len());
                }
                let process = self.known(step.process);
                self.add(Step { process, ..*step });
            }
            Said::Ended { pid, exit, ended_ns, early } => {
                self.add_exit(pid, exit, ended_ns);
                if early {
                    self.trouble(format!("hold process {pid}: it ended before it was let go"));
                    return true;
                }
            }
            Said::Trouble { message } => self.trouble(message),
            Said::Listening { .. } | Said::Holding => {}
        }
        false
    }

    /// Adds a step; where it is a fork, looks who the child is while it waits, and lets it go on.
    fn add(&mut self, step: Step) {
        if let Payload::Fork(Fork { child, .. }) = step.payload {
            let parent = step.process;
            let start_ticks = start_ticks(child).unwrap_or(0);
            self.stamps.insert(child, Stamp { pid: child, parent: parent.pid, start_ticks, ids: parent.ids });
            // A child that is gone already cannot be told; its end will be noticed.
            let _ = self.channel.send(&Told::Go);
        } else {
            self.stamps.insert(step.process.pid, step.process);
        }
        self.receipt.steps.push(step);
    }

    fn add_exit(&mut self, pid: u32, exit: Exit, ended_ns: u64) {
        if let Some(process) = self.stamps.get(&pid).copied() {
            let payload = exit.into();
            self.add(Step { process, began_ns: ended_ns, ended_ns, payload, content: None });
        }
    }

    /// A stamp with the start that the process itself could not look up.
    fn known(&self, stamp: Stamp) -> Stamp {
        let start_ticks = self.stamps.get(&stamp.pid).map_or(0, |known| known.start_ticks);
        Stamp { start_ticks, ..stamp }
    }

    fn trouble(&mut self, message: String) {
        self.receipt.error.get_or_insert(message);
    }

    /// Lets the processes end and waits for them.
    fn finish(mut self) -> io::Result<Receipt> {
        drop(std::mem::replace(&mut self.release, nothing()?));
        self.channel.hang_up();
        while let Some(said) = self.channel.receive()? {
            self.hear(said);
        }
        let exit = reap(self.child);
        self.add_exit(self.child.as_raw() as u32, exit, boot_ns());
        self.receipt.ended_ns = boot_ns();
        Ok(self.receipt)
    }
}

/// A descriptor that stands for none.
fn nothing() -> io::Result<OwnedFd> {
    Ok(pipe2(OFlag::O_CLOEXEC)?.0)
}

/// Field 22 of `/proc/PID/stat`; the name in field 2 may hold anything.
pub(super) fn start_ticks(pid: u32) -> Option<u64> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let after_name = stat.iter().rposition(|byte| *byte == b')')?;
    std::str::from_utf8(&stat[after_name + 1..]).ok()?.split_ascii_whitespace().nth(19)?.parse().ok()
}

fn fail(message: String) -> io::Result<()> {
    reply(&Reply::Failed { message })
}

/// Writes a reply in one go.
fn reply(reply: &Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    let mut rest = line.as_slice();
    while !rest.is_empty() {
        match write(io::stdout().as_fd(), rest) {
            Err(Errno::EINTR) => {}
            written => rest = &rest[written?..],
        }
    }
    Ok(())
}
