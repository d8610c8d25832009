//! `verify`: a bundle is whole and unaltered, or the file that is not is named.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::root::Folders;

#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// A run: its id, the beginning of its folder's name, a path, or `latest`
    #[arg(default_value = "latest")]
    run: String,
    /// The head that was printed when the run ended
    #[arg(long, value_name = "HASH")]
    head: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let dir = lab_store::find(&folders.runs(), &cmd.run)?;
    let verified = lab_store::verify(&dir, cmd.head.as_deref())
        .with_context(|| format!("failed to verify {}", dir.display()))?;
    if cmd.json {
        println!("{}", serde_json::json!({ "bundle": dir, "head": verified.head, "files": verified.files }));
    } else {
        println!("{} is whole: {} files, head {}", dir.display(), verified.files, verified.head);
        if cmd.head.is_none() {
            eprintln!("note: without --head this shows that the bundle agrees with itself, not who wrote it");
        }
    }
    Ok(ExitCode::SUCCESS)
}
