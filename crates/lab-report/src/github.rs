//! What GitHub Actions shows: workflow commands that annotate files. The step summary is [`markdown`](crate::markdown).

use crate::{
    RunReport, escape,
    finding::{Finding, findings},
    sarif::level,
};

/// As many annotations of one level as GitHub shows of one step; the last says how many more there are.
const MOST: usize = 10;
/// Longest message in characters.
const LONGEST: usize = 2000;

/// Annotations as workflow commands, a line each; empty if the run passed.
///
/// Escaping as in actions/toolkit, packages/core/src/command.ts: `%`, CR and LF in a message, `:` and `,` too in a
/// property.
pub fn github(report: &RunReport<'_>) -> String {
    let found = findings(report);
    let mut out = String::new();
    for wanted in ["error", "warning"] {
        let of_level: Vec<&Finding> = found.iter().filter(|finding| level(finding.rule) == wanted).collect();
        let shown = if of_level.len() > MOST { MOST - 1 } else { of_level.len() };
        for finding in &of_level[..shown] {
            out.push_str(&command(wanted, finding));
        }
        if shown < of_level.len() {
            let rest = of_level.len() - shown;
            out.push_str(&format!(
                "::{wanted} title=Sightline::{rest} more; the step summary has them all\n"
            ));
        }
    }
    out
}

fn command(level: &str, finding: &Finding) -> String {
    let message: String = finding.message.chars().take(LONGEST).collect();
    let place =
        finding.place.as_ref().map(|(file, line)| format!("file={},line={line},", property(&escape(file))));
    format!(
        "::{level} {}title={}::{}\n",
        place.unwrap_or_default(),
        property(&format!("Sightline {}", finding.rule.id())),
        data(&message)
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
