//! `rules list`: each rule with what it stands for.

use std::process::ExitCode;

use anyhow::Result;
use lab_judge::Rule;
use serde_json::json;

use crate::root::Folders;

#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(cmd: &Cmd, folders: &Folders) -> Result<ExitCode> {
    let rules = super::load(folders)?;
    if cmd.json {
        let rule = |rule: &Rule| {
            json!({
                "id": rule.id,
                "title": rule.title,
                "file": rule.file,
                "status": rule.status,
                "level": rule.level,
                "category": rule.category.word(),
                "tags": rule.tags,
            })
        };
        let rules: Vec<_> = rules.rules().iter().map(rule).collect();
        println!("{}", lab_report::json_text(&rules.into()));
        return Ok(ExitCode::SUCCESS);
    }
    for rule in rules.rules() {
        let techniques = rule.tags.iter().filter_map(|tag| tag.strip_prefix("attack.t"));
        let techniques: Vec<String> = techniques.map(|technique| format!("T{technique}")).collect();
        let line = format!(
            "{:<7} {:<13} {:<19} {:<20} {}",
            rule.level,
            rule.status,
            rule.category.word(),
            techniques.join(" "),
            rule.title
        );
        println!("{}", lab_report::escape(&line));
    }
    Ok(ExitCode::SUCCESS)
}
