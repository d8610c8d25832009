//! The programs of tests: built, run by cargo, and told apart in what cargo prints.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result};
use serde_json::Value;

use super::summary::Summary;

/// What each program is called in the summary, by the name of its file.
#[derive(Debug, Default)]
pub(super) struct Programs(BTreeMap<String, String>);

impl Programs {
    /// Builds them; `None` if that failed, which cargo has told.
    pub(super) fn build(mut cargo: Command) -> Result<Option<Self>> {
        cargo.args([
            "test",
            "--workspace",
            "--no-run",
            "--quiet",
            "--message-format=json-render-diagnostics",
        ]);
        eprintln!("== cargo test --no-run");
        let built = cargo.stderr(Stdio::inherit()).output().context("failed to start cargo")?;
        let told = String::from_utf8_lossy(&built.stdout);
        Ok(built.status.success().then(|| Self(told.lines().filter_map(named).collect())))
    }

    /// The same programs under one name, for a run in which only one of them has a test.
    pub(super) fn all_called(&self, name: &str) -> Self {
        Self(self.0.keys().map(|file| (file.clone(), name.to_owned())).collect())
    }

    /// Runs those that `targets` selects, with arguments for each of them.
    pub(super) fn run(
        &self,
        mut cargo: Command,
        targets: &[&str],
        args: &[&str],
        summary: &mut Summary,
    ) -> Result<()> {
        eprintln!("== cargo test {} -- {}", targets.join(" "), args.join(" "));
        // One pipe for both: what cargo says of a program must come before what the program says.
        let (reader, writer) = io::pipe().context("failed to make a pipe")?;
        cargo
            .args(["test", "--workspace", "--no-fail-fast"])
            .args(targets)
            .args(["--", "--show-output", "--format=pretty"])
            .args(args)
            .env("CARGO_TERM_COLOR", "never")
            .stderr(writer.try_clone().context("failed to share a pipe")?)
            .stdout(writer);
        let mut child = cargo.spawn().context("failed to start cargo")?;
        // It holds the other ends of the pipe.
        drop(cargo);
        let (failed_before, mut began) = (summary.failed(), None);
        for line in BufReader::new(reader).split(b'\n') {
            let line = line.context("failed to read what the tests print")?;
            let line = String::from_utf8_lossy(&line);
            if let Some(name) = self.begun(&line) {
                if let Some(began) = began.replace(Instant::now()) {
                    summary.program_ended(began.elapsed());
                }
                summary.begin(&name);
            }
            summary.read(&line);
            println!("{line}");
        }
        let status = child.wait().context("failed to wait for cargo")?;
        match began {
            Some(began) => summary.program_ended(began.elapsed()),
            None => summary.fail("cargo test: it ran no program of tests"),
        }
        if !status.success() && summary.failed() == failed_before {
            summary.fail(&format!("cargo test: {status}"));
        }
        Ok(())
    }

    /// The program that cargo says it starts in this line.
    fn begun(&self, line: &str) -> Option<String> {
        if let Some(of) = line.strip_prefix("   Doc-tests ") {
            return Some(format!("{} doc tests", of.replace('_', "-")));
        }
        let (_, file) = line.strip_prefix("     Running ")?.strip_suffix(')')?.rsplit_once(" (")?;
        let file = Path::new(file).file_name()?.to_str()?;
        Some(self.0.get(file).map_or(file, String::as_str).to_owned())
    }
}

/// (name of its file, name of the part) of a program that cargo says it built.
fn named(line: &str) -> Option<(String, String)> {
    let artifact: Value = serde_json::from_str(line).ok()?;
    let file = Path::new(artifact["executable"].as_str()?).file_name()?.to_str()?;
    let folder = Path::new(artifact["manifest_path"].as_str()?).parent()?.file_name()?.to_str()?;
    let (kind, name) = (artifact["target"]["kind"][0].as_str()?, artifact["target"]["name"].as_str()?);
    let name = if kind == "lib" { "" } else { name };
    Some((file.to_owned(), format!("{folder} {kind} {name}").trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_apart() {
        let built = |kind: &str, name: &str, file: &str| {
            let artifact = serde_json::json!({
                "reason": "compiler-artifact",
                "manifest_path": "/src/crates/lab-act/Cargo.toml",
                "target": { "kind": [kind], "name": name },
                "executable": format!("/src/target/debug/deps/{file}"),
            });
            artifact.to_string()
        };
        let lines = [
            built("lib", "lab_act", "lab_act-01"),
            built("bin", "lab-actor", "lab_actor-02"),
            built("test", "it", "it-03"),
            r#"{"reason":"compiler-artifact","executable":null}"#.to_owned(),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ];
        let programs = Programs(lines.iter().filter_map(|line| named(line)).collect());
        for (line, name) in [
            ("     Running unittests src/lib.rs (target/debug/deps/lab_act-01)", "lab-act lib"),
            (
                "     Running unittests src/bin/actor.rs (target/debug/deps/lab_actor-02)",
                "lab-act bin lab-actor",
            ),
            ("     Running tests/it/main.rs (target/debug/deps/it-03)", "lab-act test it"),
            ("     Running tests/it/main.rs (target/debug/deps/it-04)", "it-04"),
            ("   Doc-tests lab_act", "lab-act doc tests"),
        ] {
            assert_eq!(programs.begun(line).as_deref(), Some(name));
        }
        let road = programs.all_called("road");
        let line = "     Running tests/it/main.rs (target/debug/deps/it-03)";
        assert_eq!(road.begun(line).as_deref(), Some("road"));
        assert_eq!(programs.begun("test a ... ok"), None);
        assert_eq!(programs.begun("Running away (a test's own words)"), None);
    }
}
