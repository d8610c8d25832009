//! Reading a fact back from its line: the other half of fact.rs.

use std::net::SocketAddr;

use compact_str::ToCompactString;
use lab_model::{Action, Errno, LossCause, ObjectClass, OpenFlags, Protocol, SetIdCall};
use thin_vec::ThinVec;

use crate::{
    FactField, MaskedFact, Placeholder, Problem,
    cursor::Cursor,
    error::near,
    fact::{UNKNOWN, cause_word, words},
};

const IDS: &[&str] = &["uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid"];
const CLASSES: &[ObjectClass] = &[ObjectClass::Loader, ObjectClass::Locale, ObjectClass::NameService];
const CAUSES: &[LossCause] = &[
    LossCause::ReserveFailed,
    LossCause::StateFull,
    LossCause::ExitWithoutEnter,
    LossCause::EnterWithoutExit,
    LossCause::Recursion,
    LossCause::Killed,
    LossCause::Gap,
    LossCause::Unreadable,
    LossCause::WriteFailed,
    LossCause::QueueFull,
    LossCause::Throttled,
];

/// Reads a fact; leaves the cursor at the gap before the annotations.
pub(crate) fn fact(cursor: &mut Cursor<'_>) -> Result<MaskedFact, Problem> {
    let found = cursor.word().ok_or_else(|| cursor.expected("a fact"))?;
    let word = known("action", found, words())?;
    let mut reader = Reader { cursor, fields: ThinVec::new() };
    match word {
        "exec" => reader.exec()?,
        "fork" => reader.fork()?,
        "exit" => reader.exit()?,
        "setid" => reader.setid()?,
        "open" => reader.open()?,
        "unlink" => reader.unlink()?,
        "rename" => reader.rename()?,
        "connect" | "bind" => reader.address("address")?,
        "accept" => reader.accept()?,
        "loss" => reader.loss()?,
        "flow" => reader.flow()?,
        "dns" => {
            reader.string("name")?;
            reader.list("kinds", "a list of types such as `[\"A\"]`")?;
            reader.code("reply")?;
        }
        "request" => {
            ["verb", "uri", "user"].iter().try_for_each(|name| reader.string(name))?;
            reader.code("code")?;
        }
        "alert" => ["rule", "priority"].iter().try_for_each(|name| reader.string(name))?,
        "message" => reader.string("kind")?,
        "opens" => reader.class()?,
        word => reader.call(word.parse::<Action>().map_or(&[], Action::shape))?,
    }
    reader.result()?;
    let fields = reader.fields;
    if cursor.at_end() {
        Ok(MaskedFact { word, fields })
    } else {
        Err(cursor.expected("the end of the fact"))
    }
}

fn known(
    what: &'static str,
    found: &str,
    words: impl IntoIterator<Item = &'static str> + Clone,
) -> Result<&'static str, Problem> {
    let word = words.clone().into_iter().find(|word| *word == found);
    word.ok_or_else(|| Problem::UnknownWord { what, found: found.to_owned(), near: near(found, words) })
}

pub(crate) struct Reader<'c, 'a> {
    pub(crate) cursor: &'c mut Cursor<'a>,
    fields: ThinVec<FactField>,
}

impl Reader<'_, '_> {
    pub(crate) fn add(&mut self, name: &'static str, text: impl ToCompactString) {
        self.fields.push(FactField { name, text: text.to_compact_string() });
    }

    /// The one space before a part that must follow.
    fn gap(&mut self, expected: &str) -> Result<(), Problem> {
        if self.cursor.gap() { Ok(()) } else { Err(self.cursor.expected(expected)) }
    }

    /// True if `text` is the next part; takes it.
    fn takes(&mut self, text: &str) -> bool {
        let mut ahead = *self.cursor;
        let taken = ahead.gap() && ahead.word() == Some(text);
        if taken {
            *self.cursor = ahead;
        }
        taken
    }

    fn string(&mut self, name: &'static str) -> Result<(), Problem> {
        self.gap("a quoted string")?;
        let text = self.cursor.string()?;
        self.add(name, text);
        Ok(())
    }

    fn list(&mut self, name: &'static str, expected: &str) -> Result<(), Problem> {
        self.gap(expected)?;
        let list = self.cursor.list()?;
        self.add(name, list);
        Ok(())
    }

    fn flow(&mut self) -> Result<(), Problem> {
        self.gap("a protocol")?;
        let found = self.cursor.word().unwrap_or_default();
        let protocol = known("protocol", found, Protocol::ALL.iter().map(|protocol| protocol.word()))?;
        self.add("protocol", protocol);
        self.address("source")?;
        self.address("destination")?;
        if self.takes("dropped") {
            self.add("dropped", "dropped");
        }
        Ok(())
    }

    /// A number behind the word of its name, if it is there.
    fn code(&mut self, name: &'static str) -> Result<(), Problem> {
        if self.takes(name) {
            self.gap("a number")?;
            let code: u16 = self.cursor.number("a number")?;
            self.add(name, format!("{name} {code}"));
        }
        Ok(())
    }

    fn exec(&mut self) -> Result<(), Problem> {
        self.string("path")?;
        if self.takes(UNKNOWN) {
            self.add("argv", UNKNOWN);
        } else {
            self.list("argv", "a list of arguments, or `<unknown>`")?;
        }
        if self.takes("truncated") {
            self.add("truncated", "truncated");
        }
        self.ids()
    }

    fn ids(&mut self) -> Result<(), Problem> {
        for name in IDS {
            let mut ahead = *self.cursor;
            if ahead.gap() && ahead.take(name) && ahead.take("=") {
                let id: u32 = ahead.number("an id")?;
                *self.cursor = ahead;
                self.add(name, format!("{name}={id}"));
            } else if *name == "uid" {
                break;
            }
        }
        Ok(())
    }

    fn fork(&mut self) -> Result<(), Problem> {
        if self.cursor.gap() {
            let placeholder: Placeholder = self.cursor.placeholder()?;
            self.add("child", placeholder);
        }
        Ok(())
    }

    fn exit(&mut self) -> Result<(), Problem> {
        if self.takes(UNKNOWN) {
            self.add("code", UNKNOWN);
            return Ok(());
        }
        let signal_only = self.takes("signal");
        if !signal_only {
            self.gap("an exit code, `signal`, or `<unknown>`")?;
            let code: i32 = self.cursor.number("an exit code, `signal`, or `<unknown>`")?;
            self.add("code", code);
        }
        if signal_only || self.takes("signal") {
            self.gap("a signal's number")?;
            let signal: i32 = self.cursor.number("a signal's number")?;
            self.add("signal", format!("signal {signal}"));
        }
        Ok(())
    }

    fn setid(&mut self) -> Result<(), Problem> {
        self.gap("a call such as `setuid(0)`")?;
        let at = *self.cursor;
        let call = self.cursor.word().unwrap_or_default();
        let parts = call.strip_suffix(')').and_then(|call| call.split_once('('));
        let (name, ids) = parts.ok_or_else(|| at.expected("a call such as `setuid(0)`"))?;
        known("call", name, SetIdCall::ALL.iter().map(|call| call.word()))?;
        for id in ids.split(", ").filter(|_| !ids.is_empty()) {
            if id != "-" {
                Cursor::new(id).number::<u32>("an id or `-`")?;
            }
        }
        self.add("call", call);
        self.ids()
    }

    fn open(&mut self) -> Result<(), Problem> {
        self.string("path")?;
        let mut bits = 0;
        let mut count = 0;
        loop {
            let mut ahead = *self.cursor;
            if !ahead.gap() {
                break;
            }
            match ahead.word() {
                Some("->") | None => break,
                Some(word) => bits |= flag(word)?,
            }
            *self.cursor = ahead;
            count += 1;
        }
        if count == 0 {
            return Err(self.cursor.expected("flags such as `read` or `write create`"));
        }
        self.add("flags", OpenFlags(bits));
        Ok(())
    }

    fn unlink(&mut self) -> Result<(), Problem> {
        self.string("path")?;
        if self.takes("directory") {
            self.add("directory", "directory");
        }
        Ok(())
    }

    fn rename(&mut self) -> Result<(), Problem> {
        self.string("from")?;
        if !self.takes("->") {
            return Err(self.cursor.expected("`->` and the new name"));
        }
        self.gap("the new name")?;
        let to = self.cursor.string()?;
        self.add("to", format!("-> {to}"));
        Ok(())
    }

    fn accept(&mut self) -> Result<(), Problem> {
        let mut ahead = *self.cursor;
        if !ahead.gap() || ahead.word() == Some("->") { Ok(()) } else { self.address("peer") }
    }

    pub(crate) fn address(&mut self, name: &'static str) -> Result<(), Problem> {
        self.gap("an address")?;
        let start = self.cursor.left();
        if self.cursor.take("variable:") || self.cursor.take("unix:@") || self.cursor.take("unix:") {
            self.cursor.string()?;
            self.add(name, &start[..start.len() - self.cursor.left().len()]);
            return Ok(());
        }
        let at = *self.cursor;
        let word = self.cursor.word().unwrap_or_default();
        if !is_address(word)? {
            return Err(
                at.expected("an address such as `127.0.0.1:53`, `[::1]:80`, `unix:\"/run/x\"` or `<sink>`")
            );
        }
        self.add(name, word);
        Ok(())
    }

    fn loss(&mut self) -> Result<(), Problem> {
        self.gap("a cause of loss")?;
        let found = self.cursor.word().unwrap_or_default();
        let cause = known("cause of loss", found, CAUSES.iter().map(|cause| cause_word(*cause)))?;
        self.add("cause", cause);
        if self.takes("of") {
            self.gap("an action")?;
            let found = self.cursor.word().unwrap_or_default();
            let action = known("action", found, Action::ALL.iter().map(|action| action.word()))?;
            self.add("of", format!("of {action}"));
        }
        Ok(())
    }

    fn class(&mut self) -> Result<(), Problem> {
        self.gap("a class")?;
        let found = self.cursor.word().unwrap_or_default();
        let class = known("class", found, CLASSES.iter().map(|class| class.word()))?;
        self.add("class", class);
        Ok(())
    }

    fn result(&mut self) -> Result<(), Problem> {
        if !self.takes("->") {
            return Ok(());
        }
        self.gap("an error's name")?;
        let found = match self.cursor.word() {
            Some("errno") => {
                self.gap("an error's number")?;
                format!("errno {}", self.cursor.number::<i32>("an error's number")?)
            }
            word => word.unwrap_or_default().to_owned(),
        };
        let errno: Errno = found.parse().map_err(|_| Problem::UnknownWord {
            what: "error",
            near: near_errno(&found),
            found: found.clone(),
        })?;
        self.add("result", format!("-> {errno}"));
        Ok(())
    }
}

fn near_errno(found: &str) -> Option<String> {
    let names: Vec<String> = (1..=133).map(|number| Errno(number).to_string()).collect();
    near(found, names.iter().map(String::as_str))
}

/// The bits of one word of an open's flags.
fn flag(word: &str) -> Result<u32, Problem> {
    let access = (0..4).find(|bits| OpenFlags(*bits).to_string() == word);
    let other = || {
        // `tmpfile` and `sync` are more than one bit.
        let bits = (2..32).map(|bit| 1 << bit).chain([0o20200000, 0o4010000]);
        bits.into_iter().find(|bits| OpenFlags(*bits).to_string().strip_prefix("read ") == Some(word))
    };
    let octal = || u32::from_str_radix(word.strip_prefix("flags-0o")?, 8).ok();
    access.or_else(other).or_else(octal).ok_or_else(|| {
        let words: Vec<String> = (2..25).map(|bit| OpenFlags(1 << bit).to_string()).collect();
        let words = words.iter().filter_map(|text| text.strip_prefix("read "));
        Problem::UnknownWord {
            what: "flag",
            found: word.to_owned(),
            near: near(word, words.chain(["read", "write"])),
        }
    })
}

/// True for `IP:PORT` and `[IP]:PORT` (the port may be masked), `family:N`, and a placeholder alone.
fn is_address(word: &str) -> Result<bool, Problem> {
    if let Some(number) = word.strip_prefix("family:") {
        return Ok(number.parse::<u16>().is_ok_and(|value| value.to_string() == number));
    }
    let Some(start) = word.find('<') else {
        return Ok(word.parse::<SocketAddr>().is_ok_and(|address| address.to_string() == word));
    };
    let (host, placeholder) = word.split_at(start);
    Placeholder::parse(placeholder)?;
    let whole = format!("{host}1");
    let masked_port = || whole.parse::<SocketAddr>().is_ok_and(|address| address.to_string() == whole);
    Ok(host.is_empty() || (placeholder.starts_with("<port") && host.ends_with(':') && masked_port()))
}
