//! Reads a profile's file and all that it inherits into one merged table.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    diagnostic::Sink,
    fields::strings,
    files::{Files, Input, read_text, toml_names},
    merge::{edits, join, merge, no_edits_left, no_mixed_lists},
    place::Location,
    suggest::did_you_mean,
    tree::{self, Table},
};

/// A merged table and the files that it was made from.
pub(crate) struct Merged {
    pub(crate) table: Table,
    pub(crate) inputs: Vec<Input>,
    /// false: a file is missing from it, about which something was said
    pub(crate) whole: bool,
}

/// Reads `path` (below the root) and what it inherits.
pub(crate) fn load(files: &(impl Files + ?Sized), path: &str, sink: &mut Sink) -> Option<Merged> {
    let mut walk =
        Walk { files, chain: Vec::new(), reached: BTreeMap::new(), inputs: Vec::new(), whole: true };
    let table = walk.file(path, None, sink)?;
    if walk.whole {
        no_edits_left(&table, sink);
    }
    let mut inputs = walk.inputs;
    inputs.sort();
    Some(Merged { table, inputs, whole: walk.whole })
}

struct Walk<'f, F: ?Sized> {
    files: &'f F,
    /// files being read, the heir first
    chain: Vec<String>,
    /// each file, and where it is inherited
    reached: BTreeMap<String, Option<Location>>,
    inputs: Vec<Input>,
    whole: bool,
}

impl<F: Files + ?Sized> Walk<'_, F> {
    fn file(&mut self, path: &str, asked: Option<&Location>, sink: &mut Sink) -> Option<Table> {
        if let Some(start) = self.chain.iter().position(|other| other == path) {
            let circle = self.chain[start..].join(" -> ");
            sink.push(asked.cloned(), format!("`inherit` goes in a circle: {circle} -> {path}"));
            return None;
        }
        if let Some(first) = self.reached.get(path) {
            let first = first.as_ref().map_or_else(|| path.to_owned(), Location::to_string);
            let message = format!("a diamond: `{path}` is inherited here and at {first}, expected once");
            sink.push(asked.cloned(), message);
            return None;
        }
        self.reached.insert(path.to_owned(), asked.cloned());
        let (text, input) = read_text(self.files, path, asked, sink)?;
        let file = Arc::clone(&input.path);
        self.inputs.push(input);
        let mut own = tree::parse(&file, &text, sink)?;
        no_mixed_lists(&own, sink);

        let Some(inherit) = own.remove("inherit") else { return Some(own) };
        let bases = strings(&inherit.node, "inherit", sink).unwrap_or_default();
        if let crate::tree::Value::List(list) = &inherit.node.value
            && edits(list)
        {
            sink.push(inherit.node.at.clone(), "`inherit` holds edits, expected paths of files");
            return Some(own);
        }
        self.chain.push(path.to_owned());
        let mut joined = Table::new();
        for (base, at) in bases {
            match self.path(base, at, sink).and_then(|base| self.file(&base, Some(at), sink)) {
                Some(table) => joined = join(joined, table, Some(&own), path, sink),
                None => self.whole = false,
            }
        }
        self.chain.pop();
        Some(merge(joined, own, sink))
    }

    /// The path below the root of what `inherit` names.
    fn path(&self, base: &str, at: &Location, sink: &mut Sink) -> Option<String> {
        let known = self.known();
        if known.iter().any(|name| name == base) {
            return Some(format!("profiles/{base}"));
        }
        let message = format!("no file `profiles/{base}` to inherit, expected a path below profiles/");
        sink.push_hint(at.clone(), message, did_you_mean(base, known.iter().map(String::as_str)));
        None
    }

    /// What can be inherited; a folder that is not there holds nothing.
    fn known(&self) -> Vec<String> {
        let names = |folder: &str| toml_names(self.files, folder, &mut Sink::default());
        let profiles = names("profiles").into_iter().map(|name| format!("{name}.toml"));
        let base = names("profiles/base").into_iter().map(|name| format!("base/{name}.toml"));
        profiles.chain(base).collect()
    }
}
