//! Tables without border noise.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets::NOTHING};

use crate::Style;

/// Columns two spaces apart, indented by two; those named in `numbers` are aligned to the right. Ends with a line break.
pub(crate) fn table(style: Style, header: Vec<String>, rows: Vec<Vec<String>>, numbers: &[usize]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header).add_rows(rows);
    if let Some(width) = style.width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    for (n, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if n == 0 { 2 } else { 0 }, 2));
        if numbers.contains(&n) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt() + "\n"
}
