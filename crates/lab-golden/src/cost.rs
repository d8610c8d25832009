//! What a golden promises, and what was given away for it to hold.

use crate::Golden;

/// Lines of a golden's tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// those that have to be there, once, as they are and where they are
    pub strict: usize,
    /// all: folded, freed and unstable ones, too
    pub lines: usize,
}

impl Golden {
    /// Counts its lines. What stands below a line that may be absent is not strict either.
    pub fn cost(&self) -> Cost {
        // for each depth above the line, whether it and all above it have to be there
        let mut above: Vec<bool> = Vec::new();
        let mut strict = 0;
        for line in &self.tree {
            above.truncate(line.depth);
            let held = above.last().copied().unwrap_or(true);
            strict += usize::from(held && line.marks.is_strict() && line.fact.word != "opens");
            above.push(held && !line.marks.may_be_absent());
        }
        Cost { strict, lines: self.tree.len() }
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
        assert_eq!(golden.cost(), Cost { strict: 2, lines: 7 });
    }
}
