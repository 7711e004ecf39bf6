//! Secrets as people name them in variables and commands: by ARN, by SSM's path, or by name.
//!
//! A name is *exact* where nothing else stands in its place: the whole value, a string of a JSON document, an item of a
//! list, an argument. Then, where it can hardly be anything else (it has a `/` or `!` within, or twenty characters), or
//! where what stands before it or the variable's name says that a secret follows, its owner is found. Whatever is less
//! is suspected at most: a secret called `db` does not make a consumer of everybody with `STAGE=db`.

use std::collections::BTreeSet;

use machine::model::{Reference, ReferenceKind};

use super::{Known, SSM_REFERENCE, arn, reference};

/// The longest name of a secret (CreateSecret: Name).
const LONGEST_NAME: usize = 512;
/// Who is suspected by the beginning of a name, at most.
const MOST_BY_PREFIX: usize = 50;
const SHORTEST_PREFIX: usize = 4;
const TELLING_LENGTH: usize = 20;

/// What a word may be made of: names, the colons of ARNs and schemes.
fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/_+=.@-!:".contains(c)
}

pub(super) fn search(known: &Known<'_>, place: &str, text: &str, found: &mut BTreeSet<Reference>) {
    let text = text.trim();
    let mut scene = Scene {
        known,
        said_by_place: says_secret(place),
        said_before: false,
        found,
    };
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let length = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(length);
        if !word.is_empty() {
            scene.word(word, stands_alone(&text[..at], behind), word == text);
        }
        at += length + behind.chars().next().map_or(0, char::len_utf8);
    }
}

/// Whether a word is an item of its own: not one of a sentence or of a shell's command line.
fn stands_alone(before: &str, behind: &str) -> bool {
    let parts = |c: char| !matches!(c, ' ' | '\t');
    before.chars().next_back().is_none_or(parts) && behind.chars().next().is_none_or(parts)
}

/// Where the search has come to.
struct Scene<'a, 'f> {
    known: &'a Known<'a>,
    /// The variable's name says that a secret's name follows.
    said_by_place: bool,
    /// The word before does.
    said_before: bool,
    found: &'f mut BTreeSet<Reference>,
}

impl Scene<'_, '_> {
    fn word(&mut self, word: &str, alone: bool, whole: bool) {
        if let Some(at) = word.find("arn:aws") {
            self.arn(arn::leading(&word[at..]));
            self.said_before = false;
            return;
        }
        for piece in word.split(':').filter(|piece| !piece.is_empty()) {
            self.piece(piece.trim_end_matches('.'), alone, whole && piece == word);
        }
    }

    fn arn(&mut self, arn: &str) {
        let named = if arn.contains(SSM_REFERENCE) {
            self.known.named_by(arn).map(|reference| reference.secret)
        } else {
            self.known
                .by_arn
                .get(arn::bare(arn))
                .map(|secret| (*secret).clone())
        };
        self.found.extend(named.map(|secret| Reference {
            secret,
            kind: ReferenceKind::Fetches,
        }));
    }

    /// A part of a word, `key=value` among it. A list goes on after a name: what was said before it holds for the next.
    fn piece(&mut self, piece: &str, alone: bool, whole: bool) {
        if let Some((_, parameter)) = piece.split_once(SSM_REFERENCE) {
            self.note(parameter, ReferenceKind::Fetches);
            return;
        }
        let mut is_name = self.candidate(piece, self.said_before, alone, whole);
        if let Some((key, value)) = piece.split_once('=') {
            is_name |= self.candidate(value, self.said_before || says_secret(key), alone, false);
        }
        if !is_name {
            self.said_before = says_secret(piece);
        }
    }

    /// Whether it is a secret's name, found or only suspected.
    fn candidate(&mut self, word: &str, said: bool, alone: bool, whole: bool) -> bool {
        if word.is_empty() || word.len() > LONGEST_NAME + 2 {
            return false;
        }
        let without_scheme = word.strip_prefix("//");
        let mut names = [Some(word), without_scheme].into_iter().flatten();
        if let Some(name) = names.find(|name| self.known.by_name.contains_key(name)) {
            if let Some(kind) = told_by_name(name, said, self.said_by_place, alone, whole) {
                self.note(name, kind);
            }
            return true;
        }
        let of_key = without_scheme
            .filter(|_| said)
            .and_then(|word| word.rsplit_once('/'));
        if let Some((name, _)) = of_key {
            self.note(name, ReferenceKind::Named);
        }
        if alone && (said || self.said_by_place) {
            self.beginning(word);
        }
        false
    }

    fn note(&mut self, name: &str, kind: ReferenceKind) {
        let secret = self.known.by_name.get(name);
        self.found.extend(secret.map(|secret| reference(secret, kind)));
    }

    /// `shop/` or `shop/*`: it may read whatever begins so.
    fn beginning(&mut self, word: &str) {
        if word.len() < SHORTEST_PREFIX || !word.ends_with('/') {
            return;
        }
        let begin_so = self.known.by_name.range(word..);
        let begin_so = begin_so
            .take_while(|(name, _)| name.starts_with(word))
            .take(MOST_BY_PREFIX);
        let suspected = begin_so.map(|(_, secret)| reference(secret, ReferenceKind::Suspected));
        self.found.extend(suspected);
    }
}

/// What an exact name means where it stands.
fn told_by_name(
    name: &str,
    said_before: bool,
    said_by_place: bool,
    alone: bool,
    whole: bool,
) -> Option<ReferenceKind> {
    let is_telling = is_telling(name);
    if said_before || alone && (is_telling || said_by_place) {
        Some(ReferenceKind::Named)
    } else if is_telling || whole {
        Some(ReferenceKind::Suspected)
    } else {
        None
    }
}

/// Whether a name can hardly be anything but the secret's.
fn is_telling(name: &str) -> bool {
    let within = name.trim_matches(['/', '!']);
    within.contains(['/', '!']) || name.len() >= TELLING_LENGTH
}

/// Whether a variable, an option, a key or a scheme says that a secret's name follows: `DB_SECRET_ID`, `--secret-id`,
/// `aws-secretsmanager:`, `secretsmanager://`, `awssm://`.
fn says_secret(word: &str) -> bool {
    const SIGNS: [&str; 6] = ["secret", "credential", "passw", "awssm", "aws-sm", "aws_sm"];
    let word = word.to_ascii_lowercase();
    SIGNS.iter().any(|sign| word.contains(sign))
}
