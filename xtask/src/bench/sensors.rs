//! `bench sensors`: what each sensor costs a workload, and what it sees of it, beside the same workload bare.

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use lab_model::SensorKind;
use lab_report::{Costs, Goal, SensorCost, Spread};

use crate::{
    bench::{
        bout::{Bench, Bout, Load},
        floor::Floor,
    },
    build::Programs,
    lab, privilege, report,
    root::Folders,
};

/// A workload, how much of it, and the action that it is about.
struct Workload {
    name: &'static str,
    /// word of `lab-load`
    word: &'static str,
    count: u64,
    processes: u64,
    /// how much less of it under a sensor that perturbs
    less: u64,
    action: Option<&'static str>,
    /// goal for the probe: wall time as a multiple of bare
    most: Option<f64>,
    /// more than once says nothing new
    once: bool,
}

const WORKLOADS: &[Workload] = &[
    Workload {
        name: "exec storm",
        word: "exec",
        count: 2000,
        processes: 1,
        less: 4,
        action: Some("exec"),
        most: Some(1.05),
        once: false,
    },
    Workload {
        name: "open storm",
        word: "open",
        count: 300_000,
        processes: 1,
        less: 20,
        action: Some("open"),
        most: Some(1.35),
        once: false,
    },
    Workload {
        name: "connect storm",
        word: "connect",
        count: 20_000,
        processes: 1,
        less: 4,
        action: Some("connect"),
        most: Some(1.05),
        once: false,
    },
    Workload {
        name: "fork tree",
        word: "fork",
        count: 4000,
        processes: 1,
        less: 4,
        action: Some("fork"),
        most: None,
        once: false,
    },
    Workload {
        name: "mixed build",
        word: "build",
        count: 60,
        processes: 1,
        less: 4,
        action: None,
        most: Some(1.06),
        once: false,
    },
    Workload {
        name: "two openers",
        word: "open",
        count: 1_000_000,
        processes: 2,
        less: 50,
        action: Some("open"),
        most: None,
        once: true,
    },
];

const OPEN_STORM: &str = "open storm";
const TWO_OPENERS: &str = "two openers";
const MOST_READER_SECONDS: f64 = 0.06;
const MOST_MB: f64 = 35.0;
const MOST_BYTES: f64 = 10.0;
const MOST_NEIGHBOUR: f64 = 1.02;
/// Of how many turns a round is made in which the neighbour is measured.
const NEIGHBOUR_TURNS: u32 = 4;
const NOT_OBSERVED: &str = "not observed";
/// In place of a sensor: programs that do nothing.
const NOTHING: &str = "nothing";

fn workload(word: &str) -> Result<&'static Workload, String> {
    let found = WORKLOADS.iter().find(|workload| workload.name.replace(' ', "-") == word);
    let names = || WORKLOADS.iter().map(|w| format!("`{}`", w.name.replace(' ', "-"))).collect::<Vec<_>>();
    found.ok_or_else(|| format!("expected one of {}", names().join(", ")))
}

#[derive(clap::Args, Clone)]
pub(super) struct Cmd {
    /// Profile whose sensors are measured, by name or phase number
    #[arg(default_value = "host")]
    profile: String,
    /// Only this sensor (may be given several times)
    #[arg(long = "sensor", value_name = "KIND", value_parser = lab::sensor)]
    sensors: Vec<SensorKind>,
    /// Only this workload (may be given several times)
    #[arg(long = "workload", value_name = "NAME", value_parser = workload)]
    workloads: Vec<&'static Workload>,
    /// Only those who are not observed, and the workloads that are named
    #[arg(long)]
    neighbours: bool,
    /// Measure each this many times, bare and under each sensor by turns
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    times: u32,
    /// Also write the chart to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
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
    let Some(bench) = Bench::new(folders, &cmd.profile, &mut cmd.programs, cmd.no_install)? else {
        return privilege::run_as_root(arguments(&cmd, folders));
    };
    let cmd = &cmd;
    let costs = measure(cmd, &bench)?;
    if let Some(file) = &cmd.html {
        std::fs::write(file, lab_report::costs_html(&costs))
            .with_context(|| format!("failed to write {}", file.display()))?;
    }
    if cmd.json {
        let json = serde_json::to_value(&costs).context("failed to encode the costs")?;
        println!("{}", lab_report::json_text(&json));
    } else {
        print!("{}", lab_report::cost_table(report::style(), &costs));
    }
    Ok(ExitCode::from(match (costs.failures.as_slice(), costs.goals.iter().all(Goal::holds)) {
        ([], true) => 0,
        ([], false) => 1,
        _ => 2,
    }))
}

fn arguments(cmd: &Cmd, folders: &Folders) -> Vec<OsString> {
    let mut args: Vec<OsString> = vec!["--lab".into(), folders.lab.clone().into()];
    args.extend(["bench", "sensors", &cmd.profile, "--no-install", "--times"].map(OsString::from));
    args.push(cmd.times.to_string().into());
    args.extend(cmd.sensors.iter().flat_map(|sensor| ["--sensor".into(), sensor.word().into()]));
    args.extend(cmd.workloads.iter().flat_map(|w| ["--workload".into(), w.name.replace(' ', "-").into()]));
    args.extend(cmd.neighbours.then(|| "--neighbours".into()));
    args.extend(cmd.html.iter().flat_map(|file| ["--html".into(), file.into()]));
    args.extend(cmd.json.then(|| "--json".into()));
    args.extend(cmd.programs.arguments());
    args
}

fn measure(cmd: &Cmd, bench: &Bench) -> Result<Costs> {
    let sensors: Vec<SensorKind> = match cmd.sensors.as_slice() {
        [] => bench.sensors().to_vec(),
        listed => listed.to_vec(),
    };
    let all = cmd.workloads.is_empty() && !cmd.neighbours;
    let chosen: Vec<&Workload> = if all { WORKLOADS.iter().collect() } else { cmd.workloads.clone() };
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for workload in chosen {
        let times = if workload.once { 1 } else { cmd.times };
        eprintln!("{}: {times} times", workload.name);
        let (heavy, light): (Vec<_>, Vec<_>) = sensors.iter().partition(|kind| kind.entry().perturbs);
        for (kinds, less) in [(light, 1), (heavy, workload.less)] {
            rows.extend(by_turns(bench, workload, &kinds, less, times, &mut failures)?);
        }
    }
    if cmd.neighbours || all && sensors.contains(&SensorKind::Probe) {
        eprintln!("the neighbour: {} times", cmd.times);
        rows.extend(neighbours(bench, cmd.times, &mut failures)?);
    }
    let goals = goals(&rows);
    Ok(Costs { machine: bench.machine(), rounds: cmd.times, rows, goals, failures })
}

/// One workload bare and under each sensor, again and again.
fn by_turns(
    bench: &Bench,
    workload: &Workload,
    kinds: &[SensorKind],
    less: u64,
    times: u32,
    failures: &mut Vec<String>,
) -> Result<Vec<SensorCost>> {
    let load = Load { word: workload.word, count: workload.count / less, processes: workload.processes };
    let mut bouts: Vec<Vec<(Bout, Bout)>> = kinds.iter().map(|_| Vec::new()).collect();
    for _ in 0..times {
        for (kind, bouts) in kinds.iter().zip(&mut bouts) {
            let pair = bench.bout(None, load).and_then(|bare| Ok((bare, bench.bout(Some(*kind), load)?)));
            bouts.extend(kept(bench, pair, failures)?);
        }
    }
    Ok(kinds.iter().zip(bouts).filter_map(|(kind, bouts)| cost(workload, *kind, &bouts)).collect())
}

/// A failure costs its turn alone, and is told; only the person can end the whole.
fn kept<T>(bench: &Bench, turn: Result<T>, failures: &mut Vec<String>) -> Result<Option<T>> {
    match turn {
        Err(error) if !bench.interrupted() => {
            eprintln!("{error:#}");
            failures.push(format!("{error:#}"));
            Ok(None)
        }
        other => other.map(Some),
    }
}

fn spread(bouts: &[(Bout, Bout)], of: &dyn Fn(&(Bout, Bout)) -> Option<f64>) -> Option<Spread> {
    Spread::of(&bouts.iter().filter_map(of).collect::<Vec<f64>>())
}

fn best(bouts: &[(Bout, Bout)], of: impl Fn(&(Bout, Bout)) -> f64) -> Option<f64> {
    bouts.iter().map(of).reduce(f64::min)
}

/// What it took, as multiples of bare, and nothing of the sensor.
fn ratios(workload: &str, sensor: &str, bouts: &[(Bout, Bout)]) -> Option<SensorCost> {
    Some(SensorCost {
        workload: workload.to_owned(),
        sensor: sensor.to_owned(),
        wall: spread(bouts, &|(bare, bout)| Some(bout.wall / bare.wall))?,
        best: best(bouts, |(_, bout)| bout.wall)? / best(bouts, |(bare, _)| bare.wall)?,
        cpu: spread(bouts, &|(bare, bout)| Some(bout.cpu / bare.cpu))?,
        start_cpu: None,
        sensor_cpu: None,
        sensor_mb: None,
        expected: None,
        received: None,
        lost: None,
        bytes: None,
    })
}

fn cost(workload: &Workload, kind: SensorKind, bouts: &[(Bout, Bout)]) -> Option<SensorCost> {
    let of_action = |bout: &Bout| {
        let balance = bout.counters.as_ref()?.programs.get(workload.action?)?;
        Some((balance.received, balance.lost_total()))
    };
    let seen = || bouts.iter().filter_map(|(_, bout)| of_action(bout));
    let median = |of: &dyn Fn(&(Bout, Bout)) -> Option<f64>| Some(spread(bouts, of)?.median);
    Some(SensorCost {
        start_cpu: median(&|(_, bout)| Some(bout.cost?.start_ns as f64 / 1e9)),
        sensor_cpu: median(&|(_, bout)| {
            Some(bout.cost.map(|c| c.cpu_ns.saturating_sub(c.start_ns))? as f64 / 1e9)
        }),
        sensor_mb: median(&|(_, bout)| Some(bout.cost?.resident_bytes as f64 / f64::from(1 << 20))),
        expected: workload.action.and_then(|action| bouts.first()?.1.calls.get(action).copied()),
        received: seen().map(|(received, _)| received).min(),
        lost: seen().map(|(_, lost)| lost).max(),
        bytes: median(&|(_, bout)| bout.bytes_per_event),
        ..ratios(workload.name, kind.word(), bouts)?
    })
}

/// What the probe is to reach, as far as it was measured.
fn goals(rows: &[SensorCost]) -> Vec<Goal> {
    let probe = |name: &str| rows.iter().find(|row| row.workload == name && row.sensor == "probe");
    let goal = |what: &str, measured: Option<f64>, most: f64| {
        Some(Goal { what: what.to_owned(), measured: measured?, most })
    };
    let mut goals = Vec::new();
    for workload in WORKLOADS {
        if let (Some(row), Some(most)) = (probe(workload.name), workload.most) {
            goals.extend(goal(&format!("{}, wall", workload.name), Some(row.wall.median), most));
        }
    }
    if let Some(row) = probe(OPEN_STORM) {
        goals.extend(goal("seconds of the reader for 300000 opens", row.sensor_cpu, MOST_READER_SECONDS));
        goals.extend(goal("bytes of a stored event", row.bytes, MOST_BYTES));
    }
    if let Some(row) = probe(TWO_OPENERS) {
        goals.extend(goal("lost of 1000000 opens by two", row.lost.map(|lost| lost as f64), 0.0));
    }
    let probes = rows.iter().filter(|row| row.sensor == "probe");
    let not_observed = probes.clone().filter(|row| row.workload.ends_with(NOT_OBSERVED));
    goals.extend(goal("MB of the reader", probes.filter_map(|row| row.sensor_mb).reduce(f64::max), MOST_MB));
    for row in not_observed {
        goals.extend(goal(&format!("{}, wall", row.workload), Some(row.wall.median), MOST_NEIGHBOUR));
        let nothing =
            rows.iter().find(|nothing| nothing.sensor == NOTHING && nothing.workload == row.workload);
        goals.extend(goal(
            &format!("{}, wall against {NOTHING}", row.workload),
            nothing.map(|nothing| row.wall.median / nothing.wall.median),
            MOST_NEIGHBOUR,
        ));
    }
    goals
}

/// A process that nobody observes, while the probe watches another one; and while programs that do nothing are where the
/// probe's are, which is the least that any sensor at these places can cost. The differences are small, and a machine may be
/// slower for seconds: a round is the best of many runs, by turns.
fn neighbours(bench: &Bench, times: u32, failures: &mut Vec<String>) -> Result<Vec<SensorCost>> {
    let mut rows = Vec::new();
    for (name, less) in [(OPEN_STORM, 3), ("mixed build", 6)] {
        let Some(workload) = WORKLOADS.iter().find(|workload| workload.name == name) else { continue };
        let count = workload.count / less;
        let load = Load { word: workload.word, count, processes: workload.processes };
        let under_floor = || {
            let _floor = Floor::new()?;
            bench.alone(load)
        };
        let turn = || Ok([bench.alone(load)?, under_floor()?, bench.beside(load)?]);
        let (mut floor, mut probe) = (Vec::new(), Vec::new());
        for _ in 0..times {
            let mut turns: Vec<[Bout; 3]> = Vec::new();
            for _ in 0..NEIGHBOUR_TURNS {
                turns.extend(kept(bench, turn(), failures)?);
            }
            let fastest = |of: usize| {
                let bouts = turns.iter().map(|turn| &turn[of]);
                bouts.min_by(|one, other| one.wall.total_cmp(&other.wall)).cloned()
            };
            if let (Some(bare), Some(nothing), Some(beside)) = (fastest(0), fastest(1), fastest(2)) {
                floor.push((bare.clone(), nothing));
                probe.push((bare, beside));
            }
        }
        let workload = format!("{name}, {NOT_OBSERVED}");
        rows.extend(ratios(&workload, NOTHING, &floor));
        rows.extend(ratios(&workload, SensorKind::Probe.word(), &probe));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use lab_report::{SensorCost, Spread};

    use super::{WORKLOADS, goals, workload};

    #[test]
    fn workloads_are_found_by_their_names() {
        for known in WORKLOADS {
            assert_eq!(workload(&known.name.replace(' ', "-")).map(|found| found.name), Ok(known.name));
        }
        assert!(workload("open").is_err_and(|error| error.contains("`open-storm`")));
    }

    #[test]
    fn a_goal_that_was_not_measured_is_not_told() {
        let spread = Spread::of(&[1.5]).unwrap();
        let row = |sensor: &str| SensorCost {
            workload: "open storm".to_owned(),
            sensor: sensor.to_owned(),
            wall: spread,
            best: 1.5,
            cpu: spread,
            start_cpu: None,
            sensor_cpu: Some(0.1),
            sensor_mb: Some(20.0),
            expected: None,
            received: None,
            lost: None,
            bytes: None,
        };
        assert!(goals(&[row("strace")]).is_empty());
        let told: Vec<(String, bool)> =
            goals(&[row("probe")]).into_iter().map(|goal| (goal.what.clone(), goal.holds())).collect();
        let expected = [
            ("open storm, wall", false),
            ("seconds of the reader for 300000 opens", false),
            ("MB of the reader", true),
        ];
        assert_eq!(told, expected.map(|(what, holds)| (what.to_owned(), holds)));
    }
}
