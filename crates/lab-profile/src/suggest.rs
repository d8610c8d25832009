//! Messages about names: what was expected, and which known name is near.

/// `expected one of `a`, `b``.
pub(crate) fn expected<'a>(known: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = known.into_iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "there is none".to_owned(),
        [one] => format!("expected {one}"),
        several => format!("expected one of {}", several.join(", ")),
    }
}

/// `did you mean `a`?`, if a known name is near enough to be meant.
pub fn did_you_mean<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(found, known).map(|near| format!("did you mean `{near}`?"))
}

fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = found.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&lower, &name.to_lowercase());
    let (best, name) = known.into_iter().map(|name| (distance(name), name)).min()?;
    (best <= 1 + name.chars().count() / 4 && best < name.chars().count()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names_only() {
        let known = ["probe", "strace", "EACCES", "via"];
        assert_eq!(nearest("porbe", known), Some("probe"));
        assert_eq!(nearest("stracer", known), Some("strace"));
        assert_eq!(nearest("EACCESS", known), Some("EACCES"));
        assert_eq!(nearest("falco", known), None);
        assert_eq!(nearest("x", known), None);
        assert_eq!(nearest("probe", []), None);
    }
}
