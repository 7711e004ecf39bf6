//! One event of a log, taken apart.

use jiff::Timestamp;
use machine::model::Step;

use super::LogQuestion;
use super::json::{self, Json};
use super::meaning::Claim;
use super::platform::{self, Platform};
use super::runtime::{self, Break, Weight};
use super::steps;
use crate::ports::LogEvent;

/// A line of the log, taken out of its JSON where the function logs JSON.
pub(super) struct Line<'a> {
    pub(super) at: Timestamp,
    pub(super) stream: &'a str,
    /// As it was logged.
    pub(super) raw: &'a str,
    pub(super) text: String,
    /// The invocation's id.
    pub(super) request: Option<String>,
    pub(super) word: Word,
    /// What the patterns say that it means.
    pub(super) claim: Option<Claim>,
    /// The step that the event asked for, where the line shows it.
    pub(super) asked: Option<Step>,
}

/// Whose word a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Platform(Platform),
    /// The runtime's: the invocation failed.
    Broken(Break, Weight),
    /// The function's own.
    Said,
}

impl<'a> Line<'a> {
    pub(super) fn read(event: &'a LogEvent, question: &LogQuestion) -> Self {
        let raw = event.message.as_str();
        let as_logged = word_of(raw);
        let told = match as_logged {
            Word::Said => json::read(raw),
            Word::Platform(_) | Word::Broken(..) => None,
        };
        let Json { text, request, word } = told.unwrap_or_else(|| Json {
            text: raw.to_owned(),
            word: Some(as_logged),
            ..Json::default()
        });
        // Runtimes write their errors as messages, too; Lambda itself writes none.
        let word = word.unwrap_or_else(|| runtimes_word(&text));
        Self {
            at: event.at,
            stream: &event.stream,
            raw,
            request: own_id(raw, question)
                .or(request)
                .or_else(|| request_id(raw, question).map(str::to_owned)),
            word,
            claim: Claim::read(&text, question),
            asked: steps::asked(raw).or_else(|| steps::asked(said(&text))),
            text,
        }
    }

    /// What the function itself said, without what loggers put before it.
    pub(super) fn said(&self) -> &str {
        said(&self.text)
    }
}

fn word_of(text: &str) -> Word {
    if let Some(platform) = platform::read(text) {
        return Word::Platform(platform);
    }
    runtimes_word(text)
}

fn runtimes_word(text: &str) -> Word {
    match runtime::broken(text) {
        Some((end, weight)) => Word::Broken(end, weight),
        None => Word::Said,
    }
}

/// Behind `[INFO]\t<time>\t<id>\t` (Python), `<time>\t<id>\tINFO\t` (Node, .NET), `I, [<time> #8]  INFO <id> -- : `
/// (Ruby).
fn said(text: &str) -> &str {
    const PARTS: usize = 3;
    let tabs = text.match_indices('\t').nth(PARTS - 1);
    let behind_tabs = tabs.filter(|(at, _)| *at < 120).map(|(at, _)| &text[at + 1..]);
    let behind_ruby = || text.split_once(" -- : ").map(|(_, said)| said);
    behind_tabs.or_else(behind_ruby).unwrap_or(text)
}

/// The id that the runtime puts before what is logged: an object behind it may have others.
fn own_id(raw: &str, question: &LogQuestion) -> Option<String> {
    let (before, _) = raw.split_once('{')?;
    request_id(before, question).map(str::to_owned)
}

/// The invocation's id: the first word that looks like a UUID and is not the id of a version.
pub(super) fn request_id<'a>(message: &'a str, question: &LogQuestion) -> Option<&'a str> {
    let is_uuid = |word: &&str| {
        word.len() == 36
            && word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
            && word.matches('-').count() == 4
    };
    let is_version = |word: &str| question.knows(word).is_some();
    message
        .split_whitespace()
        .find(|word| is_uuid(word) && !is_version(word))
}
