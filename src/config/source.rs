//! The configuration file: its text, and where each key stands in it.

use std::ops::Range;
use std::path::Path;

use toml_edit::{ImDocument, Item, Table};

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
                Err(Problems::new(Some((name, text)), vec![problem]))
            }
        }
    }

    /// Bytes of the value at `path`, else of the nearest table that holds it.
    pub(super) fn span(&self, path: &[String]) -> Option<Range<usize>> {
        let (key, item) = find(self.document.as_table(), path)?;
        item.span().or(key)
    }

    /// Bytes of the key itself.
    pub(super) fn key_span(&self, path: &[String]) -> Option<Range<usize>> {
        let (key, item) = find(self.document.as_table(), path)?;
        key.or_else(|| item.span())
    }

    pub(super) fn line(&self, at: usize) -> usize {
        self.text[..at.min(self.text.len())].matches('\n').count() + 1
    }
}

/// The item at `path`, a number being an index into a list, with the span of its key.
fn find<'a>(table: &'a Table, path: &[String]) -> Option<(Option<Range<usize>>, &'a Item)> {
    let (first, rest) = path.split_first()?;
    let (key, item) = table.get_key_value(first)?;
    descend(item, key.span(), rest)
}

fn descend<'a>(
    item: &'a Item,
    key: Option<Range<usize>>,
    path: &[String],
) -> Option<(Option<Range<usize>>, &'a Item)> {
    let Some((first, rest)) = path.split_first() else {
        return Some((key, item));
    };
    if let Some(tables) = item.as_array_of_tables() {
        let table = tables.get(first.parse().ok()?)?;
        return match rest {
            [] => Some((table.span(), item)),
            rest => find(table, rest),
        };
    }
    if let Some(table) = item.as_table() {
        let (key, item) = table.get_key_value(first)?;
        return descend(item, key.span(), rest);
    }
    // Inside of an inline table or list, the whole of it is the place.
    Some((item.span().or(key), item))
}
