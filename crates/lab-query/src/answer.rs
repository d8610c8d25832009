//! What a query found, as a table for people, CSV and JSON.

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::engine::{Column, Found};

/// The rows of an answer.
#[derive(Clone, Debug)]
pub struct Answer {
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
    /// milliseconds until the tables stood
    pub opened_ms: f64,
    /// milliseconds from then to the last row
    pub answered_ms: f64,
}

impl Answer {
    pub(crate) fn new(found: Found) -> Self {
        let Found { columns, rows, opened_ms, answered_ms } = found;
        Self { columns, rows, opened_ms, answered_ms }
    }

    /// Names of the columns.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| &*column.name)
    }

    /// The rows.
    pub fn rows(&self) -> &[Vec<Value>] {
        &self.rows
    }

    /// For people: numbers to the right, an unknown value as `-`, one line for each row. `escape` takes out of a text what a
    /// terminal would obey.
    pub fn table(&self, escape: &dyn Fn(&str) -> String) -> String {
        let mut lines = vec![self.columns().map(escape).collect::<Vec<_>>()];
        lines.extend(self.rows.iter().map(|row| row.iter().map(|value| escape(&text(value, "-"))).collect()));
        let width = |at: usize| lines.iter().map(|line| line[at].width()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let mut out = String::new();
        for line in &lines {
            let mut row = String::new();
            for ((text, column), width) in line.iter().zip(&self.columns).zip(&widths) {
                let gap = " ".repeat(width - text.width());
                row.push_str(&if column.numeric { gap + text } else { text.clone() + &gap });
                row.push_str("  ");
            }
            out.push_str(row.trim_end());
            out.push('\n');
        }
        out
    }

    /// As CSV (RFC 4180, lines end with LF) with a head line; an unknown value is empty.
    ///
    /// # Errors
    /// If it does not fit into memory.
    pub fn csv(&self) -> csv::Result<Vec<u8>> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(self.columns())?;
        for row in &self.rows {
            csv.write_record(row.iter().map(|value| text(value, "")))?;
        }
        csv.into_inner().map_err(|error| error.into_error().into())
    }

    /// As a JSON array of objects, one a line, the columns in their order.
    pub fn json(&self) -> String {
        let names: Vec<String> = self.columns().map(|name| Value::from(name).to_string()).collect();
        let object = |row: &Vec<Value>| {
            let members: Vec<String> =
                names.iter().zip(row).map(|(name, value)| format!("{name}:{value}")).collect();
            format!("{{{}}}", members.join(","))
        };
        let rows: Vec<String> = self.rows.iter().map(object).collect();
        if rows.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", rows.join(",\n")) }
    }
}

fn text(value: &Value, unknown: &str) -> String {
    match value {
        Value::Null => unknown.to_owned(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Answer, Column, Found};

    fn answer() -> Answer {
        let column = |name: &str, numeric| Column { name: name.to_owned(), numeric };
        let columns = vec![column("path", false), column("n", true), column("argv", false)];
        let rows = vec![
            vec![json!("漢\u{1b}[2J"), json!(7), json!(null)],
            vec![json!("a,\"b\"\n"), json!(1234), json!(["x", "y"])],
        ];
        Answer::new(Found { columns, rows, opened_ms: 0.0, answered_ms: 0.0 })
    }

    #[test]
    fn a_table_is_aligned_and_harmless() {
        let escape = |text: &str| text.escape_default().to_string().replace("\\u{6f22}", "漢");
        let table = answer().table(&escape);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(
            lines,
            [r#"path            n  argv"#, r#"漢\u{1b}[2J     7  -"#, r#"a,\"b\"\n    1234  [\"x\",\"y\"]"#]
        );
    }

    #[test]
    fn csv_and_json_keep_values_as_they_are() {
        let csv = String::from_utf8(answer().csv().unwrap()).unwrap();
        assert_eq!(csv, "path,n,argv\n漢\u{1b}[2J,7,\n\"a,\"\"b\"\"\n\",1234,\"[\"\"x\"\",\"\"y\"\"]\"\n");
        let json = answer().json();
        assert_eq!(json.lines().nth(1), Some(r#"{"path":"漢\u001b[2J","n":7,"argv":null},"#));
        let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
        assert_eq!(rows[1]["argv"], json!(["x", "y"]));
    }
}
