//! `dist`: builds the release of a commit, or shows that any place builds the same.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use lab_tools::dist::{self, Release, Twice};

use crate::{root::Folders, setup::with_progress};

/// What to build, and where.
#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// Build it twice, from nothing, in two folders, and compare bit by bit; nothing is kept
    #[arg(long)]
    verify: bool,
    /// Folder for the tarball [default: target/dist]
    #[arg(long, value_name = "DIR", conflicts_with = "verify")]
    out: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Does it; 1 when two builds differ.
pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let source = dist::source(&folders.checkout).context("failed to find the commit to release")?;
    if source.uncommitted > 0 {
        eprintln!("not in the release: {} uncommitted changes", source.uncommitted);
    }
    if cmd.verify {
        let twice = with_progress("building the release twice", |tell| {
            dist::verify(&folders.checkout, &source, tell)
        });
        let twice = twice.context("failed to verify the release")?;
        if cmd.json {
            println!("{}", serde_json::to_string_pretty(&twice)?);
        } else {
            print!("{}", compared(&twice));
        }
        return Ok(if twice.is_same() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let out = cmd.out.unwrap_or_else(|| folders.checkout.join("target/dist"));
    let release =
        with_progress("building the release", |tell| dist::build(&folders.checkout, &source, &out, tell));
    let release = release.context("failed to build the release")?;
    if cmd.json {
        println!("{}", serde_json::to_string_pretty(&release)?);
    } else {
        print!("{}", built(&release));
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn compared(twice: &Twice) -> String {
    let line = |(name, [first, second]): &(String, [String; 2])| match first == second {
        true => format!("same     {first}  {name}\n"),
        false => format!("differs  {first}  {name}\n         {second}\n"),
    };
    twice.built.iter().map(line).collect()
}

fn built(release: &Release) -> String {
    let programs = release.programs.iter().map(|(name, hash)| format!("{hash}  {name}\n"));
    let tarball = format!("{}  {}\n", release.sha256, release.tarball.display());
    programs.chain([tarball]).collect()
}
