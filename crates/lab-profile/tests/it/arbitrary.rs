//! Laws for any text: nothing panics, and what is wrong is said with a place in the file.

use lab_profile::{load_plan, load_scenario};
use proptest::prelude::*;

use crate::memory::{BASE, HOST, LOOK, project, put};

/// `text` with a few characters dropped, doubled or put in from `scraps`.
fn mutated(text: &'static str) -> impl Strategy<Value = String> {
    let scraps =
        prop::sample::select(vec!["\"", "[", "]", "=", "\n", "${", "}", "1", "-", "+", "{", "\0", "é", "."]);
    prop::collection::vec((0..text.len(), 0..3usize, scraps), 1..4).prop_map(move |edits| {
        let mut chars: Vec<String> = text.chars().map(String::from).collect();
        for (at, how, scrap) in edits {
            let at = at % chars.len();
            match how {
                0 => drop(chars.remove(at)),
                1 => chars.insert(at, chars[at].clone()),
                _ => chars.insert(at, scrap.to_owned()),
            }
        }
        chars.concat()
    })
}

proptest! {
    #[test]
    fn any_text_is_a_scenario_or_a_mistake(text in any::<String>()) {
        let mut project = project();
        put(&mut project, "scenarios/look.toml", &text);
        let mistakes = load_scenario(&project, "look").unwrap_err();
        prop_assert!(mistakes.iter().all(|mistake| mistake.at.is_some()));
    }

    #[test]
    fn any_bytes_are_a_scenario_or_a_mistake(bytes in any::<Vec<u8>>()) {
        let mut project = project();
        project.insert("scenarios/look.toml".to_owned(), bytes);
        prop_assert!(load_scenario(&project, "look").is_err());
    }

    #[test]
    fn a_slip_is_right_or_has_a_place(look in mutated(LOOK), host in mutated(HOST), base in mutated(BASE)) {
        for (path, text) in
            [("scenarios/look.toml", look), ("profiles/01-host.toml", host), ("profiles/base/host.toml", base)]
        {
            let mut project = project();
            put(&mut project, path, &text);
            match load_plan(&project, "host") {
                Ok(plan) => prop_assert!(!plan.to_text().is_empty()),
                Err(mistakes) => {
                    prop_assert!(mistakes.iter().all(|mistake| mistake.at.is_some()));
                    let text = mistakes.to_string();
                    prop_assert!(text.lines().all(|line| line.starts_with("  hint: ") || line.contains(".toml")), "{}", text);
                }
            }
        }
    }
}
