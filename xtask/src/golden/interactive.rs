//! `golden bless --interactive`: a person goes through what differs, piece by piece.

use std::{
    fs,
    io::{BufRead, IsTerminal, Write},
    path::Path,
    process::ExitCode,
};

use anyhow::{Context, Result, bail};
use lab_golden::{Blessed, Decision, Freeable, Golden, Review};

use crate::{
    golden::bless::{own, report},
    judged::{JudgedRun, JudgedScenario},
    root::Folders,
};

/// Refuses to ask where nobody can answer.
pub(super) fn check_terminal() -> Result<()> {
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        bail!("failed to ask: this is no terminal, and `--interactive` is for a person at one");
    }
    Ok(())
}

/// Goes through all scenarios of a run that may be accepted. Exit code 1 if something was not accepted.
pub(super) fn run(run: &JudgedRun, folders: &Folders) -> Result<ExitCode> {
    let mut whole = true;
    for scenario in &run.scenarios {
        match one(scenario, folders)? {
            Ended::Whole => {}
            Ended::Partly => whole = false,
            Ended::Quit => return Ok(ExitCode::FAILURE),
        }
    }
    Ok(ExitCode::from(u8::from(!whole)))
}

enum Ended {
    Whole,
    Partly,
    Quit,
}

fn one(scenario: &JudgedScenario, folders: &Folders) -> Result<Ended> {
    let name = &scenario.judged.head.name;
    let path = folders.golden(name);
    if scenario.drift.is_empty() {
        eprintln!("{name}: as blessed");
        return Ok(Ended::Whole);
    }
    let Some(blessed) = scenario.blessed.as_ref().map(|blessed| blessed.golden()).transpose()? else {
        let shown = lab_report::escape_lines(&scenario.drift.new_text);
        return Ok(
            match ask(&format!("{name}: no golden yet; this run would be blessed as"), &shown, None)? {
                Answer::Decided(Decision::Accept) => {
                    write(name, &path, &scenario.golden)?;
                    Ended::Whole
                }
                Answer::Decided(_) => Ended::Partly,
                Answer::Quit => Ended::Quit,
            },
        );
    };
    let mut review = Review::new(&blessed, &scenario.golden);
    if let Some(diff) = review.head() {
        match ask(&format!("{name}: the plan is another"), &diff, None)? {
            Answer::Decided(Decision::Accept) => review.accept_head(),
            Answer::Decided(_) => return Ok(Ended::Partly),
            Answer::Quit => return Ok(Ended::Quit),
        }
    }
    let mut decisions = Vec::new();
    let mut freed: Vec<(Freeable, u32)> = Vec::new();
    for piece in 0..review.pieces() {
        let title = format!("{name}: {} of {}", piece + 1, review.pieces());
        let freeable = review.freeable(piece);
        match ask(&title, &review.piece(piece)?, freeable.as_ref())? {
            Answer::Quit => return Ok(Ended::Quit),
            Answer::Decided(decision) => {
                if let (Decision::AtMost(most), Some(freeable)) = (decision, freeable) {
                    freed.push((freeable, most));
                }
                decisions.push(decision);
            }
        }
    }
    let golden = review.golden(&decisions)?;
    // The scenario first: a golden alone that says what no scenario does would be drift.
    free(name, &freed, folders)?;
    write(name, &path, &golden)?;
    Ok(if decisions.contains(&Decision::Reject) { Ended::Partly } else { Ended::Whole })
}

fn write(name: &str, path: &Path, golden: &Golden) -> Result<()> {
    let blessed: Blessed = lab_golden::bless_many(path, golden, Vec::new())?;
    report(name, path, blessed)
}

/// Declares in the scenario what is to be free.
fn free(name: &str, freed: &[(Freeable, u32)], folders: &Folders) -> Result<()> {
    if freed.is_empty() {
        return Ok(());
    }
    let file = format!("scenarios/{name}.toml");
    let path = folders.lab.join(&file);
    let text = fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let mut changed = text;
    for (freeable, most) in freed {
        changed = lab_profile::free_at_most(&changed, freeable.act.id, &freeable.path, *most)
            .with_context(|| format!("failed to change {file}"))?;
    }
    lab_profile::check_scenario(folders.lab.as_path(), name, &changed)
        .with_context(|| format!("failed to change {file}"))?;
    lab_golden::write_whole(&path, changed.as_bytes())
        .with_context(|| format!("failed to write {}", path.display()))?;
    own(&path)?;
    freed.iter().for_each(|(freeable, most)| {
        eprintln!("{file}: {}: at most {most} of {}", freeable.act, freeable.path)
    });
    Ok(())
}

enum Answer {
    Decided(Decision),
    Quit,
}

/// Shows something and asks until there is an answer. The end of the input quits.
fn ask(title: &str, shown: &str, freeable: Option<&Freeable>) -> Result<Answer> {
    let mut stderr = std::io::stderr().lock();
    let mut say = |text: String| stderr.write_all(text.as_bytes()).context("failed to ask");
    say(format!("\n{title}\n{}", lab_report::escape_lines(shown)))?;
    let free = if freeable.is_some() { ", [m N] at most N" } else { "" };
    loop {
        say(format!("[a]ccept, [r]eject{free}, [q]uit? "))?;
        let mut line = String::new();
        if std::io::stdin().lock().read_line(&mut line).context("failed to read the answer")? == 0 {
            return Ok(Answer::Quit);
        }
        let answer: Vec<&str> = line.split_whitespace().collect();
        match answer.as_slice() {
            ["a" | "accept"] => return Ok(Answer::Decided(Decision::Accept)),
            ["r" | "reject"] => return Ok(Answer::Decided(Decision::Reject)),
            ["q" | "quit"] => return Ok(Answer::Quit),
            ["m", most] if freeable.is_some() => match most.parse::<u32>() {
                Ok(most) if most > 0 => return Ok(Answer::Decided(Decision::AtMost(most))),
                _ => say(format!("`{most}` is no number from 1\n"))?,
            },
            _ => {}
        }
    }
}
