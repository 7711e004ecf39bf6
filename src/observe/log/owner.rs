//! Whose invocation it was, where one function rotates several secrets (aws-facts: The rotation Lambda's log).
//!
//! A rotation names other secrets, too: its master secret, keytabs, a resource that was denied. They do not take it over.

use machine::model::SecretArn;

use super::invocation::Invocation;
use super::line::Line;
use super::{LogQuestion, OtherSecret};
use crate::observe::arn;

/// Whether an invocation was for the secret: the strongest sign decides. Without any, it is where no other secret of the
/// function rotates.
pub(super) fn is_ours(invocation: &Invocation<'_>, question: &LogQuestion) -> bool {
    let signs: [fn(&Line<'_>, &LogQuestion) -> Sign; 4] = [by_event, by_claim, by_version, by_mention];
    for sign in signs {
        let told = invocation.lines.iter().map(|line| sign(line, question));
        let told = told.fold(Sign::default(), Sign::and);
        match told {
            Sign { ours: true, theirs } => return !(theirs && question.is_shared()),
            Sign { theirs: true, .. } => return false,
            Sign { .. } => {}
        }
    }
    !question.is_shared()
}

/// Which secrets something names.
#[derive(Clone, Copy, Default)]
struct Sign {
    ours: bool,
    theirs: bool,
}

impl Sign {
    fn and(self, other: Self) -> Self {
        Self {
            ours: self.ours || other.ours,
            theirs: self.theirs || other.theirs,
        }
    }

    fn of(is_ours: bool) -> Self {
        Self {
            ours: is_ours,
            theirs: !is_ours,
        }
    }
}

impl LogQuestion {
    /// Whether a word is a version of the secret; nothing where it is none of any secret that is known.
    pub(super) fn knows(&self, word: &str) -> Option<bool> {
        /// No shorter word is looked up.
        const SHORTEST: usize = 8;
        if word.len() < SHORTEST {
            return None;
        }
        let mut others = self.others.iter().flat_map(|other| &other.versions);
        if self.versions.iter().any(|version| version.as_str() == word) {
            return Some(true);
        }
        others.any(|version| version.as_str() == word).then_some(false)
    }
}

/// The event that the function was invoked with.
fn by_event(line: &Line<'_>, question: &LogQuestion) -> Sign {
    let asked = line.asked.and_then(|_| secret_id(line.raw));
    asked.map_or(Sign::default(), |id| {
        Sign::of(question.secret.is(id) || id == question.secret.name())
    })
}

/// The value of `SecretId`, in JSON or as any language shows an object.
fn secret_id(text: &str) -> Option<&str> {
    let between = |c: char| matches!(c, '"' | '\'' | '\\' | ':' | '=' | '>' | ' ');
    let (_, behind) = text
        .split_once("ecretId")
        .or_else(|| text.split_once("ecret_id"))?;
    Some(arn::leading(behind.trim_start_matches(between))).filter(|id| !id.is_empty())
}

/// A line that a pattern knows names its secret as the one that it is about.
fn by_claim(line: &Line<'_>, question: &LogQuestion) -> Sign {
    let named = line.claim.as_ref().and_then(|claim| claim.arn.as_deref());
    named.map_or(Sign::default(), |named| Sign::of(question.secret.is(named)))
}

fn by_version(line: &Line<'_>, question: &LogQuestion) -> Sign {
    let is_of_id = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let words = line.raw.split(|c| !is_of_id(c)).filter(|word| !word.is_empty());
    let told = words.filter_map(|word| question.knows(word));
    told.map(Sign::of).fold(Sign::default(), Sign::and)
}

/// Another secret counts only where the function rotates it.
fn by_mention(line: &Line<'_>, question: &LogQuestion) -> Sign {
    let is_other = |named: &str, other: &OtherSecret| is_named(named, &other.secret);
    let of_arn = |named: &str| Sign {
        ours: is_named(named, &question.secret),
        theirs: question.others.iter().any(|other| is_other(named, other)),
    };
    let text = line.raw;
    let arns = arn::all(text).filter(|named| !is_aside(text, named));
    arns.map(of_arn).fold(Sign::default(), Sign::and)
}

fn is_named(named: &str, secret: &SecretArn) -> bool {
    secret.is(named)
}

/// Whether a secret is named as the one that another's user is changed with.
fn is_aside(text: &str, named: &str) -> bool {
    /// Before an ARN, in small letters.
    const MASTER: [&str; 6] = [
        "master secret ",
        "admin secret ",
        "master secret arn ",
        "masterarn\": \"",
        "masterarn\":\"",
        "superuser secret ",
    ];
    const LONGEST: usize = 20;
    let at = named.as_ptr() as usize - text.as_ptr() as usize;
    let from = (at.saturating_sub(LONGEST)..=at).find(|from| text.is_char_boundary(*from));
    let before = text[from.unwrap_or(at)..at].to_ascii_lowercase();
    MASTER.iter().any(|words| before.ends_with(words))
}
