//! Names that an observed program makes up as it runs: of temporary files, and with its own pids in them.
//!
//! What tells is how a name is used, never what it looks like, since a made-up name may look like any other. Made up is
//! the name of
//! - a file that is created exclusively (`O_CREAT | O_EXCL`) in a folder for temporary files or below one;
//! - a file that is created exclusively anywhere and is renamed or removed again, as long as its name is not that of
//!   what it becomes with one of the usual endings ([`FIXED`]): `index.lock` is always called so;
//! - a folder right in the program's own folder for temporary files, which was empty when the program started;
//! - a folder right in a shared one (`/tmp`, ...) that the program removes.
//!
//! A name of fewer than [`SHORTEST`] bytes is left alone: it would be found in too many other texts.

use std::collections::BTreeSet;

use lab_model::{Action, Open, Outcome, Payload, Rename, Unlink};

use crate::view::View;

/// Folders for temporary files that every program knows.
const SHARED: &[&[u8]] = &[b"/tmp", b"/var/tmp", b"/dev/shm"];

/// Endings that are added to the name of a file that is to be replaced.
const FIXED: &[&[u8]] = &[b".lock", b".tmp", b".new", b".part", b".bak", b"~"];

/// The shortest name that is taken for made up.
const SHORTEST: usize = 6;

/// What an observed program made up, as one instance saw it.
#[derive(Debug, Default)]
pub(crate) struct MadeUp {
    /// names in the order in which they came up, without the ending that says what a file is
    pub(crate) names: Vec<Vec<u8>>,
    /// pids of the program's processes, in decimal
    pub(crate) pids: BTreeSet<Vec<u8>>,
    /// the program's own folder for temporary files, if one is observed
    pub(crate) own: Option<Vec<u8>>,
}

impl MadeUp {
    /// True if there is nothing of the kind, as where no program is observed.
    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty() && self.pids.is_empty() && self.own.is_none()
    }

    /// Looks through what an instance recorded; nothing, where no program is observed.
    pub(crate) fn of(view: &View<'_>) -> Self {
        let Some(work) = view.pass.variables.get("work") else { return Self::default() };
        if !view.pass.acts.iter().any(lab_model::Act::is_observed) {
            return Self::default();
        }
        let own = format!("{work}/tmp").into_bytes();
        let processes = view.processes.nodes.iter().enumerate();
        let pids = processes.filter(|(id, _)| Some(*id) != view.resident).map(|(_, node)| node.pid);
        let mut found = Self {
            names: Vec::new(),
            pids: pids.filter(|pid| *pid >= 100).map(|pid| pid.to_string().into_bytes()).collect(),
            own: Some(own.clone()),
        };
        let gone = gone(view);
        for event in &view.stream.events {
            for text in event.payload.texts() {
                if let Some((folder, true)) = first_below(text.as_bytes(), &own) {
                    found.add(folder);
                }
            }
            match &event.payload {
                Payload::Open(Open { path, flags, result: Outcome::Ok(_), .. })
                    if flags.0 & 0o300 == 0o300 =>
                {
                    let (path, name) = (path.as_bytes(), base_name(path.as_bytes()));
                    if is_temporary(path, &own) || gone.contains(path) {
                        found.add(stem(name));
                    }
                }
                Payload::Unlink(Unlink { path, directory: true, result: Outcome::Ok(_) }) => {
                    for shared in SHARED {
                        if let Some((folder, false)) = first_below(path.as_bytes(), shared) {
                            found.add(folder);
                        }
                    }
                }
                _ => {}
            }
        }
        found
    }

    fn add(&mut self, name: &[u8]) {
        if name.len() >= SHORTEST && !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_vec());
        }
    }

    /// The made-up name that begins at `at`, as a word of its own: its number from 1, and its length.
    pub(crate) fn name_at(&self, bytes: &[u8], at: usize) -> Option<(usize, usize)> {
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if at.checked_sub(1).is_some_and(|before| inside(bytes[before])) {
            return None;
        }
        let fits = |name: &Vec<u8>| {
            bytes[at..].starts_with(name) && !bytes.get(at + name.len()).is_some_and(|next| inside(*next))
        };
        let (number, name) = self
            .names
            .iter()
            .enumerate()
            .filter(|(_, name)| fits(name))
            .max_by_key(|(_, name)| name.len())?;
        Some((number + 1, name.len()))
    }

    /// The length of a pid of the program that begins at `at`, as a number of its own.
    pub(crate) fn pid_at(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let length = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let alone = !before.is_some_and(u8::is_ascii_digit);
        (alone && self.pids.contains(&bytes[at..at + length])).then_some(length)
    }

    /// True if a folder for temporary files begins at `at` and goes on.
    pub(crate) fn enters_temporary(&self, bytes: &[u8], at: usize) -> bool {
        let Some(own) = &self.own else { return false };
        SHARED
            .iter()
            .copied()
            .chain([own.as_slice()])
            .any(|folder| first_below(&bytes[at..], folder).is_some())
    }
}

/// Paths of files that the program itself removed or renamed, by another name than the usual.
fn gone<'a>(view: &View<'a>) -> BTreeSet<&'a [u8]> {
    let of = |payload: &'a Payload| match payload {
        Payload::Unlink(Unlink { path, directory: false, result: Outcome::Ok(_) }) => {
            (!path.as_bytes().ends_with(b".lock")).then_some(path.as_bytes())
        }
        Payload::Rename(Rename { from, to, result: Outcome::Ok(_) }) => {
            let added = base_name(from.as_bytes()).strip_prefix(base_name(to.as_bytes()));
            (!added.is_some_and(|ending| FIXED.contains(&ending))).then_some(from.as_bytes())
        }
        _ => None,
    };
    let calls = view
        .stream
        .events
        .iter()
        .filter(|event| matches!(event.payload.action(), Action::Unlink | Action::Rename));
    calls.filter_map(|event| of(&event.payload)).collect()
}

fn is_temporary(path: &[u8], own: &[u8]) -> bool {
    SHARED.iter().copied().chain([own]).any(|folder| first_below(path, folder).is_some())
}

/// The first part of a path below `folder`, and whether something stands below that.
fn first_below<'a>(path: &'a [u8], folder: &[u8]) -> Option<(&'a [u8], bool)> {
    let rest = path.strip_prefix(folder)?.strip_prefix(b"/")?;
    let end = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
    (end > 0).then(|| (&rest[..end], rest.len() > end + 1))
}

fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// The name without an ending of up to four letters and digits that begins with a letter: a made-up one is longer.
fn stem(name: &[u8]) -> &[u8] {
    let Some(dot) = name.iter().rposition(|byte| *byte == b'.').filter(|dot| *dot > 0) else { return name };
    let ending = &name[dot + 1..];
    let plain = ending.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let kept = plain && (1..=4).contains(&ending.len()) && ending[0].is_ascii_lowercase();
    if kept { &name[..dot] } else { name }
}

#[cfg(test)]
mod tests {
    use super::{MadeUp, first_below, stem};

    #[test]
    fn endings_stay_and_made_up_parts_do_not() {
        let cases = [
            ("ccAb12Cd.s", "ccAb12Cd"),
            ("tmp.Ab12Cd34Ef", "tmp.Ab12Cd34Ef"),
            ("x.cpython-311.pyc.139872389472", "x.cpython-311.pyc.139872389472"),
            ("sedAb12Cd", "sedAb12Cd"),
            (".hidden", ".hidden"),
            ("a.tar.gz", "a.tar"),
        ];
        for (name, expected) in cases {
            assert_eq!(stem(name.as_bytes()), expected.as_bytes(), "{name}");
        }
    }

    #[test]
    fn below() {
        assert_eq!(first_below(b"/tmp/a/b", b"/tmp"), Some((&b"a"[..], true)));
        assert_eq!(first_below(b"/tmp/a/", b"/tmp"), Some((&b"a"[..], false)));
        assert_eq!(first_below(b"/tmp/a", b"/tmp"), Some((&b"a"[..], false)));
        for other in ["/tmp", "/tmp/", "/tmpx/a", "tmp/a"] {
            assert_eq!(first_below(other.as_bytes(), b"/tmp"), None, "{other}");
        }
    }

    #[test]
    fn names_and_pids_are_found_as_words() {
        let made_up = MadeUp {
            names: vec![b"ccAb12".to_vec(), b"ccAb12.x".to_vec()],
            pids: [b"4711".to_vec()].into(),
            own: Some(b"/w/tmp".to_vec()),
        };
        assert_eq!(made_up.name_at(b"/w/tmp/ccAb12.s", 7), Some((1, 6)));
        assert_eq!(made_up.name_at(b"/w/tmp/ccAb12.x", 7), Some((2, 8)));
        assert_eq!(made_up.name_at(b"xccAb12", 1), None);
        assert_eq!(made_up.name_at(b"ccAb123", 0), None);
        assert_eq!(made_up.pid_at(b"GMfifo4711", 6), Some(4));
        assert_eq!(made_up.pid_at(b"14711", 1), None);
        assert_eq!(made_up.pid_at(b"47110", 0), None);
        assert!(made_up.enters_temporary(b"/tmp/x", 0) && !made_up.enters_temporary(b"/tmpx/x", 0));
    }
}
