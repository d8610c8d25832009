//! The page in Chromium: how it looks, that its script runs without an error, that filter, zoom and evidence open by
//! click and by keyboard, and that no record can make it run anything.

use std::time::Instant;

use lab_model::{LossCause, RunOutcome, Verdict};
use lab_report::html;

use crate::{
    browser::{Browser, WIDTH},
    events,
    samples::{Sample, WORST, fires, hostile, judged, lose},
};

const COUNT: &str = "document.getElementById('count').textContent";

fn sample(outcome: RunOutcome) -> Sample {
    let (mut record, mut blessed) = (events::record(40), judged());
    fires(&mut blessed, "Access to the shadow password file", &[Some(1)]);
    let mut now = blessed.clone();
    if outcome == RunOutcome::Drift {
        now.verdicts[1].verdict = Verdict::Missed;
        now.verdicts[1].reasons = vec!["no open of \"/etc/shadow\" in pass 2".into()];
        now.tree[0].fact.unseen_by = ["strace@host".into()].into();
        now.tree.truncate(1);
        fires(&mut now, "A rule that is too eager", &[Some(1), Some(2)]);
    }
    if outcome == RunOutcome::Inconclusive {
        now.verdicts[0].verdict = Verdict::Lost;
        now.verdicts[0].reasons = vec!["7 events were lost between 1.0 s and 2.0 s".into()];
        now.proofs[2].proven = false;
        now.proofs[2].missing = vec!["outside: the canary was not read".into()];
        lose(&mut record.passes[0].instances[0], LossCause::ReserveFailed, 7);
    }
    Sample::new(record, now, Some(&blessed))
}

#[test]
fn light_and_dark() {
    let Some(mut browser) = Browser::start("light_and_dark") else { return };
    for outcome in [RunOutcome::Pass, RunOutcome::Drift, RunOutcome::Inconclusive] {
        browser.open("page.html", &html(&sample(outcome).report(outcome)));
        browser.click(".tree summary");
        let [light, dark] = ["light", "dark"].map(|scheme| {
            browser.scheme(scheme);
            let (picture, tall) = browser.picture(&format!("{}-{scheme}", outcome.word()));
            assert_eq!((picture.width, picture.height), (WIDTH, tall), "{outcome:?} {scheme}");
            // Letters alone have a hundred shades; a blank page has one.
            assert!(picture.colors > 100, "{outcome:?} {scheme}: {picture:?}");
            picture
        });
        assert!(light.brightness > 200.0 && dark.brightness < 80.0, "{outcome:?}: {light:?} {dark:?}");
    }
    browser.end();
}

#[test]
fn evidence_opens_by_click_and_by_keyboard() {
    let Some(mut browser) = Browser::start("evidence_opens_by_click_and_by_keyboard") else { return };
    browser.open("page.html", &html(&sample(RunOutcome::Pass).report(RunOutcome::Pass)));
    let evidence = "document.querySelector('.tree details').innerText";
    browser.click(".tree summary");
    let shown = browser.value(evidence).as_str().unwrap().to_owned();
    for text in [
        "probe@host, pass 1: 1 event",
        "\"/var/spool/0\" read",
        "witnesses of act 1",
        "by canary: it was read",
    ] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    let open = "document.querySelectorAll('.tree details[open]').length";
    browser.key("ArrowDown", "");
    browser.key("Enter", "\r");
    assert_eq!(browser.value(open), 2);
    browser.key("ArrowLeft", "");
    browser.key("ArrowUp", "");
    browser.key("ArrowLeft", "");
    assert_eq!(browser.value(open), 0);
    browser.key("ArrowRight", "");
    assert_eq!(browser.value(open), 1);
    // a rule's events
    let hits = "document.querySelector('.hits').innerText";
    assert_eq!(browser.value(hits), "");
    browser.value("document.querySelector('#detections summary').focus()");
    browser.key("Enter", "\r");
    let shown = browser.value(hits).as_str().unwrap().to_owned();
    assert!(
        shown.contains("probe@host, pass 1, act 1: 1 event") && shown.contains("\"/var/spool/1\" read"),
        "{shown}"
    );
    // an event of the evidence leads to its place in the timeline, and on from there by keyboard
    let event = "document.getElementById('event').textContent";
    browser.click(".hits button");
    let told = browser.value(event).as_str().unwrap().to_owned();
    assert!(told.contains("probe@host 0/1 ") && told.contains("\"/var/spool/1\" read"), "{told}");
    browser.key("n", "n");
    assert!(browser.value(event).as_str().unwrap().contains("probe@host 0/2 "));
    browser.end();
}

#[test]
fn zoom_and_filters_by_click_and_by_keyboard() {
    let Some(mut browser) = Browser::start("zoom_and_filters_by_click_and_by_keyboard") else { return };
    browser.open("page.html", &html(&sample(RunOutcome::Pass).report(RunOutcome::Pass)));
    let all = "40 events of 10 processes, 40 in view";
    assert_eq!(browser.value(COUNT), all);
    browser.click("#z-in");
    let zoomed = browser.value(COUNT).as_str().unwrap().to_owned();
    assert!(zoomed.ends_with(", 20 in view") || zoomed.ends_with(", 21 in view"), "{zoomed}");
    browser.value("document.getElementById('canvas').focus()");
    browser.key("0", "0");
    assert_eq!(browser.value(COUNT), all);
    browser.key("a", "a");
    browser.key("+", "+");
    assert_eq!(browser.value(COUNT), zoomed.as_str());
    browser.key("-", "-");
    assert_eq!(browser.value(COUNT), all);
    // what the picture shows under the pointer is told
    browser.click("#canvas");
    let told = browser.value("document.getElementById('event').textContent");
    assert!(told.as_str().unwrap().contains("probe@host 0/"), "{told}");
    // filters: the act by its link in the matrix, text and sensor by keyboard
    browser.click(".matrix a[data-act='1']");
    assert_eq!(browser.value(COUNT), "21 events of 10 processes, 21 in view");
    browser.value("document.querySelector('.matrix a[data-act=\"2\"]').focus()");
    browser.key("Enter", "\r");
    assert_eq!(browser.value(COUNT), "19 events of 10 processes, 19 in view");
    browser.value("document.getElementById('f-act').focus()");
    browser.key("a", "a");
    assert_eq!(browser.value(COUNT), "40 events of 10 processes, 40 in view", "by its first letter: all");
    browser.value("document.getElementById('f-text').focus()");
    browser.key("7", "7");
    assert_eq!(browser.value(COUNT), "4 events of 1 process, 4 in view");
    browser.value("document.getElementById('f-sensor').focus()");
    browser.key("s", "s");
    assert_eq!(browser.value("document.getElementById('f-sensor').value"), "strace");
    assert_eq!(browser.value(COUNT), "0 events of 0 processes, 0 in view");
    browser.end();
}

#[test]
fn hostile_strings_run_nothing() {
    let Some(mut browser) = Browser::start("hostile_strings_run_nothing") else { return };
    let own = [
        "</script><script>document.title='owned'</script>",
        "<img src=x onerror=\"document.title='owned'\">",
    ];
    for text in own.iter().chain(WORST) {
        let mut sample = hostile(text);
        sample.record = events::hostile(text);
        browser.open("page.html", &html(&sample.report(RunOutcome::Trouble)));
        browser.value("document.querySelectorAll('summary').forEach(summary => summary.click())");
        assert_ne!(browser.value("document.title"), "owned");
        assert_eq!(browser.value("document.images.length + document.scripts.length"), 2);
        let shown = browser.value("document.getElementById('visible').textContent");
        let shown = shown.as_str().unwrap();
        assert!(shown.contains(&lab_report::escape(text)), "{shown}");
        assert!(shown.contains(&"x".repeat(4096)) && shown.contains("\\xff\\xfe"), "{shown}");
        let seen = browser.value("document.body.innerText");
        assert_eq!(lab_report::escape_lines(seen.as_str().unwrap()).replace("\\t", "\t"), seen);
    }
    browser.end();
}

#[test]
fn trees_deep_and_wide_open() {
    let Some(mut browser) = Browser::start("trees_deep_and_wide_open") else { return };
    for (now, more) in [(events::deep(5000), 0), (events::wide(200_000), 1)] {
        browser
            .open("page.html", &html(&Sample::new(events::record(6), now, None).report(RunOutcome::Drift)));
        let shown = "document.querySelectorAll('.tree details').length";
        assert_eq!(browser.value(shown), 1000);
        for _ in 0..4 {
            browser.value("document.querySelector('.tree > button').click()");
        }
        assert_eq!(browser.value(shown), 5000);
        assert_eq!(browser.value("document.querySelectorAll('.tree > button').length"), more);
        browser.click(".tree details:last-of-type summary");
        let told = browser.value("document.querySelector('.tree details[open] .body').innerText");
        assert!(told.as_str().unwrap().contains("probe@host, pass 1: 1 event"), "{told}");
    }
    browser.end();
}

#[test]
fn children_by_the_hundred_thousand_are_drawn() {
    let Some(mut browser) = Browser::start("children_by_the_hundred_thousand_are_drawn") else { return };
    let sample = Sample::new(events::children(200_000), judged(), Some(&judged()));
    let page = html(&sample.report(RunOutcome::Pass));
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
    browser.open("page.html", &page);
    let counted =
        "60,000 events of 60,000 processes, 60,000 in view; 140,000 more events left out of this page";
    assert_eq!(browser.value(COUNT), counted);
    browser.value("document.getElementById('canvas').focus()");
    browser.key("PageDown", "");
    browser.click("#canvas");
    browser.key("n", "n");
    let event = browser.value("document.getElementById('event').textContent");
    assert!(event.as_str().unwrap().contains("probe@host 0/"), "{event}");
    browser.end();
}

#[test]
fn fifty_thousand_events_are_drawn() {
    let Some(mut browser) = Browser::start("fifty_thousand_events_are_drawn") else { return };
    let sample = Sample::new(events::record(50_000), judged(), Some(&judged()));
    let began = Instant::now();
    let page = html(&sample.report(RunOutcome::Pass));
    let made = began.elapsed();
    browser.open("page.html", &page);
    assert_eq!(browser.value(COUNT), "50,000 events of 10 processes, 50,000 in view");
    let paint = browser.value("performance.getEntriesByName('first-contentful-paint')[0].startTime");
    // What is promised is measured in a release on a quiet machine; a test must not depend on it.
    eprintln!("50,000 events: made in {made:?}, {} bytes, first paint after {paint} ms", page.len());
    browser.value("document.getElementById('canvas').focus()");
    browser.key("+", "+");
    assert_eq!(browser.value(COUNT), "50,000 events of 10 processes, 26,000 in view");
    browser.end();
}
