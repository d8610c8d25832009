//! The small tables: acts, receipts, witnesses, verdicts and runs.

use lab_model::{Outcome, ScenarioRecord};
use lab_store::Bundle;
use serde::Serialize;
use serde_json::{Value, json};

use crate::engine::Table;

/// Every small table and its columns: text, but `#` is a number, `?` a flag and `*` a list of texts.
const TABLES: [(&str, &str); 5] = [
    ("acts", "run scenario pass# act# role origin kind user nonce record"),
    ("receipts", "run scenario pass# act# began_ns# ended_ns# steps# ret# error failed record"),
    ("witnesses", "run scenario pass# act# family road claim observed? contradicted? detail"),
    ("verdicts", "run scenario pass# act# sensor verdict reasons* record"),
    ("runs", "run profile created kernel machine boot_id tool interrupted? head manifest"),
];

/// The names of all tables.
pub(crate) fn tables() -> impl Iterator<Item = &'static str> {
    std::iter::once("events").chain(TABLES.iter().map(|(name, _)| *name))
}

/// The rows of the small tables.
#[derive(Debug, Default)]
pub(crate) struct Records {
    acts: Vec<Value>,
    receipts: Vec<Value>,
    witnesses: Vec<Value>,
    verdicts: Vec<Value>,
    runs: Vec<Value>,
}

impl Records {
    /// Adds those of a bundle.
    pub(crate) fn add(&mut self, bundle: &Bundle) {
        let run = &bundle.manifest.id;
        for scenario in &bundle.scenarios {
            self.add_scenario(run, scenario);
        }
        for row in bundle.verdicts.iter().flatten() {
            let scenario = bundle.scenarios.iter().find(|scenario| scenario.head.name == row.scenario);
            let mut planned = scenario.into_iter().flat_map(|scenario| &scenario.planned);
            let pass = planned.find(|pass| pass.sensors.contains(&row.sensor)).map(|pass| pass.pass);
            self.verdicts.push(json!({
                "run": run, "scenario": row.scenario, "pass": pass, "act": row.act, "sensor": row.sensor,
                "verdict": row.verdict, "reasons": row.reasons, "record": text(row),
            }));
        }
        let manifest = &bundle.manifest;
        self.runs.push(json!({
            "run": run, "profile": manifest.profile, "created": manifest.created, "kernel": manifest.kernel,
            "machine": manifest.machine, "boot_id": manifest.boot_id, "tool": manifest.tool,
            "interrupted": manifest.interrupted, "head": bundle.head, "manifest": text(manifest),
        }));
    }

    fn add_scenario(&mut self, run: &str, scenario: &ScenarioRecord) {
        for pass in &scenario.passes {
            let of = (run, &*scenario.head.name, pass.pass);
            for act in &pass.acts {
                let own = json!({
                    "act": act.id, "role": act.role, "origin": act.origin, "kind": act.kind.word(),
                    "user": act.user, "nonce": act.nonce, "record": text(act),
                });
                self.acts.push(row(of, own));
            }
            for receipt in &pass.receipts {
                let principal = receipt.principal.and_then(|at| receipt.steps.get(at));
                let (ret, error) = match principal.and_then(|step| step.payload.result()) {
                    Some(Outcome::Ok(ret)) => (Some(ret), None),
                    Some(Outcome::Errno(error)) => (None, Some(error.to_string())),
                    None => (None, None),
                };
                let own = json!({
                    "act": receipt.act, "began_ns": receipt.began_ns, "ended_ns": receipt.ended_ns,
                    "steps": receipt.steps.len(), "ret": ret, "error": error, "failed": receipt.error,
                    "record": text(receipt),
                });
                self.receipts.push(row(of, own));
            }
            for witness in &pass.witnesses {
                let own = json!({
                    "act": witness.act, "family": witness.family, "road": witness.road, "claim": witness.claim,
                    "observed": witness.observed, "contradicted": witness.contradicted, "detail": witness.detail,
                });
                self.witnesses.push(row(of, own));
            }
        }
    }

    /// Every small table.
    pub(crate) fn tables(&self) -> Vec<Table<'_>> {
        let rows = [&self.acts, &self.receipts, &self.witnesses, &self.verdicts, &self.runs];
        let tables = TABLES.iter().zip(rows);
        tables.map(|((name, columns), rows)| Table { name, columns: types(columns), rows }).collect()
    }
}

/// A row of a record that belongs to a pass.
fn row((run, scenario, pass): (&str, &str, u32), mut own: Value) -> Value {
    own["run"] = run.into();
    own["scenario"] = scenario.into();
    own["pass"] = pass.into();
    own
}

/// The whole record as JSON.
fn text(record: &impl Serialize) -> Value {
    serde_json::to_string(record).map_or(Value::Null, Value::String)
}

/// DuckDB's types of columns.
fn types(columns: &'static str) -> Vec<(&'static str, Value)> {
    let column = |column: &'static str| {
        let name = column.trim_end_matches(['#', '?', '*']);
        let kind = match &column[name.len()..] {
            "#" => json!("BIGINT"),
            "?" => json!("BOOLEAN"),
            "*" => json!(["VARCHAR"]),
            _ => json!("VARCHAR"),
        };
        (name, kind)
    };
    columns.split(' ').map(column).collect()
}
