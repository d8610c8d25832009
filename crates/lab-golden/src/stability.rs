//! What many runs of one scenario say together: how often each line held.

use std::collections::{BTreeMap, BTreeSet};

use lab_model::{SensorKind, Verdict};

use crate::{ActRef, Golden, Rate, compare};

/// The runs of one scenario, counted by their text.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    variants: Vec<Variant>,
    by_text: BTreeMap<String, usize>,
}

/// Runs that say the same.
#[derive(Clone, Debug)]
pub struct Variant {
    /// what they say
    pub golden: Golden,
    /// how many
    pub runs: u32,
}

/// How stable a scenario is.
#[derive(Clone, Debug, PartialEq)]
pub struct Stability {
    /// runs that say what most say, of all
    pub whole: Rate,
    /// how many different texts there were
    pub variants: usize,
    /// lines of the text that most have
    pub lines: usize,
    /// lines that did not hold each time, the least stable first
    pub unstable: Vec<UnstableLine>,
    /// verdicts that were not the same each time, by act and sensor
    pub verdicts: Vec<UnstableVerdict>,
}

/// A line that did not hold each time.
#[derive(Clone, Debug, PartialEq)]
pub struct UnstableLine {
    /// its key
    pub key: String,
    /// the act it belongs to
    pub act: Option<ActRef>,
    /// in how many runs it was there, in its place, and as most have it
    pub held: Rate,
    /// what was instead, and how often
    pub otherwise: BTreeMap<String, u32>,
}

/// A verdict that was not the same each time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnstableVerdict {
    /// act
    pub act: ActRef,
    /// sensor
    pub sensor: SensorKind,
    /// how often each
    pub verdicts: BTreeMap<Verdict, u32>,
}

impl Tally {
    /// Counts a run.
    pub fn add(&mut self, golden: Golden) {
        let at = *self.by_text.entry(golden.to_text()).or_insert_with(|| {
            self.variants.push(Variant { golden, runs: 0 });
            self.variants.len() - 1
        });
        self.variants[at].runs += 1;
    }

    /// How many were counted.
    pub fn runs(&self) -> u32 {
        self.variants.iter().map(|variant| variant.runs).sum()
    }

    /// What was said, the most frequent first, else the earlier.
    pub fn variants(&self) -> Vec<&Variant> {
        let mut variants: Vec<&Variant> = self.variants.iter().collect();
        variants.sort_by_key(|variant| std::cmp::Reverse(variant.runs));
        variants
    }

    /// In how many runs nothing had drifted from `golden`.
    pub fn as_golden(&self, golden: Option<&Golden>) -> Rate {
        let same = self.variants.iter().filter(|variant| compare(golden, &variant.golden).is_empty());
        Rate { held: same.map(|variant| variant.runs).sum(), of: self.runs() }
    }

    /// Line by line, against what most runs say. `None` if there was no run.
    pub fn stability(&self) -> Option<Stability> {
        let variants = self.variants();
        let (most, others) = variants.split_first()?;
        let of = self.runs();
        let mut whole = most.runs;
        let mut unstable: BTreeMap<(bool, String), UnstableLine> = BTreeMap::new();
        for other in others {
            let drift = compare(Some(&most.golden), &other.golden);
            if drift.is_empty() {
                whole += other.runs;
            }
            let mut counted = BTreeSet::new();
            for difference in &drift.differences {
                let key = difference.key.to_string();
                if difference.key.is_of_table() {
                    continue;
                }
                let extra = difference.old.is_none();
                let line = unstable.entry((extra, key.clone())).or_insert_with(|| UnstableLine {
                    key: key.clone(),
                    act: difference.act,
                    held: Rate { held: if extra { 0 } else { of }, of },
                    otherwise: BTreeMap::new(),
                });
                if counted.insert((extra, key)) {
                    line.held.held =
                        if extra { line.held.held + other.runs } else { line.held.held - other.runs };
                }
                *line.otherwise.entry(difference.short()).or_default() += other.runs;
            }
        }
        let mut unstable: Vec<UnstableLine> = unstable.into_values().collect();
        unstable.sort_by_key(|line| line.held.held);
        Some(Stability {
            whole: Rate { held: whole, of },
            variants: variants.len(),
            lines: most.golden.tree.len() + most.golden.table.len() + most.golden.detections.len(),
            unstable,
            verdicts: verdicts(&variants),
        })
    }
}

impl Stability {
    /// True if all runs say the same.
    pub fn is_stable(&self) -> bool {
        self.whole.is_whole()
    }
}

fn verdicts(variants: &[&Variant]) -> Vec<UnstableVerdict> {
    let mut cells: BTreeMap<(ActRef, SensorKind), BTreeMap<Verdict, u32>> = BTreeMap::new();
    for variant in variants {
        for row in &variant.golden.table {
            for (sensor, verdict) in variant.golden.sensors.iter().zip(&row.verdicts) {
                *cells.entry((row.act, *sensor)).or_default().entry(*verdict).or_default() += variant.runs;
            }
        }
    }
    let of: u32 = variants.iter().map(|variant| variant.runs).sum();
    let changed = cells.into_iter().filter(|(_, verdicts)| !verdicts.values().any(|count| *count == of));
    changed.map(|((act, sensor), verdicts)| UnstableVerdict { act, sensor, verdicts }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Stability, Tally};
    use crate::{Golden, Rate};

    fn golden(tree: &str, strace: &str) -> Golden {
        let text = format!(
            "sightline golden 1\nscenario a  attack T1059\n\ntree\n{tree}\ntable     probe   strace\n  act 1   seen    {strace}\n\ndetections\n  none\n"
        );
        Golden::parse(&text, "a.golden").unwrap()
    }

    fn stability(runs: &[(u32, &str, &str)]) -> Stability {
        let mut tally = Tally::default();
        for (count, tree, strace) in runs {
            (0..*count).for_each(|_| tally.add(golden(tree, strace)));
        }
        tally.stability().unwrap()
    }

    fn shown(stability: &Stability) -> Vec<String> {
        let line = |line: &super::UnstableLine| format!("{} {} {:?}", line.held, line.key, line.otherwise);
        stability.unstable.iter().map(line).collect()
    }

    #[test]
    fn runs_that_agree() {
        let found = stability(&[(7, "  fork\n", "seen")]);
        assert!(found.is_stable() && found.unstable.is_empty() && found.verdicts.is_empty());
        assert_eq!((found.whole, found.variants, found.lines), (Rate { held: 7, of: 7 }, 1, 2));
        assert_eq!(Tally::default().stability(), None);
    }

    #[test]
    fn the_least_stable_line_comes_first() {
        let base = "  fork\n    open \"/a\" read\n    open \"/b\" read\n    exit 0\n";
        let found = stability(&[
            (1, "  fork\n    open \"/b\" read\n    open \"/c\" read\n    exit 0\n", "seen"),
            (7, base, "seen"),
            (2, "  fork\n    open \"/b\" read\n    exit 0\n", "seen"),
        ]);
        assert!(!found.is_stable());
        assert_eq!((found.whole.to_string(), found.variants), ("7/10".to_owned(), 3));
        assert_eq!(
            shown(&found),
            [r#"1/10 fork / open "/c" read {"extra": 1}"#, r#"7/10 fork / open "/a" read {"missing": 3}"#,]
        );
    }

    #[test]
    fn places_and_exceptions_count_too() {
        let base = "  fork\n    open \"/a\" read\n    exit 0\n";
        let found = stability(&[
            (3, base, "seen"),
            (1, "  fork\n    exit 0\n    open \"/a\" read\n", "seen"),
            (1, &base.replace("read", &format!("read{:47}not strace", "")), "seen"),
        ]);
        assert_eq!(found.whole.to_string(), "3/5");
        let all = shown(&found).join("\n");
        assert!(all.contains("moved") && all.contains("seen by fewer sensors"), "{all}");
    }

    #[test]
    fn verdicts_stand_apart_from_lines() {
        let found = stability(&[(3, "  fork\n", "seen"), (2, "  fork\n", "missed")]);
        assert!(found.unstable.is_empty() && !found.is_stable());
        assert_eq!(found.verdicts.len(), 1);
        let verdicts: Vec<String> =
            found.verdicts[0].verdicts.iter().map(|(v, n)| format!("{v} {n}")).collect();
        assert_eq!(verdicts, ["seen 3", "missed 2"]);
    }

    proptest! {
        #[test]
        fn order_of_runs_says_nothing(picks in prop::collection::vec(0..4usize, 1..20)) {
            let trees = ["  fork\n", "  fork\n    exit 0\n", "  fork\n  fork\n", "  none\n"];
            let tally = |picks: &[usize]| {
                let mut tally = Tally::default();
                picks.iter().for_each(|at| tally.add(golden(trees[*at], "seen")));
                tally.stability().unwrap()
            };
            let found = tally(&picks);
            prop_assert_eq!(found.is_stable(), picks.iter().all(|at| *at == picks[0]));
            prop_assert!(found.unstable.iter().all(|line| line.held.held < line.held.of));
            let counts = picks.iter().fold([0u32; 4], |mut counts, at| { counts[*at] += 1; counts });
            prop_assert_eq!(found.whole.held, counts.into_iter().max().unwrap());
        }
    }
}
