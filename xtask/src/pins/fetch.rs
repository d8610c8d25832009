//! `pins fetch`: brings a pinned file into the project's tools.

use std::{io::IsTerminal as _, process::ExitCode};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use lab_model::{Pin, Pins};
use lab_tools::{Fetching, Network};

use crate::{root::Folders, setup::options};

#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// The pin's name, or NAME@VERSION where several versions are pinned
    name: String,
    /// For another architecture than this machine's: x86_64 or aarch64
    #[arg(long, default_value = std::env::consts::ARCH)]
    arch: String,
}

/// Fetches it, and prints where it is.
pub(crate) fn run(cmd: &Cmd, folders: &Folders) -> Result<ExitCode> {
    let pins = super::load(folders)?;
    let pin = choose(&pins, &cmd.name, &cmd.arch)?;
    let what = format!("{} {}", pin.name, pin.version);
    let bar = bar(&what);
    let fetched = lab_tools::fetch(&options(folders)?, &Network::of_environment(), pin, &mut |now| {
        if let Some(bar) = &bar {
            show(bar, now);
        }
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let fetched = fetched.with_context(|| format!("failed to fetch {what}"))?;
    if fetched.was_there {
        eprintln!("{what} is there");
    }
    println!("{}", fetched.path.display());
    Ok(ExitCode::SUCCESS)
}

/// The one pin that is meant.
fn choose<'p>(pins: &'p Pins, asked: &str, arch: &str) -> Result<&'p Pin> {
    let (name, version) =
        asked.split_once('@').map_or((asked, None), |(name, version)| (name, Some(version)));
    let named: Vec<&Pin> = pins.pins.iter().filter(|pin| pin.name == name).collect();
    if named.is_empty() {
        let near = lab_profile::did_you_mean(name, pins.pins.iter().map(|pin| pin.name.as_str()));
        bail!(
            "nothing is pinned under the name {name:?}{}",
            near.map_or(String::new(), |near| format!("; {near}"))
        );
    }
    let mut versions: Vec<&str> = named.iter().map(|pin| pin.version.as_str()).collect();
    versions.dedup();
    let version = match (version, versions.as_slice()) {
        (Some(version), _) if versions.contains(&version) => version,
        (None, [version]) => version,
        _ => bail!(
            "which {name}? It is pinned as {}",
            versions.iter().map(|version| format!("{name}@{version}")).collect::<Vec<_>>().join(", ")
        ),
    };
    let mut of_version = named.into_iter().filter(|pin| pin.version == version);
    let fits = |pin: &&Pin| pin.arch.as_deref().is_none_or(|of| of == arch);
    // A package has Debian's word, and is no file to fetch: saying that says more.
    let found = of_version.clone().find(fits).or_else(|| of_version.find(|pin| pin.source.url().is_none()));
    found.with_context(|| format!("{name} {version} is not pinned for {arch}"))
}

/// Nothing where there is no terminal: there it is said once.
fn bar(what: &str) -> Option<ProgressBar> {
    if !std::io::stderr().is_terminal() {
        eprintln!("fetching {what} ...");
        return None;
    }
    Some(ProgressBar::no_length().with_prefix(what.to_owned()))
}

fn show(bar: &ProgressBar, Fetching { done, total }: Fetching) {
    if bar.length() != total {
        let template = match total {
            Some(_) => "{prefix} {bar:24} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
            None => "{prefix} {bytes} {bytes_per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if let Some(total) = total {
            bar.set_length(total);
        }
        // What an earlier try brought is not this one's speed.
        bar.reset_eta();
    }
    bar.set_position(done);
}
