//! `scenario`: list, explain and check scenarios.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use crate::root::Folders;

#[derive(clap::Args)]
pub(crate) struct Cmd {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List scenarios with what they stand for
    List {
        /// Print them as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a scenario's acts
    Explain {
        /// Its name
        scenario: String,
    },
    /// Say what a reader should know of each scenario
    Lint,
}

pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let root = folders.lab.as_path();
    match cmd.command {
        Command::List { json } => {
            let names = lab_profile::list_scenarios(root)?;
            let scenarios = names
                .iter()
                .map(|name| lab_profile::load_scenario(root, name))
                .collect::<Result<Vec<_>, _>>()?;
            if json {
                let heads: Vec<_> = scenarios.iter().map(|scenario| &scenario.head).collect();
                println!("{}", serde_json::to_string(&heads)?);
            } else {
                for scenario in &scenarios {
                    let head = &scenario.head;
                    println!("{:<18} {:<24} {}", head.name, head.attack.join(" "), head.summary);
                }
            }
        }
        Command::Explain { scenario } => {
            explain(&lab_profile::load_scenario(root, &scenario)?);
        }
        Command::Lint => {
            for name in lab_profile::list_scenarios(root)? {
                for remark in lab_profile::lint(&lab_profile::load_scenario(root, &name)?) {
                    println!("{remark}");
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn explain(scenario: &lab_profile::Scenario) {
    let head = &scenario.head;
    println!("{}: {}\nATT&CK {}", head.name, head.summary, head.attack.join(" "));
    for act in &scenario.acts {
        println!("\n{} {}: {}", act.role, act.id, act.kind.word());
        for link in &act.via {
            println!("  through {} {:?}", link.path, link.argv);
        }
        if let Some(user) = &act.user {
            println!("  as user {user}");
        }
        if let lab_model::Expectation::Errno(errno) = act.expect {
            println!("  expecting {errno}");
        }
    }
}
