//! A fact as a line of a golden shows it: an action's word and named fields, masked.
//!
//! Left out, because they differ from run to run or follow from other lines: the resolved executable (links differ
//! between distributions), device and inode, descriptors and other return values, start times, ids except on `exec`
//! and `setid`, ids before a `setid`, whether a path was read late, `O_LARGEFILE`, counts, how much was sent, pids that a call names. All else is kept.

use std::fmt::{self, Write as _};

use compact_str::{CompactString, ToCompactString};
use lab_model::{Action, Address, Exec, Exit, Fact, Ids, Outcome, Payload, SetId};
use thin_vec::{ThinVec, thin_vec};

use crate::{
    Masks, Piece,
    quote::{quote, quote_plain},
};

/// What stands for a value that no sensor knows.
pub(crate) const UNKNOWN: &str = "<unknown>";

/// A fact, masked and in words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MaskedFact {
    /// `exec`, `open`, ..., or `opens` for a folded class
    pub word: &'static str,
    /// its fields in the order in which they are printed
    pub fields: ThinVec<FactField>,
}

/// One field: its name, and its text with the sign that goes with it (`-> ENOENT`, `uid=0`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FactField {
    /// name, as differences call it
    pub name: &'static str,
    /// text as printed
    pub text: CompactString,
}

/// The words that lines begin with.
pub(crate) fn words() -> impl Iterator<Item = &'static str> + Clone {
    Action::ALL.iter().map(|action| action.word()).chain(["opens"])
}

impl fmt::Display for MaskedFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word)?;
        self.fields.iter().try_for_each(|field| write!(f, " {}", field.text))
    }
}

impl MaskedFact {
    /// Masks a fact. Total; two facts become one text only if they differ in nothing but what is left out.
    pub fn of(fact: &Fact, masks: &mut Masks) -> Self {
        if let Some(class) = fact.folded {
            let fields = thin_vec![FactField { name: "class", text: class.word().into() }];
            return Self { word: "opens", fields };
        }
        // Most facts have two fields, and there may be very many facts.
        let mut fields = Fields { list: ThinVec::with_capacity(2), masks };
        let word = match &fact.payload {
            Payload::Exec(exec) => fields.exec(exec, fact.ids),
            Payload::Fork(fork) => {
                if let Some(pid) = fields.masks.mentioned_pid(fork.child) {
                    fields.add("child", pid);
                }
                "fork"
            }
            Payload::Exit(exit) => fields.exit(*exit),
            Payload::SetId(setid) => fields.setid(setid, fact.ids),
            Payload::Open(open) => {
                fields.text("path", &open.path);
                fields.add("flags", open.flags.meant());
                "open"
            }
            Payload::Unlink(unlink) => {
                fields.text("path", &unlink.path);
                if unlink.directory {
                    fields.add("directory", "directory");
                }
                "unlink"
            }
            Payload::Rename(rename) => {
                fields.text("from", &rename.from);
                let to = fields.masks.text(&rename.to);
                fields.add("to", format!("-> {}", quote(&to)));
                "rename"
            }
            Payload::Connect(connect) => fields.address("connect", "address", &connect.address),
            Payload::Bind(bind) => fields.address("bind", "address", &bind.address),
            Payload::Accept(accept) => {
                if let Some(peer) = &accept.peer {
                    fields.peer("peer", peer);
                }
                "accept"
            }
            Payload::Loss(loss) => {
                fields.add("cause", cause_word(loss.cause));
                if let Some(action) = loss.of {
                    fields.add("of", format!("of {action}"));
                }
                "loss"
            }
            Payload::Flow(flow) => {
                fields.add("protocol", flow.protocol.word());
                fields.peer("source", &flow.source);
                fields.address("flow", "destination", &flow.destination);
                if flow.dropped {
                    fields.add("dropped", "dropped");
                }
                "flow"
            }
            Payload::Dns(dns) => {
                fields.text("name", &dns.name);
                fields.list("kinds", &dns.kinds);
                if let Some(code) = dns.reply {
                    fields.add("reply", format!("reply {code}"));
                }
                "dns"
            }
            Payload::Request(request) => {
                fields.text("verb", &request.verb);
                fields.text("uri", &request.uri);
                fields.text("user", &request.user);
                if let Some(code) = request.code {
                    fields.add("code", format!("code {code}"));
                }
                "request"
            }
            Payload::Alert(alert) => {
                fields.text("rule", &alert.rule);
                fields.text("priority", &alert.priority);
                "alert"
            }
            Payload::Message(message) => {
                fields.text("kind", &message.kind);
                "message"
            }
            other => fields.call(other),
        };
        if let Some(Outcome::Errno(errno)) = fact.payload.result() {
            fields.add("result", format!("-> {errno}"));
        }
        Self { word, fields: fields.list }
    }

    /// The fields in which two facts of one word differ, by name.
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        let find = |fact: &'_ Self, name| fact.fields.iter().find(|field| field.name == name).cloned();
        let mut names: Vec<&'static str> = Vec::new();
        for field in self.fields.iter().chain(&other.fields) {
            if find(self, field.name) != find(other, field.name) && !names.contains(&field.name) {
                names.push(field.name);
            }
        }
        names
    }
}

/// The word of a cause of loss: its name in JSON.
pub(crate) fn cause_word(cause: lab_model::LossCause) -> &'static str {
    use lab_model::LossCause as Cause;
    match cause {
        Cause::ReserveFailed => "reserve-failed",
        Cause::StateFull => "state-full",
        Cause::ExitWithoutEnter => "exit-without-enter",
        Cause::EnterWithoutExit => "enter-without-exit",
        Cause::Recursion => "recursion",
        Cause::Killed => "killed",
        Cause::Gap => "gap",
        Cause::Unreadable => "unreadable",
        Cause::WriteFailed => "write-failed",
        Cause::QueueFull => "queue-full",
        Cause::Throttled => "throttled",
    }
}

/// A text, masked and quoted. Most hold nothing to mask and nothing to escape.
pub(crate) fn quoted(masks: &mut Masks, text: &lab_model::Text) -> String {
    let plain = Masks::leave(text.as_bytes()).then(|| quote_plain(text.as_bytes())).flatten();
    plain.unwrap_or_else(|| quote(&masks.text(text)))
}

/// Fields being put together.
pub(crate) struct Fields<'a> {
    list: ThinVec<FactField>,
    pub(crate) masks: &'a mut Masks,
}

impl Fields<'_> {
    pub(crate) fn add(&mut self, name: &'static str, text: impl ToCompactString) {
        self.list.push(FactField { name, text: text.to_compact_string() });
    }

    fn text(&mut self, name: &'static str, text: &lab_model::Text) {
        let quoted = quoted(self.masks, text);
        self.list.push(FactField { name, text: quoted.into() });
    }

    fn list(&mut self, name: &'static str, texts: &[lab_model::Text]) {
        let texts: Vec<String> = texts.iter().map(|text| quoted(self.masks, text)).collect();
        self.add(name, format!("[{}]", texts.join(",")));
    }

    fn exec(&mut self, exec: &Exec, ids: Option<Ids>) -> &'static str {
        self.text("path", &exec.path);
        match &exec.argv {
            None => self.add("argv", UNKNOWN),
            Some(argv) => self.list("argv", argv),
        }
        if exec.argv_truncated {
            self.add("truncated", "truncated");
        }
        self.ids(ids);
        "exec"
    }

    fn exit(&mut self, exit: Exit) -> &'static str {
        if let Some(code) = exit.code {
            self.add("code", code);
        }
        if let Some(signal) = exit.signal {
            self.add("signal", format!("signal {signal}"));
        }
        if exit.code.is_none() && exit.signal.is_none() {
            self.add("code", UNKNOWN);
        }
        "exit"
    }

    fn setid(&mut self, setid: &SetId, ids: Option<Ids>) -> &'static str {
        let ids_wanted = setid.requested.iter().map(|id| id.map_or("-".to_owned(), |id| id.to_string()));
        self.add("call", format!("{}({})", setid.call, ids_wanted.collect::<Vec<_>>().join(", ")));
        self.ids(setid.after.or(ids));
        "setid"
    }

    /// `uid=`, and each other id where it is not what usually goes with the one before it.
    fn ids(&mut self, ids: Option<Ids>) {
        let Some(ids) = ids else { return };
        self.add("uid", format!("uid={}", ids.uid));
        let usual = [
            ("euid", ids.euid, ids.uid),
            ("suid", ids.suid, ids.euid),
            ("fsuid", ids.fsuid, ids.euid),
            ("gid", ids.gid, ids.uid),
            ("egid", ids.egid, ids.gid),
            ("sgid", ids.sgid, ids.egid),
            ("fsgid", ids.fsgid, ids.egid),
        ];
        for (name, id, expected) in usual {
            if id != expected {
                self.add(name, format!("{name}={id}"));
            }
        }
    }

    /// The peer's port, which its kernel chose, has been taken out by the judge and is 0.
    fn peer(&mut self, name: &'static str, peer: &Address) {
        match peer {
            Address::Inet { ip, port: 0 } => self.add(name, format!("{ip}:<port>")),
            Address::Inet6 { ip, port: 0 } => self.add(name, format!("[{ip}]:<port>")),
            peer => _ = self.address("", name, peer),
        }
    }

    pub(crate) fn address(
        &mut self,
        word: &'static str,
        name: &'static str,
        address: &Address,
    ) -> &'static str {
        let mut text = String::new();
        let _ = match address {
            Address::Inet { ip, port } => write!(text, "{ip}:{}", self.masks.port(*port)),
            Address::Inet6 { ip, port } => write!(text, "[{ip}]:{}", self.masks.port(*port)),
            Address::Unix { path, is_abstract } => {
                let sign = if *is_abstract { "@" } else { "" };
                write!(text, "unix:{sign}{}", quote(&self.masks.text(path)))
            }
            Address::Other { number } => write!(text, "family:{number}"),
            Address::Variable { name } => match self.masks.variable(name) {
                Some(placeholder) => write!(text, "{placeholder}"),
                None => write!(text, "variable:{}", quote(&[Piece::Literal(name.as_str().into())])),
            },
        };
        self.add(name, text);
        word
    }
}
