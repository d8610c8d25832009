//! Which processes sensors saw, by how long they lived.

use serde::Serialize;

use crate::{Spread, Style, table::table};

/// How many of some processes a sensor saw.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sighted {
    /// sensor
    pub sensor: String,
    /// of how many there is an event
    pub seen: u64,
}

/// Processes that were to live for the same time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lives {
    /// how long, in milliseconds
    pub wanted_ms: u64,
    /// how long they did, in milliseconds
    pub lived_ms: Spread,
    /// how many there were
    pub processes: u64,
    /// the share that one who looks every so often sees of them, by theory
    pub theory: f64,
    /// what sensors saw
    pub sighted: Vec<Sighted>,
}

/// All that was measured in one run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Misses {
    /// where: kernel and processors
    pub machine: String,
    /// from one round of the poller to the next, as it was told, in milliseconds
    pub interval_ms: u32,
    /// the same as it was, by the ends of processes that it saw
    pub between_ms: Option<Spread>,
    /// a row for each life time
    pub rows: Vec<Lives>,
}

/// For a terminal: the share that each sensor saw, beside the theory.
pub fn miss_table(style: Style, misses: &Misses) -> String {
    let between = misses.between_ms.map_or_else(
        || "no process was seen to end".to_owned(),
        |ms| format!("as measured {:.1} {:.1} {:.1} (least, median, most)", ms.least, ms.median, ms.most),
    );
    let mut header: Vec<String> = ["life ms", "lived ms", "processes", "theory"].map(str::to_owned).into();
    let sensors = misses.rows.first().map(|row| &row.sighted[..]).unwrap_or_default();
    header.extend(sensors.iter().flat_map(|sighted| [sighted.sensor.clone(), "share".to_owned()]));
    let numbers: Vec<usize> = (0..header.len()).collect();
    let rows = misses.rows.iter().map(|row| {
        let mut cells = vec![
            row.wanted_ms.to_string(),
            format!("{:.1}", row.lived_ms.median),
            row.processes.to_string(),
            format!("{:.2}", row.theory),
        ];
        for sighted in &row.sighted {
            let share = sighted.seen as f64 / row.processes.max(1) as f64;
            cells.extend([sighted.seen.to_string(), format!("{share:.2}")]);
        }
        cells
    });
    format!(
        "a round every {} ms; {between}\n{}",
        misses.interval_ms,
        table(style, header, rows.collect(), &numbers)
    )
}

#[cfg(test)]
mod tests {
    use super::{Lives, Misses, Sighted, miss_table};
    use crate::{Spread, Style};

    #[test]
    fn each_sensor_has_its_share_beside_the_theory() {
        let sighted = |sensor: &str, seen| Sighted { sensor: sensor.to_owned(), seen };
        let misses = Misses {
            machine: "m".to_owned(),
            interval_ms: 10,
            between_ms: Spread::of(&[10.0, 11.0]),
            rows: vec![Lives {
                wanted_ms: 5,
                lived_ms: Spread::of(&[5.2]).unwrap(),
                processes: 100,
                theory: 0.52,
                sighted: vec![sighted("probe", 100), sighted("proc", 49)],
            }],
        };
        let expected = "a round every 10 ms; as measured 10.0 10.5 11.0 (least, median, most)
  life ms  lived ms  processes  theory  probe  share  proc  share
        5       5.2        100    0.52    100   1.00    49   0.49
";
        assert_eq!(miss_table(Style::default(), &misses), expected);
    }
}
