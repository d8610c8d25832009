//! `bench misses`: which processes the poller of /proc sees, by how long they live, beside the probe.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    process::ExitCode,
};

use anyhow::{Context, Result};
use lab_model::{Event, InstanceRecord, Payload, SensorKind, TICK_NS};
use lab_report::{Lives, Misses, Sighted, Spread};

use crate::{
    bench::bout::{Bench, Life},
    build::Programs,
    privilege, report,
    root::Folders,
};

/// The profile that has both sensors.
const PROFILE: &str = "proc";
const SENSORS: [SensorKind; 2] = [SensorKind::Probe, SensorKind::Proc];

#[derive(clap::Args, Clone)]
pub(super) struct Cmd {
    /// How long processes live, in milliseconds
    #[arg(long, value_name = "MS", value_delimiter = ',', default_value = "0,1,2,5,10,20,50,100")]
    lives: Vec<u64>,
    /// How many there are of each
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    programs: Programs,
    /// Install nothing; say what is missing
    #[arg(long)]
    no_install: bool,
}

pub(super) fn run(mut cmd: Cmd, folders: &Folders) -> Result<ExitCode> {
    let Some(bench) = Bench::new(folders, PROFILE, &mut cmd.programs, cmd.no_install)? else {
        return privilege::run_as_root(arguments(&cmd, folders));
    };
    let interval_ms = lab_run::POLLED_EVERY_MS;
    let (lives, pass) = bench.lives(&SENSORS, &words(&cmd.lives), (cmd.count, interval_ms))?;
    let misses = Misses {
        machine: bench.machine(),
        interval_ms,
        between_ms: between(&pass.instances),
        rows: rows(&lives, &pass.instances, interval_ms)?,
    };
    if cmd.json {
        let json = serde_json::to_value(&misses).context("failed to encode the misses")?;
        println!("{}", lab_report::json_text(&json));
    } else {
        print!("{}", lab_report::miss_table(report::style(), &misses));
    }
    Ok(ExitCode::SUCCESS)
}

fn words(lives: &[u64]) -> String {
    lives.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}

fn arguments(cmd: &Cmd, folders: &Folders) -> Vec<OsString> {
    let mut args: Vec<OsString> = vec!["--lab".into(), folders.lab.clone().into()];
    args.extend(["bench", "misses", "--no-install", "--lives"].map(OsString::from));
    args.extend([words(&cmd.lives), "--count".to_owned(), cmd.count.to_string()].map(OsString::from));
    args.extend(cmd.json.then(|| "--json".into()));
    args.extend(cmd.programs.arguments());
    args
}

/// A row for each life time; processes are known by pid and by the tick of their start.
fn rows(lives: &[Life], instances: &[InstanceRecord], interval_ms: u32) -> Result<Vec<Lives>> {
    let seen: Vec<(SensorKind, BTreeSet<(u32, u64)>)> = instances
        .iter()
        .map(|instance| (instance.sensor, instance.events.iter().flat_map(processes).collect()))
        .collect();
    let mut by_time: BTreeMap<u64, Vec<&Life>> = BTreeMap::new();
    for life in lives {
        by_time.entry(life.wanted_ms).or_default().push(life);
    }
    let rows = by_time.into_iter().map(|(wanted_ms, lives)| {
        let lived: Vec<f64> = lives.iter().map(|life| life.lived_ns as f64 / 1e6).collect();
        let chances = lived.iter().map(|ms| (ms / f64::from(interval_ms)).min(1.0));
        let sighted = seen.iter().map(|(sensor, seen)| Sighted {
            sensor: sensor.word().to_owned(),
            seen: lives.iter().filter(|life| seen.contains(&(life.pid, life.start_ticks))).count() as u64,
        });
        Some(Lives {
            wanted_ms,
            lived_ms: Spread::of(&lived)?,
            processes: lives.len() as u64,
            theory: chances.sum::<f64>() / lived.len() as f64,
            sighted: sighted.collect(),
        })
    });
    rows.collect::<Option<_>>().context("no process was made")
}

/// The processes that an event shows to have been there.
fn processes(event: &Event) -> impl Iterator<Item = (u32, u64)> {
    let child = match &event.payload {
        Payload::Fork(fork) => Some((fork.child, fork.child_start_ns)),
        _ => None,
    };
    let own = event.image.pid.map(|pid| (pid, event.image.start_ns));
    child.into_iter().chain(own).filter_map(|(pid, start_ns)| Some((pid, start_ns? / TICK_NS)))
}

/// From one round of the poller to the next, in milliseconds: an end is known no better than that.
fn between(instances: &[InstanceRecord]) -> Option<Spread> {
    let poller = instances.iter().find(|instance| instance.sensor == SensorKind::Proc)?;
    let ends = poller.events.iter().filter(|event| matches!(event.payload, Payload::Exit(_)));
    Spread::of(&ends.map(|end| 2.0 * end.time.error_ns as f64 / 1e6).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use lab_model::{Fork, ProcessRef, Refs, Seq, Time, TimeSource};

    use super::*;

    fn event(pid: u32, payload: impl Into<Payload>) -> Event {
        let time = Time { ns: 0, began_ns: None, error_ns: 5_000_000, source: TimeSource::SensorWall };
        Event {
            instance: "proc@host".to_owned(),
            seq: Seq { stream: 0, n: 0 },
            time,
            subject: None,
            image: ProcessRef { pid: Some(pid), start_ns: Some(7 * TICK_NS + 3), ..ProcessRef::default() },
            payload: payload.into(),
            refs: Refs::default(),
            raw: serde_json::Map::new(),
        }
    }

    fn instance(events: Vec<Event>) -> InstanceRecord {
        InstanceRecord {
            instance: "proc@host".to_owned(),
            sensor: SensorKind::Proc,
            version: String::new(),
            object: None,
            refused: Vec::new(),
            start_marker_ns: None,
            end_marker_ns: None,
            counters: None,
            cost: None,
            error: None,
            events,
        }
    }

    #[test]
    fn a_process_is_known_by_its_start_too() {
        let life = |wanted_ms, pid, start_ticks, lived_ms: u64| Life {
            wanted_ms,
            pid,
            start_ticks,
            lived_ns: lived_ms * 1_000_000,
        };
        let lives =
            [life(5, 1, 7, 5), life(5, 2, 7, 25), life(5, 2, 8, 5), life(0, 3, 7, 1), life(0, 4, 7, 1)];
        let fork = Fork { child: 1, child_start_ns: Some(7 * TICK_NS) };
        let exit = lab_model::Exit { code: None, signal: None };
        let instances = [instance(vec![event(9, fork), event(2, exit), event(3, exit)])];
        let rows = rows(&lives, &instances, 10).unwrap();
        let told: Vec<(u64, u64, u64)> =
            rows.iter().map(|row| (row.wanted_ms, row.processes, row.sighted[0].seen)).collect();
        assert_eq!(told, [(0, 2, 1), (5, 3, 2)]);
        assert!((rows[1].theory - (0.5 + 1.0 + 0.5) / 3.0).abs() < 1e-9, "{rows:?}");
        assert_eq!(between(&instances).map(|ms| (ms.least, ms.most)), Some((10.0, 10.0)));
    }
}
