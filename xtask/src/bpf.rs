//! `bpf`: builds, checks and lists the eBPF object.

mod list;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Subcommand;
use lab_tools::{
    Options,
    bpf::{self, Verified},
};

use crate::{
    root::Folders,
    setup::{options, with_progress},
};

/// What to do with the eBPF object.
#[derive(clap::Args)]
pub(crate) struct Cmd {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Build the object and put it in bpf/prebuilt
    Build,
    /// Build the object in two places and compare both with bpf/prebuilt, bit by bit
    Verify {
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
    /// List programs and maps of an object
    List(list::Cmd),
}

/// Does it; 1 when the object is not what it should be.
pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let options = options(folders)?;
    match cmd.action {
        Action::Build => build(&options),
        Action::Verify { json } => verify(&options, json),
        Action::List(cmd) => list::run(cmd, &options, folders),
    }
}

fn build(options: &Options) -> Result<ExitCode> {
    let toolchain = bpf::find_toolchain(options).context("failed to build the eBPF object")?;
    eprintln!("toolchain {toolchain}");
    let out = options.clone.join("target/bpf");
    let built =
        with_progress("building the eBPF object", |tell| bpf::build(&options.clone, &toolchain, &out, tell));
    let built = built.context("failed to build the eBPF object")?;
    let changed = bpf::write_prebuilt(&options.clone, &built, &toolchain)
        .context("failed to replace the eBPF object")?;
    let change = if changed { "written" } else { "unchanged" };
    eprintln!("{} {change}, {} bytes", bpf::PREBUILT_OBJECT, built.object.len());
    Ok(ExitCode::SUCCESS)
}

fn verify(options: &Options, json: bool) -> Result<ExitCode> {
    let toolchain = bpf::find_toolchain(options).context("failed to verify the eBPF object")?;
    eprintln!("toolchain {toolchain}");
    let verified =
        with_progress("building the eBPF object twice", |tell| bpf::verify(&options.clone, &toolchain, tell));
    let verified = verified.context("failed to verify the eBPF object")?;
    if json {
        println!("{}", serde_json::json!({ "good": verified.is_good(), "said": told(&verified) }));
    } else {
        println!("{}", told(&verified));
    }
    Ok(if verified.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn told(verified: &Verified) -> String {
    match verified {
        Verified::Same { object_sha256 } => format!("same: two builds and bpf/prebuilt are {object_sha256}"),
        Verified::Unreproducible { objects: [first, second] } => {
            format!("not reproducible: one build is {first}, the other {second}")
        }
        Verified::Differs { built, committed } => {
            format!("differs: two builds are {built}, bpf/prebuilt is {committed}")
        }
        Verified::OtherToolchain { difference, built } => format!(
            "not compared: two builds are {built}, but with another toolchain than bpf/prebuilt, so nothing is said of it \
             ({difference})"
        ),
        Verified::NotFresh { what } => format!("not built: {what}; run cargo xtask bpf build"),
    }
}
