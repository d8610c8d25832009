//! Takes out of payloads what differs from run to run: folders, ports, nonces, pids, descriptor numbers.
//!
//! The facts of a tree hold the normalised payload, so that passes can be laid over each other and goldens can print
//! it as it stands:
//! - the value of a variable of the pass becomes `${name}`, the longest first; a value that is all digits or shorter
//!   than four bytes is left alone, and one that goes on with a letter, digit, `_` or `-` is not that value;
//! - the nonce of the fact's own act becomes `${nonce}`, that of act 2 `${nonce:2}`, the run's own `${nonce:run}`;
//! - the pid in a path below `/proc` becomes `${pid}`;
//! - `cwd` and `home`, the folders of an observed program, are replaced only where a path begins;
//! - a name that an observed program makes up becomes `${temp:1}`, `${temp:2}`, ... in the order in which they come up,
//!   and the pid of one of its processes, in the path of a temporary file, `${pid}` (`made_up` has what tells them);
//! - an address that is a variable's `IP:PORT` becomes [`Address::Variable`], the port of an accepted peer 0;
//! - a successful result becomes `Ok(0)`, a fork's child 0; file ids, what was opened, `O_LARGEFILE` and `late_path` go.

use lab_model::{Accept, Address, Change, Exec, Fork, Open, OpenFlags, Outcome, PassRecord, Payload, Text};

use crate::made_up::MadeUp;

/// A value that is looked for and what stands for it.
struct Rule {
    value: Vec<u8>,
    name: Vec<u8>,
    whole_word: bool,
    /// it stands only where a path begins
    begins_path: bool,
}

/// What to take out of one pass's payloads.
pub(crate) struct Normaliser {
    /// longest value first
    rules: Vec<Rule>,
    /// (nonce, act)
    nonces: Vec<(Vec<u8>, u32)>,
    /// (`IP:PORT`, variable)
    addresses: Vec<(String, String)>,
    /// by byte: whether some value begins with it
    begins: [bool; 256],
    made_up: MadeUp,
}

impl Normaliser {
    pub(crate) fn new(pass: &PassRecord) -> Self {
        let usable = |value: &str| value.len() >= 4 && !value.bytes().all(|byte| byte.is_ascii_digit());
        let variables = pass.variables.iter().filter(|(_, value)| usable(value));
        let mut rules: Vec<Rule> = variables
            .map(|(name, value)| {
                let is_nonce = name == "nonce";
                let name = if is_nonce { "${nonce:run}".to_owned() } else { format!("${{{name}}}") };
                let begins_path = matches!(&*name, "${cwd}" | "${home}");
                let (value, name) = (value.as_bytes().to_vec(), name.into_bytes());
                Rule { value, name, whole_word: !is_nonce, begins_path }
            })
            .collect();
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.value.len()));
        let nonces = pass.acts.iter().filter(|act| usable(&act.nonce));
        let addresses = pass.variables.iter().map(|(name, value)| (value.clone(), name.clone()));
        let nonces = nonces.map(|act| (act.nonce.as_bytes().to_vec(), act.id)).collect();
        let mut normaliser = Self {
            rules,
            nonces,
            addresses: addresses.collect(),
            begins: [false; 256],
            made_up: MadeUp::default(),
        };
        normaliser.learn_beginnings();
        normaliser
    }

    fn learn_beginnings(&mut self) {
        let values =
            self.rules.iter().map(|rule| &rule.value).chain(self.nonces.iter().map(|(nonce, _)| nonce));
        for byte in values.filter_map(|value| value.first()) {
            self.begins[usize::from(*byte)] = true;
        }
    }

    /// The same, for what one instance saw of an observed program.
    pub(crate) fn with(self, made_up: MadeUp) -> Self {
        Self { made_up, ..self }
    }

    /// `text` in a fact of `act`.
    pub(crate) fn text(&self, text: &Text, act: Option<u32>) -> Text {
        let bytes = text.as_bytes();
        let mut out = Vec::with_capacity(bytes.len());
        let (mut at, mut temporary) = (0, false);
        if let Some(rest) = bytes.strip_prefix(b"/proc/") {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits > 0 && rest.get(digits).is_none_or(|next| *next == b'/') {
                out.extend_from_slice(b"/proc/${pid}");
                at = b"/proc/".len() + digits;
            }
        }
        while at < bytes.len() {
            let rest = &bytes[at..];
            // Names that a program made up may begin anywhere.
            let plain = || rest.iter().take_while(|byte| !self.begins[usize::from(**byte)]).count();
            let skip = if self.made_up.is_empty() { plain() } else { 0 };
            if skip > 0 {
                out.extend_from_slice(&rest[..skip]);
                at += skip;
                continue;
            }
            temporary = self.made_up.enters_temporary(bytes, at) || temporary && !ends_path(bytes[at]);
            if let Some((number, length)) = self.made_up.name_at(bytes, at) {
                out.extend(format!("${{temp:{number}}}").into_bytes());
                at += length;
            } else if let Some(length) = self.made_up.pid_at(bytes, at).filter(|_| temporary) {
                out.extend_from_slice(b"${pid}");
                at += length;
            } else if let Some((value, of)) = self.nonces.iter().find(|(value, _)| rest.starts_with(value)) {
                let own = act == Some(*of);
                out.extend(if own { "${nonce}".to_owned() } else { format!("${{nonce:{of}}}") }.into_bytes());
                at += value.len();
            } else if let Some(rule) = self.rules.iter().find(|rule| rule.begins(bytes, at)) {
                out.extend_from_slice(&rule.name);
                at += rule.value.len();
            } else {
                out.push(bytes[at]);
                at += 1;
            }
        }
        if out == bytes { text.clone() } else { Text::from(out) }
    }

    fn address(&self, address: &Address, act: Option<u32>) -> Address {
        let shown = address.to_string();
        match (self.addresses.iter().find(|(value, _)| *value == shown), address) {
            (Some((_, name)), Address::Inet { .. } | Address::Inet6 { .. }) => {
                Address::Variable { name: name.clone() }
            }
            (_, Address::Unix { path, is_abstract }) => {
                Address::Unix { path: self.text(path, act), is_abstract: *is_abstract }
            }
            (_, other) => other.clone(),
        }
    }

    /// `payload` as a fact of `act` holds it.
    pub(crate) fn payload(&self, payload: &Payload, act: Option<u32>) -> Payload {
        let text = |text: &Text| self.text(text, act);
        // What there is most of is not copied twice.
        match payload {
            Payload::Open(Open { path, flags, result, .. }) => {
                let (path, flags) = (text(path), OpenFlags(flags.meant().0));
                return Open { path, flags, late_path: false, opened: None, result: plain(*result) }.into();
            }
            Payload::Exec(exec) => {
                let Exec { path, argv, argv_truncated, exe, result, .. } = &**exec;
                let argv = argv.as_ref().map(|argv| argv.iter().map(text).collect());
                let (path, exe, argv_truncated) = (text(path), exe.as_ref().map(text), *argv_truncated);
                return Exec {
                    path,
                    argv,
                    argv_truncated,
                    exe,
                    file: None,
                    executable: None,
                    result: plain(*result),
                }
                .into();
            }
            _ => {}
        }
        let mut payload = payload.clone();
        match &mut payload {
            Payload::Fork(fork) => *fork = Fork { child: 0, child_start_ns: None },
            Payload::SetId(setid) => setid.result = plain(setid.result),
            Payload::Unlink(unlink) => {
                (unlink.path, unlink.result) = (text(&unlink.path), plain(unlink.result))
            }
            Payload::Rename(rename) => {
                (rename.from, rename.to) = (text(&rename.from), text(&rename.to));
                rename.result = plain(rename.result);
            }
            Payload::Connect(connect) => {
                connect.address = self.address(&connect.address, act);
                connect.result = plain(connect.result);
            }
            Payload::Bind(bind) => {
                bind.address = self.address(&bind.address, act);
                bind.result = plain(bind.result);
            }
            Payload::Accept(Accept { peer, result }) => {
                *result = plain(*result);
                if let Some(peer) = peer {
                    *peer = without_port(peer, self, act);
                }
            }
            Payload::Flow(flow) => {
                flow.source = without_port(&flow.source, self, act);
                flow.destination = self.address(&flow.destination, act);
            }
            Payload::Dns(dns) => dns.name = text(&dns.name),
            Payload::Request(request) => request.uri = text(&request.uri),
            other => other.change(&OfAct { normaliser: self, act }),
        }
        payload
    }
}

/// The values of a call as a fact of an act holds them.
struct OfAct<'a> {
    normaliser: &'a Normaliser,
    act: Option<u32>,
}

impl Change for OfAct<'_> {
    fn text(&self, text: &Text) -> Text {
        self.normaliser.text(text, self.act)
    }

    fn address(&self, address: &Address) -> Address {
        self.normaliser.address(address, self.act)
    }
}

impl Rule {
    fn begins(&self, bytes: &[u8], at: usize) -> bool {
        let rest = &bytes[at..];
        let ends = |next: &u8| !(next.is_ascii_alphanumeric() || matches!(next, b'_' | b'-'));
        rest.starts_with(&self.value)
            && (!self.whole_word || rest.get(self.value.len()).is_none_or(ends))
            && (!self.begins_path || begins_path(&bytes[..at]))
    }
}

/// True if a path that comes after `before` is not the middle of a longer one: in `-I/root` it is not, in `/srv/root`
/// it is.
fn begins_path(before: &[u8]) -> bool {
    let inside =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'+' | b'@' | b'~');
    let name = before.iter().rev().take_while(|byte| inside(byte)).count();
    let before = &before[..before.len() - name];
    !before.ends_with(b"/") || name == 0 && before.ends_with(b"://")
}

/// A byte that seldom stands in a path and often between two.
fn ends_path(byte: u8) -> bool {
    matches!(byte, b' ' | b':' | b',' | b'=' | b'"' | b'\'' | b'\n')
}

fn plain(result: Outcome) -> Outcome {
    match result {
        Outcome::Ok(_) => Outcome::Ok(0),
        Outcome::Errno(errno) => Outcome::Errno(errno),
    }
}

fn without_port(peer: &Address, normaliser: &Normaliser, act: Option<u32>) -> Address {
    match peer {
        Address::Inet { ip, .. } => Address::Inet { ip: *ip, port: 0 },
        Address::Inet6 { ip, .. } => Address::Inet6 { ip: *ip, port: 0 },
        other => normaliser.address(other, act),
    }
}

#[cfg(test)]
mod tests {
    use lab_model::{Accept, Address, Bind, Connect, Outcome, PassRecord, Payload, Text};

    use super::{MadeUp, Normaliser};

    fn normaliser() -> Normaliser {
        let variables = [
            ("work", "/srv/run-1"),
            ("bin", "/srv/run-1/bin"),
            ("sink", "127.0.0.1:4000"),
            ("nobody", "65534"),
            ("cwd", "/home/ann/src"),
            ("home", "/home/ann"),
            ("nonce", "slrunrunrunrun"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let mut normaliser = Normaliser::new(&PassRecord {
            pass: 1,
            actor: None,
            cgroup: None,
            variables,
            stages: Vec::new(),
            acts: Vec::new(),
            receipts: Vec::new(),
            witnesses: Vec::new(),
            instances: Vec::new(),
        });
        normaliser.nonces = vec![(b"slaaaa".to_vec(), 1), (b"slbbbb".to_vec(), 2)];
        normaliser.learn_beginnings();
        normaliser
    }

    #[test]
    fn text() {
        let cases = [
            ("/srv/run-1/bin/cat", "${bin}/cat"),
            ("/srv/run-1/bins", "${work}/bins"),
            ("/srv/run-1", "${work}"),
            ("/srv/run-10/x", "/srv/run-10/x"),
            ("echo slaaaa slbbbb slrunrunrunrun", "echo ${nonce} ${nonce:2} ${nonce:run}"),
            ("slaaaa.lab:127.0.0.1:4000", "${nonce}.lab:${sink}"),
            ("127.0.0.1:40001", "127.0.0.1:40001"),
            ("65534", "65534"),
            ("/proc/12/fd/7", "/proc/${pid}/fd/7"),
            ("/proc/12", "/proc/${pid}"),
            ("/proc/self/stat", "/proc/self/stat"),
            ("/proc/12x", "/proc/12x"),
            ("/home/ann/src/a.c", "${cwd}/a.c"),
            ("-I/home/ann/include:/home/ann/src", "-I${home}/include:${cwd}"),
            ("file:///home/ann/x", "file://${home}/x"),
            ("/srv/home/ann/x //home/ann", "/srv/home/ann/x //home/ann"),
            ("/home/anna", "/home/anna"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(normaliser().text(&text.into(), Some(1)), Text::from(expected));
        }
        assert_eq!(normaliser().text(&vec![0xff, b'/'].into(), None), vec![0xff, b'/'].into());
    }

    #[test]
    fn made_up_names_and_pids() {
        let normaliser = normaliser().with(MadeUp {
            names: vec![b"ccAb12Cd".to_vec(), b"tmpx_1y2".to_vec()],
            pids: [b"4711".to_vec()].into(),
            own: Some(b"/srv/run-1/tmp".to_vec()),
        });
        let cases = [
            ("/srv/run-1/tmp/ccAb12Cd.s", "${work}/tmp/${temp:1}.s"),
            ("-o ccAb12Cd.o", "-o ${temp:1}.o"),
            ("/tmp/tmpx_1y2/a", "/tmp/${temp:2}/a"),
            ("/tmp/GMfifo4711", "/tmp/GMfifo${pid}"),
            ("/srv/run-1/tmp/s.4711", "${work}/tmp/s.${pid}"),
            ("/tmp/a 4711", "/tmp/a 4711"),
            ("/etc/4711", "/etc/4711"),
        ];
        for (text, expected) in cases {
            assert_eq!(normaliser.text(&text.into(), None), Text::from(expected));
        }
    }

    #[test]
    fn addresses() {
        let inet = |port| Address::Inet { ip: [127, 0, 0, 1].into(), port };
        let connected = |address| match normaliser()
            .payload(&Connect { address, later: None, result: Outcome::Ok(3) }.into(), None)
        {
            Payload::Connect(Connect { address, later: None, result: Outcome::Ok(0) }) => address,
            other => panic!("{other:?}"),
        };
        assert_eq!(connected(inet(4000)), Address::Variable { name: "sink".to_owned() });
        assert_eq!(connected(inet(4001)), inet(4001));
        let unix = |path: &str| Address::Unix { path: path.into(), is_abstract: false };
        assert_eq!(connected(unix("/srv/run-1/s")), unix("${work}/s"));
        let bound = normaliser().payload(&Bind { address: inet(0), result: Outcome::Ok(0) }.into(), None);
        assert_eq!(bound, Bind { address: inet(0), result: Outcome::Ok(0) }.into());
        let accepted = Accept { peer: Some(inet(51234)), result: Outcome::Ok(9) };
        let expected = Accept { peer: Some(inet(0)), result: Outcome::Ok(0) };
        assert_eq!(normaliser().payload(&accepted.into(), None), expected.into());
    }

    proptest::proptest! {
        #[test]
        fn what_holds_no_value_stays(bytes: Vec<u8>) {
            let text = Text::from(bytes);
            let normal = normaliser().text(&text, None);
            let changed = normal.contains("${");
            proptest::prop_assert!(normal == text || changed);
            proptest::prop_assert_eq!(normaliser().text(&normal, None), normal);
        }
    }
}
