//! `test`: every check of the project, in one go, with counts and times at the end.

mod programs;
mod summary;

use std::{
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

use anyhow::{Context, Result};
use lab_tools::setup::Needs;

use self::{programs::Programs, summary::Summary};
use crate::{root::Folders, setup};

/// Tests that go the whole way, from a profile to its report; they take most of the time and are a part of their own.
const ROAD: &str = "road::";

#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// Install nothing; what is missing is skipped and named
    #[arg(long)]
    no_install: bool,
}

pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let mut summary = Summary::default();
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
        let began = Instant::now();
        let status = command.status().context("failed to start cargo")?;
        summary.command(name, began.elapsed(), status.success());
    }
    let began = Instant::now();
    let built = Programs::build(cargo(folders))?;
    summary.command("build", began.elapsed(), built.is_some());
    if let Some(programs) = built {
        programs.run(cargo(folders), &[], &["--skip", ROAD], &mut summary)?;
        let road = programs.all_called("road");
        road.run(cargo(folders), &["--test", "it"], &[ROAD], &mut summary)?;
    }
    println!("{summary}");
    Ok(if summary.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn cargo(folders: &Folders) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(&folders.checkout).stdin(Stdio::null());
    command
}
