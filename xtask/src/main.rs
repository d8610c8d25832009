//! The only command line of Sightline: one match, one small file per command.

mod bench;
mod bpf;
mod build;
mod dist;
mod doctor;
#[cfg(test)]
mod documented;
mod explain;
mod golden;
mod image;
mod judged;
mod lab;
mod pins;
mod privilege;
mod progress;
mod query;
mod report;
mod root;
mod rules;
mod scenario;
mod scratch;
mod setup;
mod test;
mod verify;
mod version;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A reproducible observation lab for AI agents and container workloads
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    version = version::text(),
    disable_help_subcommand = true,
    max_term_width = 110
)]
struct Cli {
    #[command(flatten)]
    root: root::Root,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Say what this machine can run, with cause and remedy for what it can't
    Doctor(doctor::Cmd),
    /// Install what is missing, pinned
    Setup(setup::Cmd),
    /// Plan, run and clean up labs
    #[command(visible_alias = "lab-phase")]
    Lab(lab::Cmd),
    /// Compare runs with goldens, and accept runs as goldens
    Golden(golden::Cmd),
    /// List, explain, check and draft scenarios
    Scenario(scenario::Cmd),
    /// List, check and test the Sigma rules
    Rules(rules::Cmd),
    /// Print the report of a run again
    Report(report::Cmd),
    /// Check that a bundle is whole and unaltered
    Verify(verify::Cmd),
    /// Say why a verdict is what it is
    Explain(explain::Cmd),
    /// Ask stored runs a question in SQL
    Query(query::Cmd),
    /// List, check and fetch what is taken from elsewhere
    Pins(pins::Cmd),
    /// Build, check and list the eBPF object
    Bpf(bpf::Cmd),
    /// Build, check, boot and use the image of a virtual machine
    Image(image::Cmd),
    /// Build the release of a commit, and show that any place builds the same
    Dist(dist::Cmd),
    /// Measure where a run's time goes
    Bench(bench::Cmd),
    /// Run every check of the project
    Test(test::Cmd),
}

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(on_panic));
    let cli = Cli::parse();
    let done = cli.root.resolve().and_then(|root| match cli.command {
        Command::Doctor(cmd) => doctor::run(cmd, &root),
        Command::Setup(cmd) => setup::run(cmd, &root),
        Command::Lab(cmd) => lab::run(cmd, &root),
        Command::Golden(cmd) => golden::run(cmd, &root),
        Command::Scenario(cmd) => scenario::run(cmd, &root),
        Command::Rules(cmd) => rules::run(cmd, &root),
        Command::Report(cmd) => report::run(cmd, &root),
        Command::Verify(cmd) => verify::run(cmd, &root),
        Command::Explain(cmd) => explain::run(cmd, &root),
        Command::Query(cmd) => query::run(cmd, &root),
        Command::Pins(cmd) => pins::run(cmd, &root),
        Command::Bpf(cmd) => bpf::run(cmd, &root),
        Command::Image(cmd) => image::run(cmd, &root),
        Command::Dist(cmd) => dist::run(cmd, &root),
        Command::Bench(cmd) => bench::run(cmd, &root),
        Command::Test(cmd) => test::run(cmd, &root),
    });
    done.unwrap_or_else(|error| {
        eprintln!("error: {}", lab_report::escape_lines(&told(&error)));
        if let Some(hint) = error.chain().find_map(hint_of) {
            eprintln!("hint: {hint}");
        }
        ExitCode::from(2)
    })
}

/// Printing to a full or closed standard output panics in Rust: here it ends the command like any other trouble. By then
/// whatever it made is taken away; what is printed while a run goes on does not panic.
fn on_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let text = panic.payload_as_str().unwrap_or("");
    if !text.starts_with("failed printing to stdout") {
        eprintln!("{panic}");
        return;
    }
    if !text.contains("Broken pipe") {
        eprintln!("error: {text}");
    }
    std::process::exit(2);
}

/// The error and its causes, each said once: many of our errors tell their cause themselves.
fn told(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// The one hint that an error of a library carries.
fn hint_of(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    if let Some(error) = error.downcast_ref::<lab_run::RunError>() {
        return error.hint().map(str::to_owned);
    }
    if let Some(error) = error.downcast_ref::<lab_env::EnvError>() {
        return error.hint().map(str::to_owned);
    }
    if let Some(error) = error.downcast_ref::<lab_store::ReadError>() {
        return error.hint().map(str::to_owned);
    }
    if let Some(error) = error.downcast_ref::<lab_query::QueryError>() {
        return error.hint().map(str::to_owned);
    }
    if let Some(error) = error.downcast_ref::<setup::Missing>() {
        return Some(error.hint().to_owned());
    }
    if let Some(error) = error.downcast_ref::<image::NoImage>() {
        return Some(error.hint().to_owned());
    }
    if let Some(error) = error.downcast_ref::<explain::Unknown>() {
        return error.hint().map(str::to_owned);
    }
    if let Some(error) = error.downcast_ref::<lab_tools::Error>() {
        return error.hint().map(str::to_owned);
    }
    error.downcast_ref::<privilege::NoRoot>().map(|error| error.hint().to_owned())
}
