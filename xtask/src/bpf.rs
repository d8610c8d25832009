//! `bpf`: builds, checks and lists the eBPF object.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::Subcommand;
use lab_tools::{
    Options,
    bpf::{self, Inspected, Verified},
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
    List {
        /// The object [default: the one in bpf/prebuilt]
        object: Option<PathBuf>,
        /// Print them as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Does it; 1 when the object is not what it should be.
pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let options = options(folders)?;
    match cmd.action {
        Action::Build => build(&options),
        Action::Verify { json } => verify(&options, json),
        Action::List { object, json } => {
            list(object.unwrap_or_else(|| options.clone.join(bpf::PREBUILT_OBJECT)), json)
        }
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

fn list(object: PathBuf, json: bool) -> Result<ExitCode> {
    let inspected = bpf::inspect(&object).context("failed to list an eBPF object")?;
    if json {
        println!("{}", serde_json::to_string_pretty(&inspected)?);
    } else {
        print!("{}", listed(&inspected));
    }
    Ok(ExitCode::SUCCESS)
}

fn listed(inspected: &Inspected) -> String {
    let Inspected { programs, maps, size, btf_size } = inspected;
    let name = programs.iter().map(|program| program.name.len()).max().unwrap_or(0);
    let section = programs.iter().map(|program| program.section.len()).max().unwrap_or(0);
    let mut text = String::new();
    for program in programs {
        let count = program.size / 8;
        text += &format!(
            "program  {:name$}  {:section$}  {count:>6} instructions\n",
            program.name, program.section
        );
    }
    for map in maps {
        text += &format!("map      {}\n", map.name);
    }
    text + &format!("object   {size} bytes, of which BTF {btf_size}\n")
}
