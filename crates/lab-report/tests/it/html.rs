//! The page, read by an HTML parser.

use lab_model::{RunOutcome, Verdict};
use lab_report::html;
use scraper::{Html, Node, Selector};
use serde_json::Value;

use crate::{
    events,
    samples::{Sample, WORST, fires, hostile, judged, record, same},
};

fn select<'a>(page: &'a Html, selector: &str) -> Vec<scraper::ElementRef<'a>> {
    page.select(&Selector::parse(selector).unwrap()).collect()
}

fn texts(page: &Html, selector: &str) -> Vec<String> {
    let text = |element: &scraper::ElementRef<'_>| element.text().collect::<String>();
    select(page, selector).iter().map(text).collect()
}

fn data(page: &Html) -> Value {
    serde_json::from_str(&texts(page, "script#data")[0]).unwrap()
}

/// Elements that our own markup makes, and the attributes that it gives them.
const ELEMENTS: &str = "html head meta title style body a div aside p span small nav ul li header h1 dl dt dd code \
    details summary pre noscript main section h2 h3 table thead tbody tr th td br form label select input button kbd \
    canvas script del ins svg rect";
const ATTRIBUTES: &str = "lang charset http-equiv content name class href aria-label id data-scenario data-act \
    data-detection scope colspan open type autocomplete spellcheck title role tabindex aria-describedby aria-live \
    aria-hidden hidden viewBox preserveAspectRatio x width height";

/// Panics unless the page is what our own markup makes it.
pub(crate) fn sound(text: &str) -> Html {
    let page = Html::parse_document(text);
    assert_eq!(page.errors, Vec::<std::borrow::Cow<str>>::new());
    for node in page.tree.nodes() {
        match node.value() {
            Node::Element(element) => {
                assert!(ELEMENTS.split_whitespace().any(|name| name == element.name()), "{element:?}");
                for (name, value) in element.attrs() {
                    assert!(ATTRIBUTES.split_whitespace().any(|known| known == name), "{element:?}");
                    assert!(name != "href" || value.starts_with('#'), "{element:?}");
                }
            }
            Node::Comment(comment) => panic!("{comment:?}"),
            _ => {}
        }
    }
    assert_eq!(select(&page, "script").len(), 2);
    assert_eq!(select(&page, "style").len(), 1);
    for visible in texts(&page, "header, main") {
        assert_eq!(lab_report::escape_lines(&visible), visible);
    }
    page
}

#[test]
fn a_drift_page_says_what_the_terminal_says() {
    let mut now = judged();
    now.verdicts[1].verdict = Verdict::Missed;
    now.verdicts[1].reasons = vec!["no open of \"/etc/shadow\" in pass 2".into()];
    now.tree[0].fact.unseen_by = ["strace@host".into()].into();
    let text = html(&Sample::new(record(), now, Some(&judged())).report(RunOutcome::Drift));
    let page = sound(&text);
    assert_eq!(texts(&page, "h1"), ["20300102T030405Z-host-7f3a drift"]);
    let header = ["act", "kind", "what", "proven", "probe", "strace", "detected by"];
    assert_eq!(texts(&page, ".matrix thead th"), header);
    assert_eq!(
        texts(&page, ".matrix tbody tr:first-child > *"),
        ["act 1", "read", "\"/etc/shadow\"", "receipt outside kernel", "seen", "missed", "-"]
    );
    assert_eq!(
        texts(&page, "#scenarios tbody > tr > *"),
        ["sensitive-read", "T1003.008", "2 of 2", "2 seen", "1 seen, 1 missed", "0", "drift"]
    );
    let figures = texts(&page, ".figures dd");
    assert_eq!(figures[0], "2 of 2each by two families or more");
    assert_eq!(figures[1], "3 of 43 seen, 1 missed");
    assert_eq!(figures[3], "0 of 11 with drift, or none yet");
    assert_eq!(texts(&page, ".matrix .bad"), ["missed"]);
    assert_eq!(texts(&page, ".drift li").len(), 2);
    assert_eq!(texts(&page, ".diff del").len(), 2);
    assert_eq!(texts(&page, ".diff ins").len(), 2);
    assert!(texts(&page, ".diff ins")[0].contains("not strace"));
    assert_eq!(texts(&page, "#loss td:nth-child(3)"), ["probe@host", "strace@host"]);
    assert_eq!(texts(&page, "#environment td"), ["machine", "architecture", "x86_64"]);
    assert!(texts(&page, "#stages th").contains(&"exercise".to_owned()));
}

#[test]
fn detections_have_a_section_of_their_own() {
    let [mut blessed, mut now] = [judged(), judged()];
    fires(&mut blessed, "Shadow read", &[Some(1)]);
    fires(&mut blessed, "Gone", &[Some(1)]);
    fires(&mut now, "Shadow read", &[Some(1)]);
    fires(&mut now, "Too <eager>", &[Some(1), Some(2)]);
    let text = html(&Sample::new(events::record(6), now, Some(&blessed)).report(RunOutcome::Drift));
    let page = sound(&text);
    assert_eq!(
        texts(&page, "#detections summary, #detections p"),
        [
            "sigma \"Shadow read\" on act 1 by 1 event",
            "sigma \"Too \\u003ceager>\" on act 1, twin 2 a benign twin extra by 2 events",
            "sigma \"Gone\" does not fire any more",
        ]
    );
    assert_eq!(
        texts(&page, "#detections dd"),
        ["id of Shadow read", "attack.t1003.008", "id of Too <eager>", "attack.t1003.008"]
    );
    assert_eq!(
        texts(&page, ".matrix tbody td:last-child"),
        ["Shadow readToo <eager>", "Too <eager>: a benign twin"]
    );
    assert_eq!(texts(&page, ".figures dd")[2], "1and a benign twin");
    assert_eq!(select(&page, ".matrix td.bad a")[0].attr("href"), Some("#d0-1"));
    assert_eq!(select(&page, "#d0-1").len(), 1);
    let data = data(&page);
    let hits = &data["scenarios"][0]["detections"];
    assert_eq!(hits[0], serde_json::json!([[1, { "pass": 0, "instance": 0, "total": 1, "events": [1] }]]));
    assert_eq!(hits[1].as_array().unwrap().len(), 2);
}

#[test]
fn only_its_own_style_and_script_may_run() {
    let text = html(&same().report(RunOutcome::Pass));
    let page = sound(&text);
    let policy = select(&page, "meta[http-equiv='Content-Security-Policy']")[0].attr("content").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    for load in
        ["src=", "url(", "@import", "http:", "https:", "import(", "fetch(", "XMLHttpRequest", "innerHTML"]
    {
        assert!(!text.contains(load), "{load}");
    }
}

#[test]
fn every_line_has_its_evidence() {
    let sample = Sample::new(events::record(6), judged(), Some(&judged()));
    let data = data(&sound(&html(&sample.report(RunOutcome::Pass))));
    let scenario = &data["scenarios"][0];
    let string = |number: &Value| data["strings"][number.as_u64().unwrap() as usize].as_str().unwrap();
    assert_eq!(string(&scenario["tree"]["text"][0]), "open \"/etc/shadow\" read");
    let seen = &scenario["tree"]["seen"][0];
    assert_eq!(seen[0]["events"], serde_json::json!([0]), "{seen}");
    let pass = &scenario["passes"][seen[0]["pass"].as_u64().unwrap() as usize];
    assert_eq!(string(&pass["columns"]["object"][0]), "\"/var/spool/0\" read");
    assert_eq!(pass["columns"]["after"], serde_json::json!([0, 1000, 1000, 1000, 1000, 1000]));
    assert_eq!(pass["witnesses"].as_array().unwrap().len(), 1);
}

#[test]
fn hostile_strings_stay_text() {
    for text in WORST {
        let mut sample = hostile(text);
        sample.record = events::hostile(text);
        let mut report = sample.report(RunOutcome::Trouble);
        (report.run, report.profile, report.chain_head) = (text.to_string(), text.to_string(), None);
        (report.kernel, report.began, report.bundle) = (text.to_string(), text.to_string(), text.to_string());
        report.troubles = vec![text.to_string()];
        report.environment = vec![("machine", text.to_string(), text.to_string())];
        let page = sound(&html(&report));
        assert!(data(&page)["strings"].as_array().unwrap().contains(&lab_report::escape(text).into()));
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn any_string_stays_text(text in "[<>&\"'/!a\\[\\]\\-]{0,24}|\\PC*") {
        let mut sample = hostile(&text);
        sample.record = events::hostile(&text);
        sound(&html(&sample.report(RunOutcome::Trouble)));
    }
}

#[test]
fn a_storm_stays_small() {
    let sample = Sample::new(events::record(50_000), judged(), Some(&judged()));
    let text = html(&sample.report(RunOutcome::Pass));
    assert!(text.len() < 5_000_000, "{} bytes", text.len());
    let page = Html::parse_document(&text);
    let data = data(&page);
    assert_eq!(data["scenarios"][0]["passes"][0]["columns"]["object"].as_array().unwrap().len(), 50_000);
    assert_eq!(data["scenarios"][0]["passes"][0]["columns"]["left_out"], 0);
}

#[test]
fn what_does_not_fit_is_counted() {
    let sample = Sample::new(events::record(100_000), judged(), Some(&judged()));
    let data = data(&Html::parse_document(&html(&sample.report(RunOutcome::Pass))));
    let columns = &data["scenarios"][0]["passes"][0]["columns"];
    assert_eq!(columns["object"].as_array().unwrap().len(), 60_000);
    assert_eq!(columns["left_out"], 40_000);
}

#[test]
fn trees_deep_and_wide() {
    for (now, left_out) in [(events::deep(5000), 0), (events::wide(200_000), 180_001)] {
        let sample = Sample::new(record(), now, None);
        let page = sound(&html(&sample.report(RunOutcome::Drift)));
        assert_eq!(data(&page)["scenarios"][0]["tree"]["left_out"], left_out);
    }
}
