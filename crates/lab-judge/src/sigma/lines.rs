//! On which line of a rule file something stands: the library says of few errors where they are.

/// The first line, from 1, that has `key` as a key (`key:`, `key|modifier:`); 1 if none has.
pub(crate) fn of_key(text: &str, key: &str) -> usize {
    find(text, |line| {
        let line = line.trim_start_matches(['-', ' ']).trim_start_matches(['"', '\'']);
        line.strip_prefix(key).is_some_and(|rest| rest.starts_with([':', '|', '"', '\'']))
    })
}

/// The line of what an error says between quotes: a modifier, or anything else that it names. Lines that the error
/// counts itself (`at line 3`) come first.
pub(crate) fn of_message(text: &str, message: &str) -> usize {
    if let Some(line) = message.split("at line ").nth(1).and_then(number) {
        return line;
    }
    if message.to_lowercase().starts_with("condition") {
        return of_key(text, "condition");
    }
    let pattern = message.split("regex parse error:").nth(1).and_then(|rest| rest.trim().lines().next());
    if let Some(pattern) = pattern {
        let detection = of_key(text, "detection");
        let below = text.lines().skip(detection).position(|line| line.contains(pattern.trim()));
        return below.map_or(detection, |n| detection + n + 1);
    }
    let quoted = message.split(['\'', '`', '"']).skip(1).step_by(2).filter(|word| !word.is_empty());
    for word in quoted {
        for known in [format!("|{word}"), word.to_owned()] {
            let line = find(text, |line| line.contains(&known));
            if line > 1 {
                return line;
            }
        }
    }
    1
}

fn number(text: &str) -> Option<usize> {
    text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn find(text: &str, wanted: impl Fn(&str) -> bool) -> usize {
    text.lines().position(|line| !line.trim_start().starts_with('#') && wanted(line)).map_or(1, |n| n + 1)
}

#[cfg(test)]
mod tests {
    use super::{of_key, of_message};

    const RULE: &str = "title: x\n# Image: no\n- Image|endswith: /sh\nlist:\n    - 'User': root\n";

    #[test]
    fn keys() {
        assert_eq!(of_key(RULE, "Image"), 3);
        assert_eq!(of_key(RULE, "User"), 5);
        assert_eq!(of_key(RULE, "Use"), 1);
    }

    #[test]
    fn what_errors_name() {
        assert_eq!(of_message(RULE, "Unknown modifier 'endswith'"), 3);
        assert_eq!(of_message(RULE, "mapping values are not allowed at line 12 column 3"), 12);
        assert_eq!(of_message(RULE, "it isn't"), 1);
    }
}
