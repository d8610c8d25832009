//! `scenario`: list, explain, check and draft scenarios.

mod new;

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
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Write a first draft of a scenario
    New(new::Cmd),
    /// Say what a reader should know of each scenario
    Lint {
        /// Print the remarks as JSON
        #[arg(long)]
        json: bool,
    },
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
        Command::Explain { scenario, json } => {
            let scenario = lab_profile::load_scenario(root, &scenario)?;
            if json {
                println!("{}", serde_json::json!({ "head": scenario.head, "acts": scenario.acts }));
            } else {
                explain(&scenario);
            }
        }
        Command::New(cmd) => return new::run(&cmd, folders),
        Command::Lint { json } => {
            let mut remarks = Vec::new();
            for name in lab_profile::list_scenarios(root)? {
                let scenario = lab_profile::load_scenario(root, &name)?;
                remarks.extend(lab_profile::lint(&scenario).iter().map(ToString::to_string));
            }
            if json {
                println!("{}", serde_json::to_string(&remarks)?);
            } else {
                remarks.iter().for_each(|remark| println!("{remark}"));
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
