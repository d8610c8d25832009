//! The rules that fired, by scenario: on which acts and twins, how that stands to the golden, and on which events.

use lab_model::Judged;

use super::text;
use crate::{
    ScenarioReport,
    detection::{Fired, fired},
};

/// The section; a rule opens, and the script puts its events there.
pub(super) fn section(scenarios: &[ScenarioReport<'_>]) -> String {
    let mut out = String::from(
        "<section id=\"detections\"><h2>Detections <small>which rules fired, on which acts, by which \
         events</small></h2>\n",
    );
    let mut any = false;
    for (n, scenario) in scenarios.iter().enumerate() {
        let standing = fired(scenario);
        if standing.is_empty() {
            continue;
        }
        any = true;
        out.push_str(&format!(
            "<h3><a href=\"#s{n}\">{}</a></h3>\n<div class=\"rules\">\n",
            text(&scenario.judged.head.name)
        ));
        for fired in &standing {
            out.push_str(&rule(n, scenario.judged, fired));
        }
        out.push_str("</div>\n");
    }
    if !any {
        out.push_str("<p class=\"quiet\">No rule fired.</p>\n");
    }
    out.push_str("</section>\n");
    out
}

/// One rule: where it fired in a line, and below it its id, its tags and a place for its events.
fn rule(n: usize, judged: &Judged, fired: &Fired<'_>) -> String {
    let label = text(&fired.label);
    if fired.silent {
        let pill = "<span class=\"pill bad\">does not fire any more</span>";
        return format!("<p><code>{label}</code> {pill}</p>\n");
    }
    let mut summary = format!("<code>{label}</code> on {}", fired.on_words());
    if !fired.twins.is_empty() {
        summary.push_str(" <span class=\"pill bad\">a benign twin</span>");
    }
    if let Some(difference) = fired.difference {
        summary.push_str(&format!(" <span class=\"pill bad\">{}</span>", difference.kind.word()));
    }
    let mut out = String::new();
    for (k, rule) in fired.hits(judged) {
        let events: usize = rule.hits.iter().map(|hit| hit.events.len()).sum();
        out.push_str(&format!(
            "<details id=\"d{n}-{k}\"><summary>{summary} <span class=\"quiet\">by {events} event{}</span></summary>\n\
             <div class=\"body\"><dl class=\"facts\"><div><dt>id</dt><dd><code>{}</code></dd></div>\
             <div><dt>tags</dt><dd><code>{}</code></dd></div></dl></div>\n\
             <div class=\"body hits\" data-scenario=\"{n}\" data-detection=\"{k}\"></div></details>\n",
            if events == 1 { "" } else { "s" },
            text(&rule.rule),
            text(&rule.tags.join(" "))
        ));
    }
    out
}
