//! Tables for people, no wider than they see.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ColumnConstraint, ContentArrangement, LineStyle, Table, Width as ColumnWidth};

use super::width::Width;

/// What stands in a column that has nothing to say.
pub(super) fn or_dash(text: String) -> String {
    if text.is_empty() { "–".to_owned() } else { text }
}

/// The first column is a name, which stays whole: somebody copies it. The others are wrapped between words.
pub(super) fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
    width: Width,
) -> String {
    let rows: Vec<[String; N]> = rows.into_iter().collect();
    let words = longest_words(&rows);
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()))
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width.columns()).unwrap_or(u16::MAX))
        .set_header(header);
    table.add_rows(rows);
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_constraint(match i {
            0 => ColumnConstraint::ContentWidth,
            _ => ColumnConstraint::LowerBoundary(ColumnWidth::Fixed(words[i])),
        });
    }
    table.trim_fmt() + "\n"
}

/// The width of each column's longest word, with the space around it.
fn longest_words<const N: usize>(rows: &[[String; N]]) -> [u16; N] {
    let longest = |i: usize| {
        let words = rows.iter().flat_map(|row| row[i].split(' '));
        let longest = words.map(|word| word.chars().count()).max().unwrap_or(0);
        u16::try_from(longest + 2).unwrap_or(u16::MAX)
    };
    std::array::from_fn(longest)
}

/// The counts that are not zero, each with its word; `nothing` where all are.
pub(super) fn counts<'a>(each: impl IntoIterator<Item = (usize, &'a str)>, nothing: &str) -> String {
    let some = each.into_iter().filter(|(n, _)| *n > 0);
    let some: Vec<String> = some.map(|(n, word)| format!("{n} {word}")).collect();
    if some.is_empty() {
        nothing.to_owned()
    } else {
        some.join(", ")
    }
}

/// `1 secret`, `2 secrets`.
pub(super) fn plural(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
