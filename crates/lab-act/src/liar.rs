//! The lying actor: speaks the protocol of `lab-actor`, writes receipts without a fault, and performs nothing.
//!
//! It is the witnesses' own test subject: every act that it claims must stay unproven. It says truly who it is and
//! makes the marks, since these are the lab's business and no acts; it makes no process, opens no file of an act and no
//! socket for one. What it could know without performing (the hash of what it was to write, say) it states rightly; the rest it
//! makes up.

use std::io::{self, BufRead as _, Write as _};

use lab_model::{
    Accept, Act, ActKind, Address, Bind, Connect, Exec, Exit, Expectation, Fork, Ids, Open, OpenFlags, Order,
    Outcome, Payload, Placement, Receipt, Rename, Reply, SetId, SetIdCall, Stamp, Step, TICK_NS, Text,
    Unlink,
};

use crate::{
    actor::{ask, boot_ns, user_taken_before},
    dns,
    hash::{key_bytes, keyed_hash},
    witness::ids,
};

/// A port at which nobody listens, and one from which nobody comes.
const MADE_UP: [u16; 2] = [9, 40_000];

/// Everything that the binary `lab-liar` does; returns its exit status.
pub fn main() -> i32 {
    match serve() {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("lab-liar: failed to serve orders: {error}");
            1
        }
    }
}

fn serve() -> io::Result<()> {
    let pid = std::process::id();
    let parent = std::os::unix::process::parent_id();
    let start_ticks =
        procfs::process::Process::myself().and_then(|me| me.stat()).map_or(0, |stat| stat.starttime);
    let me = Stamp { pid, parent, start_ticks, ids: ids::all(0) };
    reply(&Reply::Hello { stamp: me, version: lab_model::VERSION.to_owned() })?;
    let mut lie: Option<Lie> = None;
    for line in io::stdin().lock().lines() {
        match serde_json::from_str(&line?) {
            Ok(Order::Stop) => break,
            Ok(Order::Mark { path, question }) => {
                let _ = std::fs::File::open(&path);
                match question.as_ref().map_or(Ok(()), ask) {
                    Ok(()) => reply(&Reply::Marked { path })?,
                    Err(error) => reply(&Reply::Failed { message: format!("make a mark: {error}") })?,
                }
            }
            Ok(Order::Perform { act, key }) => {
                let told = lie.insert(Lie::about(&act, &key, me));
                if matches!(act.kind, ActKind::Serve { .. }) {
                    reply(&Reply::Listening { address: local(MADE_UP[0]) })?;
                }
                reply(&Reply::Held { receipt: told.receipt.clone() })?;
            }
            Ok(Order::Release) => match lie.take() {
                Some(lie) => reply(&Reply::Done { receipt: lie.finish() })?,
                None => reply(&Reply::Failed { message: "release an act: none is held".to_owned() })?,
            },
            Ok(Order::Launch { .. }) => {
                reply(&Reply::Failed { message: "start the program: a liar starts nothing".to_owned() })?;
            }
            Ok(Order::Signal { .. }) => {}
            Err(error) => reply(&Reply::Failed { message: format!("read an order: {error}") })?,
        }
    }
    Ok(())
}

fn reply(reply: &Reply) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, reply)?;
    out.write_all(b"\n")?;
    out.flush()
}

fn local(port: u16) -> Address {
    Address::Inet { ip: std::net::Ipv4Addr::LOCALHOST, port }
}

/// A receipt being made up.
struct Lie {
    receipt: Receipt,
    /// the process that is said to act, last; those who made it before it
    line: Vec<Stamp>,
}

impl Lie {
    fn about(act: &Act, key: &str, me: Stamp) -> Self {
        let (began_ns, steps) = (boot_ns(), Vec::new());
        let receipt = Receipt { act: act.id, began_ns, ended_ns: 0, steps, principal: None, error: None };
        let mut lie = Self { receipt, line: vec![me] };
        lie.fork();
        let taken = user_taken_before(act);
        for (at, link) in act.via.iter().enumerate() {
            if at > 0 && link.placement == Placement::Forked {
                lie.fork();
            }
            if taken == Some(at) {
                lie.take_user(act);
            }
            let last = at + 1 == act.via.len() && matches!(act.kind, ActKind::Exec);
            let result = if last { result(act, 0) } else { Outcome::Ok(0) };
            if link.set_user_id && result == Outcome::Ok(0) {
                lie.become_one(|ids| Ids { euid: 0, suid: 0, fsuid: 0, ..ids });
            }
            lie.step(exec(&link.path, link.argv.iter().map(String::as_str), result), None);
        }
        if taken == Some(act.via.len()) {
            lie.take_user(act);
        }
        lie.kind(act, &key_bytes(key).unwrap_or_default());
        lie.receipt.principal = lie.receipt.steps.len().checked_sub(1);
        if let (ActKind::Resolve { resolver, name }, Expectation::Ok) = (&act.kind, act.expect) {
            let length = dns::query(1, name).map_or(0, |query| query.len());
            lie.step(dns::asked(parsed(resolver), name, length, Outcome::Ok(length as i64)), None);
        }
        if matches!(act.kind, ActKind::Shell { .. }) {
            lie.exit();
        }
        lie.receipt.ended_ns = boot_ns();
        lie
    }

    fn finish(mut self) -> Receipt {
        while self.line.len() > 1 {
            self.exit();
        }
        self.receipt.ended_ns = boot_ns();
        self.receipt
    }

    fn who(&self) -> Stamp {
        self.line.last().copied().unwrap_or(Stamp { pid: 0, parent: 0, start_ticks: 0, ids: Ids::default() })
    }

    fn step(&mut self, payload: impl Into<Payload>, content: Option<String>) {
        let (process, began_ns) = (self.who(), boot_ns());
        self.receipt.steps.push(Step {
            process,
            began_ns,
            ended_ns: boot_ns(),
            payload: payload.into(),
            content,
        });
    }

    fn fork(&mut self) {
        let parent = self.who();
        let child = parent.pid + 1;
        self.step(Fork { child, child_start_ns: None }, None);
        let start_ticks = boot_ns() / TICK_NS;
        self.line.push(Stamp { pid: child, parent: parent.pid, start_ticks, ids: parent.ids });
    }

    fn exit(&mut self) {
        self.step(Exit { code: Some(0), signal: None }, None);
        self.line.pop();
    }

    fn become_one(&mut self, change: impl Fn(Ids) -> Ids) {
        if let Some(who) = self.line.last_mut() {
            who.ids = change(who.ids);
        }
    }

    fn take_user(&mut self, act: &Act) {
        let Some(id) = act.user.as_ref().and_then(|user| user.parse().ok()) else { return };
        self.set_id(SetIdCall::Setgroups, vec![], Outcome::Ok(0));
        self.set_id(SetIdCall::Setresgid, vec![Some(id); 3], Outcome::Ok(0));
        self.set_id(SetIdCall::Setresuid, vec![Some(id); 3], Outcome::Ok(0));
    }

    fn set_id(&mut self, call: SetIdCall, requested: Vec<Option<u32>>, result: Outcome) {
        let before = self.who().ids;
        if matches!(result, Outcome::Ok(_)) {
            self.become_one(|ids| ids::apply(call, &requested, ids).unwrap_or(ids));
        }
        let after = Some(self.who().ids);
        self.step(SetId { call, requested, before: Some(before), after, result }, None);
    }

    /// The principal call; for an exec the chain has told it already.
    fn kind(&mut self, act: &Act, key: &[u8]) {
        let ok = act.expect == Expectation::Ok;
        let hash = |content: &str| ok.then(|| keyed_hash(key, content.as_bytes()));
        let open = |path: &str, flags: i32| Open {
            path: Text::from(path),
            flags: OpenFlags(flags.cast_unsigned()),
            late_path: false,
            opened: None,
            result: result(act, 3),
        };
        let result = result(act, 0);
        match &act.kind {
            ActKind::Exec => {}
            ActKind::Read { path } => self.step(open(path, libc::O_RDONLY), hash(path)),
            ActKind::Write { path, content } => {
                self.step(open(path, libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC), hash(content));
            }
            ActKind::Append { path, content } => {
                self.step(open(path, libc::O_WRONLY | libc::O_APPEND), hash(content));
            }
            ActKind::Unlink { path } => {
                self.step(Unlink { path: Text::from(path.as_str()), directory: false, result }, None);
            }
            ActKind::Rename { from, to } => {
                let (from, to) = (Text::from(from.as_str()), Text::from(to.as_str()));
                self.step(Rename { from, to, result }, None);
            }
            ActKind::Connect { address, .. } | ActKind::Resolve { resolver: address, .. } => {
                self.step(
                    Connect { address: parsed(address), later: None, result },
                    hash("whatever it answers"),
                );
            }
            ActKind::Serve { address } => {
                self.step(Bind { address: parsed(address), result }, None);
                if ok {
                    self.step(Accept { peer: Some(local(MADE_UP[1])), result }, hash(&act.nonce));
                }
            }
            ActKind::Setid { call, ids } => {
                self.set_id(*call, ids::parse(ids).unwrap_or_default(), result);
            }
            ActKind::Shell { command } => {
                self.fork();
                self.step(exec("/bin/sh", ["sh", "-c", command].into_iter(), result), hash(""));
            }
            ActKind::Observe { program, argv, .. } => {
                self.step(exec(program, argv.iter().map(String::as_str), result), None);
            }
        }
    }
}

/// What the scenario wants to hear.
fn result(act: &Act, ok: i64) -> Outcome {
    match act.expect {
        Expectation::Ok => Outcome::Ok(ok),
        Expectation::Errno(errno) => Outcome::Errno(errno),
    }
}

fn exec<'a>(path: &str, argv: impl Iterator<Item = &'a str>, result: Outcome) -> Exec {
    let argv = Some(argv.map(Text::from).collect());
    Exec {
        path: Text::from(path),
        argv,
        argv_truncated: false,
        exe: None,
        file: None,
        executable: None,
        result,
    }
}

fn parsed(address: &str) -> Address {
    address.parse::<std::net::SocketAddr>().map_or(Address::Other { number: 0 }, Address::from)
}
