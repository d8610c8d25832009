//! Packages of Debian and Ubuntu, through the machine's own apt and its own configuration.

use std::process::Command;

use crate::privilege::as_root;
use crate::{Error, Options, process};

/// What os-release(5) says of the system.
pub(crate) struct Distribution {
    /// Its name for people.
    pub name: String,
    /// Whether it uses apt.
    pub has_apt: bool,
    /// Whether it is Debian itself.
    pub is_debian: bool,
}

pub(crate) fn distribution(options: &Options) -> Distribution {
    let text =
        options.text("/etc/os-release").or_else(|| options.text("/usr/lib/os-release")).unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_default().trim_matches(['"', '\'']).to_owned()
    };
    let ids = format!("{} {}", field("ID"), field("ID_LIKE"));
    let has_apt = ids.split(' ').any(|id| id == "debian" || id == "ubuntu");
    let name = [field("PRETTY_NAME"), field("ID"), "an unknown system".into()];
    Distribution {
        name: name.into_iter().find(|name| !name.is_empty()).unwrap_or_default(),
        has_apt,
        is_debian: field("ID") == "debian",
    }
}

/// The packages among these that are not installed.
pub(crate) fn not_installed(options: &Options, packages: &[&str]) -> Vec<String> {
    let status = options.text("/var/lib/dpkg/status").unwrap_or_default();
    let installed = |package: &&str| {
        let head = format!("Package: {package}");
        let mut stanzas = status.split("\n\n").filter(|stanza| stanza.lines().next() == Some(&head));
        stanzas.any(|stanza| stanza.lines().any(|line| line == "Status: install ok installed"))
    };
    packages.iter().filter(|package| !installed(package)).map(|package| (*package).to_owned()).collect()
}

/// Installs packages; the lists are fetched once, where there are none or where installing failed with those there are.
pub(crate) fn install(
    options: &Options,
    packages: &[String],
    tell: &mut dyn FnMut(&str),
) -> Result<(), Error> {
    let mut fresh = false;
    if !has_lists(options) {
        process::stream(&mut update(options)?, tell)?;
        fresh = true;
    }
    match process::stream(&mut install_command(options, packages)?, tell) {
        Err(_) if !fresh => {
            process::stream(&mut update(options)?, tell)?;
            process::stream(&mut install_command(options, packages)?, tell)
        }
        result => result,
    }
}

fn has_lists(options: &Options) -> bool {
    std::fs::read_dir(options.at("/var/lib/apt/lists")).is_ok_and(|mut entries| {
        entries
            .any(|entry| entry.is_ok_and(|entry| entry.file_name().to_string_lossy().contains("_Packages")))
    })
}

fn update(options: &Options) -> Result<Command, Error> {
    let mut command = apt_get(options)?;
    command.arg("update");
    Ok(command)
}

fn install_command(options: &Options, packages: &[String]) -> Result<Command, Error> {
    let mut command = apt_get(options)?;
    command.args(["install", "--yes", "--no-install-recommends"]).args(packages);
    Ok(command)
}

fn apt_get(options: &Options) -> Result<Command, Error> {
    let mut command = as_root(options, "env")?;
    // Waits for another apt instead of failing; asks nothing.
    command.arg("DEBIAN_FRONTEND=noninteractive");
    command.arg(options.program("apt-get").unwrap_or_else(|| "apt-get".into()));
    command.args(["-o", "DPkg::Lock::Timeout=300"]);
    Ok(command)
}
