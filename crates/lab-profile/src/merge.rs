//! The algebra of inheritance: tables merge by key, a list replaces unless it edits, a type never changes.

use crate::{
    diagnostic::Sink,
    suggest::did_you_mean,
    tree::{Entry, Node, Table, Value},
};

/// Lays `heir` over `base`. What is wrong goes to `sink`; there the heir's value stays.
pub(crate) fn merge(base: Table, heir: Table, sink: &mut Sink) -> Table {
    let mut merged = base;
    for (key, mine) in heir {
        let entry = match merged.remove(&key) {
            Some(theirs) => merge_entry(&key, theirs, mine, sink),
            None => mine,
        };
        merged.insert(key, entry);
    }
    merged
}

fn merge_entry(key: &str, theirs: Entry, mine: Entry, sink: &mut Sink) -> Entry {
    same_type(key, &theirs.node, &mine.node, sink);
    let Entry { key_at, node: Node { value, at } } = mine;
    let value = match (theirs.node.value, value) {
        (Value::Table(theirs), Value::Table(mine)) => Value::Table(merge(theirs, mine, sink)),
        (Value::List(theirs), Value::List(mine)) if edits(&mine) => {
            Value::List(edit(key, theirs, mine, sink))
        }
        (_, mine) => mine,
    };
    Entry { key_at, node: Node { value, at } }
}

fn same_type(key: &str, theirs: &Node, mine: &Node, sink: &mut Sink) {
    let (wanted, found) = (theirs.value.type_name(), mine.value.type_name());
    if wanted != found {
        let message = format!("`{key}` is {found}, expected {wanted}, as inherited from {}", theirs.at);
        sink.push(mine.at.clone(), message);
    }
}

/// True if every entry begins with `+` or `-`: the list changes the one below it.
pub(crate) fn edits(list: &[Node]) -> bool {
    !list.is_empty() && list.iter().all(|node| sign(node).is_some())
}

/// `('+', "name")` of an entry `+name`.
pub(crate) fn sign(node: &Node) -> Option<(char, &str)> {
    let Value::String(text) = &node.value else { return None };
    let mut rest = text.chars();
    let first = rest.next().filter(|first| matches!(first, '+' | '-'))?;
    Some((first, rest.as_str()))
}

/// Edits of edits are one longer list of edits; edits of entries are carried out.
fn edit(key: &str, mut theirs: Vec<Node>, mine: Vec<Node>, sink: &mut Sink) -> Vec<Node> {
    if edits(&theirs) {
        theirs.extend(mine);
        return theirs;
    }
    for node in mine {
        let Some((sign, name)) = sign(&node) else { continue };
        let found =
            theirs.iter().position(|other| matches!(&other.value, Value::String(text) if text == name));
        match (sign, found) {
            ('+', None) => theirs.push(Node { value: Value::String(name.to_owned()), at: node.at.clone() }),
            ('-', Some(at)) => drop(theirs.remove(at)),
            ('+', Some(at)) => {
                let there = &theirs[at].at;
                sink.push(node.at.clone(), format!("`+{name}` adds to `{key}` what is there from {there}"));
            }
            _ => {
                let names = theirs.iter().filter_map(|node| match &node.value {
                    Value::String(text) => Some(text.as_str()),
                    _ => None,
                });
                let message = format!("`-{name}` takes from `{key}` what is not in the inherited list");
                sink.push_hint(node.at.clone(), message, did_you_mean(name, names));
            }
        }
    }
    theirs
}

/// Puts what two files say side by side; neither comes first, so a key that both set is a tie unless `heir` replaces it.
pub(crate) fn join(
    mut left: Table,
    right: Table,
    heir: Option<&Table>,
    heir_file: &str,
    sink: &mut Sink,
) -> Table {
    for (key, theirs) in right {
        let decided = heir.and_then(|heir| heir.get(&key)).map(|entry| &entry.node.value);
        let Some(mine) = left.remove(&key) else {
            left.insert(key, theirs);
            continue;
        };
        let entry = match (mine, theirs) {
            (
                Entry { key_at, node: Node { value: Value::Table(mine), at } },
                Entry { node: Node { value: Value::Table(theirs), .. }, .. },
            ) => {
                let decided = match decided {
                    Some(Value::Table(table)) => Some(table),
                    _ => None,
                };
                let value = Value::Table(join(mine, theirs, decided, heir_file, sink));
                Entry { key_at, node: Node { value, at } }
            }
            (mine, theirs) => {
                let replaced = match decided {
                    None => false,
                    Some(Value::List(list)) => !edits(list),
                    Some(_) => true,
                };
                if mine.node.value.type_name() != theirs.node.value.type_name() {
                    same_type(&key, &mine.node, &theirs.node, sink);
                } else if !replaced {
                    let message = format!(
                        "a tie: `{key}` is set here and at {}, and `{heir_file}` inherits both; expected one of them, or a value of its own",
                        mine.key_at
                    );
                    sink.push(theirs.key_at, message);
                }
                mine
            }
        };
        left.insert(key, entry);
    }
    left
}

/// Reports lists that mix entries with edits, which no merge can make sense of.
pub(crate) fn no_mixed_lists(table: &Table, sink: &mut Sink) {
    walk_lists(table, &mut |key, list| {
        if !edits(list)
            && let Some(node) = list.iter().find(|node| sign(node).is_some())
        {
            let message = format!("`{key}` mixes edits with entries, expected `+` or `-` before all or none");
            sink.push(node.at.clone(), message);
        }
    });
}

/// Reports edits that found nothing below them to edit.
pub(crate) fn no_edits_left(table: &Table, sink: &mut Sink) {
    walk_lists(table, &mut |key, list| {
        if edits(list) {
            let message = format!("`{key}` edits an inherited list, but no inherited file has one");
            sink.push(list[0].at.clone(), message);
        }
    });
}

fn walk_lists(table: &Table, visit: &mut dyn FnMut(&str, &[Node])) {
    for (key, entry) in table {
        match &entry.node.value {
            Value::List(list) => visit(key, list),
            Value::Table(table) => walk_lists(table, visit),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{join, merge};
    use crate::{
        diagnostic::Sink,
        place::Location,
        tree::{Entry, Node, Table, Value},
    };

    fn at() -> Location {
        Location::file("t.toml")
    }

    fn node(value: Value) -> Node {
        Node { value, at: at() }
    }

    fn value() -> impl Strategy<Value = Value> {
        let word = prop::sample::select(vec!["a", "b", "c"]);
        let plain = prop::collection::btree_set(word.clone(), 0..3);
        let edit = prop::collection::btree_map(word, any::<bool>(), 1..3);
        let strings =
            |words: Vec<String>| Value::List(words.into_iter().map(|w| node(Value::String(w))).collect());
        let leaf = prop_oneof![
            (0..3i64).prop_map(|n| Value::Integer(Some(n))),
            any::<bool>().prop_map(Value::Boolean),
            plain.prop_map(move |set| strings(set.into_iter().map(str::to_owned).collect())),
            edit.prop_map(move |map| {
                let sign = |add| if add { '+' } else { '-' };
                strings(map.into_iter().map(|(word, add)| format!("{}{word}", sign(add))).collect())
            }),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| entries(inner).prop_map(Value::Table))
    }

    fn entries(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Table> {
        let key = prop::sample::select(vec!["k", "l", "m"]);
        let entry = value.prop_map(|value| Entry { key_at: at(), node: node(value) });
        prop::collection::btree_map(key.prop_map(str::to_owned), entry, 0..3)
    }

    fn merged(base: &Table, heir: &Table) -> Option<Table> {
        let mut sink = Sink::default();
        let table = merge(base.clone(), heir.clone(), &mut sink);
        sink.finish(Some(table)).ok()
    }

    fn joined(left: &Table, right: &Table) -> Option<Table> {
        let mut sink = Sink::default();
        let table = join(left.clone(), right.clone(), None, "t.toml", &mut sink);
        sink.finish(Some(table)).ok()
    }

    proptest! {
        #[test]
        fn merging_is_associative_where_defined(a in entries(value()), b in entries(value()), c in entries(value())) {
            let left = merged(&a, &b).and_then(|ab| merged(&ab, &c));
            let right = merged(&b, &c).and_then(|bc| merged(&a, &bc));
            if let (Some(left), Some(right)) = (left, right) {
                prop_assert_eq!(left, right);
            }
        }

        #[test]
        fn nothing_is_neutral(a in entries(value())) {
            let nothing = Table::new();
            prop_assert_eq!(merged(&a, &nothing), Some(a.clone()));
            prop_assert_eq!(merged(&nothing, &a), Some(a));
        }

        #[test]
        fn the_order_of_inherited_files_means_nothing(a in entries(value()), b in entries(value())) {
            prop_assert_eq!(joined(&a, &b), joined(&b, &a));
        }
    }
}
