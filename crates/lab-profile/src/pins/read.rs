//! One table of `pins.toml` as a pin.

use lab_model::{Pin, PinSource, Verified};

use super::check;
use crate::{
    diagnostic::Sink,
    fields::{Fields, string, word},
    place::Location,
    tree::{Node, Table},
};

/// What a table can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Tool,
    Chart,
    File,
    Image,
    Package,
    Crate,
    Wheel,
}

pub(super) const KINDS: [(&str, Kind); 7] = [
    ("tool", Kind::Tool),
    ("chart", Kind::Chart),
    ("file", Kind::File),
    ("image", Kind::Image),
    ("package", Kind::Package),
    ("crate", Kind::Crate),
    ("wheel", Kind::Wheel),
];

pub(super) fn kind(word: &str) -> Option<Kind> {
    KINDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
}

const ARCHITECTURES: &[(&str, &str)] = &[("x86_64", "x86_64"), ("aarch64", "aarch64")];
const OF_DEBIAN: &[(&str, &str)] = &[("amd64", "amd64"), ("arm64", "arm64"), ("all", "all")];
const REGISTRIES: &[(&str, &str)] = &[("docker", "docker"), ("quay", "quay"), ("github", "github")];
const VERIFIED: &[(&str, Verified)] =
    &[("twice", Verified::Twice), ("once", Verified::Once), ("computed", Verified::Computed)];

impl Kind {
    fn word(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }

    /// The keys that it has beside `name` and `version`.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Tool => &["arch", "url", "program", "sha256", "verified"],
            Self::Chart | Self::File => &["url", "sha256", "verified"],
            Self::Image => &["registry", "digest", "verified"],
            Self::Package => &["arch", "suite", "sha256"],
            Self::Crate => &["sha256"],
            Self::Wheel => &["arch", "python", "sha256"],
        }
    }
}

pub(super) fn pin(kind: Kind, table: &Table, at: &Location, sink: &mut Sink) -> Option<Pin> {
    let named = table.get("name").and_then(|entry| string(&entry.node, "name", &mut Sink::default()));
    let what = match named {
        Some(name) => format!("the {} `{name}`", kind.word()),
        None => format!("a pin of kind `{}`", kind.word()),
    };
    let known = [&["name", "version"], kind.keys()].concat();
    let fields = Fields::new(table, &what, at, &known, sink);
    let text = |key: &str, sink: &mut Sink| Some(fields.required(key, sink, one_word)?.value);
    let name = text("name", sink);
    let version = fields.required("version", sink, |node, key, sink| {
        let version = one_word(node, key, sink)?;
        check::is_fixed(kind, &version, &node.at, sink);
        Some(version)
    });
    let hash = if kind == Kind::Image { "digest" } else { "sha256" };
    let sha256 = check::hash(table, hash, &what, at, sink);
    let arch = match kind {
        Kind::Tool | Kind::Wheel => Some(among(&fields, "arch", ARCHITECTURES, sink)),
        Kind::Package => Some(among(&fields, "arch", OF_DEBIAN, sink)),
        _ => None,
    };
    let verified = kind.keys().contains(&"verified").then(|| among(&fields, "verified", VERIFIED, sink));
    let url = |sink: &mut Sink| Some(fields.required("url", sink, check::url)?.value);
    let source = match kind {
        Kind::Tool => {
            let program = fields.optional("program", sink, check::file_name).map(|program| program.value);
            PinSource::Tool { url: url(sink)?, program }
        }
        Kind::Chart => PinSource::Chart { url: url(sink)? },
        Kind::File => PinSource::File { url: url(sink)? },
        Kind::Image => {
            PinSource::Image { registry: among(&fields, "registry", REGISTRIES, sink)?.to_owned() }
        }
        Kind::Package => PinSource::Package { suite: text("suite", sink)? },
        Kind::Crate => PinSource::Crate,
        Kind::Wheel => PinSource::Wheel { python: text("python", sink)? },
    };
    // What its kind does not have is absent; what could not be read ends here.
    let (arch, verified) = match (arch, verified) {
        (Some(None), _) | (_, Some(None)) => return None,
        (arch, verified) => (arch.flatten().map(str::to_owned), verified.flatten()),
    };
    let (name, version, sha256) = (name?, version?.value, sha256?);
    Some(Pin { name, version, arch, sha256, source, verified, line: at.line })
}

/// A text that can be part of a file's name and of a command line.
fn one_word(node: &Node, key: &str, sink: &mut Sink) -> Option<String> {
    let text = string(node, key, sink)?;
    let good = |c: char| c.is_ascii_alphanumeric() || "._-+~:/".contains(c);
    let plain = text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(good)
        && !text.split('/').any(|part| part == ".." || part.is_empty());
    if !plain {
        sink.push(node.at.clone(), format!("`{key}` is {text:?}, expected a word without spaces"));
        return None;
    }
    Some(text.to_owned())
}

fn among<T: Copy>(fields: &Fields<'_>, key: &str, known: &[(&str, T)], sink: &mut Sink) -> Option<T> {
    let read = fields
        .required(key, sink, |node, key, sink| word(string(node, key, sink)?, &node.at, key, known, sink));
    Some(read?.value)
}
