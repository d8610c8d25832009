//! Every strict line of every golden is mutated once in each way, and each mutation is caught.

use std::path::Path;

use lab_golden::{Golden, compare};
use lab_model::{Role, SensorKind, Verdict};

use crate::sample::EVERYTHING;

/// The goldens of the repository, and always the one that shows everything.
fn goldens() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden");
    let mut goldens = vec![("everything.golden".to_owned(), EVERYTHING.to_owned())];
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        // An override is no golden: it is nothing without the one that it changes.
        let whole = !path.to_string_lossy().contains('@');
        if whole && path.extension().is_some_and(|extension| extension == "golden") {
            goldens.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
    goldens
}

fn caught(name: &str, what: &str, golden: &Golden, mutant: &Golden) {
    assert_ne!(golden, mutant, "{name}: {what}: not a mutation");
    for (golden, run) in [(golden, mutant), (mutant, golden)] {
        let drift = compare(Some(golden), run);
        assert!(!drift.is_empty() && !drift.differences.is_empty(), "{name}: {what}: not caught");
        assert!(drift.text_diff().contains("\n@@ "), "{name}: {what}: not in the text diff");
        let lines = golden.to_text().lines().count();
        assert!(
            drift.differences.iter().all(|difference| (1..=lines).contains(&difference.line)),
            "{name}: {what}"
        );
    }
}

/// Other texts for a field: each letter or digit changed, one at a time.
fn other_texts(text: &str) -> Vec<String> {
    let places = text.char_indices().filter(|(_, c)| c.is_ascii_alphanumeric());
    places
        .map(|(at, c)| {
            let other = if c == '7' {
                '8'
            } else if c.is_ascii_digit() {
                '7'
            } else if c == 'q' {
                'r'
            } else {
                'q'
            };
            format!("{}{other}{}", &text[..at], &text[at + 1..])
        })
        .collect()
}

fn tree(name: &str, golden: &Golden) -> usize {
    let mut count = 0;
    let mut check = |what: String, mutant: Golden| {
        count += 1;
        caught(name, &what, golden, &mutant);
    };
    for at in 0..golden.tree.len() {
        let line = &golden.tree[at];
        let below = golden.tree[at + 1..].iter().take_while(|other| other.depth > line.depth).count();
        let mut dropped = golden.clone();
        dropped.tree.drain(at..=at + below);
        check(format!("tree line {at} dropped"), dropped);
        let mut doubled = golden.clone();
        doubled.tree.splice(at..at, golden.tree[at..=at + below].to_vec());
        check(format!("tree line {at} doubled"), doubled);
        let mut lifted = golden.clone();
        lifted.tree.remove(at);
        lifted.tree[at..at + below].iter_mut().for_each(|line| line.depth -= 1);
        check(format!("tree line {at} taken from above its children"), lifted);
        for field in 0..line.fact.fields.len() {
            let mut without = golden.clone();
            without.tree[at].fact.fields.remove(field);
            check(format!("tree line {at} without field {field}"), without);
            for text in other_texts(&line.fact.fields[field].text) {
                let mut changed = golden.clone();
                changed.tree[at].fact.fields[field].text = text.into();
                check(format!("tree line {at} field {field} changed"), changed);
            }
        }
        let mut act = golden.clone();
        match act.tree[at].acts.first_mut() {
            Some(act) => act.id += 1,
            None => act.tree[at].acts.push(lab_golden::ActRef { id: 1, role: Role::Act }),
        }
        check(format!("tree line {at} another act"), act);
        let mut unseen = golden.clone();
        match unseen.tree[at].unseen.pop() {
            Some(_) => {}
            None => unseen.tree[at].unseen.push(SensorKind::Strace),
        }
        check(format!("tree line {at} another exception"), unseen);
        if let Some(sibling) = golden.tree.get(at + 1).filter(|next| next.depth == line.depth)
            && sibling != line
            && below == 0
            && golden.tree.get(at + 2).is_none_or(|next| next.depth <= line.depth)
        {
            let mut swapped = golden.clone();
            swapped.tree.swap(at, at + 1);
            check(format!("tree lines {at} and the next swapped"), swapped);
        }
    }
    count
}

fn table_and_detections(name: &str, golden: &Golden) -> usize {
    let mut count = 0;
    let mut check = |what: String, mutant: Golden| {
        count += 1;
        caught(name, &what, golden, &mutant);
    };
    for at in 0..golden.table.len() {
        let mut dropped = golden.clone();
        dropped.table.remove(at);
        check(format!("row {at} dropped"), dropped);
        let mut other = golden.clone();
        other.table[at].act.role = if other.table[at].act.role == Role::Act { Role::Twin } else { Role::Act };
        check(format!("row {at} with another role"), other);
        for cell in 0..golden.sensors.len() {
            let mut changed = golden.clone();
            let verdict = &mut changed.table[at].verdicts[cell];
            *verdict = if *verdict == Verdict::Seen { Verdict::Missed } else { Verdict::Seen };
            check(format!("row {at} cell {cell} changed"), changed);
        }
    }
    for at in 0..golden.sensors.len() {
        let mut without = golden.clone();
        without.sensors.remove(at);
        without.table.iter_mut().for_each(|row| _ = row.verdicts.remove(at));
        check(format!("sensor {at} dropped"), without);
    }
    for at in 0..golden.detections.len() {
        let mut dropped = golden.clone();
        dropped.detections.remove(at);
        check(format!("detection {at} dropped"), dropped);
        let mut doubled = golden.clone();
        doubled.detections.insert(at, golden.detections[at].clone());
        check(format!("detection {at} doubled"), doubled);
        let mut title = golden.clone();
        title.detections[at].title.insert(1, 'x');
        check(format!("detection {at} with another title"), title);
        let mut acts = golden.clone();
        acts.detections[at].acts.push(lab_golden::ActRef { id: 9, role: Role::Act });
        check(format!("detection {at} on another act"), acts);
    }
    count
}

#[test]
fn each_mutation_of_a_golden_is_caught() {
    for (name, text) in goldens() {
        let golden = Golden::parse(&text, &name).unwrap_or_else(|e| panic!("failed to {e}"));
        assert_eq!(golden.to_text(), text, "{name}");
        let count = tree(&name, &golden) + table_and_detections(&name, &golden);
        assert!(count > 4 * golden.tree.len(), "{name}: only {count} mutations");
    }
}

/// The same on the text: what a hand could do to the file is either an error or drift.
#[test]
fn each_mutation_of_a_text_is_caught() {
    for (name, text) in goldens() {
        let golden = Golden::parse(&text, &name).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let (mut errors, mut drifts) = (0, 0);
        let mut check = |what: String, lines: Vec<String>| {
            let mutant = lines.join("\n") + "\n";
            assert_ne!(mutant, text, "{name}: {what}: not a mutation");
            match Golden::parse(&mutant, &name) {
                Err(_) => errors += 1,
                Ok(read) => {
                    drifts += 1;
                    caught(&name, &what, &golden, &read);
                }
            }
        };
        let owned = || lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        for at in 0..lines.len() {
            let mut dropped = owned();
            dropped.remove(at);
            check(format!("line {} dropped", at + 1), dropped);
            let mut doubled = owned();
            doubled.insert(at, lines[at].to_owned());
            check(format!("line {} doubled", at + 1), doubled);
            for text in other_texts(lines[at]) {
                let mut changed = owned();
                changed[at] = text;
                check(format!("line {} changed", at + 1), changed);
            }
        }
        assert!(drifts > 0 && errors > 0, "{name}: {drifts} drifts, {errors} errors");
    }
}
