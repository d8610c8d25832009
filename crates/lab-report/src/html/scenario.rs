//! One scenario: its matrix, what is wrong with it, its drift, and the place of its tree.

use lab_model::{Judged, Role};

use super::{
    diff::diff,
    head::golden_state,
    lines,
    sections::{list, note},
    text,
};
use crate::{ScenarioReport, Style, matrix};

/// Longest tree that is shown as text, in bytes.
const LONGEST_TEXT: usize = 64 << 10;

/// The section of the scenario with number `n`.
pub(super) fn part(n: usize, scenario: &ScenarioReport<'_>) -> String {
    let judged = scenario.judged;
    let head = &judged.head;
    let mut out = format!(
        "<section id=\"s{n}\"><h2>{} <small>{}</small></h2>\n<p>{}</p>\n",
        text(&head.name),
        text(&head.attack.join(" ")),
        text(&head.summary)
    );
    out.push_str(&act_table(n, judged));
    let reasons: Vec<String> =
        matrix::reasons(judged).iter().map(|reason| Style::default().finish(reason)).collect();
    out.push_str(&note("bad-edge", "Not seen or not proven", &reasons));
    out.push_str(&note("bad-edge", "Trouble", &judged.troubles));
    out.push_str(&note("doubtful-edge", "Doubt", &judged.doubts));
    out.push_str(&golden(scenario));
    out.push_str(&format!(
        "<h3 id=\"t{n}\">What happened</h3>\n<div class=\"tree\" data-scenario=\"{n}\"></div>\n"
    ));
    out.push_str(&golden_text(&scenario.drift.new_text));
    out.push_str("</section>\n");
    out
}

/// How it stands to its golden; drift as old beside new.
fn golden(scenario: &ScenarioReport<'_>) -> String {
    let drift = scenario.drift;
    let (class, word) = golden_state(scenario);
    let cost = text(&scenario.cost());
    let mut out =
        format!("<h3>Golden <span class=\"pill {class}\">{word}</span> <small>{cost}</small></h3>\n");
    let tolerated: Vec<String> = drift.tolerated.iter().map(ToString::to_string).collect();
    if !drift.is_empty() {
        out.push_str(&note("bad-edge", "Cannot be blessed", &scenario.never_blessed()));
    }
    if !drift.is_empty() && !drift.new {
        let differences: Vec<String> =
            drift.differences.iter().map(|d| format!("{}:{}: {d}", drift.file_of(&d.file), d.line)).collect();
        out.push_str(&format!(
            "<details class=\"drift\" open><summary>Drift from {}</summary>\n",
            text(&drift.file)
        ));
        out.push_str(&list(&differences));
        out.push_str(&diff(&drift.text_diff()));
        out.push_str("</details>\n");
    }
    out.push_str(&note("", "Left free by the golden", &tolerated));
    out
}

fn golden_text(whole: &str) -> String {
    let shown = &whole[..whole.floor_char_boundary(LONGEST_TEXT.min(whole.len()))];
    let more = if shown.len() < whole.len() { "\n... cut here" } else { "" };
    format!(
        "<details><summary>The same as the text of a golden</summary><pre>{}{more}</pre></details>\n",
        lines(shown)
    )
}

/// Rows of acts, columns of sensors; each act leads to its place in the timeline.
fn act_table(n: usize, judged: &Judged) -> String {
    let mut out = String::from(
        "<div class=\"wide\"><table class=\"grid matrix\"><thead><tr><th scope=\"col\">act</th>\
         <th scope=\"col\">kind</th><th scope=\"col\">what</th><th scope=\"col\">proven</th>",
    );
    out.extend(judged.sensors.iter().map(|sensor| format!("<th scope=\"col\">{sensor}</th>")));
    out.push_str("<th scope=\"col\">detected by</th></tr></thead><tbody>\n");
    for act in &judged.acts {
        let proven = Style::default().finish(&matrix::proven(judged, act.id));
        let class = if proven.contains("unproven") { " class=\"bad\"" } else { "" };
        out.push_str(&format!(
            "<tr><th scope=\"row\"><a href=\"#timeline\" data-scenario=\"{n}\" data-act=\"{}\">{} {}</a></th>\
             <td>{}</td><td><code>{}</code></td><td{class}>{}</td>",
            act.id,
            act.role,
            act.id,
            act.kind.word(),
            text(&matrix::summary(act)),
            text(&proven)
        ));
        for sensor in &judged.sensors {
            let row = judged.verdicts.iter().find(|row| row.act == act.id && row.sensor == *sensor);
            out.push_str(&row.map_or("<td>-</td>".to_owned(), |row| {
                let class = matrix::tone(row.verdict).class();
                format!("<td><span class=\"pill {class}\">{}</span></td>", row.verdict)
            }));
        }
        out.push_str(&detected(n, judged, act.id, act.role));
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    out
}

/// The rules that fired on an act, each leading to its events.
fn detected(n: usize, judged: &Judged, act: u32, role: Role) -> String {
    let rules = judged.detections.iter().enumerate().filter(|(_, rule)| rule.acts().contains(&act));
    let rules: Vec<String> =
        rules.map(|(k, rule)| format!("<a href=\"#d{n}-{k}\">{}</a>", text(&rule.title))).collect();
    match (rules.is_empty(), role) {
        (true, _) => "<td class=\"quiet\">-</td>".to_owned(),
        (false, Role::Act) => format!("<td>{}</td>", rules.join("<br>")),
        (false, Role::Twin) => format!("<td class=\"bad\">{}: a benign twin</td>", rules.join("<br>")),
    }
}
