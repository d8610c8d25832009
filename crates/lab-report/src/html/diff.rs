//! A unified diff as two columns, old and new.

use super::text;

/// Most rows of one diff.
const MOST_ROWS: usize = 4000;

/// A table of old and new, from a unified diff's text.
pub(super) fn diff(unified: &str) -> String {
    let mut out = String::from(
        "<div class=\"wide\"><table class=\"diff\"><thead><tr><th></th><th scope=\"col\">old</th><th></th>\
         <th scope=\"col\">new</th></tr></thead><tbody>\n",
    );
    let (mut old, mut new) = (0, 0);
    let (mut minus, mut plus): (Vec<Side<'_>>, Vec<Side<'_>>) = (Vec::new(), Vec::new());
    let mut rows = 0;
    // The two lines of the header name the files.
    for line in unified.lines().skip(2) {
        if rows > MOST_ROWS {
            out.push_str("<tr><td colspan=\"4\">cut here: the diff is longer</td></tr>\n");
            break;
        }
        let (sign, rest) = line.split_at(line.len().min(usize::from(line.is_char_boundary(1))));
        match sign {
            "-" => {
                minus.push((old, rest));
                old += 1;
            }
            "+" => {
                plus.push((new, rest));
                new += 1;
            }
            _ => {
                rows += changed(&mut out, &mut minus, &mut plus);
                if sign == "@" {
                    (old, new) = hunk(line).unwrap_or((old, new));
                    out.push_str(&format!("<tr class=\"hunk\"><td colspan=\"4\">{}</td></tr>\n", text(line)));
                } else if sign != "\\" {
                    row(&mut out, ["", ""], Some((old, rest)), Some((new, rest)));
                    (old, new) = (old + 1, new + 1);
                }
                rows += 1;
            }
        }
    }
    changed(&mut out, &mut minus, &mut plus);
    out.push_str("</tbody></table></div>\n");
    out
}

/// Number of the line, and its text.
type Side<'a> = (usize, &'a str);

/// Writes lines that were taken out beside those that came in their place; says how many rows that makes.
fn changed(out: &mut String, minus: &mut Vec<Side<'_>>, plus: &mut Vec<Side<'_>>) -> usize {
    let rows = minus.len().max(plus.len());
    for n in 0..rows {
        row(out, ["old", "new"], minus.get(n).copied(), plus.get(n).copied());
    }
    minus.clear();
    plus.clear();
    rows
}

fn row(out: &mut String, classes: [&str; 2], old: Option<Side<'_>>, new: Option<Side<'_>>) {
    out.push_str("<tr>");
    for (class, tag, side) in [(classes[0], "del", old), (classes[1], "ins", new)] {
        match side {
            None => out.push_str("<td class=\"n\"></td><td></td>"),
            Some((line, content)) if class.is_empty() => {
                out.push_str(&format!("<td class=\"n\">{line}</td><td><code>{}</code></td>", text(content)));
            }
            Some((line, content)) => out.push_str(&format!(
                "<td class=\"n\">{line}</td><td class=\"{class}\"><{tag}><code>{}</code></{tag}></td>",
                text(content)
            )),
        }
    }
    out.push_str("</tr>\n");
}

/// The first lines that `@@ -1,7 +1,8 @@` names.
fn hunk(line: &str) -> Option<(usize, usize)> {
    let mut words = line.split(' ').skip(1);
    let mut first = |sign| words.next()?.strip_prefix(sign)?.split(',').next()?.parse().ok();
    Some((first('-')?, first('+')?))
}

#[cfg(test)]
mod tests {
    use super::diff;

    #[test]
    fn lines_stand_side_by_side_with_their_numbers() {
        let html = diff("--- a\n+++ b\n@@ -2,3 +2,2 @@\n same <\n-gone\n-old\n+new\n");
        let rows: Vec<&str> = html.lines().skip(1).collect();
        assert_eq!(
            rows,
            [
                "<tr class=\"hunk\"><td colspan=\"4\">@@ -2,3 +2,2 @@</td></tr>",
                "<tr><td class=\"n\">2</td><td><code>same &lt;</code></td><td class=\"n\">2</td><td><code>same &lt;</code></td></tr>",
                "<tr><td class=\"n\">3</td><td class=\"old\"><del><code>gone</code></del></td>\
                 <td class=\"n\">3</td><td class=\"new\"><ins><code>new</code></ins></td></tr>",
                "<tr><td class=\"n\">4</td><td class=\"old\"><del><code>old</code></del></td><td class=\"n\"></td><td></td></tr>",
                "</tbody></table></div>",
            ]
        );
    }

    #[test]
    fn any_first_character_will_do() {
        assert!(diff("--- a\n+++ b\né\n\n\\ No newline\n-").contains("<del>"));
    }
}
