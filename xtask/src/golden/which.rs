//! Which run, and which of its scenarios.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::{
    judged::{self, JudgedRun},
    root::Folders,
};

#[derive(clap::Args)]
pub(super) struct Which {
    /// Profile by name
    #[arg(default_value = "host")]
    pub(super) profile: String,
    /// Only this scenario, or the name of an observed program
    pub(super) scenario: Option<String>,
    /// A run: its id, the beginning of its folder's name, a path [default: the profile's latest]
    #[arg(long)]
    pub(super) run: Option<String>,
}

impl Which {
    /// The run, judged, with the wanted scenarios alone.
    pub(super) fn load(&self, folders: &Folders) -> Result<(PathBuf, JudgedRun)> {
        let dir = match &self.run {
            Some(run) => lab_store::find(&folders.runs(), run)?,
            None => self.latest(folders)?,
        };
        let mut run = judged::judge(&dir, folders)?;
        if let Some(wanted) = &self.scenario {
            run.scenarios.retain(|scenario| scenario.judged.head.name == *wanted);
            if run.scenarios.is_empty() {
                bail!("{} has no scenario `{wanted}`", dir.display());
            }
        }
        Ok((dir, run))
    }

    fn latest(&self, folders: &Folders) -> Result<PathBuf> {
        let plan = lab_profile::load_profile(folders.lab.as_path(), &self.profile)?;
        let observed =
            self.scenario.as_ref().filter(|name| !plan.scenarios.iter().any(|s| s.value == **name));
        let word = match observed {
            Some(name) => lab_run::observed_runs(&plan.name, name),
            None => plan.name.clone(),
        };
        let runs = lab_store::list(&folders.runs())?;
        let latest = runs.into_iter().rev().find(|run| run.sealed && run.profile == word);
        latest.map(|run| run.dir).with_context(|| match observed {
            Some(name) => format!(
                "profile `{}` has no scenario `{name}`, and no program was observed under that name yet",
                plan.name
            ),
            None => format!("there is no run of profile `{}` yet", plan.name),
        })
    }
}
