//! The report as one HTML page that needs nothing else: no network, no fonts, no other file.
//!
//! A policy in its head lets only its own style and script run, named by their hashes, and nothing be loaded. What
//! comes from a record stands escaped in text, or in the JSON that the script shows as text.

mod columns;
mod data;
mod describe;
mod detections;
mod diff;
mod head;
mod scenario;
mod sections;
mod stage_times;
mod strings;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::{RunReport, escape};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = concat!(
    "'use strict';\n",
    include_str!("page.js"),
    include_str!("tree.js"),
    include_str!("timeline.js"),
    include_str!("controls.js")
);

/// The report as a page.
pub fn html(report: &RunReport<'_>) -> String {
    let (word, _) = report.ending();
    let title = text(&format!("Sightline: {word}, {}", report.run));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    let body = sections::body(report);
    let data = data::data(report);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\
         <script type=\"application/json\" id=\"data\">{data}</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )
}

fn hash(source: &str) -> String {
    STANDARD.encode(Sha256::digest(source.as_bytes()))
}

/// `raw` as text of the page: on one line, nothing invisible, no markup.
fn text(raw: &str) -> String {
    markup_free(&escape(raw))
}

/// The same line by line.
fn lines(raw: &str) -> String {
    markup_free(&crate::escape_lines(raw))
}

fn markup_free(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{SCRIPT, STYLE, hash, text};

    #[test]
    fn assets_stay_inside_of_their_elements() {
        assert!(!SCRIPT.to_ascii_lowercase().contains("</script") && !SCRIPT.contains("<!--"));
        assert!(!STYLE.to_ascii_lowercase().contains("</style"));
        // The parser turns CR LF into LF before it hashes.
        assert!(!SCRIPT.contains('\r') && !STYLE.contains('\r'));
    }

    #[test]
    fn hashes_are_those_of_the_policy() {
        // example of W3C's Content Security Policy Level 3, section 8.4
        assert_eq!(hash("alert('Hello, world.');"), "qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=");
    }

    #[test]
    fn text_has_no_markup() {
        assert_eq!(text("<b a='\"'>&\n\u{202e}"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;\\n\\u{202e}");
    }
}
