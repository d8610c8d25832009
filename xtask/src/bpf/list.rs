//! `bpf list`: programs and maps of an object, and what this kernel's verifier makes of them.

use std::{
    path::PathBuf,
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Context, Result, bail};
use lab_tools::{
    Options,
    bpf::{self, Inspected},
};
use serde::{Deserialize, Serialize};

use crate::{
    build::Programs,
    privilege::{become_root, is_root},
    root::Folders,
};

#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// The object [default: the one in bpf/prebuilt]
    object: Option<PathBuf>,
    /// Load the probe's programs, too, and say what this kernel's verifier made of them; takes root, exits 1 on a refusal
    #[arg(long, conflicts_with = "object")]
    kernel: bool,
    #[command(flatten)]
    programs: Programs,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

/// What `lab-probe load` says.
#[derive(Serialize, Deserialize)]
struct Verdicts {
    object: String,
    programs: Vec<Taken>,
    refused: Vec<Refused>,
}

#[derive(Serialize, Deserialize)]
struct Taken {
    name: String,
    verified: Option<u32>,
}

#[derive(Serialize, Deserialize)]
struct Refused {
    kind: String,
    reason: String,
}

#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    inspected: Inspected,
    #[serde(skip_serializing_if = "Option::is_none")]
    kernel: Option<Verdicts>,
}

pub(crate) fn run(mut cmd: Cmd, options: &Options, folders: &Folders) -> Result<ExitCode> {
    let mut kernel = None;
    if cmd.kernel {
        cmd.programs.build(folders, false)?;
        if !is_root() {
            let words = ["bpf", "list", "--kernel"].into_iter().chain(cmd.json.then_some("--json"));
            return become_root(words.map(Into::into).chain(cmd.programs.arguments()).collect());
        }
        kernel = Some(ask(&cmd.programs)?);
    }
    let object = cmd.object.unwrap_or_else(|| options.clone.join(bpf::PREBUILT_OBJECT));
    let inspected = bpf::inspect(&object).context("failed to list an eBPF object")?;
    let refused = kernel.as_ref().is_some_and(|kernel| !kernel.refused.is_empty());
    if cmd.json {
        println!("{}", serde_json::to_string_pretty(&Listed { inspected, kernel })?);
    } else {
        print!("{}", listed(&inspected));
        if let Some(kernel) = kernel {
            print!("{}", said(&kernel));
        }
    }
    Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn ask(programs: &Programs) -> Result<Verdicts> {
    let probe = programs.probe.as_ref().context("there is no probe")?;
    let output = Command::new(probe).arg("load").stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("failed to start {}", probe.display()))?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("failed to read what the probe said of its programs")
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
    for bpf::Map { name: map, kind, key, value, entries } in maps {
        // A ring has bytes and neither keys nor values.
        let sizes = match (key, value) {
            (0, 0) => format!("{entries} bytes"),
            _ => format!("{entries} entries of {key} + {value} bytes"),
        };
        text += &format!("map      {map:name$}  {kind:section$}  {sizes}\n");
    }
    text + &format!("object   {size} bytes, of which BTF {btf_size}\n")
}

fn said(kernel: &Verdicts) -> String {
    let name = kernel.programs.iter().map(|program| program.name.len()).max().unwrap_or(0);
    let mut text = format!("kernel   object {}\n", kernel.object);
    for Taken { name: program, verified } in &kernel.programs {
        let verified = match verified {
            Some(count) => format!("{count:>6} instructions verified"),
            None => "taken".to_owned(),
        };
        text += &format!("loaded   {program:name$}  {verified}\n");
    }
    for Refused { kind, reason } in &kernel.refused {
        text += &format!("refused  {kind}: {}\n", lab_report::escape_lines(reason.trim()));
    }
    text
}
