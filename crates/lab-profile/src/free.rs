//! What an interest leaves free, path by path: `unordered`, `optional`, `at_most`.

use std::collections::BTreeMap;

use lab_model::Freedom;

use crate::{
    diagnostic::Sink,
    fields::{Fields, integer, no_repeats, strings, table},
    place::Location,
    variables,
};

/// Folders below `${work}` that have a variable of their own, which is how facts name them.
const BELOW_WORK: &[(&str, &str)] = &[("${work}/bin", "${bin}"), ("${work}/canary", "${canary}")];

/// The three keys as one map from paths, as facts have them.
pub(crate) fn read(fields: &Fields<'_>, sink: &mut Sink) -> BTreeMap<String, Freedom> {
    let mut free: BTreeMap<String, Freedom> = BTreeMap::new();
    for (key, set) in [
        ("unordered", (|freedom| freedom.unordered = true) as fn(&mut Freedom)),
        ("optional", |freedom| freedom.optional = true),
    ] {
        let paths = fields.optional(key, sink, |node, key, sink| {
            let paths = strings(node, key, sink)?;
            no_repeats(paths.iter().copied(), "path", sink);
            Some(paths.into_iter().filter_map(|(text, at)| path(text, key, at, sink)).collect::<Vec<_>>())
        });
        paths.into_iter().flat_map(|paths| paths.value).for_each(|path| set(free.entry(path).or_default()));
    }
    let counts = fields.optional("at_most", sink, |node, key, sink| {
        let entries = table(node, key, sink)?.iter();
        let read = entries.filter_map(|(text, entry)| {
            let most = integer(&entry.node, text, 1..=u32::MAX, sink);
            Some((path(text, key, &entry.key_at, sink)?, most?))
        });
        Some(read.collect::<Vec<_>>())
    });
    for (path, most) in counts.into_iter().flat_map(|counts| counts.value) {
        free.entry(path).or_default().at_most = Some(most);
    }
    free
}

/// A path that starts at the root or with a variable.
fn path(text: &str, key: &str, at: &Location, sink: &mut Sink) -> Option<String> {
    variables::check(text, at, sink);
    if !text.starts_with('/') && !text.starts_with("${") {
        let message = format!("`{key}` holds {text:?}, expected a whole path such as `/etc/localtime`");
        sink.push(at.clone(), message);
        return None;
    }
    let inside = |folder: &str| text.strip_prefix(folder).filter(|rest| rest.starts_with('/'));
    let named = BELOW_WORK.iter().find_map(|(folder, name)| Some(format!("{name}{}", inside(folder)?)));
    Some(named.unwrap_or_else(|| text.to_owned()))
}
