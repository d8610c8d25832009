//! What one sees first: how the run ended, where to go, the run in figures, and a row per scenario.

use std::collections::{BTreeMap, BTreeSet};

use lab_model::{Judged, RunOutcome, SensorKind, Verdict};

use super::{lines, sections::note, text};
use crate::{RunReport, ScenarioReport, detection::fired, loss, matrix, next::next, style::Tone};

/// The column at the side: the outcome and the sections.
pub(super) fn aside(report: &RunReport<'_>) -> String {
    let (word, code) = report.ending();
    let mut out = format!(
        "<aside>\n<p class=\"brand\">Sightline</p>\n<p><span class=\"pill {}\">{word}</span> \
         <small class=\"quiet\">exit code {code}</small></p>\n<nav aria-label=\"Sections\">\n<ul>\n\
         <li><a href=\"#run\">Run</a></li>\n",
        tone(report).class()
    );
    for (n, scenario) in report.scenarios.iter().enumerate() {
        let name = text(&scenario.judged.head.name);
        let (class, state) = state(scenario);
        out.push_str(&format!(
            "<li><a href=\"#s{n}\">{name} <small class=\"{class}\">{state}</small></a></li>\n"
        ));
    }
    for (id, name) in [
        ("detections", "Detections"),
        ("timeline", "Timeline"),
        ("loss", "Loss"),
        ("stages", "Stages"),
        ("environment", "Environment"),
    ] {
        out.push_str(&format!("<li><a href=\"#{id}\">{name}</a></li>\n"));
    }
    out.push_str("</ul>\n</nav>\n</aside>\n");
    out
}

/// Everything about the run as a whole.
pub(super) fn header(report: &RunReport<'_>) -> String {
    let (word, code) = report.ending();
    let chain = report.chain_head.as_deref().unwrap_or("none: the bundle was never sealed");
    let class = tone(report).class();
    let mut out = format!(
        "<header id=\"run\">\n<h1>{} <span class=\"pill {class}\">{word}</span></h1>\n<dl class=\"facts\">\n",
        text(&report.run)
    );
    let code = code.to_string();
    let facts = [
        ("profile", report.profile.as_str()),
        ("kernel", &report.kernel),
        ("began", &report.began),
        ("exit code", &code),
        ("bundle", &report.bundle),
        ("head of the chain", chain),
    ];
    for (name, value) in facts {
        out.push_str(&format!("<div><dt>{name}</dt><dd><code>{}</code></dd></div>\n", text(value)));
    }
    out.push_str("</dl>\n");
    let failed =
        report.stages.iter().filter_map(|s| Some(format!("{}: failed to {}", s.stage, s.error.as_ref()?)));
    let troubles: Vec<String> = failed.chain(report.troubles.iter().cloned()).collect();
    out.push_str(&note("bad-edge", "Trouble", &troubles));
    out.push_str(&figures(report));
    out.push_str(&scenarios(report));
    let commands: Vec<String> =
        next(report).into_iter().map(|(c, purpose)| format!("{c}  # {purpose}")).collect();
    if !commands.is_empty() {
        out.push_str(&format!(
            "<details{}><summary>What to type next</summary><pre>{}</pre></details>\n",
            if code == "0" { "" } else { " open" },
            lines(&commands.join("\n"))
        ));
    }
    out.push_str(
        "<noscript><p>Without script this page has no timeline and no evidence.</p></noscript>\n</header>\n",
    );
    out
}

fn tone(report: &RunReport<'_>) -> Tone {
    match report.outcome {
        _ if report.interrupted => Tone::Doubtful,
        RunOutcome::Pass => Tone::Good,
        RunOutcome::Inconclusive => Tone::Doubtful,
        RunOutcome::Drift | RunOutcome::Trouble => Tone::Bad,
    }
}

/// How a scenario stands, the most urgent first: (class, words).
fn state(scenario: &ScenarioReport<'_>) -> (&'static str, &'static str) {
    match lab_judge::outcome(scenario.judged) {
        RunOutcome::Trouble => ("bad", "trouble"),
        RunOutcome::Inconclusive => ("doubtful", "inconclusive"),
        _ => golden_state(scenario),
    }
}

/// How a scenario stands to its golden: (class, words).
pub(super) fn golden_state(scenario: &ScenarioReport<'_>) -> (&'static str, &'static str) {
    match (scenario.drift.is_empty(), scenario.drift.new) {
        (true, _) => ("good", "as blessed"),
        (false, true) => ("doubtful", "no golden yet"),
        (false, false) => ("bad", "drift"),
    }
}

/// Acts and twins that every pass proved, and all of them.
fn proven(judged: &Judged) -> (usize, usize) {
    let proven = judged.acts.iter().filter(|act| {
        let mut proofs = judged.proofs.iter().filter(|proof| proof.act == act.id).peekable();
        proofs.peek().is_some() && proofs.all(|proof| proof.proven)
    });
    // What is only observed is never proven, nor is it missing a proof.
    (proven.count(), judged.acts.iter().filter(|act| !act.is_observed()).count())
}

/// How often which verdict was given, in the order of verdicts: `3 seen, 1 missed`, and the tone of the worst.
fn verdicts<'a>(rows: impl Iterator<Item = &'a Verdict>) -> (Tone, String) {
    let mut counts = BTreeMap::new();
    for verdict in rows {
        *counts.entry(*verdict).or_insert(0) += 1;
    }
    let urgency = |tone: &Tone| [Tone::Bad, Tone::Doubtful, Tone::Good].iter().rev().position(|t| t == tone);
    let worst = counts.keys().map(|verdict| matrix::tone(*verdict)).max_by_key(urgency);
    let words: Vec<String> = counts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    (worst.unwrap_or(Tone::Quiet), if words.is_empty() { "-".to_owned() } else { words.join(", ") })
}

/// The run in five figures.
fn figures(report: &RunReport<'_>) -> String {
    let judged = || report.scenarios.iter().map(|scenario| scenario.judged);
    let (proven, acts) = judged().map(proven).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let all = || judged().flat_map(|judged| &judged.verdicts).map(|row| &row.verdict);
    let seen = all().filter(|verdict| **verdict == Verdict::Seen).count();
    let (verdict_tone, verdict_words) = verdicts(all());
    let [mut on_acts, mut on_twins] = [0; 2];
    for rules in report.scenarios.iter().map(fired) {
        let on: BTreeSet<&String> = rules.iter().flat_map(|rule| &rule.on).collect();
        let twins: BTreeSet<&String> = rules.iter().flat_map(|rule| &rule.twins).collect();
        on_acts += on.len() - twins.len();
        on_twins += twins.len();
    }
    let blessed = report.scenarios.iter().filter(|scenario| scenario.drift.is_empty()).count();
    let (drifted, all_scenarios) = (report.scenarios.len() - blessed, report.scenarios.len());
    let instances = || {
        report.scenarios.iter().flat_map(|scenario| &scenario.record.passes).flat_map(|pass| &pass.instances)
    };
    let events: usize = instances().map(|instance| instance.events.len()).sum();
    let lost = instances().map(loss::lost).try_fold(0_u64, |sum, lost| Some(sum.saturating_add(lost?)));
    let small = |class: &str, words: &str| format!("<small class=\"{class}\">{words}</small>");
    let figures = [
        (
            "acts proven",
            format!("{proven} of {acts}"),
            match acts - proven {
                0 => small("quiet", "each by two families or more"),
                rest => small("bad", &format!("{rest} unproven")),
            },
        ),
        (
            "verdicts seen",
            format!("{seen} of {}", all().count()),
            small(verdict_tone.class(), &verdict_words),
        ),
        (
            "acts detected",
            on_acts.to_string(),
            match on_twins {
                0 => small("quiet", "no benign twin"),
                1 => small("bad", "and a benign twin"),
                twins => small("bad", &format!("and {twins} benign twins")),
            },
        ),
        (
            "goldens as blessed",
            format!("{blessed} of {all_scenarios}"),
            match drifted {
                0 => small("quiet", "no drift"),
                rest => small("bad", &format!("{rest} with drift, or none yet")),
            },
        ),
        (
            "events recorded",
            thousands(events as u64),
            match lost {
                Some(0) => small("quiet", "none lost"),
                Some(lost) => small("doubtful", &format!("{} lost", thousands(lost))),
                None => small("bad", "loss without bound"),
            },
        ),
    ];
    let mut out = String::from("<dl class=\"figures\">\n");
    for (name, figure, words) in figures {
        out.push_str(&format!("<div><dt>{name}</dt><dd>{figure}{words}</dd></div>\n"));
    }
    out.push_str("</dl>\n");
    out
}

/// `1,234,567`
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A row per scenario.
fn scenarios(report: &RunReport<'_>) -> String {
    let mut sensors: Vec<SensorKind> = Vec::new();
    for sensor in report.scenarios.iter().flat_map(|scenario| &scenario.judged.sensors) {
        if !sensors.contains(sensor) {
            sensors.push(*sensor);
        }
    }
    let mut out = String::from(
        "<div class=\"wide\"><table class=\"grid\" id=\"scenarios\"><thead><tr><th scope=\"col\">scenario</th>\
         <th scope=\"col\">technique</th><th scope=\"col\">proven</th>",
    );
    out.extend(sensors.iter().map(|sensor| format!("<th scope=\"col\">{sensor}</th>")));
    out.push_str("<th scope=\"col\">rules fired</th><th scope=\"col\">golden</th></tr></thead><tbody>\n");
    for (n, scenario) in report.scenarios.iter().enumerate() {
        let judged = scenario.judged;
        let (proven, acts) = proven(judged);
        out.push_str(&format!(
            "<tr><th scope=\"row\"><a href=\"#s{n}\">{}</a></th><td>{}</td><td{}>{proven} of {acts}</td>",
            text(&judged.head.name),
            text(&judged.head.attack.join(" ")),
            if proven < acts { " class=\"bad\"" } else { "" },
        ));
        for sensor in &sensors {
            let rows = judged.verdicts.iter().filter(|row| row.sensor == *sensor).map(|row| &row.verdict);
            let (tone, words) = verdicts(rows);
            out.push_str(&format!("<td class=\"{}\">{words}</td>", tone.class()));
        }
        let rules = fired(scenario);
        let twins = rules.iter().any(|rule| !rule.twins.is_empty());
        let count = rules.iter().filter(|rule| !rule.silent).count();
        let (class, golden) = golden_state(scenario);
        out.push_str(&format!(
            "<td{}>{count}{}</td><td><span class=\"pill {class}\">{golden}</span></td></tr>\n",
            if twins { " class=\"bad\"" } else { "" },
            if twins { ", on a benign twin" } else { "" },
        ));
    }
    out.push_str("</tbody></table></div>\n");
    out
}

#[cfg(test)]
mod tests {
    use lab_model::Verdict;

    use super::{thousands, verdicts};
    use crate::style::Tone;

    #[test]
    fn numbers_have_groups() {
        assert_eq!([0, 999, 1000, 1234567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn the_worst_verdict_gives_the_tone() {
        let told = |rows: &[Verdict]| verdicts(rows.iter());
        assert_eq!(
            told(&[Verdict::Missed, Verdict::Seen, Verdict::Lost, Verdict::Seen]),
            (Tone::Bad, "2 seen, 1 missed, 1 lost".to_owned())
        );
        assert_eq!(told(&[Verdict::Seen, Verdict::Lost]).0, Tone::Doubtful);
        assert_eq!(told(&[Verdict::Seen, Verdict::Blind]).0, Tone::Good);
        assert_eq!(told(&[Verdict::Blind]).0, Tone::Quiet);
        assert_eq!(told(&[]), (Tone::Quiet, "-".to_owned()));
    }
}
