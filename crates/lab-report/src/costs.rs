//! What sensors cost, workload by workload: as a table and as a chart on a page of its own.

use std::fmt::Write as _;

use quick_xml::escape::escape;
use serde::Serialize;

use crate::{Style, table::table};

/// The least, the middle and the most of some measurements.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// least
    pub least: f64,
    /// median: of an even number the mean of the two in the middle
    pub median: f64,
    /// most
    pub most: f64,
}

impl Spread {
    /// Of measurements in any order; `None` if there are none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let below = if sorted.len().is_multiple_of(2) { middle - 1 } else { middle };
        Some(Self { least, median: f64::midpoint(sorted[below], sorted[middle]), most })
    }
}

/// What one sensor cost one workload, and what it saw of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SensorCost {
    /// workload
    pub workload: String,
    /// sensor
    pub sensor: String,
    /// how long the workload took with the sensor, as a multiple of what it took bare just before
    pub wall: Spread,
    /// the shortest of all rounds as a multiple of the shortest bare: what comes from elsewhere only slows
    pub best: f64,
    /// as `wall` for the workload's processor time
    pub cpu: Spread,
    /// the sensor's own processor time until it was ready, in seconds; the middle of all rounds, as what follows
    pub start_cpu: Option<f64>,
    /// the same from then on
    pub sensor_cpu: Option<f64>,
    /// memory of the sensor that was resident, in MB of 2^20 bytes
    pub sensor_mb: Option<f64>,
    /// calls of the action that the workload is about, by its own count
    pub expected: Option<u64>,
    /// events of them that arrived, in all rounds; that of the round in which the most were missing
    pub received: Option<u64>,
    /// events that the sensor says it lost, in the worst round
    pub lost: Option<u64>,
    /// bytes of a stored event
    pub bytes: Option<f64>,
}

/// A goal, and whether it was reached.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Goal {
    /// what was to be reached
    pub what: String,
    /// what was measured
    pub measured: f64,
    /// the most that it may be
    pub most: f64,
}

impl Goal {
    /// True if it was reached.
    pub fn holds(&self) -> bool {
        self.measured <= self.most
    }
}

/// All that was measured in one run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Costs {
    /// where: kernel and processors
    pub machine: String,
    /// how often each was measured
    pub rounds: u32,
    /// a row for each workload and sensor
    pub rows: Vec<SensorCost>,
    /// goals for the probe
    pub goals: Vec<Goal>,
    /// what was to be measured and was not, and why; what else there is of the same workload and sensor stands
    pub failures: Vec<String>,
}

fn or_dash<T>(value: Option<T>, show: impl FnOnce(T) -> String) -> String {
    value.map_or("-".to_owned(), show)
}

fn spread(spread: Spread) -> String {
    format!("{:.2} {:.2} {:.2}", spread.least, spread.median, spread.most)
}

/// For a terminal: least, median and most of each ratio.
pub fn cost_table(style: Style, costs: &Costs) -> String {
    let header = [
        "workload",
        "sensor",
        "wall",
        "best",
        "cpu",
        "start s",
        "own s",
        "MB",
        "expected",
        "received",
        "lost",
        "bytes/event",
    ];
    let rows = costs.rows.iter().map(|row| {
        vec![
            row.workload.clone(),
            row.sensor.clone(),
            spread(row.wall),
            format!("{:.2}", row.best),
            spread(row.cpu),
            or_dash(row.start_cpu, |seconds| format!("{seconds:.2}")),
            or_dash(row.sensor_cpu, |seconds| format!("{seconds:.2}")),
            or_dash(row.sensor_mb, |mb| format!("{mb:.0}")),
            or_dash(row.expected, |count| count.to_string()),
            or_dash(row.received, |count| count.to_string()),
            or_dash(row.lost, |count| count.to_string()),
            or_dash(row.bytes, |bytes| format!("{bytes:.1}")),
        ]
    });
    let mut out = format!(
        "with the sensor / bare, in {} rounds: least, median, most; the best with it / the best bare\n{}",
        costs.rounds,
        table(style, header.map(str::to_owned).into(), rows.collect(), &[5, 6, 7, 8, 9, 10, 11])
    );
    if !costs.goals.is_empty() {
        let rows = costs.goals.iter().map(|goal| {
            let holds = if goal.holds() { "yes" } else { "NO" };
            vec![
                goal.what.clone(),
                format!("{:.2}", goal.measured),
                format!("{}", goal.most),
                holds.to_owned(),
            ]
        });
        let header = ["goal for the probe", "measured", "at most", "holds"].map(str::to_owned);
        out.push('\n');
        out.push_str(&table(style, header.into(), rows.collect(), &[1, 2]));
    }
    if !costs.failures.is_empty() {
        out.push_str("\nnot measured:\n");
        out.extend(costs.failures.iter().map(|failure| format!("  {failure}\n")));
    }
    out
}

/// Where a bar of this ratio ends, in hundredths of the width: 1 at the left, 100 at the right, by powers.
fn place(ratio: f64) -> f64 {
    (ratio.max(1.0).log10() * 50.0).min(100.0)
}

const ROW: usize = 22;

/// A page with a bar for each workload and sensor: the median of the wall time, and a line from the least to the most.
pub fn costs_html(costs: &Costs) -> String {
    let mut bars = String::new();
    let mut y = 0;
    let mut workload = "";
    for row in &costs.rows {
        if row.workload != workload {
            workload = &row.workload;
            y += ROW;
            let _ =
                write!(bars, r#"<text class="workload" x="0" y="{}">{}</text>"#, y + 15, escape(workload));
            y += ROW;
        }
        let [least, median, most] = [row.wall.least, row.wall.median, row.wall.most].map(|r| 6.0 * place(r));
        let middle = y + ROW / 2;
        let _ = write!(
            bars,
            r#"<text x="110" y="{text}" text-anchor="end">{sensor}</text><rect x="120" y="{top}" width="{width:.1}" height="14"/><line x1="{least:.1}" x2="{most:.1}" y1="{middle}" y2="{middle}"/><text x="{after:.1}" y="{text}">{ratio:.2}</text>"#,
            text = y + 15,
            sensor = escape(&row.sensor),
            top = y + 4,
            width = median.max(1.0),
            least = 120.0 + least,
            most = 120.0 + most,
            after = 128.0 + most,
            ratio = row.wall.median,
        );
        y += ROW;
    }
    let failures: String =
        costs.failures.iter().map(|failure| format!("<p>Not measured: {}.</p>\n", escape(failure))).collect();
    let ticks: String = [1.0_f64, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]
        .map(|tick| {
            let x = 120.0 + 6.0 * place(tick);
            format!(r#"<line class="tick" x1="{x:.1}" x2="{x:.1}" y1="0" y2="{y}"/><text x="{x:.1}" y="{}" text-anchor="middle">{tick}</text>"#, y + 16)
        })
        .concat();
    format!(
        r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>What sensors cost</title><style>
:root {{ color-scheme: light dark }} body {{ font: 14px system-ui, sans-serif; max-width: 60rem; margin: 2rem auto }}
svg {{ width: 100% }} text {{ fill: CanvasText; font-size: 12px }} .workload {{ font-weight: bold }}
rect {{ fill: #4a7ebb }} line {{ stroke: CanvasText }} .tick {{ stroke: GrayText; stroke-opacity: .3 }}
</style></head><body><h1>What sensors cost</h1>
<p>Wall time of a workload with the sensor, as a multiple of its wall time bare: median of {rounds} rounds, and from the least to
the most. {machine}.</p>
{failures}<svg viewBox="0 0 780 {height}" role="img" aria-label="Wall time with each sensor, as a multiple of bare">{ticks}{bars}</svg>
</body></html>
"#,
        rounds = costs.rounds,
        machine = escape(&costs.machine),
        height = y + 24,
    )
}

#[cfg(test)]
mod tests {
    use super::{Costs, Goal, SensorCost, Spread, cost_table, costs_html, place};
    use crate::Style;

    fn costs() -> Costs {
        let spread = Spread::of(&[1.5, 1.0, 1.25]).unwrap();
        let row = |workload: &str, sensor: &str| SensorCost {
            workload: workload.to_owned(),
            sensor: sensor.to_owned(),
            wall: spread,
            best: 1.125,
            cpu: spread,
            start_cpu: Some(0.25),
            sensor_cpu: Some(0.5),
            sensor_mb: None,
            expected: Some(10),
            received: Some(9),
            lost: Some(1),
            bytes: Some(8.25),
        };
        Costs {
            machine: "Linux <6>".to_owned(),
            rounds: 3,
            rows: vec![row("open", "probe"), row("open", "strace"), row("exec", "probe")],
            goals: vec![
                Goal { what: "open".to_owned(), measured: 1.35, most: 1.35 },
                Goal { what: "exec".to_owned(), measured: 1.06, most: 1.05 },
            ],
            failures: vec!["open under <bpftrace>: it ended".to_owned()],
        }
    }

    #[test]
    fn spreads() {
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Spread::of(&[4.0, 1.0, 2.0, 3.0]), Some(Spread { least: 1.0, median: 2.5, most: 4.0 }));
        assert_eq!(Spread::of(&[3.0]), Some(Spread { least: 3.0, median: 3.0, most: 3.0 }));
    }

    #[test]
    fn a_table_says_what_was_measured_and_which_goals_hold() {
        let text = cost_table(Style::default(), &costs());
        let line =
            |start: &str| text.lines().find(|line| line.trim_start().starts_with(start)).unwrap().to_owned();
        let words = |line: String| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let open = words(line("open"));
        assert_eq!(
            open[..9],
            ["open", "probe", "1.00", "1.25", "1.50", "1.12", "1.00", "1.25", "1.50"].map(str::to_owned)
        );
        assert_eq!(open[9..], ["0.25", "0.50", "-", "10", "9", "1", "8.2"].map(str::to_owned));
        assert!(text.contains("yes") && text.contains("NO"));
        assert!(text.ends_with("not measured:\n  open under <bpftrace>: it ended\n"), "{text}");
        assert!(
            !cost_table(Style::default(), &Costs { failures: Vec::new(), ..costs() })
                .contains("not measured")
        );
    }

    #[test]
    fn a_page_holds_a_bar_for_each_and_no_markup_of_others() {
        let page = costs_html(&costs());
        assert_eq!(page.matches("<rect").count(), 3);
        assert!(page.contains("Linux &lt;6&gt;") && !page.contains("<6>"));
        assert!(page.contains("Not measured: open under &lt;bpftrace&gt;: it ended."), "{page}");
        assert_eq!((place(1.0), place(0.9), place(10.0), place(1e9)), (0.0, 0.0, 50.0, 100.0));
    }
}
