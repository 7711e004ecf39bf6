//! The configuration file: its text, and where each key stands in it.

use std::ops::Range;
use std::path::Path;

use toml_edit::{ImDocument, Item, TableLike};

use super::masked::masked;
use super::place::Place;
use super::problem::{Problem, Problems};

/// A file that was read and is TOML.
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: String,
    document: ImDocument<String>,
}

impl Source {
    pub(super) fn read(file: &Path) -> Result<Self, Problems> {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file).map_err(|error| {
            let problem = Problem::at(
                Place::Nowhere,
                format!("cannot read the configuration {name}: {error}"),
            )
            .remedy(
                "give the path of a TOML file that this user may read; config/watchdog.toml shows every key",
            );
            Problems::without_source(problem)
        })?;
        Self::parse(name, text)
    }

    pub(super) fn parse(name: String, text: String) -> Result<Self, Problems> {
        match ImDocument::parse(text.clone()) {
            Ok(document) => Ok(Self { name, text, document }),
            Err(error) => {
                let place = error.span().map_or(Place::Nowhere, Place::File);
                let problem = Problem::at(place, format!("not TOML: {}", error.message().trim()))
                    .remedy("texts and durations stand in quotes, a section in [brackets]");
                Err(Problems::new(Some((name, masked(&text))), vec![problem]))
            }
        }
    }

    /// Bytes of the value at `path`.
    pub(super) fn span(&self, path: &[String]) -> Option<Range<usize>> {
        let spans = find(self.document.as_table(), path)?;
        spans.value.or(spans.key)
    }

    /// Bytes of the key itself; of a list's item, its first line.
    pub(super) fn key_span(&self, path: &[String]) -> Option<Range<usize>> {
        let spans = find(self.document.as_table(), path)?;
        let span = spans.key.or(spans.value)?;
        let first_line = self.text.get(span.clone())?.lines().next()?;
        Some(span.start..span.start + first_line.len())
    }

    pub(super) fn line(&self, at: usize) -> usize {
        self.text[..at.min(self.text.len())].matches('\n').count() + 1
    }
}

/// Where a key and its value stand.
struct Spans {
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
}

/// What stands at `path`, a number being an index into a list.
fn find(table: &dyn TableLike, path: &[String]) -> Option<Spans> {
    let (first, rest) = path.split_first()?;
    let (key, item) = table.get_key_value(first)?;
    if rest.is_empty() {
        return Some(Spans {
            key: key.span(),
            value: item.span(),
        });
    }
    match item.as_table_like() {
        Some(inner) => find(inner, rest),
        None => find_in_list(item, rest),
    }
}

/// In `[[tables]]`, or in `[a, list]`.
fn find_in_list(list: &Item, path: &[String]) -> Option<Spans> {
    let (index, rest) = path.split_first()?;
    let index: usize = index.parse().ok()?;
    let (span, table): (_, Option<&dyn TableLike>) = match list.as_array_of_tables() {
        Some(tables) => {
            let table = tables.get(index)?;
            (table.span(), Some(table))
        }
        None => {
            let value = list.as_array()?.get(index)?;
            (value.span(), value.as_inline_table().map(|table| table as _))
        }
    };
    if rest.is_empty() {
        return Some(Spans {
            key: None,
            value: span,
        });
    }
    find(table?, rest)
}
