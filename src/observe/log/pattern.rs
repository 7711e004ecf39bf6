//! Patterns for lines of a log.

use machine::model::{SecretArn, VersionId};

use super::super::arn;

/// The longest id of a version (CreateSecret: ClientRequestToken).
const LONGEST_VERSION: usize = 64;

/// Whether a line has the pattern's words in their order; the version it names, if it names one.
///
/// `<arn>` stands for the secret's ARN and nothing else, `<version>` for the id of a version, any other `<…>` for
/// whatever comes before the next words. Nothing is tried twice: the work grows with the line, not with its square.
pub(super) fn matches(pattern: &str, text: &str, secret: &SecretArn) -> Option<Option<VersionId>> {
    let mut parts = pattern.split('<');
    let mut rest = behind(text, parts.next()?)?;
    let mut version = None;
    for part in parts {
        let (name, words) = part.split_once('>')?;
        rest = match name {
            "arn" => rest[known(rest, secret)?.len()..].strip_prefix(words)?,
            "version" => {
                let id = version_id(rest)?;
                version = Some(VersionId::new(id));
                rest[id.len()..].strip_prefix(words)?
            }
            _ => behind(rest, words)?,
        };
    }
    Some(version)
}

/// What comes behind the first of these words.
fn behind<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    let at = text.find(words)?;
    Some(&text[at + words.len()..])
}

/// The secret's ARN, where the text begins with it.
fn known<'a>(text: &'a str, secret: &SecretArn) -> Option<&'a str> {
    Some(arn::leading(text)).filter(|arn| arn::names(arn, secret))
}

/// The id of a version, where the text begins with one.
fn version_id(text: &str) -> Option<&str> {
    Some(arn::leading(text)).filter(|id| (1..=LONGEST_VERSION).contains(&id.len()))
}
