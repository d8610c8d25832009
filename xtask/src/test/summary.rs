//! What the checks found, part by part, and how it is told at the end.

use std::{fmt, time::Duration};

/// One part of the checks: a command, or a program of tests.
#[derive(Debug, Default)]
struct Part {
    name: String,
    passed: u64,
    failed: u64,
    skipped: u64,
    /// skipped tests that the next result counts as passed
    returned: u64,
    took: Duration,
    /// programs of tests that told their result
    results: u32,
}

/// The parts in the order in which they ran.
#[derive(Debug, Default)]
pub(super) struct Summary {
    parts: Vec<Part>,
    /// names of what failed and of what was skipped, with its reason
    named: Vec<String>,
    /// what failed tests printed, the beginning of it
    said: Vec<(String, Vec<String>)>,
    /// what is read now is what the last of these printed
    reads_said: bool,
}

/// Most lines of what a failed test printed: whoever keeps the end of a log alone has the reason.
const SAID: usize = 60;

impl Summary {
    /// From here on, what is told is of this part.
    pub(super) fn begin(&mut self, name: &str) {
        self.parts.push(Part { name: name.to_owned(), ..Part::default() });
    }

    /// The part is a command that was good or was not.
    pub(super) fn command(&mut self, name: &str, took: Duration, good: bool) {
        self.begin(name);
        self.last().took = took;
        if good {
            self.last().passed = 1;
        } else {
            self.fail(name);
        }
    }

    /// The part is a program of tests, and came to its end.
    pub(super) fn program_ended(&mut self, took: Duration) {
        let part = self.last();
        part.took = took;
        if part.results == 0 {
            let died = format!("{}: it died and told no result", part.name);
            self.fail(&died);
        }
    }

    pub(super) fn fail(&mut self, what: &str) {
        self.last().failed += 1;
        self.named.push(format!("FAILED {what}"));
    }

    pub(super) fn failed(&self) -> u64 {
        self.parts.iter().map(|part| part.failed).sum()
    }

    /// Reads one line of what `cargo test -- --show-output` prints.
    pub(super) fn read(&mut self, line: &str) {
        self.read_said(line);
        let Some(part) = self.parts.last_mut() else { return };
        if let Some(result) = line.strip_prefix("test result: ") {
            let number = |word: &str| -> u64 {
                let before = result.split(';').find_map(|part| part.trim().strip_suffix(word));
                before.and_then(|text| text.split_whitespace().last()?.parse().ok()).unwrap_or(0)
            };
            part.results += 1;
            part.passed += number(" passed").saturating_sub(std::mem::take(&mut part.returned));
            part.failed += number(" failed");
            part.skipped += number(" ignored");
        } else if let Some(skip) = line.strip_prefix("SKIP ") {
            // It ran and returned, so it is counted as passed when the result comes.
            part.skipped += 1;
            part.returned += 1;
            self.named.push(format!("SKIPPED {skip}"));
        } else if let Some(test) =
            line.strip_prefix("test ").and_then(|line| line.strip_suffix(" ... FAILED"))
        {
            self.named.push(format!("FAILED {test}"));
        }
    }

    /// Reads the block that a failed test has in the list of failures.
    fn read_said(&mut self, line: &str) {
        let of = line.strip_prefix("---- ").and_then(|line| line.strip_suffix(" stdout ----"));
        if let Some(test) = of {
            let failed = format!("FAILED {test}");
            self.reads_said = self.named.contains(&failed);
            if self.reads_said {
                self.said.push((test.to_owned(), Vec::new()));
            }
        } else if matches!(line, "failures:" | "successes:") || line.starts_with("test result: ") {
            self.reads_said = false;
        } else if let Some((_, lines)) = self.said.last_mut().filter(|_| self.reads_said)
            && lines.len() < SAID
        {
            lines.push(line.to_owned());
        }
    }

    fn last(&mut self) -> &mut Part {
        if self.parts.is_empty() {
            self.begin("");
        }
        let last = self.parts.len() - 1;
        &mut self.parts[last]
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (test, lines) in &self.said {
            writeln!(f, "---- {test} printed\n{}\n", lines.join("\n").trim())?;
        }
        for line in &self.named {
            writeln!(f, "{line}")?;
        }
        // A crate without doc tests has a program of none.
        let parts = self.parts.iter().filter(|part| part.passed + part.failed + part.skipped > 0);
        let all = parts.clone().fold(Part { name: "all".to_owned(), ..Part::default() }, |mut all, part| {
            all.passed += part.passed;
            all.failed += part.failed;
            all.skipped += part.skipped;
            all.took += part.took;
            all
        });
        let width = parts.clone().map(|part| part.name.len()).max().unwrap_or(0).max(4);
        writeln!(
            f,
            "\n{:width$}  {:>6}  {:>6}  {:>7}  {:>8}",
            "part", "passed", "failed", "skipped", "time"
        )?;
        for Part { name, passed, failed, skipped, took, .. } in parts.chain([&all]) {
            let took = took.as_secs_f64();
            writeln!(f, "{name:width$}  {passed:>6}  {failed:>6}  {skipped:>7}  {took:>6.1} s")?;
        }
        write!(f, "\n{} passed, {} failed, {} skipped", all.passed, all.failed, all.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_its_counts_and_its_time() {
        let mut summary = Summary::default();
        summary.command("format", Duration::from_millis(1249), true);
        summary.command("clippy", Duration::from_secs(71), false);
        summary.begin("lab-abi test it");
        for line in [
            "test a ... ok",
            "test it::b ... FAILED",
            "SKIP it::c: no BTF",
            "successes:",
            "---- a stdout ----",
            "nothing of interest",
            "failures:",
            "---- it::b stdout ----",
            "",
            "thread 'it::b' panicked at b.rs:1:2:",
            "left is not right",
            "",
            "failures:",
            "    it::b",
            "test result: FAILED. 12 passed; 1 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.10s",
        ] {
            summary.read(line);
        }
        summary.program_ended(Duration::from_millis(140));
        summary.begin("lab-abi doc tests");
        summary.read("test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
        summary.program_ended(Duration::from_millis(7));
        summary.begin("road");
        summary.read("test long ... ok");
        summary.program_ended(Duration::from_secs(1500));
        let expected = "\
---- it::b printed
thread 'it::b' panicked at b.rs:1:2:
left is not right

FAILED clippy
FAILED it::b
SKIPPED it::c: no BTF
FAILED road: it died and told no result

part             passed  failed  skipped      time
format                1       0        0     1.2 s
clippy                0       1        0    71.0 s
lab-abi test it      11       1        1     0.1 s
road                  0       1        0  1500.0 s
all                  12       3        1  1572.4 s

12 passed, 3 failed, 1 skipped";
        assert_eq!(summary.to_string(), expected);
        assert_eq!(summary.failed(), 3);
    }

    #[test]
    fn nothing_is_told_of_nothing() {
        assert!(Summary::default().to_string().ends_with("\n0 passed, 0 failed, 0 skipped"));
    }
}
