//! The programs that a run starts: built as the user, before anybody becomes root.

use std::{ffi::OsString, path::PathBuf};

use anyhow::{Context, Result};

use crate::root::Folders;

/// Programs that a run starts. Without options they are built from this checkout; a release has them.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Programs {
    /// Actor to use instead of this checkout's (`lab-liar` tests the verifier)
    #[arg(long, value_name = "FILE")]
    pub(crate) actor: Option<PathBuf>,
    /// Probe to use instead of this checkout's
    #[arg(long, value_name = "FILE")]
    pub(crate) probe: Option<PathBuf>,
    /// First process of virtual machines to use instead of this checkout's
    #[arg(long, value_name = "FILE", hide = true)]
    pub(crate) init: Option<PathBuf>,
}

impl Programs {
    /// The options that name them.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = OsString> {
        [("--actor", &self.actor), ("--probe", &self.probe), ("--init", &self.init)]
            .into_iter()
            .filter_map(|(option, program)| Some([option.into(), program.clone()?.into_os_string()]))
            .flatten()
    }

    /// Builds what was not given. Afterwards actor and probe are set, and the first process if machines are to be booted.
    pub(crate) fn build(&mut self, folders: &Folders, machines: bool) -> Result<()> {
        for program in [&mut self.actor, &mut self.probe, &mut self.init].into_iter().flatten() {
            *program =
                program.canonicalize().with_context(|| format!("failed to find {}", program.display()))?;
        }
        if !folders.has_sources() {
            let beside = |name: &str| Some(folders.checkout.join(name));
            self.actor = self.actor.take().or_else(|| beside("lab-actor"));
            self.probe = self.probe.take().or_else(|| beside("lab-probe"));
            if machines {
                self.init = self.init.take().or_else(|| beside("lab-init"));
            }
        }
        if self.actor.is_none() || self.probe.is_none() || machines && self.init.is_none() {
            let mut packages = vec!["lab-act", "lab-poll", "lab-probe"];
            if machines {
                packages.push("lab-init");
            }
            let mut last = String::new();
            let built = lab_tools::build_static(&folders.checkout, &packages, &mut |line| {
                if line.trim_start().starts_with("Compiling") && last.is_empty() {
                    eprintln!("building actor and probe");
                }
                line.clone_into(&mut last);
            })
            .context("failed to build actor and probe")?;
            let find = |name: &str| {
                let binary = built.iter().find(|binary| binary.name == name);
                binary.map(|binary| binary.path.clone()).with_context(|| format!("cargo built no {name}"))
            };
            if self.actor.is_none() {
                self.actor = Some(find("lab-actor")?);
            }
            if self.probe.is_none() {
                self.probe = Some(find("lab-probe")?);
            }
            if machines && self.init.is_none() {
                self.init = Some(find("lab-init")?);
            }
        }
        Ok(())
    }
}
