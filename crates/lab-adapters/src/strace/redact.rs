//! Masking secrets in a line of the log, through its quotes and escapes.

use lab_model::redact::{MASK, redact_in_place};

use super::token;

/// Masks every secret in the strings of a line, and says how many there were. To be called on each line before it is
/// written. Arguments are seen side by side, as a program gets them: in `"--password", "x"` it is `x` that is masked.
/// Nothing outside of strings is changed.
pub fn redact_line(line: &mut Vec<u8>) -> usize {
    // Each byte that the strings stand for, with the place it has in the line; what separates two strings is NUL.
    let (mut plain, mut places) = (Vec::with_capacity(line.len()), Vec::with_capacity(line.len()));
    let mut at = 0;
    let mut in_string = false;
    while at < line.len() {
        let text = &line[at..];
        let len = match token::unit(text) {
            Some(unit) if in_string => {
                plain.push(unit.byte);
                places.push(Some(at..at + unit.len));
                unit.len
            }
            None => {
                in_string = !in_string;
                if in_string {
                    plain.push(0);
                    places.push(None);
                }
                1
            }
            Some(_) => text.iter().position(|b| *b == b'"').unwrap_or(text.len()),
        };
        at += len;
    }
    let mut masked = plain.clone();
    let found = redact_in_place(&mut masked);
    if found == 0 {
        return 0;
    }
    let (mut out, mut copied) = (Vec::with_capacity(line.len()), 0);
    for ((was, is), place) in plain.iter().zip(&masked).zip(places) {
        if let Some(place) = place.filter(|_| was != is) {
            out.extend_from_slice(&line[copied..place.start]);
            out.push(MASK);
            copied = place.end;
        }
    }
    out.extend_from_slice(&line[copied..]);
    *line = out;
    found
}

#[cfg(test)]
mod tests {
    use super::redact_line;

    fn redacted(line: &str) -> String {
        let mut bytes = line.as_bytes().to_vec();
        redact_line(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn through_quotes_and_escapes() {
        for (line, masked) in [
            (
                r#"1 2.3 execve("/bin/m", ["m", "--password", "hunter2", "db"], 0x1 /* 3 vars */) = 0"#,
                r#"1 2.3 execve("/bin/m", ["m", "--password", "*******", "db"], 0x1 /* 3 vars */) = 0"#,
            ),
            (r#"["curl", "-d", "{\"api_key\": \"abc\"}"]"#, r#"["curl", "-d", "{\"api_key\": \"***\"}"]"#),
            (r#"["x", "token=\303\251a"...]"#, r#"["x", "token=***"...]"#),
            (r#"open("/etc/passwd", O_RDONLY) = 3"#, r#"open("/etc/passwd", O_RDONLY) = 3"#),
            (r#"connect(3, {secret=1, sun_path="/a"}, 1)"#, r#"connect(3, {secret=1, sun_path="/a"}, 1)"#),
        ] {
            assert_eq!(redacted(line), masked);
        }
    }

    proptest::proptest! {
        #[test]
        fn idempotent(bytes: Vec<u8>, text in r#"[a-z"\\, =:(\[]{0,20}(--password|token=|sk-)["\\, =:a-zA-Z0-9*]{0,30}"#) {
            let mut line = [&bytes[..], text.as_bytes()].concat();
            redact_line(&mut line);
            let once = line.clone();
            assert_eq!(redact_line(&mut line), 0);
            assert_eq!(line, once);
        }
    }
}
