//! `lab compare`: what is otherwise in the second of two runs.

use std::process::ExitCode;

use anyhow::Result;
use lab_report::Comparison;

use crate::{judged, report, root::Folders};

#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// The run to compare with: its id, the beginning of its folder's name, a path, or `latest`
    old: String,
    /// The run that may differ, said in the same ways
    #[arg(default_value = "latest")]
    new: String,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// 0 if nothing differs, 1 if something does.
pub(crate) fn run(cmd: &Cmd, folders: &Folders) -> Result<ExitCode> {
    let load = |wanted: &str| {
        let dir = lab_store::find(&folders.runs(), wanted)?;
        let judged = judged::judge(&dir, folders)?;
        anyhow::Ok((dir, judged))
    };
    let ((old_dir, old), (new_dir, new)) = (load(&cmd.old)?, load(&cmd.new)?);
    let old = report::report(&old_dir, &old, old.bundle.head.clone());
    let new = report::report(&new_dir, &new, new.bundle.head.clone());
    let comparison = Comparison::new(&old, &new, |scenario| lab_judge::outcome(scenario.judged));
    if cmd.json {
        println!("{}", lab_report::json_text(&lab_report::comparison_json(&comparison)));
    } else {
        print!("{}", lab_report::comparison(&comparison, report::style()));
    }
    Ok(ExitCode::from(u8::from(!comparison.is_same())))
}
