//! `test`: every check of the project, in one go, with a count at the end.

use std::{
    io::{BufRead, BufReader},
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Context, Result};
use lab_tools::setup::Needs;

use crate::{root::Folders, setup};

#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// Install nothing; what is missing is skipped and named
    #[arg(long)]
    no_install: bool,
}

/// What the checks found.
#[derive(Debug, Default)]
struct Count {
    passed: u64,
    failed: u64,
    skipped: u64,
    /// names of what failed and of what was skipped, with its reason
    named: Vec<String>,
}

impl Count {
    fn check(&mut self, name: &str, good: bool) {
        if good {
            self.passed += 1;
        } else {
            self.failed += 1;
            self.named.push(format!("FAILED {name}"));
        }
    }

    /// Reads one line of what `cargo test -- --show-output` prints.
    fn read(&mut self, line: &str) {
        if let Some(result) = line.strip_prefix("test result: ") {
            let number = |word: &str| -> u64 {
                let before = result.split(';').find_map(|part| part.trim().strip_suffix(word));
                before.and_then(|text| text.split_whitespace().last()?.parse().ok()).unwrap_or(0)
            };
            self.passed += number(" passed");
            self.failed += number(" failed");
            self.skipped += number(" ignored");
        } else if let Some(skip) = line.strip_prefix("SKIP ") {
            // It ran and returned, so it was counted as passed.
            self.skipped += 1;
            self.passed = self.passed.saturating_sub(1);
            self.named.push(format!("SKIPPED {skip}"));
        } else if let Some(test) =
            line.strip_prefix("test ").and_then(|line| line.strip_suffix(" ... FAILED"))
        {
            self.named.push(format!("FAILED {test}"));
        }
    }
}

pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let mut count = Count::default();
    if !cmd.no_install {
        setup::meet(
            folders,
            Needs {
                ebpf_toolchain: true,
                qemu: true,
                sudo: true,
                mmdebstrap: true,
                shellcheck: true,
                nix: true,
                reports: true,
                ..Needs::HOST
            },
            false,
        )
        .context("failed to install what the tests need")?;
        if let Err(error) = setup::meet(folders, Needs { duckdb: true, ..Needs::NONE }, false) {
            eprintln!("{error:#}: tests that need it are skipped");
        }
    }
    for (name, args, flags) in [
        ("format", vec!["fmt", "--all", "--check"], None),
        ("clippy", vec!["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"], None),
        ("doc", vec!["doc", "--workspace", "--no-deps", "--quiet"], Some(("RUSTDOCFLAGS", "-D warnings"))),
    ] {
        eprintln!("== cargo {}", args.join(" "));
        let mut command = cargo(folders);
        command.args(&args);
        if let Some((name, value)) = flags {
            command.env(name, value);
        }
        let status = command.status().context("failed to start cargo")?;
        count.check(name, status.success());
    }
    eprintln!("== cargo test");
    tests(folders, &mut count)?;
    for line in &count.named {
        println!("{line}");
    }
    println!("{} passed, {} failed, {} skipped", count.passed, count.failed, count.skipped);
    Ok(if count.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tests(folders: &Folders, count: &mut Count) -> Result<()> {
    let mut child = cargo(folders)
        .args(["test", "--workspace", "--no-fail-fast", "--quiet", "--", "--show-output", "--format=pretty"])
        .stdout(Stdio::piped())
        .spawn()
        .context("failed to start cargo")?;
    let stdout = child.stdout.take().context("cargo has no output")?;
    let (failed_before, mut results) = (count.failed, 0);
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line.context("failed to read what the tests print")?;
        let line = String::from_utf8_lossy(&line);
        results += u32::from(line.starts_with("test result: "));
        count.read(&line);
        println!("{line}");
    }
    let status = child.wait().context("failed to wait for cargo")?;
    // A test program that does not compile or dies leaves no result line.
    if !status.success() && count.failed == failed_before {
        count.check("cargo test: a test program did not build, or died", false);
    }
    count.check("cargo test ran test programs", results > 0);
    Ok(())
}

fn cargo(folders: &Folders) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(&folders.checkout).stdin(Stdio::null());
    command
}

#[cfg(test)]
mod tests {
    use super::Count;

    #[test]
    fn lines_are_counted() {
        let mut count = Count::default();
        for line in [
            "test a ... ok",
            "test it::b ... FAILED",
            "SKIP it::c: no BTF",
            "test result: FAILED. 12 passed; 1 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.10s",
        ] {
            count.read(line);
        }
        assert_eq!((count.passed, count.failed, count.skipped), (12, 1, 1));
        assert_eq!(count.named, ["FAILED it::b", "SKIPPED it::c: no BTF"]);
    }
}
