//! The matrix act x sensor, with how each act is proven, and the reasons for every verdict that is not `seen`.

use lab_model::{Act, ActKind, Judged, Proof, Verdict, VerdictRow};

use crate::{Style, escape, style::Tone, table::table};

/// Longest summary of an act in characters; more is cut, and `explain` shows it whole.
const LONGEST_SUMMARY: usize = 56;

/// Rows of acts, columns of sensors.
pub(crate) fn matrix(style: Style, judged: &Judged) -> String {
    let mut header = vec![String::new(), "kind".into(), "what".into(), "proven".into()];
    header.extend(judged.sensors.iter().map(|sensor| sensor.word().to_owned()));
    let rows = judged.acts.iter().map(|act| {
        let mut row = vec![
            format!("{} {}", act.role, act.id),
            act.kind.word().to_owned(),
            summary(act),
            proven(judged, act.id),
        ];
        row.extend(judged.sensors.iter().map(|sensor| {
            let found = judged.verdicts.iter().find(|row| row.act == act.id && row.sensor == *sensor);
            found.map_or_else(|| "-".to_owned(), |row| tone(row.verdict).mark(row.verdict.word()))
        }));
        row
    });
    table(style, header, rows.collect(), &[])
}

/// What a verdict is to a person.
pub(crate) fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Seen => Tone::Good,
        Verdict::Wrong | Verdict::Missed => Tone::Bad,
        Verdict::Lost | Verdict::Late | Verdict::Refused => Tone::Doubtful,
        Verdict::Blind | Verdict::Absent | Verdict::Replayed => Tone::Quiet,
    }
}

/// True if the verdict wants an explanation.
pub(crate) fn is_open(verdict: Verdict) -> bool {
    matches!(tone(verdict), Tone::Bad | Tone::Doubtful)
}

/// One line for each reason why an act is not proven or not seen.
pub(crate) fn reasons(judged: &Judged) -> Vec<String> {
    let mut lines = Vec::new();
    for proof in judged.proofs.iter().filter(|proof| !proof.proven) {
        let why = if proof.missing.is_empty() { "no reason given".into() } else { proof.missing.join("; ") };
        let word = Tone::Bad.mark("unproven");
        lines.push(format!("{} in pass {}: {word}: {}", named(judged, proof.act), proof.pass, escape(&why)));
    }
    for row in judged.verdicts.iter().filter(|row| is_open(row.verdict)) {
        let word = tone(row.verdict).mark(row.verdict.word());
        let why =
            if row.reasons.is_empty() { String::new() } else { format!(": {}", row.reasons.join("; ")) };
        lines.push(format!("{} {} {word}{}", named(judged, row.act), row.sensor, escape(&why)));
    }
    lines
}

/// `act 1`, `twin 2`.
pub(crate) fn named(judged: &Judged, id: u32) -> String {
    let role = judged.acts.iter().find(|act| act.id == id).map_or("act", role_word);
    format!("{role} {id}")
}

/// The verdicts that want an explanation.
pub(crate) fn open_verdicts(judged: &Judged) -> impl Iterator<Item = &VerdictRow> {
    judged.verdicts.iter().filter(|row| is_open(row.verdict))
}

/// The object of an act in few words, escaped.
pub(crate) fn summary(act: &Act) -> String {
    let quoted = |text: &str| format!("\"{text}\"");
    let text = match &act.kind {
        ActKind::Exec => act.via.iter().map(|link| link.argv.join(" ")).collect::<Vec<_>>().join(" > "),
        ActKind::Read { path }
        | ActKind::Write { path, .. }
        | ActKind::Append { path, .. }
        | ActKind::Unlink { path } => quoted(path),
        ActKind::Rename { from, to } => format!("{} to {}", quoted(from), quoted(to)),
        ActKind::Connect { address, .. } | ActKind::Serve { address } => address.clone(),
        ActKind::Resolve { resolver, name } => format!("{} at {resolver}", quoted(name)),
        ActKind::Setid { call, ids } => format!("{call}({})", ids.join(", ")),
        ActKind::Shell { command } => quoted(command),
        ActKind::Observe { argv, .. } => argv.join(" "),
    };
    let mut text = escape(&text);
    if let Some((cut, _)) = text.char_indices().nth(LONGEST_SUMMARY) {
        text.truncate(cut);
        text.push('…');
    }
    text
}

fn role_word(act: &Act) -> &'static str {
    match act.role {
        lab_model::Role::Act => "act",
        lab_model::Role::Twin => "twin",
    }
}

/// The families that prove an act; pass by pass where they differ. `observed` for what nobody proves.
pub(crate) fn proven(judged: &Judged, act: u32) -> String {
    if judged.acts.iter().any(|known| known.id == act && known.is_observed()) {
        return "observed".to_owned();
    }
    let proofs: Vec<&Proof> = judged.proofs.iter().filter(|proof| proof.act == act).collect();
    let Some(first) = proofs.first() else { return Tone::Bad.mark("unproven") };
    if proofs.iter().all(|proof| (proof.proven, &proof.families) == (first.proven, &first.families)) {
        return families(first);
    }
    proofs.iter().map(|proof| format!("{}: {}", proof.pass, families(proof))).collect::<Vec<_>>().join("; ")
}

fn families(proof: &Proof) -> String {
    let words = proof.families.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    match (proof.proven, words.is_empty()) {
        (true, _) => words,
        (false, true) => Tone::Bad.mark("unproven"),
        (false, false) => format!("{} ({words})", Tone::Bad.mark("unproven")),
    }
}
