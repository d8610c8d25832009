//! What a person should know of a scenario that is right but may not do what was meant.

use lab_model::{Act, ActKind, Expectation, ObjectClass, Role, Scope};

use crate::{
    diagnostic::Diagnostic,
    kind,
    place::{Location, Place},
    scenario::Scenario,
};

/// Everything worth knowing about `scenario`, in the order of its acts.
pub fn lint(scenario: &Scenario) -> Vec<Diagnostic> {
    let mut notes = Vec::new();
    for act in &scenario.acts {
        let mut say = |field: &str, message: String, hint: Option<&str>| {
            notes.push(Diagnostic {
                at: Some(location(scenario, act, field)),
                message: format!("{} {}: {message}", act.role, act.id),
                hint: hint.map(str::to_owned),
            });
        };
        nonce(act, &mut say);
        interest(scenario, act, &mut say);
        set_user_id(act, &mut say);
        shape(scenario, act, &mut say);
    }
    for (file, number) in scenario.files.iter().zip(1..) {
        if !scenario.acts.iter().any(|act| texts(act).any(|text| text.contains(&file.path))) {
            let place = scenario.places.get(&format!("file.{number}.path"));
            let message = format!("file {:?} is set up, but no act names it", file.path);
            notes.push(Diagnostic { at: written(place), message, hint: None });
        }
    }
    notes
}

type Say<'s> = dyn FnMut(&str, String, Option<&str>) + 's;

/// The field's place, or that of the act if it is not written.
fn location(scenario: &Scenario, act: &Act, field: &str) -> Location {
    let place = |key: &str| written(scenario.places.get(key));
    let whole = format!("act.{}", act.id);
    place(&format!("{whole}.{field}"))
        .or_else(|| place(&whole))
        .unwrap_or_else(|| Location::file(&scenario.input.path))
}

fn written(place: &Place) -> Option<Location> {
    match place {
        Place::Written(at) => Some(at.clone()),
        Place::Default | Place::Derived => None,
    }
}

fn nonce(act: &Act, say: &mut Say<'_>) {
    if !texts(act).any(|text| text.contains("${nonce}")) {
        let hint = "put `${nonce}` in an argument, a name or the content";
        say(
            "kind",
            "no sensor can tell it from another run's, nothing carries `${nonce}`".to_owned(),
            Some(hint),
        );
    }
    // Here the witness outside sees nothing but what is sent or written.
    let sent = match &act.kind {
        ActKind::Connect { payload, .. } => Some(("payload", payload)),
        ActKind::Resolve { name, .. } => Some(("name", name)),
        ActKind::Write { content, .. } | ActKind::Append { content, .. } => Some(("content", content)),
        _ => None,
    };
    if let Some((key, text)) = sent
        && act.expect == Expectation::Ok
        && !text.contains("${nonce}")
    {
        say(key, format!("`{key}` lacks `${{nonce}}`, by which a witness would know it"), None);
    }
}

fn interest(scenario: &Scenario, act: &Act, say: &mut Say<'_>) {
    let interest = &act.interest;
    let action = kind::action(&act.kind);
    let given = |key: &str| *scenario.places.get(&format!("act.{}.interest.{key}", act.id)) != Place::Default;
    if interest.exec_only {
        if given("actions") || given("fold") {
            say(
                "interest",
                "a shell promises only its exec lines, `actions` and `fold` change nothing".to_owned(),
                None,
            );
        }
        if interest.scope == Scope::Process {
            say("interest.scope", "what the shell starts lies outside of scope `process`".to_owned(), None);
        }
        return;
    }
    if interest.actions.is_empty() {
        say("interest.actions", "no interest: only what is always inside is held".to_owned(), None);
    } else if !interest.actions.contains(&action) && !lab_model::Interest::STRICT.contains(&action) {
        let hint = format!("add \"{action}\" to `actions`");
        let message = format!("too loose: its own `{action}` lies outside of its interest");
        say("interest.actions", message, Some(&hint));
    }
    if let ActKind::Read { path } = &act.kind
        && let Some(class) = ObjectClass::of(&path.as_str().into())
        && interest.folded.contains(&class)
    {
        let class = class.word();
        let message = format!("too loose: {path:?} is of the class `{class}`, under which it is folded away");
        say("path", message, Some("give `fold` without that class"));
    }
}

fn set_user_id(act: &Act, say: &mut Say<'_>) {
    let root = act.user.as_deref().is_none_or(|user| user == "0");
    for (index, link) in act.via.iter().enumerate() {
        if link.set_user_id && root {
            let message = format!("`{}` is set-user-id, but whoever starts it is root already", link.path);
            say(&format!("via.{}", index + 1), message, Some("give the act a `user`"));
        }
    }
}

/// A twin that resembles no act shows nothing about false alarms.
fn shape(scenario: &Scenario, act: &Act, say: &mut Say<'_>) {
    let alike = |other: &&Act| other.role == Role::Act && other.kind.word() == act.kind.word();
    if act.role == Role::Twin && !scenario.acts.iter().any(|other| alike(&other)) {
        say("kind", format!("no act is of its kind `{}`, so it is nothing's twin", act.kind.word()), None);
    }
}

/// Every text that is performed.
fn texts(act: &Act) -> impl Iterator<Item = &str> {
    let kind = match &act.kind {
        ActKind::Exec => Vec::new(),
        ActKind::Read { path } | ActKind::Unlink { path } => vec![path],
        ActKind::Write { path, content } | ActKind::Append { path, content } => vec![path, content],
        ActKind::Rename { from, to } => vec![from, to],
        ActKind::Connect { address, payload } => vec![address, payload],
        ActKind::Resolve { resolver, name } => vec![resolver, name],
        ActKind::Serve { address } => vec![address],
        ActKind::Setid { ids, .. } => ids.iter().collect(),
        ActKind::Shell { command } => vec![command],
        ActKind::Observe { .. } => Vec::new(),
    };
    kind.into_iter().chain(act.via.iter().flat_map(|link| &link.argv)).map(String::as_str)
}
