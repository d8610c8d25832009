//! Chromium, driven through its DevTools protocol: messages of JSON that end in NUL, on descriptors 3 and 4.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// Where browsers are that take these messages; those of a snap do not see our files.
const BROWSERS: [&str; 3] = ["/usr/bin/chromium", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable"];
/// Of the window, in pixels.
pub(crate) const WIDTH: u32 = 1360;
pub(crate) const HEIGHT: u32 = 900;
/// Most of a page that is pictured.
const TALLEST: u32 = 6000;

/// A browser with one page.
pub(crate) struct Browser {
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
    pub(crate) fn start(test: &str) -> Option<Self> {
        let Some(program) = BROWSERS.into_iter().find(|path| Path::new(path).exists()) else {
            eprintln!("SKIP {test}: there is no {}", BROWSERS[0]);
            return None;
        };
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut child = Command::new("sh")
            .args(["-c", "exec timeout 300 \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "sh", program])
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"])
            .args(["--disable-component-update", "--disable-sync", "--remote-debugging-pipe"])
            .args(["--no-first-run", "--disable-quic", "--hide-scrollbars"])
            .arg(format!("--user-data-dir={}", folder.join("profile").display()))
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
        browser.size(HEIGHT);
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
    pub(crate) fn open(&mut self, name: &str, page: &str) {
        let file = self.folder.join(name);
        fs::write(&file, page).unwrap();
        self.call("Page.navigate", json!({ "url": format!("file://{}", file.display()) }));
        while self.read()["method"] != "Page.loadEventFired" {}
        assert_eq!(self.value("document.documentElement.dataset.error || ''"), "");
        assert_eq!(self.value("document.documentElement.dataset.ready"), "1");
    }

    /// The value of an expression, after the next frame is drawn.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
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
    pub(crate) fn click(&mut self, selector: &str) {
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

    pub(crate) fn key(&mut self, key: &str, text: &str) {
        let code = if key == "Enter" { 13 } else { 0 };
        let down = json!({ "type": "keyDown", "key": key, "text": text, "windowsVirtualKeyCode": code });
        self.call("Input.dispatchKeyEvent", down);
        self.call(
            "Input.dispatchKeyEvent",
            json!({ "type": "keyUp", "key": key, "windowsVirtualKeyCode": code }),
        );
    }

    fn size(&mut self, height: u32) {
        let size = json!({ "width": WIDTH, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// Light or dark.
    pub(crate) fn scheme(&mut self, scheme: &str) {
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", media);
    }

    /// The whole page as a picture, kept in `target/tmp/pictures/`; with the height that it should have.
    pub(crate) fn picture(&mut self, name: &str) -> (Picture, u32) {
        let tall = self.value("document.documentElement.scrollHeight").as_u64().unwrap();
        let tall = u32::try_from(tall).unwrap().clamp(HEIGHT, TALLEST);
        self.size(tall);
        self.value("0");
        let shot = self.call("Page.captureScreenshot", json!({}));
        self.size(HEIGHT);
        let bytes = STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{name}.png")), &bytes).unwrap();
        (Picture::read(&bytes), tall)
    }

    /// Ends it; the page must not have complained.
    pub(crate) fn end(mut self) {
        assert_eq!(self.errors, Vec::<String>::new());
        self.session = None;
        self.call("Browser.close", json!({}));
        self.child.wait().unwrap();
        // A helper process of the browser may still be writing; what it leaves lies in the target folder.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What a test asks of a picture.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// mean over pixels and channels, 0 to 255
    pub(crate) brightness: f64,
    /// how many colours there are
    pub(crate) colors: usize,
}

impl Picture {
    fn read(bytes: &[u8]) -> Self {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let channels = info.color_type.samples();
        assert!(channels >= 3 && info.bit_depth == png::BitDepth::Eight, "{info:?}");
        // Every seventh pixel says enough, and is a prime so that no column of the page is left out.
        let pixels: Vec<[u8; 3]> = pixels[..info.buffer_size()]
            .chunks(channels)
            .step_by(7)
            .map(|pixel| [pixel[0], pixel[1], pixel[2]])
            .collect();
        let colors = pixels.iter().collect::<std::collections::HashSet<_>>().len();
        let sum: u64 = pixels.iter().flatten().map(|value| u64::from(*value)).sum();
        let brightness = sum as f64 / (pixels.len() * 3) as f64;
        Self { width: info.width, height: info.height, brightness, colors }
    }
}
