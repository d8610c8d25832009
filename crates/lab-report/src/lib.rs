//! How things look: a run's report for a terminal and as HTML, JUnit, SARIF, Markdown, annotations and JSON; a
//! verdict's explanation; two runs beside each other; what sensors cost.
//!
//! Reads records and judgements that others made; opens no file, prints nothing, decides nothing. Every string that
//! comes from a record is escaped, so that no file name can move the cursor of whoever reads the report.

mod comparison;
mod costs;
mod detection;
mod difference;
mod escape;
mod explain;
mod finding;
mod github;
mod golden;
mod html;
mod input;
mod json;
mod junit;
mod loss;
mod machines;
mod markdown;
mod matrix;
mod misses;
mod next;
mod sarif;
mod stages;
mod style;
mod table;
mod terminal;

pub use comparison::{Change, Comparison, ScenarioComparison, comparison, comparison_json};
pub use costs::{Costs, Goal, SensorCost, Spread, cost_table, costs_html};
pub use difference::difference_json;
pub use escape::{escape, escape_lines};
pub use explain::{explanation, explanation_json};
pub use github::github;
pub use html::html;
pub use input::{RunReport, ScenarioReport};
pub use json::{json, json_text};
pub use junit::junit;
pub use machines::{MachineReport, machines, machines_json};
pub use markdown::markdown;
pub use misses::{Lives, Misses, Sighted, miss_table};
pub use sarif::sarif;
pub use stages::stage_table;
pub use style::Style;
pub use terminal::terminal;
