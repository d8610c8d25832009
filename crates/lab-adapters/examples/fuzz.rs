//! Damages real records for as long as it is told, and stops at the first that an adapter does not account for.
//!
//! `cargo run --release -p lab-adapters --example fuzz -- ADAPTER [MINUTES [SEED]]`

use std::{
    panic::catch_unwind,
    process::ExitCode,
    time::{Duration, Instant},
};

#[path = "../tests/it/account.rs"]
mod account;
#[path = "../tests/it/capture.rs"]
mod capture;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let names = tools().collect::<Vec<_>>().join(", ");
    let Some(tool) = words.first().filter(|tool| tools().any(|name| name == tool.as_str())) else {
        eprintln!("fuzz: expected an adapter: {names}");
        return ExitCode::from(2);
    };
    let number = |at: usize, default: u64| match words.get(at) {
        Some(word) => word.parse().ok(),
        None => Some(default),
    };
    let clock = Instant::now();
    let Some((minutes, seed)) = number(1, 10).zip(number(2, u64::from(std::process::id()))) else {
        eprintln!("fuzz: minutes and seed are numbers");
        return ExitCode::from(2);
    };
    let (corpus, mut random) = (account::corpus(tool), Random(seed | 1));
    let lines: Vec<&[u8]> = corpus.split_inclusive(|byte| *byte == b'\n').collect();
    eprintln!("fuzz: {tool} for {minutes} minutes, seed {seed}, {} lines to damage", lines.len());
    let mut inputs = 0u64;
    while clock.elapsed() < Duration::from_secs(minutes.saturating_mul(60)) {
        let log = random.damaged(&lines);
        let said =
            catch_unwind(|| account::check(tool, &log)).unwrap_or_else(|_| Err("it panicked".to_owned()));
        if let Err(problem) = said {
            let path = std::env::temp_dir().join(format!("fuzz-{tool}-{seed}"));
            let kept = std::fs::write(&path, &log)
                .map_or_else(|error| error.to_string(), |()| path.display().to_string());
            eprintln!("fuzz: input {inputs} of seed {seed}: {problem}\nfuzz: the input: {kept}");
            return ExitCode::FAILURE;
        }
        inputs += 1;
    }
    eprintln!("{tool}: {inputs} inputs, nothing found");
    ExitCode::SUCCESS
}

/// The tools whose records can be damaged.
fn tools() -> impl Iterator<Item = &'static str> {
    account::RECORDS.iter().map(|(name, _)| *name).chain(["tcpdump"])
}

/// George Marsaglia's xorshift64; the same seed gives the same inputs.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    /// Some lines of the corpus, damaged in some places.
    fn damaged(&mut self, lines: &[&[u8]]) -> Vec<u8> {
        let mut log = Vec::new();
        for _ in 0..=self.below(6) {
            log.extend_from_slice(lines[self.below(lines.len())]);
        }
        for _ in 0..self.below(8) {
            if log.is_empty() {
                break;
            }
            let at = self.below(log.len());
            let end = (at + self.below(40)).min(log.len());
            match self.below(8) {
                0 => log[at] = self.below(256) as u8,
                1 => log[at] ^= 1 << self.below(8),
                2 => log.insert(at, self.below(256) as u8),
                3 => drop(log.drain(at..end)),
                4 => log.truncate(at),
                5 => {
                    let copy = log[at..end].to_vec();
                    let to = self.below(log.len());
                    drop(log.splice(to..to, copy));
                }
                6 => {
                    const HARD: &[&[u8]] = &[
                        b"\n",
                        b"\0",
                        b"\"",
                        b"\\",
                        b"{",
                        b"[",
                        b"-1",
                        b"18446744073709551616",
                        b"4294967295",
                        b"null",
                        b"\xff\xfe",
                        b"=",
                        b"'",
                        b"\x1d",
                        b"a0[1]=",
                        b"1e999",
                        b"\\ud800",
                        b" <unfinished ...>",
                    ];
                    let hard = HARD[self.below(HARD.len())];
                    drop(log.splice(at..at, hard.iter().copied()));
                }
                _ => {
                    let line = lines[self.below(lines.len())];
                    let from = self.below(line.len());
                    drop(log.splice(at..at, line[from..].iter().copied()));
                }
            }
        }
        log
    }
}
