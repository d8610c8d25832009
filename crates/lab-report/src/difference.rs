//! A difference from a golden as JSON.

use lab_golden::Difference;
use serde_json::{Value, json};

/// Kind, place and both texts of a difference.
pub fn difference_json(difference: &Difference) -> Value {
    json!({
        "kind": difference.kind.word(),
        "fields": difference.kind.fields(),
        "key": difference.key.to_string(),
        "file": difference.file,
        "line": difference.line,
        "old": difference.old,
        "new": difference.new,
        "act": difference.act.map(|act| act.to_string()),
        "attack": difference.attack,
    })
}
