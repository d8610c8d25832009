//! Where every event of every instance went: `produced = received + filtered + in flight + lost`.

use lab_model::{Balance, InstanceRecord, LossCause, ScenarioRecord};

use crate::{Style, escape, style::Tone, table::table};

/// One row per scenario, pass and instance; below it what does not add up.
pub(crate) fn losses<'a>(style: Style, records: impl Iterator<Item = &'a ScenarioRecord>) -> String {
    let (header, rows, notes) = marked(records);
    if rows.is_empty() {
        return String::new();
    }
    let notes: String = notes.iter().map(|note| format!("  {note}\n")).collect();
    table(style, header, rows, &[1, 3, 4, 5, 6, 7]) + &notes
}

/// Header, rows and notes of the same, without tones.
pub(crate) fn grid<'a>(
    records: impl Iterator<Item = &'a ScenarioRecord>,
) -> (Vec<String>, Vec<Vec<String>>, Vec<String>) {
    let (header, rows, notes) = marked(records);
    let plain = |texts: Vec<String>| texts.iter().map(|text| Style::default().finish(text)).collect();
    (header, rows.into_iter().map(plain).collect(), plain(notes))
}

fn marked<'a>(
    records: impl Iterator<Item = &'a ScenarioRecord>,
) -> (Vec<String>, Vec<Vec<String>>, Vec<String>) {
    let header = ["", "pass", "instance", "produced", "received", "filtered", "in flight", "lost"];
    let (mut rows, mut notes) = (Vec::new(), Vec::new());
    for record in records {
        let mut name = escape(&record.head.name);
        for pass in &record.passes {
            for instance in &pass.instances {
                rows.push([vec![std::mem::take(&mut name), pass.pass.to_string()], cells(instance)].concat());
                let place = format!(
                    "{} pass {} {}",
                    escape(&record.head.name),
                    pass.pass,
                    escape(&instance.instance)
                );
                notes.extend(remarks(instance).into_iter().map(|remark| format!("{place}: {remark}")));
            }
        }
    }
    (header.map(str::to_owned).to_vec(), rows, notes)
}

/// Sum over an instance's programs; `None` if it was killed before it could count. Counts of a damaged record may be
/// anything, so sums stop at the largest number.
pub(crate) fn sum(instance: &InstanceRecord) -> Option<Balance> {
    let counters = instance.counters.as_ref()?;
    let mut sum = Balance::default();
    for balance in counters.programs.values() {
        sum.produced = sum.produced.saturating_add(balance.produced);
        sum.received = sum.received.saturating_add(balance.received);
        sum.filtered = sum.filtered.saturating_add(balance.filtered);
        sum.in_flight = sum.in_flight.saturating_add(balance.in_flight);
        for (cause, count) in &balance.lost {
            let lost = sum.lost.entry(*cause).or_default();
            *lost = lost.saturating_add(*count);
        }
    }
    Some(sum)
}

/// How many events an instance lost; `None` if there is no bound.
pub(crate) fn lost(instance: &InstanceRecord) -> Option<u64> {
    sum(instance).map(|sum| lost_total(&sum))
}

fn lost_total(balance: &Balance) -> u64 {
    balance.lost.values().fold(0, |sum, count| sum.saturating_add(*count))
}

fn cells(instance: &InstanceRecord) -> Vec<String> {
    let name = escape(&instance.instance);
    let Some(sum) = sum(instance) else {
        let mut cells = vec![name];
        cells.extend(std::iter::repeat_n("?".to_owned(), 4));
        cells.push(Tone::Bad.mark("unbounded"));
        return cells;
    };
    let lost = lost_total(&sum);
    let lost = if lost == 0 { "0".to_owned() } else { Tone::Doubtful.mark(&lost.to_string()) };
    let counts = [sum.produced, sum.received, sum.filtered, sum.in_flight].map(|count| count.to_string());
    [vec![name], counts.to_vec(), vec![lost]].concat()
}

fn causes(balance: &Balance) -> String {
    let lost = balance.lost.iter().filter(|(_, count)| **count > 0);
    lost.map(|(cause, count)| format!("{} {count}", word(*cause))).collect::<Vec<_>>().join(", ")
}

pub(crate) fn word(cause: LossCause) -> String {
    serde_json::to_value(cause).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// What a reader of the table must know beside it; the judge's doubts say the rest.
fn remarks(instance: &InstanceRecord) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(sum) = sum(instance).filter(|sum| lost_total(sum) > 0) {
        remarks.push(format!("{}: {}", Tone::Doubtful.mark("lost"), causes(&sum)));
    }
    for refusal in &instance.refused {
        remarks.push(format!("{} refused: {}", refusal.action, escape(&refusal.reason)));
    }
    remarks
}
