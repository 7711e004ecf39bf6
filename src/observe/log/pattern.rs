//! Patterns for lines of a log.

use machine::model::VersionId;

use super::super::arn;

/// The longest id of a version (CreateSecret: ClientRequestToken).
const LONGEST_VERSION: usize = 64;
/// Cut ids are believed to be a version's from this length on.
const SHORTEST_PREFIX: usize = 8;
/// What stands for what was cut off.
const CUT: [char; 3] = ['.', '…', '*'];

/// What a line that has a pattern's words names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Found<'a> {
    /// A secret's ARN.
    pub(super) arn: Option<&'a str>,
    pub(super) version: Option<Told<'a>>,
}

/// The id of a version as a line has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told<'a> {
    pub(super) id: &'a str,
    /// A part of it was left out.
    pub(super) is_cut: bool,
}

/// Whether a line has the pattern's words in their order, and what it names.
///
/// `<arn>` stands for the ARN of a secret and nothing else, `<version>` for the id of a version, any other `<…>` for
/// whatever comes before the next words. Nothing is tried twice: the work grows with the line, not with its square.
pub(super) fn matches<'a>(pattern: &str, text: &'a str) -> Option<Found<'a>> {
    let mut parts = pattern.split('<');
    let mut rest = behind(text, parts.next()?)?;
    let mut found = Found::default();
    for part in parts {
        let (name, words) = part.split_once('>')?;
        rest = match name {
            "arn" => {
                let named = arn::leading(rest);
                found.arn = Some(arn::all(named).next().filter(|arn| *arn == named)?);
                rest[named.len()..].strip_prefix(words)?
            }
            "version" => {
                found.version = version(rest);
                let id = found.version.map_or(0, |told| told.id.len());
                behind(&rest[id..], words)?
            }
            _ => behind(rest, words)?,
        };
    }
    Some(found)
}

/// What comes behind the first of these words.
fn behind<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    let at = text.find(words)?;
    Some(&text[at + words.len()..])
}

/// The id of a version, where the text begins with one. Where it was masked there is none.
fn version(text: &str) -> Option<Told<'_>> {
    let id = arn::leading(text);
    let behind = &text[id.len()..];
    let is_cut = behind.starts_with("..") || behind.starts_with(&CUT[1..]);
    (1..=LONGEST_VERSION)
        .contains(&id.len())
        .then_some(Told { id, is_cut })
}

impl Told<'_> {
    /// The version that is meant: one of the known, by its beginning where it was cut, else the id as it stands. What
    /// was cut and begins no version that is known, or only one of several, is none.
    pub(super) fn version<'v>(self, known: impl Iterator<Item = &'v VersionId> + Clone) -> Option<VersionId> {
        let Self { id, is_cut } = self;
        if known.clone().any(|version| version.as_str() == id) {
            return Some(VersionId::new(id));
        }
        let shortest = known.clone().map(|version| version.as_str().len()).min();
        if !is_cut && shortest.is_none_or(|shortest| id.len() >= shortest) {
            return Some(VersionId::new(id));
        }
        let mut begun =
            known.filter(|version| id.len() >= SHORTEST_PREFIX && version.as_str().starts_with(id));
        let version = begun.next()?.clone();
        begun.all(|other| *other == version).then_some(version)
    }
}
