//! `image`: builds, checks, boots and uses the image of a virtual machine.

mod boot;
mod inside;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::Subcommand;
use lab_tools::{
    dist,
    image::{self, Image, LOCK, Lock, Payload},
    setup::Needs,
};

use crate::{
    dist::compared,
    root::Folders,
    setup::{self, options, with_progress},
};

/// What to do with the image.
#[derive(clap::Args)]
pub(crate) struct Cmd {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Build the image of a commit from exactly the packages of image.lock
    Build {
        #[command(flatten)]
        payload: PayloadArgs,
        /// Folder of the image [default: target/image]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Build the image in two folders and compare bit by bit; nothing is kept
    Verify {
        #[command(flatten)]
        payload: PayloadArgs,
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Renew image.lock from what the mirror has today
    Lock,
    /// Boot the image at this terminal; Ctrl-A X ends it, and what it wrote is gone
    Boot(boot::Cmd),
    /// Run a profile inside the image, and bring the bundle out
    Run(inside::Cmd),
}

/// What the image holds of ours.
#[derive(clap::Args)]
struct PayloadArgs {
    /// Tarball of a release [default: that of this commit, built first]
    #[arg(long, value_name = "FILE")]
    release: Option<PathBuf>,
}

pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    match cmd.action {
        Action::Build { payload, out, json } => build(&payload, &folder(out, folders), json, folders),
        Action::Verify { payload, json } => verify(&payload, json, folders),
        Action::Lock => lock(folders),
        Action::Boot(cmd) => boot::run(cmd, folders),
        Action::Run(cmd) => inside::run(cmd, folders),
    }
}

/// Where the image is, unless the person says otherwise.
fn folder(given: Option<PathBuf>, folders: &Folders) -> PathBuf {
    given.unwrap_or_else(|| folders.checkout.join("target/image"))
}

/// No image where one is needed.
#[derive(Debug, thiserror::Error)]
#[error("there is no image in {}", .0.display())]
pub(crate) struct NoImage(PathBuf);

impl NoImage {
    pub(crate) fn hint(&self) -> &'static str {
        "cargo xtask image build"
    }
}

/// The image in a folder.
fn found(folder: &Path) -> Result<PathBuf> {
    let folder =
        std::path::absolute(folder).with_context(|| format!("failed to find {}", folder.display()))?;
    Ok(image::find(&folder).ok_or(NoImage(folder))?)
}

fn payload(args: &PayloadArgs, folders: &Folders) -> Result<Payload> {
    if let Some(release) = &args.release {
        let name = release.file_name().unwrap_or_default().to_string_lossy();
        let version = name.strip_prefix("sightline-").and_then(|rest| rest.split('-').next());
        let version = version.with_context(|| {
            format!("{name} is not named as a release is, sightline-VERSION-TARGET.tar.gz")
        })?;
        return Ok(Payload { release: release.clone(), version: version.to_owned() });
    }
    let source = dist::source(&folders.checkout).context("failed to find the commit to release")?;
    if source.uncommitted > 0 {
        eprintln!("not in the image: {} uncommitted changes", source.uncommitted);
    }
    let release = with_progress("building the release", |tell| {
        dist::build(&folders.checkout, &source, &folders.checkout.join("target/dist"), tell)
    });
    let release = release.context("failed to build the release")?;
    Ok(Payload { release: release.tarball, version: source.version() })
}

fn ready(folders: &Folders) -> Result<Lock> {
    let lock = Lock::read(&folders.checkout).context("failed to read what the image is made of")?;
    setup::meet(folders, Needs { mmdebstrap: true, ..Needs::NONE }, false)?;
    Ok(lock)
}

fn build(args: &PayloadArgs, out: &Path, json: bool, folders: &Folders) -> Result<ExitCode> {
    let (lock, payload, options) = (ready(folders)?, payload(args, folders)?, options(folders)?);
    let built =
        with_progress("building the image", |tell| image::build(&options, &lock, &payload, out, tell));
    let Image { folder, files } = &built.context("failed to build the image")?;
    if json {
        println!("{}", serde_json::json!({ "folder": folder, "files": files }));
    } else {
        for (name, hash) in files {
            println!("{hash}  {}", folder.join(name).display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn verify(args: &PayloadArgs, json: bool, folders: &Folders) -> Result<ExitCode> {
    let (lock, payload, options) = (ready(folders)?, payload(args, folders)?, options(folders)?);
    let elsewhere = folders.checkout.join("target");
    let twice = with_progress("building the image twice", |tell| {
        image::verify(&options, &lock, &payload, &elsewhere, tell)
    });
    let twice = twice.context("failed to verify the image")?;
    if json {
        println!("{}", serde_json::to_string_pretty(&twice)?);
    } else {
        print!("{}", compared(&twice));
    }
    Ok(if twice.is_same() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn lock(folders: &Folders) -> Result<ExitCode> {
    let (lock, options) = (ready(folders)?, options(folders)?);
    let renewed = with_progress("asking the mirror", |tell| image::renew(&options, &lock, tell));
    let renewed = renewed.context("failed to renew image.lock")?;
    let (before, after) = (lock.text(), renewed.text());
    let path = folders.checkout.join(LOCK);
    std::fs::write(&path, &after).with_context(|| format!("failed to write {}", path.display()))?;
    let changed =
        |from: &str, to: &str| to.lines().filter(|line| !from.lines().any(|other| other == *line)).count();
    eprintln!("{LOCK}: {} lines new, {} gone", changed(&before, &after), changed(&after, &before));
    Ok(ExitCode::SUCCESS)
}
