//! Three large goldens: one, the same with changes, and that with all its siblings shuffled.

use std::{fs, path::Path};

use lab_golden::{ActRef, FactField, Golden, Line, Marks, MaskedFact};
use lab_model::{Role, SensorKind};

const ACTS: u32 = 10;

/// Numbers that look random and are the same each time (splitmix64, by Sebastiano Vigna).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound.max(1) as u64) as usize
    }
}

/// Writes `old.golden`, `new.golden` and `shuffled.golden`.
pub(crate) fn write(folder: &Path, lines: usize, changes: usize) -> Result<(), String> {
    let mut numbers = Numbers(1);
    let old = tree(lines, &mut numbers);
    let new = changed(&old, changes);
    let shuffled = shuffled(&new, &mut numbers);
    for (name, tree) in [("old", old), ("new", new), ("shuffled", shuffled)] {
        let file = folder.join(format!("{name}.golden"));
        fs::write(&file, golden(tree)?.to_text())
            .map_err(|error| format!("write {}: {error}", file.display()))?;
    }
    Ok(())
}

fn golden(tree: Vec<Line>) -> Result<Golden, String> {
    let row = |act| {
        let label = format!("  act {act}");
        format!("{label:10}seen    seen\n")
    };
    let rows: String = (1..=ACTS).map(row).collect();
    let rest = format!(
        "sightline golden 1\nscenario bench  attack T1059.004\n\ntree\n  none\n\ntable     probe   strace\n{rows}\ndetections\n  none\n"
    );
    let rest = Golden::parse(&rest, "bench").map_err(|error| error.to_string())?;
    Ok(Golden { tree, ..rest })
}

fn line(depth: usize, word: &'static str, fields: &[(&'static str, String)]) -> Line {
    let fields = fields.iter().map(|(name, text)| FactField { name, text: text.into() }).collect();
    Line {
        depth,
        fact: MaskedFact { word, fields },
        acts: Default::default(),
        unseen: Default::default(),
        marks: Marks::default(),
    }
}

fn open(path: String, failed: bool) -> Line {
    let mut fields = vec![("path", path), ("flags", "read close-on-exec".to_owned())];
    fields.extend(failed.then(|| ("result", "-> ENOENT".to_owned())));
    line(2, "open", &fields)
}

/// Some acts, below each thousands of programs, below each what it opened.
fn tree(lines: usize, numbers: &mut Numbers) -> Vec<Line> {
    let mut tree: Vec<Line> = Vec::with_capacity(lines);
    let (mut job, mut act) = (0, 0);
    while tree.len() < lines {
        if tree.len() >= act as usize * lines / ACTS as usize {
            act += 1;
            let argv = format!("[\"sh\",\"-c\",\"make part-{act}\"]");
            let mut root = line(
                0,
                "exec",
                &[("path", "\"/bin/sh\"".to_owned()), ("argv", argv), ("uid", "uid=1000".to_owned())],
            );
            root.acts.push(ActRef { id: act, role: Role::Act });
            tree.push(root);
        }
        job += 1;
        let argv =
            format!("[\"cc\",\"-O2\",\"-c\",\"<work>/src/file-{job}.c\",\"-o\",\"<work>/out/file-{job}.o\"]");
        tree.push(line(
            1,
            "exec",
            &[("path", "\"/usr/bin/cc\"".to_owned()), ("argv", argv), ("uid", "uid=1000".to_owned())],
        ));
        tree.push(line(2, "opens", &[("class", "loader".to_owned())]));
        for part in 0..8 + numbers.below(12) {
            let path = format!("\"/usr/include/part-{part}/header-{}.h\"", numbers.below(100_000));
            let mut line = open(path, numbers.below(5) == 0);
            line.unseen.extend((numbers.below(100) == 0).then_some(SensorKind::Strace));
            tree.push(line);
        }
        tree.push(line(2, "exit", &[("code", "0".to_owned())]));
    }
    tree.truncate(lines);
    tree
}

/// Changes of all kinds, evenly spread: never two below one parent.
fn changed(old: &[Line], changes: usize) -> Vec<Line> {
    let mut new: Vec<Line> = Vec::with_capacity(old.len() + changes);
    let every = old.len() / changes.max(1);
    let (mut kind, mut due, mut moving) = (0, every / 2, None);
    for line in old {
        if line.depth == 1
            && let Some(moved) = moving.take()
        {
            new.push(line.clone());
            new.push(moved);
            continue;
        }
        if new.len() < due || line.fact.word != "open" {
            new.push(line.clone());
            continue;
        }
        due += every;
        kind += 1;
        let mut line = line.clone();
        match kind % 5 {
            0 if line.fact.fields.len() == 3 => _ = line.fact.fields.pop(),
            0 => line.fact.fields.push(FactField { name: "result", text: "-> EACCES".into() }),
            1 => continue,
            2 => new.push(open(format!("\"/etc/added-{kind}\""), false)),
            3 => {
                moving = Some(line);
                continue;
            }
            _ if line.unseen.is_empty() => line.unseen.push(SensorKind::Probe),
            _ => line.unseen.clear(),
        }
        new.push(line);
    }
    new
}

/// The same tree, the lines below each parent in another order.
fn shuffled(tree: &[Line], numbers: &mut Numbers) -> Vec<Line> {
    let Some(depth) = tree.first().map(|line| line.depth) else { return Vec::new() };
    let mut siblings: Vec<&[Line]> = tree.chunk_by(|_, next| next.depth > depth).collect();
    for at in (1..siblings.len()).rev() {
        siblings.swap(at, numbers.below(at + 1));
    }
    let mut out = Vec::with_capacity(tree.len());
    for sibling in siblings {
        out.push(sibling[0].clone());
        out.extend(shuffled(&sibling[1..], numbers));
    }
    out
}
