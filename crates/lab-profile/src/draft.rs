//! A first draft of a scenario from what a run recorded, for a person to finish; and an empty one with the same comments.
//!
//! The acts are guessed from the facts: what a process wrote, read, removed, renamed, connected to, became, and what it
//! executed where that was all that it did. Places of the run become variables, a file that an act needs becomes a
//! `[[file]]`. What only a person can know is marked `TODO`: the ATT&CK ids, the benign twin, contents.

mod facts;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use lab_model::{Errno, Judged};

/// What stands at the top of every draft.
const HEAD: &str = "\
# Finish what is marked TODO, then: cargo xtask scenario lint
# README.md has the kinds of act and the variables; the scenario runs once a profile lists it in `scenarios`.
";

const ATTACK: &str = "\
# TODO the MITRE ATT&CK techniques that it shows, such as \"T1059.004\"
attack = []
";

const TWIN: &str = "
# TODO the benign twin: the same shape of behaviour, which must raise no detection. Here is the first act once more:
# take the marks away and change its object.
";

/// A scenario with one act of each shape, to be cut down and filled in.
pub fn template() -> String {
    let acts = [
        Entry::new("write", &[("path", "${work}/notes.txt"), ("content", "TODO ${nonce}\n")]),
        Entry::new("read", &[("path", "${canary}/notes.txt")]),
        Entry::new("connect", &[("address", "${sink}"), ("payload", "GET /${nonce}")]),
    ];
    let image = vec![Image { name: "agent".to_owned(), argv: vec!["agent".into(), "${nonce}".into()] }];
    let acts: Vec<Entry> = acts.into_iter().map(|act| Entry { via: image.clone(), ..act }).collect();
    let files = BTreeMap::from([("${canary}/notes.txt".to_owned(), "canary ${nonce}\n")]);
    let mut draft = Draft { acts, files, ..Draft::default() };
    draft.twins = vec![Entry { via: image, ..Entry::new("read", &[("path", "${work}/notes.txt")]) }];
    draft.text("TODO one line that says what it stands for", &[])
}

/// A draft from what the judge made of a scenario's record; `variables` are those of its first pass.
pub fn draft(judged: &Judged, variables: &BTreeMap<String, String>) -> String {
    let draft = facts::read(judged, variables);
    draft.text(&judged.head.summary, &judged.head.attack)
}

/// One image on the way to an act.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Image {
    name: String,
    argv: Vec<String>,
}

/// One `[[act]]` or `[[twin]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    kind: &'static str,
    /// key and text; lists stand as they are printed
    fields: Vec<(&'static str, String)>,
    ids: Option<Vec<String>>,
    via: Vec<Image>,
    user: Option<String>,
    expect: Option<Errno>,
}

impl Entry {
    fn new(kind: &'static str, fields: &[(&'static str, &str)]) -> Self {
        let fields = fields.iter().map(|(key, text)| (*key, (*text).to_owned())).collect();
        Self { kind, fields, ids: None, via: Vec::new(), user: None, expect: None }
    }
}

#[derive(Default)]
struct Draft {
    acts: Vec<Entry>,
    twins: Vec<Entry>,
    /// entries that there was no room for
    left_out: usize,
    /// set-up files with their content
    files: BTreeMap<String, &'static str>,
    /// names of images that give another user's rights
    set_user_id: BTreeSet<String>,
}

impl Draft {
    fn text(&self, summary: &str, attack: &[String]) -> String {
        let mut out = HEAD.to_owned();
        let _ = writeln!(out, "# TODO one line for people\nsummary = {}", quoted(&one_line(summary)));
        if attack.is_empty() {
            out.push_str(ATTACK);
        } else {
            let ids: Vec<String> = attack.iter().map(|id| quoted(id)).collect();
            let _ = writeln!(
                out,
                "# TODO whether these are the techniques that it shows\nattack = [{}]",
                ids.join(", ")
            );
        }
        for (path, content) in &self.files {
            let _ = writeln!(
                out,
                "\n# TODO the content\n[[file]]\npath = {}\ncontent = {}",
                quoted(path),
                quoted(content)
            );
        }
        for act in &self.acts {
            out.push('\n');
            out.push_str(&self.entry("act", act));
        }
        if self.acts.is_empty() {
            out.push_str("\n# TODO an act: nothing that the run recorded can be performed as one\n");
        }
        if self.left_out > 0 {
            let _ = writeln!(out, "\n# TODO the run holds {} more", self.left_out);
        }
        for twin in &self.twins {
            out.push_str("\n# TODO whether it is benign\n");
            out.push_str(&self.entry("twin", twin));
        }
        if let (Some(act), []) = (self.acts.first(), self.twins.as_slice()) {
            out.push_str(TWIN);
            for line in self.entry("twin", act).lines() {
                let _ = writeln!(out, "# {line}");
            }
        }
        out
    }

    fn entry(&self, word: &str, entry: &Entry) -> String {
        let mut out = format!("[[{word}]]\nkind = {}\n", quoted(entry.kind));
        for (key, text) in &entry.fields {
            let _ = writeln!(out, "{key} = {}", quoted(text));
        }
        if let Some(ids) = &entry.ids {
            let _ = writeln!(out, "ids = {}", list(ids));
        }
        if !entry.via.is_empty() {
            let image = |image: &Image| {
                let mark = if self.set_user_id.contains(&image.name) { ", set_user_id = true" } else { "" };
                format!("    {{ name = {}, argv = {}{mark} }},\n", quoted(&image.name), list(&image.argv))
            };
            let _ = writeln!(out, "via = [\n{}]", entry.via.iter().map(image).collect::<String>());
        }
        if let Some(user) = &entry.user {
            let _ = writeln!(out, "user = {}", quoted(user));
        }
        if let Some(errno) = entry.expect {
            let _ = writeln!(out, "expect = {}", quoted(&errno.to_string()));
        }
        out
    }
}

fn one_line(text: &str) -> String {
    text.split(char::is_control).collect::<Vec<_>>().join(" ")
}

fn list(items: &[String]) -> String {
    format!("[{}]", items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(", "))
}

/// A basic string of TOML, on one line.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => _ = write!(out, "\\u{:04x}", u32::from(c)),
            c => out.push(c),
        }
    }
    out + "\""
}
