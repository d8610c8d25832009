//! The comparison of trees written slowly and plainly, and the test that the quick one says the same.

use crate::{
    ActRef, Golden, Line,
    lcs::tests::slow,
    siblings::{MOST_MOVED, unlike},
};

/// A difference: line, kind, key, both texts, act.
type Told = (usize, String, String, Option<String>, Option<String>, Option<ActRef>);

/// A line by its number, with what stands below it.
#[derive(Clone)]
struct Node<'a> {
    at: usize,
    line: &'a Line,
    key: String,
    below: Vec<Node<'a>>,
}

impl Node<'_> {
    fn fact(&self) -> String {
        self.line.fact.to_string()
    }

    fn shown(&self) -> String {
        match self.line.annotations().as_str() {
            "" => self.fact(),
            annotations => format!("{}  {annotations}", self.fact()),
        }
    }

    fn whole(&self) -> String {
        format!("{}({})", self.shown(), self.below.iter().map(Node::whole).collect::<String>())
    }

    fn loose(&self) -> String {
        let mut below: Vec<String> = self.below.iter().map(Node::loose).collect();
        below.sort();
        format!("{}({})", self.shown(), below.concat())
    }

    fn all(&self) -> Vec<&Self> {
        std::iter::once(self).chain(self.below.iter().flat_map(Node::all)).collect()
    }
}

fn nodes<'a>(lines: &'a [Line], at: &mut usize, depth: usize, above: &str) -> Vec<Node<'a>> {
    let mut out: Vec<Node<'a>> = Vec::new();
    while let Some(line) = lines.get(*at).filter(|line| line.depth == depth) {
        let fact = line.fact.to_string();
        let mut key = format!("{above}{fact}");
        match 1 + out.iter().filter(|node| node.fact() == fact).count() {
            1 => {}
            n => key = format!("{key} #{n}"),
        }
        let here = *at;
        *at += 1;
        let below = nodes(lines, at, depth + 1, &format!("{key} / "));
        out.push(Node { at: here, line, key, below });
    }
    out
}

fn act_of(lines: &[Line], at: usize) -> Option<ActRef> {
    let (mut next, mut depth) = (Some(at), usize::MAX);
    while let Some(here) = next {
        if lines[here].depth < depth {
            if let Some(act) = lines[here].acts.first() {
                return Some(*act);
            }
            depth = lines[here].depth;
        }
        next = here.checked_sub(1);
    }
    lines[..at].iter().rev().find_map(|line| line.acts.first().copied())
}

fn numbered(a: &[String], b: &[String]) -> (Vec<u64>, Vec<u64>) {
    let number = |text: &String| a.iter().chain(b).position(|other| other == text).unwrap() as u64;
    (a.iter().map(number).collect(), b.iter().map(number).collect())
}

/// The longest common subsequence, equal beginnings and ends first.
fn common(a: &[String], b: &[String]) -> Vec<(usize, usize)> {
    let (a, b) = numbered(a, b);
    let before = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let after = a[before..].iter().rev().zip(b[before..].iter().rev()).take_while(|(a, b)| a == b).count();
    let middle = slow(&a[before..a.len() - after], &b[before..b.len() - after]);
    let begin = (0..before).map(|at| (at, at));
    let end = (0..after).rev().map(|at| (a.len() - 1 - at, b.len() - 1 - at));
    begin.chain(middle.into_iter().map(|(i, j)| (before + i, before + j))).chain(end).collect()
}

/// By what lines are called equal, the most certain first.
type By = fn(&Node<'_>) -> String;

const BY: [&[By]; 2] = [&[|node| node.whole(), |node| node.loose()], &[|node| node.fact()]];

#[derive(Clone, Copy, PartialEq)]
enum Tie {
    Same,
    Moved,
    Changed,
}

fn sorted(list: &[Node<'_>]) -> Vec<String> {
    let mut texts: Vec<String> = list.iter().map(Node::loose).collect();
    texts.sort();
    texts
}

struct Slow<'a> {
    tree_line: usize,
    old: &'a [Line],
    new: &'a [Line],
    told: Vec<Told>,
    partners: Vec<Option<usize>>,
    missing: Vec<Node<'a>>,
    extra: Vec<Node<'a>>,
    /// where many lines have moved (below which line), and how many
    reordered: Vec<(Option<Node<'a>>, usize)>,
}

impl<'a> Slow<'a> {
    fn lists(&mut self, parent: Option<&Node<'a>>, a: &[Node<'a>], b: &[Node<'a>], mut told: Option<usize>) {
        let mut pairs: Vec<(usize, usize, Tie)> = Vec::new();
        let (mut left_a, mut left_b) = (Vec::new(), Vec::new());
        if sorted(a) == sorted(b) {
            let (mut free, mut places) = (vec![true; b.len()], Vec::new());
            for node in a {
                let to = (0..b.len()).find(|to| free[*to] && b[*to].loose() == node.loose()).unwrap();
                free[to] = false;
                places.push(to as u64);
            }
            let stay = slow(&places, &(0..b.len() as u64).collect::<Vec<_>>());
            pairs.extend(places.iter().enumerate().map(|(from, to)| {
                let stays = stay.contains(&(from, *to as usize));
                (from, *to as usize, if stays { Tie::Same } else { Tie::Moved })
            }));
        } else {
            let mut hunks: Vec<(Vec<usize>, Vec<usize>)> =
                vec![((0..a.len()).collect(), (0..b.len()).collect())];
            for certain in BY {
                for by in certain {
                    let mut rest = Vec::new();
                    for (from, to) in hunks {
                        let keys_a: Vec<String> = from.iter().map(|at| by(&a[*at])).collect();
                        let keys_b: Vec<String> = to.iter().map(|at| by(&b[*at])).collect();
                        let mut last = (0, 0);
                        let found = common(&keys_a, &keys_b);
                        for (i, j) in found.into_iter().chain([(from.len(), to.len())]) {
                            rest.push((from[last.0..i].to_vec(), to[last.1..j].to_vec()));
                            if i < from.len() {
                                pairs.push((from[i], to[j], Tie::Same));
                            }
                            last = (i + 1, j + 1);
                        }
                    }
                    hunks = rest;
                }
                for by in certain {
                    let all = hunks.iter().enumerate();
                    left_a =
                        all.clone().flat_map(|(n, hunk)| hunk.0.iter().map(move |at| (n, *at))).collect();
                    left_b = all.flat_map(|(n, hunk)| hunk.1.iter().map(move |at| (n, *at))).collect();
                    for (hunk, from) in &left_a {
                        let found = left_b.iter().position(|(_, to)| by(&b[*to]) == by(&a[*from]));
                        if let Some(at) = found {
                            let (other, to) = left_b.remove(at);
                            pairs.push((*from, to, Tie::Moved));
                            hunks[*hunk].0.retain(|line| line != from);
                            hunks[other].1.retain(|line| *line != to);
                        }
                    }
                }
            }
            left_a.retain(|(hunk, from)| hunks[*hunk].0.contains(from));
            left_b.retain(|(hunk, to)| hunks[*hunk].1.contains(to));
            let moved = pairs.iter().filter(|pair| pair.2 == Tie::Moved).count();
            if moved <= MOST_MOVED {
                left_a.retain(|(hunk, from)| {
                    let fact = &a[*from].line.fact;
                    let here = left_b
                        .iter()
                        .enumerate()
                        .filter(|(_, (other, to))| other == hunk && b[*to].line.fact.word == fact.word);
                    let best = here.min_by_key(|(_, (_, to))| fact.differing(&b[*to].line.fact).len());
                    best.map(|(at, _)| at).is_none_or(|at| {
                        pairs.push((*from, left_b.remove(at).1, Tie::Changed));
                        false
                    })
                });
            }
            if moved > 0 {
                // The likest pair of all, again and again.
                loop {
                    let all = left_a.iter().enumerate().flat_map(|(i, (_, from))| {
                        left_b.iter().enumerate().filter_map(move |(j, (_, to))| {
                            let same_word = a[*from].line.fact.word == b[*to].line.fact.word;
                            let unlike = unlike(&a[*from].fact(), &b[*to].fact()).filter(|_| same_word)?;
                            Some((unlike, i, j))
                        })
                    });
                    let Some((_, i, j)) = all.min() else { break };
                    pairs.push((left_a.remove(i).1, left_b.remove(j).1, Tie::Changed));
                }
            }
        }
        self.missing.extend(left_a.iter().flat_map(|(_, at)| a[*at].all()).cloned());
        self.extra.extend(left_b.iter().flat_map(|(_, at)| b[*at].all()).cloned());
        let moved = pairs.iter().filter(|pair| pair.2 == Tie::Moved).count();
        if let Some(told) = told {
            self.reordered[told].1 += moved;
        } else if moved > MOST_MOVED {
            told = Some(self.reordered.len());
            self.reordered.push((parent.cloned(), moved));
        }
        for (from, to, tie) in pairs {
            self.pair(&a[from], &b[to], tie, told);
        }
    }

    fn pair(&mut self, a: &Node<'a>, b: &Node<'a>, tie: Tie, told: Option<usize>) {
        self.partners[b.at] = Some(a.at);
        if tie == Tie::Moved && told.is_none() {
            self.tell(a, "moved".to_owned(), (Some(a.shown()), None));
        }
        let mut fields = a.line.fact.differing(&b.line.fact);
        fields.extend((a.line.acts != b.line.acts).then_some("act"));
        fields.extend(a.line.marks.differing(b.line.marks));
        let mut whats = Vec::new();
        whats.extend((!fields.is_empty()).then(|| format!("changed ({})", fields.join(", "))));
        let more = |a: &Line, b: &Line| a.unseen.iter().any(|sensor| !b.unseen.contains(sensor));
        whats.extend(more(b.line, a.line).then(|| "seen by fewer sensors".to_owned()));
        whats.extend(more(a.line, b.line).then(|| "seen by more sensors".to_owned()));
        for what in whats {
            self.tell(a, what, (Some(a.shown()), Some(b.shown())));
        }
        self.lists(Some(a), &a.below, &b.below, told);
    }

    fn tell(&mut self, node: &Node<'_>, what: String, (old, new): (Option<String>, Option<String>)) {
        let act = act_of(self.old, node.at);
        self.told.push((self.tree_line + node.at, what, node.key.clone(), old, new, act));
    }

    fn apart(&mut self) {
        let mut extra = std::mem::take(&mut self.extra);
        let mut missing = std::mem::take(&mut self.missing);
        extra.sort_by_key(|node| node.at);
        missing.sort_by_key(|node| node.at);
        for node in missing {
            match extra.iter().position(|other| other.shown() == node.shown()) {
                Some(at) => {
                    let keys = (Some(node.key.clone()), Some(extra.remove(at).key));
                    self.tell(&node, "moved".to_owned(), keys);
                }
                None => self.tell(&node, "missing".to_owned(), (Some(node.shown()), None)),
            }
        }
        for node in extra {
            let before = self.partners[..node.at].iter().rev().find_map(|partner| *partner);
            let line = before.map_or(self.tree_line - 1, |at| self.tree_line + at);
            let act = act_of(self.new, node.at);
            self.told.push((line, "extra".to_owned(), node.key.clone(), None, Some(node.shown()), act));
        }
    }
}

fn reference(golden: &Golden, run: &Golden) -> Vec<Told> {
    let mut slow = Slow {
        tree_line: golden.tree_line(),
        old: &golden.tree,
        new: &run.tree,
        told: Vec::new(),
        partners: vec![None; run.tree.len()],
        missing: Vec::new(),
        extra: Vec::new(),
        reordered: Vec::new(),
    };
    slow.lists(None, &nodes(&golden.tree, &mut 0, 0, ""), &nodes(&run.tree, &mut 0, 0, ""), None);
    for (parent, lines) in std::mem::take(&mut slow.reordered) {
        let of = parent.as_ref().map_or(golden.tree.len(), |node| node.all().len() - 1);
        let what = format!("moved ({lines} of {of} lines below)");
        match parent {
            Some(node) => slow.tell(&node, what, (Some(node.shown()), None)),
            None => slow.told.push((slow.tree_line - 1, what, "tree".to_owned(), None, None, None)),
        }
    }
    slow.apart();
    slow.told.sort();
    slow.told
}

fn told(differences: &[crate::Difference]) -> Vec<Told> {
    let mut told: Vec<Told> = differences
        .iter()
        .map(|d| (d.line, d.kind.to_string(), d.key.to_string(), d.old.clone(), d.new.clone(), d.act))
        .collect();
    told.sort();
    told
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::{reference, told};
    use crate::{Golden, GoldenText, Line, Rate, compare, compare_texts, parse, settle::settle};

    const CONTENTS: [&str; 12] = [
        "fork",
        "fork",
        r#"exec "/bin/a" ["a"] uid=0"#,
        r#"exec "/bin/a" ["a"] uid=0  act 1"#,
        r#"exec "/bin/b" ["b","a long argument that pushes annotations out of their usual column"] uid=0  act 2"#,
        "exit 0",
        "exit 1",
        "opens loader",
        r#"open "/a  b" read"#,
        r#"open "/etc/x" read  not strace"#,
        r#"open "/etc/y" read -> ENOENT"#,
        r#"open "/etc/y" read  not probe, not strace"#,
    ];

    /// A line in one of the ways in which the tests have them.
    fn line(depth: usize, content: usize) -> Line {
        Line { depth, ..parse::line(CONTENTS[content]).unwrap() }
    }

    fn golden(tree: Vec<Line>) -> Golden {
        let empty = "sightline golden 1\nscenario a  attack T1059\n\ntree\n  none\n\ntable\n  act 1\n  act 2\n\ndetections\n  none\n";
        Golden { tree, ..Golden::parse(empty, "a.golden").unwrap() }
    }

    /// Trees by steps down and up.
    fn trees() -> impl Strategy<Value = Vec<Line>> {
        prop::collection::vec((0..5usize, 0..CONTENTS.len()), 0..40).prop_map(|steps| {
            let mut tree: Vec<Line> = Vec::new();
            for (step, content) in steps {
                let depth = tree.last().map_or(0, |last: &Line| {
                    let deepest = last.depth + usize::from(["exec", "fork"].contains(&last.fact.word));
                    deepest.saturating_sub(step.saturating_sub(2))
                });
                tree.push(line(depth, content));
            }
            tree
        })
    }

    /// The line after the last one below `at`.
    fn end(tree: &[Line], at: usize) -> usize {
        at + 1 + tree[at + 1..].iter().take_while(|line| line.depth > tree[at].depth).count()
    }

    fn vary(tree: &mut Vec<Line>, kind: u8, at: usize, by: usize) {
        if tree.is_empty() {
            return;
        }
        let at = at % tree.len();
        let (depth, to) = (tree[at].depth, end(tree, at));
        match kind {
            0 => _ = tree.drain(at..to),
            1 => {
                let copy = tree[at..to].to_vec();
                tree.splice(at..at, copy);
            }
            // All below one line, turned around.
            2 | 3 => {
                let (mut from, mut lists) = (at + 1, Vec::new());
                while from < to {
                    let next = end(tree, from);
                    lists.push(tree[from..next].to_vec());
                    from = next;
                }
                lists.reverse();
                let turn = by % lists.len().max(1);
                lists.rotate_left(turn);
                tree.splice(at + 1..to, lists.concat());
            }
            4 if tree.get(to).is_some_and(|next| next.depth == depth) => {
                let next = end(tree, to);
                tree[at..next].rotate_left(to - at);
            }
            5 if to == at + 1 => tree[at] = line(depth, by % CONTENTS.len()),
            6 => tree[at].unseen.clear(),
            7 => tree[at].acts.clear(),
            // To the end of everything.
            _ => {
                let moved: Vec<Line> =
                    tree.drain(at..to).map(|line| Line { depth: line.depth - depth, ..line }).collect();
                tree.extend(moved);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]

        #[test]
        fn the_quick_comparison_says_what_the_slow_one_says(
            old in trees(),
            changes in prop::collection::vec((0..9u8, 0..40usize, 0..40usize), 0..6),
            other in prop::option::weighted(0.1, trees()),
            marked in prop::collection::vec(select(vec![false, false, false, true]), 40),
            marks in any::<bool>(),
        ) {
            let mut new = other.unwrap_or_else(|| old.clone());
            changes.iter().for_each(|(kind, at, by)| vary(&mut new, *kind, *at, *by));
            let (mut old, new) = (golden(old), golden(new));
            if marks {
                for (line, _) in old.tree.iter_mut().zip(marked).filter(|(_, marked)| *marked) {
                    line.marks.unstable = Some(Rate { held: 1, of: 2 });
                }
            }
            let drift = compare(Some(&old), &new);
            let settled = settle(&old, &new).0;
            prop_assert_eq!(told(&drift.differences), reference(&old, &settled), "{}\n{}", old.to_text(), settled.to_text());
            // The same of texts, as far as they are read.
            let texts = compare_texts(Some(GoldenText::of(&old)), GoldenText::of(&new));
            prop_assert_eq!(texts.unwrap(), drift);
        }
    }
}
