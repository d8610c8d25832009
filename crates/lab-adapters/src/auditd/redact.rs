//! Masking secrets in a line of the log, through its quotes and hexadecimal digits.

use lab_model::redact::{MASK, redact_in_place};

use super::{
    fields::{self, Field, argument},
    line,
};

/// Masks every secret in the texts of a line, and says how many there were. To be called on each line before it is
/// written. The arguments of a program are seen side by side, as it gets them. Of what programs tell the daemon themselves
/// only the head is kept.
pub fn redact_line(text: &mut Vec<u8>) -> usize {
    keep_own(text);
    let end = text.strip_suffix(b"\n").map_or(text.len(), <[u8]>::len);
    let Ok(record) = line::parse(0, &text[..end]) else { return redact_in_place(text) };
    let (kind, body) = (record.kind, record.body);
    let Ok(parsed) = fields::of(body) else { return redact_in_place(text) };
    let (arguments, others): (Vec<&Field<'_>>, Vec<&Field<'_>>) =
        parsed.iter().partition(|field| kind == "EXECVE" && argument(field.name).is_some());
    let (mut found, mut changes) = (0, Vec::new());
    let mut masked = |fields: &[&Field<'_>]| {
        let plain: Vec<Vec<u8>> = fields.iter().map(|field| plain(field, kind)).collect();
        let mut joined = plain.join(&0);
        let count = redact_in_place(&mut joined);
        found += count;
        let mut at = 0;
        for (field, was) in fields.iter().zip(&plain).filter(|_| count > 0) {
            let is = &joined[at..at + was.len()];
            at += was.len() + 1;
            if is != was.as_slice() {
                changes.push((field.place.clone(), written(field, kind, was, is)));
            }
        }
    };
    masked(&arguments);
    others.iter().for_each(|field| masked(&[*field]));
    // Where the body begins: it is what the line ends with, but for spaces.
    let start = text[..end].trim_ascii_end().len() - body.len();
    for (place, value) in changes {
        text[start + place.start..start + place.end].copy_from_slice(&value);
    }
    found
}

/// Of what programs of the machine tell the daemon themselves (logins, sudo, services) only the head is kept: it is nobody's
/// business here, and without the head its number would be missed.
fn keep_own(text: &mut Vec<u8>) {
    let theirs = line::parse(0, text).is_ok_and(|record| {
        let prefixes =
            ["UNKNOWN", "USER", "CRED", "SERVICE", "SYSTEM", "CRYPTO", "ADD_", "DEL_", "GRP_", "ACCT", "TTY"];
        prefixes.iter().any(|prefix| record.kind.starts_with(prefix))
    });
    let end = text.iter().position(|byte| *byte == b')').filter(|_| theirs);
    if let Some(end) = end {
        text.truncate(end + 1);
        text.extend_from_slice(b":\n");
    }
}

/// What is searched: the text itself, with the field's name before it where that tells.
fn plain(field: &Field<'_>, kind: &str) -> Vec<u8> {
    if field.is_text(kind) { field.text().unwrap_or_default().into_owned() } else { field.value.to_vec() }
}

/// The value with the bytes that changed masked, as long as it was.
fn written(field: &Field<'_>, kind: &str, was: &[u8], is: &[u8]) -> Vec<u8> {
    let mut value = field.value.to_vec();
    // Two digits a byte, or the bytes themselves between quotes.
    let (digits, start) = match (field.is_text(kind), field.value.first()) {
        (true, Some(b'"' | b'\'')) => (1, 1),
        (true, _) if was.len() * 2 == value.len() => (2, 0),
        _ => (1, 0),
    };
    for at in (0..was.len()).filter(|at| was[*at] != is[*at]) {
        let place = start + at * digits;
        if digits == 2 {
            value[place..place + 2].copy_from_slice(b"2A");
        } else {
            value[place] = MASK;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::redact_line;

    fn redacted(body: &str) -> String {
        let mut line = format!("type=EXECVE msg=audit(1.000:1): {body}\n").into_bytes();
        redact_line(&mut line);
        String::from_utf8(line).unwrap().split_once("): ").unwrap().1.trim_end().to_owned()
    }

    #[test]
    fn through_quotes_and_digits() {
        assert_eq!(
            redacted(r#"argc=3 a0="m" a1="--password" a2="hunter2""#),
            r#"argc=3 a0="m" a1="--password" a2="*******""#
        );
        // `--password` and `a b`
        assert_eq!(
            redacted(r#"argc=2 a0="--password" a1=6120622063"#),
            r#"argc=2 a0="--password" a1=2A20622063"#
        );
        // `m\0--password\0hi`
        assert_eq!(
            redacted("proctitle=6D002D2D70617373776F7264006869"),
            "proctitle=6D002D2D70617373776F7264002A2A"
        );
        assert_eq!(redacted("msg='op=x token=abc'"), "msg='op=x token=***'");
    }

    proptest::proptest! {
        #[test]
        fn idempotent(bytes: Vec<u8>, text in r#"[a-z0-9A-F"' =]{0,20}(--password|token=|a1="sk-)[" a-zA-Z0-9*=]{0,30}"#) {
            for head in ["", "type=EXECVE msg=audit(1.000:1): "] {
                let mut line = [head.as_bytes(), text.as_bytes(), &bytes[..]].concat();
                redact_line(&mut line);
                let once = line.clone();
                redact_line(&mut line);
                assert_eq!(line, once);
            }
        }
    }
}
