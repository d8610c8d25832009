//! `explain`: why a verdict is what it is.

use std::process::ExitCode;

use anyhow::Result;
use lab_model::{CATALOGUE, ScenarioRecord, SensorKind};
use lab_profile::did_you_mean;

use crate::{judged, report, root::Folders};

#[derive(clap::Args)]
pub(crate) struct Cmd {
    /// A run: its id, the beginning of its folder's name, a path, or `latest`
    run: String,
    /// SCENARIO/ACT, such as `shell-spawn/2`; the number alone where the run has one scenario
    act: String,
    /// The sensor, such as `probe`
    sensor: String,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// A sensor, a scenario or an act that there is not.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Unknown {
    message: String,
    hint: Option<String>,
}

impl Unknown {
    pub(crate) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

pub(crate) fn run(cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let sensor = sensor(&cmd.sensor)?;
    let dir = lab_store::find(&folders.runs(), &cmd.run)?;
    let bundle = judged::open(&dir)?;
    let (record, act) = act(&bundle.scenarios, &cmd.act)?;
    let explanation = lab_judge::explain(record, act, sensor);
    if cmd.json {
        println!("{}", lab_report::json_text(&lab_report::explanation_json(&explanation)));
    } else {
        print!("{}", lab_report::explanation(&explanation, report::style()));
    }
    Ok(ExitCode::SUCCESS)
}

fn sensor(asked: &str) -> Result<SensorKind, Unknown> {
    asked.parse().map_err(|_| {
        let known: Vec<&str> = CATALOGUE.iter().map(|entry| entry.word).collect();
        let message = format!("unknown sensor `{asked}`, expected one of {}", known.join(", "));
        Unknown { message, hint: did_you_mean(asked, known) }
    })
}

/// The record and the number of the act that `SCENARIO/ACT` or `ACT` names.
fn act<'a>(records: &'a [ScenarioRecord], asked: &str) -> Result<(&'a ScenarioRecord, u32), Unknown> {
    let (scenario, number) = match asked.rsplit_once('/') {
        Some((scenario, number)) => (Some(scenario), number),
        None => (None, asked),
    };
    let names = || records.iter().map(|record| record.head.name.as_str());
    let unknown = |message, hint| Unknown { message, hint };
    let list = || names().collect::<Vec<_>>().join(", ");
    let Ok(act) = number.parse::<u32>() else {
        let hint = names().find(|name| *name == asked).map(|name| format!("say which act: `{name}/1`"));
        return Err(unknown(format!("`{number}` is no act's number"), hint));
    };
    let record = match (scenario, records) {
        (Some(name), _) => records.iter().find(|record| record.head.name == name).ok_or_else(|| {
            let hint = did_you_mean(name, names());
            unknown(format!("this run has no scenario `{name}`, expected one of {}", list()), hint)
        })?,
        (None, [one]) => one,
        (None, _) => {
            let message = format!("act {act} of which scenario? say `SCENARIO/{act}` with one of {}", list());
            return Err(unknown(message, None));
        }
    };
    let acts = record.passes.iter().flat_map(|pass| &pass.acts).map(|act| act.id);
    match acts.min_by_key(|id| id.abs_diff(act)) {
        Some(id) if id == act => Ok((record, act)),
        nearest => {
            let name = &record.head.name;
            let hint = nearest.map(|id| format!("did you mean `{name}/{id}`?"));
            Err(unknown(format!("{name} has no act {act}"), hint))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Unknown, act, sensor};

    fn told<T: std::fmt::Debug>(result: Result<T, Unknown>) -> (String, String) {
        let error = result.unwrap_err();
        (error.to_string(), error.hint().unwrap_or_default().to_owned())
    }

    /// A scenario with the acts 1 to 3.
    fn record(name: &str) -> lab_model::ScenarioRecord {
        let act = |id| lab_model::Act {
            id,
            role: lab_model::Role::Act,
            origin: lab_model::Origin::Performed,
            kind: lab_model::ActKind::Exec,
            via: Vec::new(),
            user: None,
            expect: lab_model::Expectation::Ok,
            interest: lab_model::Interest::default(),
            nonce: String::new(),
        };
        let pass = lab_model::PassRecord {
            pass: 1,
            actor: None,
            cgroup: None,
            variables: Default::default(),
            stages: Vec::new(),
            acts: (1..4).map(act).collect(),
            receipts: Vec::new(),
            witnesses: Vec::new(),
            instances: Vec::new(),
        };
        let head =
            lab_model::ScenarioHead { name: name.to_owned(), summary: String::new(), attack: Vec::new() };
        lab_model::ScenarioRecord { head, planned: Vec::new(), passes: vec![pass] }
    }

    #[test]
    fn the_nearest_sensor_is_named() {
        assert_eq!(sensor("probe").ok(), Some(lab_model::SensorKind::Probe));
        let (message, hint) = told(sensor("porbe"));
        assert!(
            message.starts_with("unknown sensor `porbe`, expected one of probe, strace, auditd"),
            "{message}"
        );
        assert_eq!(hint, "did you mean `probe`?");
        assert_eq!(told(sensor("falco")).1, "");
    }

    #[test]
    fn the_nearest_act_is_named() {
        let both = [record("shell-spawn"), record("sensitive-read")];
        let found = |asked| act(&both, asked).map(|(record, act)| (record.head.name.as_str(), act)).unwrap();
        assert_eq!(found("sensitive-read/2"), ("sensitive-read", 2));
        assert_eq!(act(&both[..1], "3").unwrap().1, 3);
        let near = |asked| told(act(&both, asked));
        assert_eq!(near("shell-spawm/2").1, "did you mean `shell-spawn`?");
        assert_eq!(
            near("shell-spawn/9"),
            ("shell-spawn has no act 9".to_owned(), "did you mean `shell-spawn/3`?".to_owned())
        );
        assert_eq!(near("shell-spawn").1, "say which act: `shell-spawn/1`");
        assert!(near("2").0.starts_with("act 2 of which scenario?"));
    }
}
