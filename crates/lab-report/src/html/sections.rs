//! The parts of the page that need no script: head, matrices, drift, losses, stages, environment.

use lab_model::{Judged, RunOutcome};

use super::{diff::diff, lines, text};
use crate::{RunReport, ScenarioReport, Style, loss, matrix, next::next, stages};

/// Longest tree that is shown as text, in bytes.
const LONGEST_TEXT: usize = 64 << 10;
/// Most points of a list.
const MOST_POINTS: usize = 500;

/// Everything between the head and the data.
pub(super) fn body(report: &RunReport<'_>) -> String {
    let mut out = head(report);
    out.push_str("<main>\n");
    for (n, scenario) in report.scenarios.iter().enumerate() {
        out.push_str(&scenario_part(n, scenario));
    }
    out.push_str(include_str!("timeline.html"));
    let (header, rows, notes) = loss::grid(report.scenarios.iter().map(|scenario| scenario.record));
    out.push_str("<section id=\"loss\"><h2>Loss</h2>\n");
    out.push_str(&table("Where every event went", &header, &rows));
    out.push_str(&list("", &notes));
    out.push_str("</section>\n<section id=\"stages\"><h2>Stages</h2>\n");
    let (header, rows) = stages::grid(report.stages, report.scenarios.iter().map(|scenario| scenario.record));
    out.push_str(&table("Milliseconds by stage", &header, &rows));
    out.push_str("</section>\n<section id=\"environment\"><h2>Environment</h2>\n");
    let rows: Vec<Vec<String>> =
        report.environment.iter().map(|(name, value)| vec![name.clone(), value.clone()]).collect();
    out.push_str(&table("What the run was made from", &["".to_owned(), "value".to_owned()], &rows));
    out.push_str("</section>\n</main>\n");
    out
}

fn head(report: &RunReport<'_>) -> String {
    let (word, code) = report.ending();
    let chain = report.chain_head.as_deref().unwrap_or("none: the bundle was never sealed");
    let mut out = format!(
        "<header>\n<h1>Sightline <span class=\"{}\">{word}</span></h1>\n<dl>\n",
        match report.outcome {
            _ if report.interrupted => "doubtful",
            RunOutcome::Pass => "good",
            RunOutcome::Inconclusive => "doubtful",
            RunOutcome::Drift | RunOutcome::Trouble => "bad",
        }
    );
    let code = code.to_string();
    let facts = [
        ("profile", report.profile.as_str()),
        ("kernel", &report.kernel),
        ("began", &report.began),
        ("run", &report.run),
        ("bundle", &report.bundle),
        ("head of the chain", chain),
        ("exit code", &code),
    ];
    for (name, value) in facts {
        out.push_str(&format!("<div><dt>{name}</dt><dd><code>{}</code></dd></div>\n", text(value)));
    }
    out.push_str("</dl>\n");
    let failed =
        report.stages.iter().filter_map(|s| Some(format!("{}: failed to {}", s.stage, s.error.as_ref()?)));
    let troubles: Vec<String> = failed.chain(report.troubles.iter().cloned()).collect();
    out.push_str(&list("Trouble", &troubles));
    out.push_str("<nav aria-label=\"Sections\"><ul>\n");
    for (n, scenario) in report.scenarios.iter().enumerate() {
        let name = text(&scenario.judged.head.name);
        out.push_str(&format!("<li><a href=\"#s{n}\">{name}</a> {}</li>\n", golden_word(scenario)));
    }
    for (id, name) in
        [("timeline", "Timeline"), ("loss", "Loss"), ("stages", "Stages"), ("environment", "Environment")]
    {
        out.push_str(&format!("<li><a href=\"#{id}\">{name}</a></li>\n"));
    }
    out.push_str("</ul></nav>\n");
    let commands: Vec<String> =
        next(report).into_iter().map(|(c, purpose)| format!("{c}  # {purpose}")).collect();
    if !commands.is_empty() {
        out.push_str(&format!(
            "<details><summary>What to type next</summary><pre>{}</pre></details>\n",
            lines(&commands.join("\n"))
        ));
    }
    out.push_str(
        "<noscript><p>Without script this page has no timeline and no evidence.</p></noscript>\n</header>\n",
    );
    out
}

fn golden_word(scenario: &ScenarioReport<'_>) -> &'static str {
    match (scenario.drift.is_empty(), scenario.drift.new) {
        (true, _) => "<span class=\"good\">as blessed</span>",
        (false, true) => "<span class=\"doubtful\">no golden yet</span>",
        (false, false) => "<span class=\"bad\">drift</span>",
    }
}

fn scenario_part(n: usize, scenario: &ScenarioReport<'_>) -> String {
    let (judged, drift) = (scenario.judged, scenario.drift);
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
    out.push_str(&list("Not seen or not proven", &reasons));
    out.push_str(&list("Trouble", &judged.troubles));
    out.push_str(&list("Doubt", &judged.doubts));
    out.push_str(&format!("<p>Golden: {}.</p>\n", golden_word(scenario)));
    if !drift.is_empty() {
        out.push_str(&list("Cannot be blessed", &scenario.never_blessed()));
    }
    if !drift.is_empty() && !drift.new {
        let differences: Vec<String> =
            drift.differences.iter().map(|d| format!("{}:{}: {d}", drift.file_of(&d.file), d.line)).collect();
        out.push_str(&format!(
            "<details class=\"drift\" open><summary>Drift from {}</summary>\n",
            text(&drift.file)
        ));
        out.push_str(&list("", &differences));
        out.push_str(&diff(&drift.text_diff()));
        out.push_str("</details>\n");
    }
    out.push_str(&format!(
        "<h3 id=\"t{n}\">What happened</h3>\n<div class=\"tree\" data-scenario=\"{n}\"></div>\n"
    ));
    let mut shown = drift.new_text.as_str();
    let cut = shown.len() > LONGEST_TEXT;
    if cut {
        shown = &shown[..shown.floor_char_boundary(LONGEST_TEXT)];
    }
    let more = if cut { "\n... cut here" } else { "" };
    out.push_str(&format!(
        "<details><summary>The same as the text of a golden</summary><pre>{}{more}</pre></details>\n</section>\n",
        lines(shown)
    ));
    out
}

/// Rows of acts, columns of sensors; each verdict leads to the timeline of its act.
fn act_table(n: usize, judged: &Judged) -> String {
    let mut out = String::from(
        "<div class=\"wide\"><table class=\"matrix\"><thead><tr><th scope=\"col\">act</th>\
         <th scope=\"col\">kind</th><th scope=\"col\">what</th><th scope=\"col\">proven</th>",
    );
    out.extend(judged.sensors.iter().map(|sensor| format!("<th scope=\"col\">{sensor}</th>")));
    out.push_str("</tr></thead><tbody>\n");
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
                format!("<td class=\"{}\">{}</td>", matrix::tone(row.verdict).class(), row.verdict)
            }));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    out
}

fn table(caption: &str, header: &[String], rows: &[Vec<String>]) -> String {
    let mut out = format!("<div class=\"wide\"><table><caption>{caption}</caption><thead><tr>");
    out.extend(header.iter().map(|cell| format!("<th scope=\"col\">{}</th>", text(cell))));
    out.push_str("</tr></thead><tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        out.extend(row.iter().map(|cell| format!("<td>{}</td>", text(cell))));
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    out
}

fn list(title: &str, points: &[String]) -> String {
    if points.is_empty() {
        return String::new();
    }
    let mut out = if title.is_empty() { String::new() } else { format!("<h3>{title}</h3>\n") };
    out.push_str("<ul class=\"points\">\n");
    out.extend(
        points.iter().take(MOST_POINTS).map(|point| format!("<li><code>{}</code></li>\n", text(point))),
    );
    if points.len() > MOST_POINTS {
        out.push_str(&format!("<li>{} more</li>\n", points.len() - MOST_POINTS));
    }
    out.push_str("</ul>\n");
    out
}
