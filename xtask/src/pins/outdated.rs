//! `pins outdated`: what is newest of each pinned thing, where anybody here can tell.

use std::process::ExitCode;

use anyhow::Result;
use lab_tools::{Asker, Network, Newest};
use serde_json::json;

use crate::{root::Folders, setup::options};

#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(cmd: &Cmd, folders: &Folders) -> Result<ExitCode> {
    let pins = super::load(folders)?;
    let (options, network) = (options(folders)?, Network::of_environment());
    let mut asker = Asker::new(&options, &network);
    let (mut rows, mut seen) = (Vec::new(), Vec::new());
    for pin in &pins.pins {
        // One row for all architectures.
        let key = (pin.source.word(), pin.name.as_str(), pin.version.as_str());
        if !seen.contains(&key) {
            seen.push(key);
            rows.push((pin, asker.newest(pin)));
        }
    }
    if cmd.json {
        let row = |(pin, newest): &(&lab_model::Pin, Newest)| json!({ "kind": pin.source.word(), "name": pin.name, "version": pin.version, "newest": newest });
        println!("{}", serde_json::to_string_pretty(&rows.iter().map(row).collect::<Vec<_>>())?);
        return Ok(ExitCode::SUCCESS);
    }
    for (pin, newest) in &rows {
        let said = match newest {
            Newest::Pinned => "newest".to_owned(),
            Newest::Other { version } => format!("newest is {version}"),
            Newest::Unknown { why } => format!("unknown: {why}"),
        };
        let line = format!("{:<9} {:<27} {:<18} {said}", pin.source.word(), pin.name, pin.version);
        println!("{}", lab_report::escape(&line));
    }
    Ok(ExitCode::SUCCESS)
}
