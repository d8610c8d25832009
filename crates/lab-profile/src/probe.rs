//! Settings of the sensor `probe`: its ring, and what of the subject's doings it records.

use lab_model::{
    Action,
    limits::{PROBE_PATH, PROBE_PATHS},
};

use crate::{
    act::actions,
    diagnostic::Sink,
    fields::{Fields, integer, no_repeats, strings, table, word},
    place::{Location, Sourced},
    profile::not_empty,
};

/// Settings of the sensor `probe`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeSettings {
    /// size of the ring buffer between kernel and reader, in bytes; a power of two
    pub ring_bytes: Sourced<u32>,
    /// only these actions, and exec, fork and exit; the verdicts for others are `refused`
    pub actions: Option<Sourced<Vec<Action>>>,
    /// files, and folders of files, whose reads and writes are recorded
    pub files: Option<Sourced<Vec<String>>>,
}

const KEYS: &[&str] = &["ring_bytes", "actions", "files"];
/// Holds 16,384 records of 512 bytes.
const RING_BYTES: u32 = 8 << 20;

impl ProbeSettings {
    /// The same as options of `lab-probe record`.
    pub fn options(&self) -> Vec<String> {
        let Self { ring_bytes, actions, files } = self;
        let mut options = vec!["--ring-bytes".to_owned(), ring_bytes.value.to_string()];
        for action in actions.iter().flat_map(|actions| &actions.value) {
            options.extend(["--action".to_owned(), action.word().to_owned()]);
        }
        for path in files.iter().flat_map(|files| &files.value) {
            options.extend(["--file".to_owned(), path.clone()]);
        }
        options
    }
}

/// Reads the profile's table `probe`.
pub(crate) fn probe(fields: &Fields<'_>, sink: &mut Sink) -> ProbeSettings {
    let ring_bytes = Sourced::default(RING_BYTES);
    let mut settings = ProbeSettings { ring_bytes, actions: None, files: None };
    let Some(entry) = fields.get("probe") else { return settings };
    let Some(table) = table(&entry.node, "probe", sink) else { return settings };
    let fields = Fields::new(table, "`probe`", &entry.key_at, KEYS, sink);
    let ring_bytes = fields.optional("ring_bytes", sink, |node, key, sink| {
        let bytes = integer(node, key, 4096..=1 << 30, sink)?;
        if !bytes.is_power_of_two() {
            sink.push(node.at.clone(), format!("`{key}` is {bytes}, expected a power of two"));
        }
        Some(bytes)
    });
    settings.ring_bytes = ring_bytes.unwrap_or(settings.ring_bytes);
    settings.actions = fields.optional("actions", sink, |node, key, sink| {
        let list = not_empty(strings(node, key, sink)?, key, &node.at, sink)?;
        no_repeats(list.iter().copied(), "action", sink);
        if !list.iter().any(|(text, _)| *text == Action::Open.word()) {
            let message =
                format!("`{key}` lacks `open`, by which a run's marks of its start and end are seen");
            sink.push(node.at.clone(), message);
        }
        let known: Vec<_> = actions().collect();
        let read = list.iter().map(|(text, at)| word(text, at, "action", &known, sink));
        read.collect::<Vec<_>>().into_iter().collect()
    });
    settings.files = fields.optional("files", sink, |node, key, sink| {
        let list = not_empty(strings(node, key, sink)?, key, &node.at, sink)?;
        no_repeats(list.iter().copied(), "path", sink);
        if let Some((_, at)) = list.get(PROBE_PATHS) {
            let message = format!("`{key}` holds {} paths, expected at most {PROBE_PATHS}", list.len());
            sink.push((*at).clone(), message);
        }
        let read = list.iter().map(|(text, at)| path(text, at, key, sink));
        read.collect::<Vec<_>>().into_iter().collect()
    });
    settings
}

/// A path that the probe can be told.
fn path(text: &str, at: &Location, key: &str, sink: &mut Sink) -> Option<String> {
    let names = text.strip_prefix('/').map(|rest| rest.trim_end_matches('/').split('/'));
    let plain = |name: &str| !matches!(name, "" | "." | "..") && !name.contains('\0');
    if !names.is_some_and(|mut names| names.all(plain)) {
        let wanted = "expected an absolute path below the root, without `.` and `..`";
        sink.push(at.clone(), format!("`{key}` holds {text:?}, {wanted}"));
        return None;
    }
    if text.len() > PROBE_PATH {
        sink.push(
            at.clone(),
            format!("`{key}` holds a path of {} bytes, expected at most {PROBE_PATH}", text.len()),
        );
        return None;
    }
    Some(text.to_owned())
}
