//! Secrets leave no trace: they are masked before a sensor or an adapter writes anything.
//!
//! The mask keeps the length, so that binary records stay as they are laid out. What is masked: tokens whose form is
//! known (API keys of model vendors, clouds and forges, JSON web tokens, private keys) and values behind a word that
//! says they are secret.

use std::sync::LazyLock;

use regex::bytes::{Regex, RegexSet};
use serde_json::Value;

/// The byte that stands for each byte of a secret.
pub const MASK: u8 = b'*';

/// The first group of each is what is masked.
const PATTERNS: &[&str] = &[
    r"(?-u)\b(sk-[A-Za-z0-9_-]{16,})",
    r"(?-u)\b((?:AKIA|ASIA)[A-Z0-9]{16})\b",
    r"(?-u)\b((?:gh[pousr]_|github_pat_|glpat-|xox[baprs]-|AIza|npm_|hf_|pypi-)[A-Za-z0-9_-]{16,})",
    r"(?-u)\b(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)",
    r"(?s-u)-----BEGIN [A-Z ]*PRIVATE KEY-----(.*?)(?:-----END|$)",
    r"(?i-u)\b(?:bearer|basic)[ \t]+([A-Za-z0-9._~+/=-]{8,})",
    r#"(?i-u)(?:password|passwd|secret|token|api[_-]?key|access[_-]?key|credential)s?["']?[ \t]*[=:][ \t]*["']?([^\s"'&,;*\x00]+)"#,
    r#"(?i-u)--(?:password|passwd|secret|token|api-key)[ \t\x00]+([^\s"'\x00*]+)"#,
    r#"(?-u)(?:^|[\s\x00"'])(?:-u|--user|--proxy-user)[ \t\x00]+[^\s:\x00]+:([^\s"'\x00*]+)"#,
    r"(?i-u)[a-z][a-z0-9+.-]*://[^/\s:@\x00]*:([^/\s@*\x00]+)@",
];

/// Cheap refusal: without one of these no pattern can match. Lower case.
static HINT: LazyLock<Regex> = LazyLock::new(|| {
    let hint = r"(?i-u)sk-|AKIA|ASIA|gh[pousr]_|github_pat|glpat|xox|AIza|npm_|hf_|pypi-|eyJ|PRIVATE KEY|bearer|basic|passw|secret|token|key|credential|-u|-user|://";
    Regex::new(hint).expect("the hint is a regular expression")
});

static SECRETS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    PATTERNS.iter().map(|p| Regex::new(p).expect("each pattern is a regular expression")).collect()
});

/// All patterns in one: says in one go which of them match, for hints are in many a harmless path.
static MATCHING: LazyLock<RegexSet> =
    LazyLock::new(|| RegexSet::new(PATTERNS).expect("each pattern is a regular expression"));

/// Masks every secret in `bytes`; says how many it found. Arguments may be separated by NUL.
pub fn redact_in_place(bytes: &mut [u8]) -> usize {
    if !HINT.is_match(bytes) {
        return 0;
    }
    let mut found = 0;
    for pattern in MATCHING.matches(bytes).iter().filter_map(|at| SECRETS.get(at)) {
        let mut spans = Vec::new();
        for groups in pattern.captures_iter(bytes) {
            if let Some(secret) = groups.get(1).filter(|s| s.as_bytes().iter().any(|b| *b != MASK)) {
                spans.push(secret.range());
            }
        }
        for span in spans {
            found += 1;
            bytes[span].fill(MASK);
        }
    }
    found
}

/// Masks every secret in the strings of a record; says how many. A list of strings is taken as one command line, so
/// that an option's value is masked too.
pub fn redact_value(value: &mut Value) -> usize {
    match value {
        Value::String(text) => redact_strings(&mut [text]),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let mut texts: Vec<&mut String> = items.iter_mut().filter_map(string_in).collect();
            redact_strings(&mut texts)
        }
        Value::Array(items) => items.iter_mut().map(redact_value).sum(),
        Value::Object(fields) => fields.values_mut().map(redact_value).sum(),
        _ => 0,
    }
}

fn string_in(value: &mut Value) -> Option<&mut String> {
    if let Value::String(text) = value { Some(text) } else { None }
}

fn redact_strings(texts: &mut [&mut String]) -> usize {
    let mut line = texts.iter().map(|text| text.as_bytes()).collect::<Vec<_>>().join(&0);
    let found = redact_in_place(&mut line);
    let mut at = 0;
    for text in texts.iter_mut().filter(|_| found > 0) {
        let end = at + text.len();
        // Masked character by character or not at all, so a part of a line is as valid as the line was.
        **text = String::from_utf8_lossy(&line[at..end]).into_owned();
        at = end + 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{redact_in_place, redact_value};

    #[test]
    fn records_lose_their_secrets_too() {
        let mut record =
            serde_json::json!({ "n": 1, "argv": ["mysql", "--password", "hunter2"], "env": "TOKEN=x1" });
        assert_eq!(redact_value(&mut record), 2);
        let masked =
            serde_json::json!({ "n": 1, "argv": ["mysql", "--password", "*******"], "env": "TOKEN=**" });
        assert_eq!(record, masked);
        assert_eq!(redact_value(&mut record), 0);
    }

    fn redacted(text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        redact_in_place(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn known_forms() {
        let key = format!("sk-{}", "Ab1_".repeat(5));
        assert_eq!(redacted(&format!("curl -H x:{key}")), format!("curl -H x:{}", "*".repeat(key.len())));
        assert_eq!(redacted("PASSWORD=hunter2 id"), "PASSWORD=******* id");
        assert_eq!(redacted("mysql --password hunter2 db"), "mysql --password ******* db");
        assert_eq!(redacted("mysql\0--password\0hunter2\0db"), "mysql\0--password\0*******\0db");
        assert_eq!(redacted("curl\0-u\0bob:pw1\0http"), "curl\0-u\0bob:***\0http");
        assert_eq!(redacted("https://u:pw@host/"), "https://u:**@host/");
        assert_eq!(redacted("Authorization: Bearer abcdefgh12"), "Authorization: Bearer **********");
        assert_eq!(redacted(r#"{"api_key": "abc123"}"#), r#"{"api_key": "******"}"#);
        assert_eq!(redacted("nothing secret here, /etc/passwd too"), "nothing secret here, /etc/passwd too");
    }

    proptest::proptest! {
        #[test]
        fn idempotent_and_of_the_same_length(bytes: Vec<u8>, secret in "[a-z=: ]{0,4}(password|token|sk-)[=: -]{0,2}[a-zA-Z0-9*]{0,24}") {
            let mut once = [&bytes[..], secret.as_bytes()].concat();
            let length = once.len();
            redact_in_place(&mut once);
            let mut twice = once.clone();
            let found = redact_in_place(&mut twice);
            assert_eq!((once.len(), found), (length, 0));
            assert_eq!(once, twice);
        }
    }
}
