//! The configuration file: its text, and where each key stands in it.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use toml_edit::{ImDocument, Item, TableLike};

use super::masked::masked;
use super::place::Place;
use super::problem::{Problem, Problems};

/// What is larger is no configuration: a thousand rules fit.
const LARGEST: usize = 256 * 1024;

/// A file that was read and is TOML.
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: String,
    document: ImDocument<String>,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl Source {
    pub(super) fn read(file: &Path) -> Result<Self, Problems> {
        let name = file.display().to_string();
        let text = read_at_most(file, LARGEST + 1).map_err(|error| {
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
        if text.len() > LARGEST {
            let problem = Problem::at(Place::Nowhere, format!("{name} is larger than {LARGEST} bytes"));
            return Err(Problems::without_source(problem.remedy(
                "give a TOML file as config/watchdog.toml; prefix, tag or all need one rule for many",
            )));
        }
        match ImDocument::parse(text.clone()) {
            Ok(document) => Ok(Self {
                name,
                lines: [0]
                    .into_iter()
                    .chain(text.match_indices('\n').map(|(at, _)| at + 1))
                    .collect(),
                text,
                document,
            }),
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
        self.lines.partition_point(|begin| *begin <= at)
    }
}

/// A device or a pipe may have no end.
fn read_at_most(file: &Path, most: usize) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(file)?.take(most as u64).read_to_end(&mut bytes)?;
    if bytes.len() == most {
        // It may be cut in the middle of a letter, and is refused for its length.
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
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
