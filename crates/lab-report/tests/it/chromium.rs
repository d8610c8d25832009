//! The page in Chromium, driven through its DevTools protocol (messages of JSON that end in NUL, on descriptors 3 and
//! 4): the script runs without an error, and filter, zoom and evidence open by click and by keyboard.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lab_model::{LossCause, RunOutcome, Verdict};
use lab_report::html;
use serde_json::{Value, json};

use crate::{
    events,
    samples::{EVIL, Sample, hostile, judged, lose},
};

const CHROMIUM: &str = "/usr/bin/chromium";

struct Browser {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    session: Option<String>,
    last: u64,
    /// what the page complained of
    errors: Vec<String>,
    folder: PathBuf,
}

impl Browser {
    /// Starts it with a fresh profile; `None`, with the reason on standard error, where there is none.
    fn start(test: &str) -> Option<Self> {
        if !Path::new(CHROMIUM).exists() {
            eprintln!("SKIP {test}: there is no {CHROMIUM}");
            return None;
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut child = Command::new("sh")
            .args(["-c", "exec timeout 120 \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "sh", CHROMIUM])
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"])
            .args(["--disable-component-update", "--disable-sync", "--remote-debugging-pipe"])
            .args([
                "--window-size=1200,900",
                &format!("--user-data-dir={}", folder.join("profile").display()),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut browser = Self { child, to, from, session: None, last: 0, errors: Vec::new(), folder };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        browser.session =
            browser.call("Target.attachToTarget", attach)["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    fn read(&mut self) -> Value {
        let mut message = Vec::new();
        self.from.read_until(0, &mut message).unwrap();
        assert_eq!(message.pop(), Some(0), "Chromium ended");
        let message: Value = serde_json::from_slice(&message).unwrap();
        if ["Runtime.exceptionThrown", "Log.entryAdded"]
            .contains(&message["method"].as_str().unwrap_or_default())
        {
            self.errors.push(message.to_string());
        }
        message
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let answer = self.read();
            if answer["id"] == self.last {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    /// Opens a page and waits until its script has run.
    fn open(&mut self, name: &str, page: &str) {
        let file = self.folder.join(name);
        fs::write(&file, page).unwrap();
        self.call("Page.navigate", json!({ "url": format!("file://{}", file.display()) }));
        while self.read()["method"] != "Page.loadEventFired" {}
        assert_eq!(self.value("document.documentElement.dataset.error || ''"), "");
        assert_eq!(self.value("document.documentElement.dataset.ready"), "1");
    }

    /// The value of an expression, after the next frame is drawn.
    fn value(&mut self, expression: &str) -> Value {
        let frame =
            format!("new Promise(done => requestAnimationFrame(() => setTimeout(() => done({expression}))))");
        let answer = self.call(
            "Runtime.evaluate",
            json!({ "expression": frame, "awaitPromise": true, "returnByValue": true }),
        );
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// A click in the middle of the first element that a selector finds.
    fn click(&mut self, selector: &str) {
        let place = self.value(&format!(
            "(() => {{ const e = document.querySelector({selector:?}); e.scrollIntoView({{ block: 'center' }}); \
             const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event =
                json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    fn key(&mut self, key: &str, text: &str) {
        let code = if key == "Enter" { 13 } else { 0 };
        let down = json!({ "type": "keyDown", "key": key, "text": text, "windowsVirtualKeyCode": code });
        self.call("Input.dispatchKeyEvent", down);
        self.call(
            "Input.dispatchKeyEvent",
            json!({ "type": "keyUp", "key": key, "windowsVirtualKeyCode": code }),
        );
    }

    /// A picture, as bytes and kept in `target/tmp/pictures/`.
    fn picture(&mut self, name: &str, scheme: &str) -> Vec<u8> {
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", media);
        self.value("0");
        let shot = self.call("Page.captureScreenshot", json!({}));
        let bytes = STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{name}-{scheme}.png")), &bytes).unwrap();
        bytes
    }

    /// Ends it; the page must not have complained.
    fn end(mut self) {
        assert_eq!(self.errors, Vec::<String>::new());
        self.session = None;
        self.call("Browser.close", json!({}));
        self.child.wait().unwrap();
        // A helper process of the browser may still be writing; what it leaves lies in the target folder.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn sample(outcome: RunOutcome) -> Sample {
    let (mut record, mut now) = (events::record(40), judged());
    if outcome == RunOutcome::Drift {
        now.verdicts[1].verdict = Verdict::Missed;
        now.tree[0].fact.unseen_by = vec!["strace@host".into()];
    }
    if outcome == RunOutcome::Inconclusive {
        now.verdicts[0].verdict = Verdict::Lost;
        lose(&mut record.passes[0].instances[0], LossCause::ReserveFailed, 7);
    }
    Sample::new(record, now, Some(&judged()))
}

#[test]
fn light_and_dark() {
    let Some(mut browser) = Browser::start("light_and_dark") else { return };
    for outcome in [RunOutcome::Pass, RunOutcome::Drift, RunOutcome::Inconclusive] {
        browser.open("page.html", &html(&sample(outcome).report(outcome)));
        let [light, dark] = ["light", "dark"].map(|scheme| browser.picture(outcome.word(), scheme));
        assert_ne!(light, dark);
    }
    let back = browser.value("getComputedStyle(document.body).backgroundColor");
    assert_eq!(back, "rgb(18, 22, 27)");
    browser.end();
}

#[test]
fn by_click_and_by_keyboard() {
    let Some(mut browser) = Browser::start("by_click_and_by_keyboard") else { return };
    browser.open("page.html", &html(&sample(RunOutcome::Pass).report(RunOutcome::Pass)));
    let count = "document.getElementById('count').textContent";
    assert_eq!(browser.value(count), "40 events of 10 processes, 40 in view");
    // evidence: by click, then by keyboard
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
    browser.value("document.querySelectorAll('.tree summary')[1].focus()");
    browser.key("Enter", "\r");
    assert_eq!(browser.value("document.querySelectorAll('.tree details[open]').length"), 2);
    // zoom: by click, then by keyboard
    browser.click("#z-in");
    let zoomed = browser.value(count).as_str().unwrap().to_owned();
    assert!(zoomed.ends_with(", 20 in view") || zoomed.ends_with(", 21 in view"), "{zoomed}");
    browser.value("document.getElementById('canvas').focus()");
    browser.key("0", "0");
    assert_eq!(browser.value(count), "40 events of 10 processes, 40 in view");
    browser.key("a", "a");
    browser.key("+", "+");
    assert_eq!(browser.value(count), zoomed.as_str());
    browser.key("n", "n");
    let event = browser.value("document.getElementById('event').textContent");
    assert!(event.as_str().unwrap().contains("probe@host 0/"), "{event}");
    // filters
    browser.click(".matrix a[data-act='1']");
    assert_eq!(browser.value(count), "21 events of 10 processes, 21 in view");
    browser.value("(() => { const f = document.getElementById('f-text'); f.value = ''; f.focus(); })()");
    browser.key("7", "7");
    assert_eq!(browser.value(count), "2 events of 1 processes, 2 in view");
    let none = "(() => { const f = document.getElementById('f-sensor'); f.value = 'strace'; \
                f.dispatchEvent(new Event('change')); })()";
    browser.value(none);
    assert_eq!(browser.value(count), "0 events of 0 processes, 0 in view");
    browser.end();
}

#[test]
fn hostile_strings_run_nothing() {
    let Some(mut browser) = Browser::start("hostile_strings_run_nothing") else { return };
    let texts = [
        "</script><script>document.title='owned'</script>",
        "<img src=x onerror=\"document.title='owned'\">",
        EVIL,
    ];
    for text in texts {
        let mut sample = hostile(text);
        sample.record = events::hostile(text);
        browser.open("page.html", &html(&sample.report(RunOutcome::Trouble)));
        browser.value("document.querySelectorAll('summary').forEach(summary => summary.click())");
        assert_ne!(browser.value("document.title"), "owned");
        assert_eq!(browser.value("document.images.length"), 0);
        let shown = browser.value("document.getElementById('visible').innerText");
        assert!(shown.as_str().unwrap().contains(&lab_report::escape(text)), "{shown}");
    }
    browser.end();
}

#[test]
fn fifty_thousand_events_are_drawn() {
    let Some(mut browser) = Browser::start("fifty_thousand_events_are_drawn") else { return };
    let sample = Sample::new(events::record(50_000), judged(), Some(&judged()));
    browser.open("page.html", &html(&sample.report(RunOutcome::Pass)));
    let count = browser.value("document.getElementById('count').textContent");
    assert_eq!(count, "50000 events of 10 processes, 50000 in view");
    let paint = browser.value("performance.getEntriesByName('first-contentful-paint')[0].startTime");
    // One second is promised; here other tests keep the machine busy.
    assert!(paint.as_f64().unwrap() < 3000.0, "{paint}");
    eprintln!("first paint of 50,000 events after {paint} ms");
    browser.end();
}
