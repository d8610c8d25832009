//! The runs of one profile under several kernels, beside each other: kernel x act x sensor.

use std::collections::BTreeMap;

use lab_model::{SensorKind, Verdict};
use serde_json::{Value, json};

use crate::{RunReport, Style, escape, json::json as report_json, matrix::tone, style::Tone, table::table};

/// The run under one kernel.
#[derive(Debug)]
pub struct MachineReport<'a> {
    /// the kernel, as the profile names it
    pub kernel: String,
    /// what the machine was run by: `kvm`, `tcg`
    pub accelerator: String,
    /// why that was not KVM
    pub not_kvm: Option<String>,
    /// its run
    pub report: RunReport<'a>,
}

/// What all machines say of one act by one sensor, in their order.
type Row = Vec<Option<Verdict>>;

/// Everything beside each other, for a terminal. Ends with a line break.
pub fn machines(machines: &[MachineReport<'_>], style: Style) -> String {
    let mut out = table(style, header(machines, &["", "sensors"]), verdicts(machines), &[]);
    let mut rows = Vec::new();
    for machine in machines {
        let (word, code) = machine.report.ending();
        let tone = if code == 0 { Tone::Good } else { Tone::Bad };
        rows.push(vec![
            machine.kernel.clone(),
            escape(&machine.report.kernel),
            machine.accelerator.clone(),
            tone.mark(&format!("{word} ({code})")),
            escape(&machine.report.run),
        ]);
    }
    let head = ["kernel", "release", "by", "ended", "run"].map(str::to_owned).to_vec();
    out.push_str(&format!("\n{}", table(style, head, rows, &[])));
    for line in remarks(machines) {
        out.push_str(&format!("  {line}\n"));
    }
    style.finish(&out)
}

/// The same as JSON: the matrix, and the whole report of each machine.
pub fn machines_json(series: &str, machines: &[MachineReport<'_>]) -> Value {
    let matrix: Vec<Value> = matrix(machines)
        .into_iter()
        .map(|((scenario, act), sensors)| {
            let sensors: serde_json::Map<String, Value> = sensors
                .into_iter()
                .map(|(sensor, row)| {
                    let by_kernel = machines.iter().zip(row).map(|(machine, verdict)| {
                        (machine.kernel.clone(), json!(verdict.map(Verdict::word)))
                    });
                    (sensor.word().to_owned(), Value::Object(by_kernel.collect()))
                })
                .collect();
            json!({ "scenario": scenario, "act": act, "sensors": sensors })
        })
        .collect();
    let runs: Vec<Value> = machines
        .iter()
        .map(|machine| {
            json!({
                "kernel": machine.kernel,
                "accelerator": machine.accelerator,
                "not_kvm": machine.not_kvm,
                "report": report_json(&machine.report),
            })
        })
        .collect();
    json!({ "series": series, "matrix": matrix, "machines": runs })
}

fn header(machines: &[MachineReport<'_>], first: &[&str]) -> Vec<String> {
    let first = first.iter().map(|text| (*text).to_owned());
    first.chain(machines.iter().map(|machine| machine.kernel.clone())).collect()
}

/// By scenario and act, in the order in which the machines tell them; by sensor, what each machine says.
fn matrix(machines: &[MachineReport<'_>]) -> BTreeMap<(String, u32), BTreeMap<SensorKind, Row>> {
    let mut matrix: BTreeMap<(String, u32), BTreeMap<SensorKind, Row>> = BTreeMap::new();
    for (n, machine) in machines.iter().enumerate() {
        for scenario in &machine.report.scenarios {
            for row in &scenario.judged.verdicts {
                let act = matrix.entry((scenario.judged.head.name.clone(), row.act)).or_default();
                let verdicts = act.entry(row.sensor).or_insert_with(|| vec![None; machines.len()]);
                verdicts[n] = Some(row.verdict);
            }
        }
    }
    matrix
}

/// One row for all sensors of an act of which the machines say the same.
fn verdicts(machines: &[MachineReport<'_>]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for ((scenario, act), sensors) in matrix(machines) {
        let mut alike: Vec<(Vec<SensorKind>, Row)> = Vec::new();
        for (sensor, row) in sensors {
            match alike.iter_mut().find(|(_, other)| *other == row) {
                Some((sensors, _)) => sensors.push(sensor),
                None => alike.push((vec![sensor], row)),
            }
        }
        for (n, (sensors, row)) in alike.into_iter().enumerate() {
            let name = if n == 0 { format!("{} {act}", escape(&scenario)) } else { String::new() };
            let sensors: Vec<&str> = sensors.into_iter().map(SensorKind::word).collect();
            let cells = row.into_iter().map(|verdict| {
                verdict.map_or_else(|| "-".to_owned(), |verdict| tone(verdict).mark(verdict.word()))
            });
            rows.push([name, sensors.join(" ")].into_iter().chain(cells).collect());
        }
    }
    rows
}

/// Why machines did not run by KVM, what was refused, and what went wrong; what several say is said once.
fn remarks(machines: &[MachineReport<'_>]) -> Vec<String> {
    let mut said: Vec<(String, Vec<&str>)> = Vec::new();
    let mut say = |what: String, kernel| match said.iter_mut().find(|(other, _)| *other == what) {
        Some((_, kernels)) if kernels.contains(&kernel) => {}
        Some((_, kernels)) => kernels.push(kernel),
        None => said.push((what, vec![kernel])),
    };
    for machine in machines {
        let kernel = machine.kernel.as_str();
        if let Some(why) = &machine.not_kvm {
            say(
                format!("{} by {}, not kvm: {}", Tone::Quiet.mark("run"), machine.accelerator, escape(why)),
                kernel,
            );
        }
        for scenario in &machine.report.scenarios {
            for instance in scenario.record.passes.iter().flat_map(|pass| &pass.instances) {
                for refusal in &instance.refused {
                    let what = format!("{} of {}", refusal.action.word(), instance.sensor);
                    say(
                        format!("{}: {what}: {}", Tone::Doubtful.mark("refused"), escape(&refusal.reason)),
                        kernel,
                    );
                }
            }
        }
        for stage in machine.report.stages.iter().filter(|stage| stage.error.is_some()) {
            let error = stage.error.as_deref().unwrap_or_default();
            say(format!("{}: {}: {}", Tone::Bad.mark("trouble"), stage.stage, escape(error)), kernel);
        }
    }
    said.into_iter().map(|(what, kernels)| format!("{}: {what}", kernels.join(" "))).collect()
}
