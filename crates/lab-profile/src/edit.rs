//! Changes to a scenario's text that keep everything else in it as the person wrote it.

use toml_edit::{DocumentMut, InlineTable, Item, Table, Value};

/// Why a scenario's text could not be changed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EditError {
    /// it is no TOML
    #[error("the scenario cannot be read: {0}")]
    Syntax(String),
    /// it has no act of that number
    #[error("the scenario has no act {0}")]
    NoAct(u32),
    /// something stands there that is no table
    #[error("`{0}` of act {1} is not a table")]
    NotATable(&'static str, u32),
}

/// Adds `at_most = { PATH = MOST }` to the interest of an act (twins are counted after the acts).
///
/// # Errors
/// If the text is not TOML, or has no such act.
pub fn free_at_most(text: &str, act: u32, path: &str, most: u32) -> Result<String, EditError> {
    let mut document: DocumentMut =
        text.parse().map_err(|e: toml_edit::TomlError| EditError::Syntax(e.to_string()))?;
    let acts = length(&document, "act");
    let index = usize::try_from(act).ok().and_then(|act| act.checked_sub(1)).ok_or(EditError::NoAct(act))?;
    let (key, index) = if index < acts { ("act", index) } else { ("twin", index - acts) };
    let tables = document.get_mut(key).and_then(Item::as_array_of_tables_mut);
    let table: &mut Table = tables.and_then(|tables| tables.get_mut(index)).ok_or(EditError::NoAct(act))?;
    let interest =
        table.entry("interest").or_insert_with(|| Item::Value(Value::InlineTable(InlineTable::new())));
    let interest = interest.as_table_like_mut().ok_or(EditError::NotATable("interest", act))?;
    let at_most =
        interest.entry("at_most").or_insert_with(|| Item::Value(Value::InlineTable(InlineTable::new())));
    let at_most = at_most.as_table_like_mut().ok_or(EditError::NotATable("interest.at_most", act))?;
    at_most.insert(path, Item::Value(i64::from(most).into()));
    Ok(document.to_string())
}

fn length(document: &DocumentMut, key: &str) -> usize {
    document.get(key).and_then(Item::as_array_of_tables).map_or(0, |tables| tables.len())
}

#[cfg(test)]
mod tests {
    use super::{EditError, free_at_most};

    const TEXT: &str = "# why\nattack = [\"T1003\"]\n\n[[act]]\nkind = \"read\"   # the act\npath = \"/a\"\n\n[[twin]]\nkind = \"read\"\ninterest = { optional = [\"/b\"] }\npath = \"/c\"\n";

    #[test]
    fn all_else_stays() {
        let once = free_at_most(TEXT, 1, "/x", 2).unwrap();
        assert_eq!(
            once,
            TEXT.replace("path = \"/a\"\n", "path = \"/a\"\ninterest = { at_most = { \"/x\" = 2 } }\n")
        );
        let twice = free_at_most(&once, 2, "/y", 3).unwrap();
        assert!(
            twice.contains("interest = { optional = [\"/b\"] , at_most = { \"/y\" = 3 } }")
                || twice.contains("interest = { optional = [\"/b\"], at_most = { \"/y\" = 3 } }"),
            "{twice}"
        );
        let changed = free_at_most(&once, 1, "/x", 4).unwrap();
        assert_eq!(changed, once.replace("= 2", "= 4"));
        assert_eq!(free_at_most(TEXT, 3, "/x", 1), Err(EditError::NoAct(3)));
        assert_eq!(free_at_most(TEXT, 0, "/x", 1), Err(EditError::NoAct(0)));
        assert!(matches!(free_at_most("a = ", 1, "/x", 1), Err(EditError::Syntax(_))));
        let odd = TEXT.replace("{ optional = [\"/b\"] }", "1");
        assert_eq!(free_at_most(&odd, 2, "/x", 1), Err(EditError::NotATable("interest", 2)));
    }
}
