//! The parts of the page that need no script, in their order.

use super::{detections, head, scenario, stage_times, text};
use crate::{RunReport, loss};

/// Most points of a list.
const MOST_POINTS: usize = 500;

/// Everything between the head and the data.
pub(super) fn body(report: &RunReport<'_>) -> String {
    let mut out = String::from("<a class=\"skip\" href=\"#run\">Skip to the run</a>\n<div class=\"page\">\n");
    out.push_str(&head::aside(report));
    out.push_str("<div class=\"content\">\n");
    out.push_str(&head::header(report));
    out.push_str("<main>\n");
    for (n, scenario) in report.scenarios.iter().enumerate() {
        out.push_str(&scenario::part(n, scenario));
    }
    out.push_str(&detections::section(&report.scenarios));
    out.push_str(include_str!("timeline.html"));
    out.push_str(&losses(report));
    out.push_str(&stage_times::section(report));
    out.push_str(&environment(report));
    out.push_str("</main>\n</div>\n</div>\n");
    out
}

fn losses(report: &RunReport<'_>) -> String {
    let (header, rows, notes) = loss::grid(report.scenarios.iter().map(|scenario| scenario.record));
    let mut out = String::from(
        "<section id=\"loss\"><h2>Loss <small>where every event went: produced = received + filtered + \
         in flight + lost</small></h2>\n<div class=\"wide\"><table><thead><tr>",
    );
    let number = |n: usize| if n == 1 || n > 2 { " class=\"number\"" } else { "" };
    for (n, cell) in header.iter().enumerate() {
        out.push_str(&format!("<th scope=\"col\"{}>{}</th>", number(n), text(cell)));
    }
    out.push_str("</tr></thead><tbody>\n");
    for row in &rows {
        out.push_str("<tr>");
        for (n, cell) in row.iter().enumerate() {
            let some_lost = n + 1 == row.len() && cell != "0";
            let class = if some_lost { " class=\"number doubtful\"" } else { number(n) };
            out.push_str(&format!("<td{class}>{}</td>", text(cell)));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    out.push_str(&list(&notes));
    out.push_str("</section>\n");
    out
}

fn environment(report: &RunReport<'_>) -> String {
    let mut out = String::from(
        "<section id=\"environment\"><h2>Environment <small>what the run was made from</small></h2>\n\
         <div class=\"wide\"><table><thead><tr><th scope=\"col\">kind</th><th scope=\"col\">name</th>\
         <th scope=\"col\">value</th></tr></thead><tbody>\n",
    );
    let mut last = "";
    for (kind, name, value) in &report.environment {
        let shown = if *kind == last { "" } else { *kind };
        last = *kind;
        out.push_str(&format!(
            "<tr><td class=\"quiet\">{shown}</td><td>{}</td><td><code>{}</code></td></tr>\n",
            text(name),
            text(value)
        ));
    }
    out.push_str("</tbody></table></div></section>\n");
    out
}

/// Points in code type; empty if there are none.
pub(super) fn list(points: &[String]) -> String {
    if points.is_empty() {
        return String::new();
    }
    let mut out = String::from("<ul class=\"points\">\n");
    let shown = points.iter().take(MOST_POINTS);
    out.extend(shown.map(|point| format!("<li><code>{}</code></li>\n", text(point))));
    if points.len() > MOST_POINTS {
        out.push_str(&format!("<li>{} more</li>\n", points.len() - MOST_POINTS));
    }
    out.push_str("</ul>\n");
    out
}

/// A box of points with a title; `class` is that of its edge.
pub(super) fn note(class: &str, title: &str, points: &[String]) -> String {
    if points.is_empty() {
        return String::new();
    }
    format!("<div class=\"note {class}\"><h3>{title}</h3>\n{}</div>\n", list(points))
}
