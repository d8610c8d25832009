//! Strings of the page, each of them once, and short enough for the page to stay small.

use std::collections::HashMap;

use crate::escape;

/// Bytes that all strings together may take before they are cut.
const BUDGET: usize = 2_000_000;
/// Lengths in characters at which strings are cut, the first that brings them below the budget.
const CUTS: &[usize] = &[4096, 1024, 256, 96, 40];

/// Strings by number. What is put in is escaped first.
#[derive(Default)]
pub(super) struct Strings {
    list: Vec<String>,
    known: HashMap<String, usize>,
}

impl Strings {
    /// The number of `text`.
    pub(super) fn add(&mut self, text: &str) -> usize {
        let text = escape(text);
        if let Some(known) = self.known.get(&text) {
            return *known;
        }
        self.list.push(text.clone());
        self.known.insert(text, self.list.len() - 1);
        self.list.len() - 1
    }

    /// All of them in order, and the length at which some were cut.
    pub(super) fn finish(mut self) -> (Vec<String>, Option<usize>) {
        let mut at = None;
        for cut in CUTS {
            if self.list.iter().map(String::len).sum::<usize>() <= BUDGET {
                break;
            }
            for text in &mut self.list {
                if let Some((end, _)) = text.char_indices().nth(*cut) {
                    text.truncate(end);
                    text.push('…');
                    at = Some(*cut);
                }
            }
        }
        (self.list, at)
    }
}

#[cfg(test)]
mod tests {
    use super::{BUDGET, Strings};

    #[test]
    fn each_once_and_escaped() {
        let mut strings = Strings::default();
        let numbers = [strings.add("a"), strings.add("b\n"), strings.add("a")];
        assert_eq!(numbers, [0, 1, 0]);
        assert_eq!(strings.finish(), (vec!["a".to_owned(), "b\\n".to_owned()], None));
    }

    #[test]
    fn long_strings_give_way() {
        let mut strings = Strings::default();
        for n in 0..2000 {
            strings.add(&format!("{n:04}{}", "é".repeat(4092)));
        }
        let (list, cut) = strings.finish();
        assert_eq!(cut, Some(256));
        assert!(list.iter().map(String::len).sum::<usize>() <= BUDGET);
        assert!(list[7].starts_with("0007é"));
    }
}
