//! The variables that a scenario may use, `${name}`; an environment says what they are.

use crate::{
    diagnostic::Sink,
    place::Location,
    suggest::{did_you_mean, expected},
};

/// Every variable.
pub const VARIABLES: &[&str] = &["work", "bin", "sink", "resolver", "domain", "nobody", "canary", "nonce"];

/// Reports unknown variables and `${` without `}`.
pub(crate) fn check(text: &str, at: &Location, sink: &mut Sink) {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("${") {
        let Some((name, after)) = after.split_once('}') else {
            sink.push(
                at.clone(),
                format!("`${{` without `}}` in {text:?}, expected a variable such as `${{work}}`"),
            );
            return;
        };
        if !VARIABLES.contains(&name) {
            let dollar = |name: &str| format!("${{{name}}}");
            let known: Vec<_> = VARIABLES.iter().map(|name| dollar(name)).collect();
            let names = || known.iter().map(String::as_str);
            let message = format!("unknown variable `${{{name}}}`, {}", expected(names()));
            sink.push_hint(at.clone(), message, did_you_mean(&dollar(name), names()));
        }
        rest = after;
    }
}

/// True if a value is put in place of something in `text`.
pub(crate) fn has_variable(text: &str) -> bool {
    text.contains("${")
}
