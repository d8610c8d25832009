//! What a golden promises, and what was given away for it to hold.

use crate::{Drift, index::cut, text::tree_range};

/// Lines of a golden's tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// those that have to be there, once, as they are and where they are
    pub strict: usize,
    /// all: folded, freed and unstable ones, too
    pub lines: usize,
}

impl Drift {
    /// What the golden promises, or would promise if there is none yet.
    pub fn cost(&self) -> Cost {
        Cost::of(if self.new { &self.new_text } else { &self.old_text })
    }
}

impl Cost {
    /// Counts the lines of a golden's text. What stands below a line that may be absent is not strict either.
    fn of(text: &str) -> Self {
        // for each depth above the line, whether it and all above it have to be there
        let mut above: Vec<bool> = Vec::new();
        let mut cost = Self::default();
        for line in tree_range(text).map_or("", |tree| &text[tree]).lines() {
            let content = line.trim_start_matches(' ');
            let annotations: Vec<&str> = cut(content).1.split(", ").collect();
            let absent = |item: &&str| {
                *item == "optional" || item.starts_with("at-most ") || item.starts_with("unstable ")
            };
            let may_be_absent = annotations.iter().any(absent);
            above.truncate(((line.len() - content.len()) / 2).saturating_sub(1));
            let held = above.last().copied().unwrap_or(true);
            let free = may_be_absent || annotations.contains(&"unordered") || content.starts_with("opens ");
            cost.lines += 1;
            cost.strict += usize::from(held && !free);
            above.push(held && !may_be_absent);
        }
        cost
    }
}

#[cfg(test)]
mod tests {
    use super::Cost;
    use crate::Golden;

    #[test]
    fn what_may_be_absent_costs_all_below_it() {
        let tree = [
            "  exec \"/x\" [\"x\"]",
            "    opens loader",
            "    fork                                                         unstable 1/2",
            "      exit 0",
            "    exec \"/y\" [\"y\"]                                              unordered",
            "      open \"/o\" read                                             optional",
            "      exit 0",
        ];
        let text = format!(
            "sightline golden 1\nscenario a  attack T1059\n\ntree\n{}\n\ntable\n  none\n\ndetections\n  none\n",
            tree.join("\n")
        );
        let golden = Golden::parse(&text, "a").unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(Cost::of(&golden.to_text()), Cost { strict: 2, lines: 7 });
    }
}
