//! What is newest of a pinned thing, as far as this machine's clients and the release host can tell; nothing is guessed.

use std::collections::BTreeMap;
use std::process::Command;

use lab_model::{Pin, PinSource};
use serde::Serialize;

use crate::fetch::{Network, location};
use crate::{Options, duckdb, process};

/// What is newest of a pinned thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Newest {
    /// What is pinned.
    Pinned,
    /// Another version.
    Other {
        /// It.
        version: String,
    },
    /// Nobody here can tell.
    Unknown {
        /// Why.
        why: String,
    },
}

/// Asks, and remembers what was answered, so that nobody is asked twice.
#[derive(Debug)]
pub struct Asker<'o> {
    options: &'o Options,
    network: &'o Network,
    answers: BTreeMap<String, Result<String, String>>,
}

impl<'o> Asker<'o> {
    /// Has asked nobody yet.
    pub fn new(options: &'o Options, network: &'o Network) -> Self {
        Self { options, network, answers: BTreeMap::new() }
    }

    /// What is newest of the thing that is pinned.
    pub fn newest(&mut self, pin: &Pin) -> Newest {
        let newest = match &pin.source {
            PinSource::Tool { url, .. } | PinSource::Chart { url } | PinSource::File { url } => {
                self.release(url, pin)
            }
            PinSource::Package { suite } => self.package(&pin.name, suite),
            PinSource::Crate => {
                self.once(format!("crate {}", pin.name), |options, _| of_cargo(options, &pin.name))
            }
            PinSource::Wheel { .. } => {
                self.once(format!("wheel {}", pin.name), |options, _| of_pip(options, &pin.name))
            }
            PinSource::Image { .. } => Err("registries of images are not asked".to_owned()),
        };
        match newest {
            Ok(version) if version == pin.version => Newest::Pinned,
            Ok(version) => Newest::Other { version },
            Err(why) => Newest::Unknown { why },
        }
    }

    fn once(
        &mut self,
        key: String,
        ask: impl FnOnce(&Options, &Network) -> Result<String, String>,
    ) -> Result<String, String> {
        let (options, network) = (self.options, self.network);
        self.answers.entry(key).or_insert_with(|| ask(options, network)).clone()
    }

    /// The newest release of the repository that a download's address is in.
    fn release(&mut self, url: &str, pin: &Pin) -> Result<String, String> {
        let Some((repository, rest)) = url.split_once("/releases/download/") else {
            let host = url.split('/').nth(2).unwrap_or_default();
            return Err(format!("no way to ask {host} for its newest version is known"));
        };
        let latest = format!("{repository}/releases/latest");
        let target = self.once(latest.clone(), |_, network| location(network, &latest))?;
        let tag = target.rsplit('/').next().unwrap_or_default();
        // The tags of a repository with several charts begin with their names.
        let pinned = rest.split('/').next().unwrap_or_default();
        let prefix = pinned.strip_suffix(&pin.version).unwrap_or_default();
        let version =
            tag.strip_prefix(prefix).filter(|version| version.contains(|c: char| c.is_ascii_digit()));
        version
            .map(str::to_owned)
            .ok_or_else(|| format!("the newest release of {repository} is {tag}, of something else"))
    }

    /// What apt's lists have in the suite.
    fn package(&mut self, name: &str, suite: &str) -> Result<String, String> {
        let said = self.once(format!("package {name}"), |options, _| {
            let apt = options.program("apt-cache").ok_or("there is no apt-cache here")?;
            process::text(Command::new(apt).args(["madison", name])).map_err(|error| error.to_string())
        })?;
        newest_in_suite(&said, suite).ok_or_else(|| format!("apt's lists have no {name} in {suite}"))
    }
}

/// From lines `name | version | URL suite/component arch Packages`, the newest first.
fn newest_in_suite(said: &str, suite: &str) -> Option<String> {
    said.lines().find_map(|line| {
        let mut columns = line.split('|').map(str::trim);
        let (_, version, from) = (columns.next()?, columns.next()?, columns.next()?);
        let found = from.split_whitespace().nth(1)?.split('/').next()?;
        (found == suite).then(|| version.to_owned())
    })
}

fn of_cargo(options: &Options, name: &str) -> Result<String, String> {
    let cargo = options.program("cargo").ok_or("there is no cargo here")?;
    // Not in a workspace, whose lock file would answer.
    let said = process::text(Command::new(cargo).args(["info", name]).current_dir("/"));
    let said = said.map_err(|error| last_line(&error.to_string()))?;
    let version = said.lines().find_map(|line| line.strip_prefix("version: "));
    let version = version.and_then(|version| version.split_whitespace().next());
    version.map(str::to_owned).ok_or_else(|| "cargo info names no version".to_owned())
}

fn of_pip(options: &Options, name: &str) -> Result<String, String> {
    let python =
        duckdb::duckdb(options).or_else(|| options.program("python3")).ok_or("there is no Python here")?;
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "index", "versions", "--disable-pip-version-check", name]);
    let said = process::text(&mut pip).map_err(|error| last_line(&error.to_string()))?;
    let version =
        said.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_prefix('(')?.strip_suffix(')'));
    version.map(str::to_owned).ok_or_else(|| "pip index names no version".to_owned())
}

fn last_line(text: &str) -> String {
    text.trim().lines().last().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::newest_in_suite;

    #[test]
    fn the_first_of_the_suite() {
        let said = "linux | 6.12.9-1 | http://a/debian bookworm-backports/main amd64 Packages\n\
                    linux | 6.1.162-1 | http://a/debian bookworm/main amd64 Packages\n\
                    linux | 6.1.159-1 | http://a/debian bookworm/main amd64 Packages\n";
        assert_eq!(newest_in_suite(said, "bookworm").as_deref(), Some("6.1.162-1"));
        assert_eq!(newest_in_suite(said, "sid"), None);
        assert_eq!(newest_in_suite("", "sid"), None);
    }
}
