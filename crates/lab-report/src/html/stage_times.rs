//! How long each stage took, in figures and as a bar.

use super::text;
use crate::{RunReport, stages};

/// Classes of colours in the style; stages beyond them share the last.
const COLORS: usize = 8;

/// The section: a row per pass.
pub(super) fn section(report: &RunReport<'_>) -> String {
    let times = stages::times(report.stages, report.scenarios.iter().map(|scenario| scenario.record));
    let (sum, rows) = times.rows.split_last().map_or((None, &[][..]), |(sum, rows)| (Some(sum), rows));
    let longest = rows.iter().map(stages::Times::sum).fold(1.0, f64::max);
    let mut out = String::from(
        "<section id=\"stages\"><h2>Stages <small>milliseconds</small></h2>\n<div class=\"wide\"><table>\
         <thead><tr><th scope=\"col\"></th><th scope=\"col\" class=\"number\">pass</th>",
    );
    for (n, stage) in times.stages.iter().enumerate() {
        out.push_str(&format!(
            "<th scope=\"col\" class=\"number\"><svg class=\"key\"><rect class=\"k{}\" width=\"8\" height=\"8\"/>\
             </svg>{}</th>",
            n.min(COLORS - 1),
            text(stage)
        ));
    }
    out.push_str("<th scope=\"col\" class=\"number\">sum</th><th scope=\"col\"></th></tr></thead><tbody>\n");
    for (row, is_sum) in rows.iter().map(|row| (row, false)).chain(sum.map(|sum| (sum, true))) {
        out.push_str(&format!("<tr><td>{}</td><td class=\"number\">{}</td>", text(&row.name), row.pass));
        let known = row.took_ns.iter().map(|took| took.map_or("-".to_owned(), stages::milliseconds));
        out.extend(
            known
                .chain([stages::milliseconds(row.sum())])
                .map(|cell| format!("<td class=\"number\">{cell}</td>")),
        );
        out.push_str("<td>");
        if !is_sum {
            out.push_str(&bar(&row.took_ns, longest));
        }
        out.push_str("</td></tr>\n");
    }
    out.push_str("</tbody></table></div></section>\n");
    out
}

/// A bar whose whole width is the longest pass.
fn bar(took_ns: &[Option<f64>], longest: f64) -> String {
    let mut out = String::from(
        "<svg class=\"bar\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
    );
    let mut from = 0.0;
    for (n, took) in took_ns.iter().enumerate() {
        let wide = took.unwrap_or(0.0) / longest * 1000.0;
        if wide > 0.0 {
            out.push_str(&format!(
                "<rect class=\"k{}\" x=\"{from:.1}\" width=\"{wide:.1}\" height=\"10\"/>",
                n.min(COLORS - 1)
            ));
        }
        from += wide;
    }
    out.push_str("</svg>");
    out
}
