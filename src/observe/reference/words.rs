//! Secrets as people name them in variables and commands: by ARN, by SSM's path, or by name.
//!
//! A name is *exact* where nothing else stands in its place: the whole value, a string of a JSON document, an item of a
//! list, an argument. Then, where it can hardly be anything else (it has a `/` or `!` within, or twenty characters), or
//! where what stands before it or the variable's name says that a secret follows, its owner is found. Whatever is less
//! is suspected at most: a secret called `db` does not make a consumer of everybody with `STAGE=db`, and one called
//! `shop/db` none of whoever runs the image `shop/db:1.4`.

use std::collections::BTreeSet;

use machine::model::{Reference, ReferenceKind, SecretArn};

use super::{Known, SSM_REFERENCE, arn, reference};

/// The longest name of a secret (CreateSecret: Name).
const LONGEST_NAME: usize = 512;
/// Who is suspected by the beginning of a name, at most.
const MOST_BY_PREFIX: usize = 50;
const SHORTEST_PREFIX: usize = 4;
const TELLING_LENGTH: usize = 20;
/// What may follow an ARN without a space: `ARN/key`, `ARN=VARIABLE`, `ARN@STAGE`. Tried from the end, so often.
const MOST_CUTS: usize = 8;

/// What a word may be made of: names, the colons of ARNs and schemes.
fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/_+=.@-!:".contains(c)
}

pub(super) fn search(known: &Known<'_>, place: &str, text: &str, found: &mut BTreeSet<Reference>) {
    let text = text.trim();
    let said_by_place = says_secret(place);
    let mut scene = Scene {
        known,
        said_by_place,
        is_list: said_by_place && is_list(known, text),
        said_before: false,
        found,
    };
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let length = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(length);
        if !word.is_empty() {
            scene.word(&text[..at], word, behind);
        }
        at += length + behind.chars().next().map_or(0, char::len_utf8);
    }
}

/// Whether a word is an item of its own: not one of a sentence, of a shell's command line, or of an address, and not joined
/// to a variable (`${HOME}/shop`).
fn is_item(before: &str, behind: &str) -> bool {
    let is_joined = before.ends_with(['?', '&', '#', '}', '~']);
    !is_joined && is_border(before.chars().rev()) && is_border(behind.chars())
}

/// What stands beside a word, outwards. A quote with a space and another word behind it is one of a sentence; a comma or
/// what begins an item of YAML (`- "shop/db"`) is not. Backslashes are JSON's within JSON.
fn is_border(outwards: impl Iterator<Item = char>) -> bool {
    let mut outwards = outwards.filter(|c| *c != '\\');
    let is_space = |c: &char| matches!(c, ' ' | '\t');
    match outwards.next() {
        None => true,
        Some('(' | ')') => false,
        Some(' ' | '\t') => matches!(outwards.find(|c| !is_space(c)), Some(',' | ';')),
        Some('"' | '\'' | '`') => {
            let next = outwards.find(|c| !is_space(c));
            next.is_none_or(|c| !is_of_word(c) || matches!(c, ':' | '=' | '-'))
        }
        Some(_) => true,
    }
}

/// Whether a text is names with nothing but spaces between: a word that has no mark of a name is one of a sentence.
fn is_list(known: &Known<'_>, text: &str) -> bool {
    let is_mark = |c: char| c.is_ascii_digit() || "-_/!=".contains(c);
    let looks_so =
        |word: &str| !word.starts_with('-') && word.contains(is_mark) && word.chars().all(is_of_word);
    text.split_whitespace()
        .all(|word| known.by_name.contains_key(word) || looks_so(word))
}

/// Whether a word is an item or a value of YAML without quotes: `- shop-db`, `{db: shop-db}`.
fn is_of_yaml(before: &str, behind: &str) -> bool {
    let mark = before.trim_end_matches([' ', '\t']);
    let is_value = mark.len() < before.len() && mark.ends_with(':');
    (is_value || is_dashed(before)) && is_border(behind.chars())
}

/// Whether a dash alone, as before an item of YAML, is all that stands before it in its line.
fn is_dashed(before: &str) -> bool {
    let mark = before.trim_end_matches([' ', '\t']).strip_suffix('-');
    mark.is_some_and(begins_line)
}

fn begins_line(before: &str) -> bool {
    let line = before.trim_end_matches([' ', '\t']);
    line.is_empty() || line.ends_with(['\n', '\r'])
}

/// Where the search has come to.
struct Scene<'a, 'f> {
    known: &'a Known<'a>,
    /// The variable's name says that a secret's name follows.
    said_by_place: bool,
    /// It does, and the text is a list without commas.
    is_list: bool,
    /// The word before does.
    said_before: bool,
    found: &'f mut BTreeSet<Reference>,
}

/// How a word, or a part of one between colons, stands.
#[derive(Clone, Copy)]
struct Spot {
    /// What is before it says that a secret follows.
    said: bool,
    /// It is an item of its own, perhaps with a scheme or a tag: `postgres://shop/db`, `shop/db:1.4`.
    item: bool,
    /// It is one without either.
    alone: bool,
    /// It is one of a list without commas or quotes: there the variable's name has to say what is listed.
    listed: bool,
    /// It stands behind a dash: what was said before the list holds for the next one, too.
    dashed: bool,
    /// `*` follows: it stands for whatever begins so.
    pattern: bool,
    /// It is all of the text.
    whole: bool,
}

impl Scene<'_, '_> {
    fn word(&mut self, before: &str, word: &str, behind: &str) {
        if let Some(at) = word.find("arn:aws") {
            self.arn(arn::leading(&word[at..]), behind);
            self.said_before = false;
        } else if word.contains(SSM_REFERENCE) {
            for parameter in word.split(SSM_REFERENCE).skip(1) {
                self.fetched(self.known.by_parameter(with_its_selector(parameter)));
            }
            self.said_before = false;
        } else if is_variable(before, word) {
            self.said_before = false;
        } else if word != "-" || !begins_line(before) {
            self.pieces(before, word, behind);
        }
    }

    fn pieces(&mut self, before: &str, word: &str, behind: &str) {
        let item = is_item(before, behind);
        let pattern = behind.starts_with('*');
        let alone = item && !pattern && !word.contains(':');
        let listed = self.is_list || is_of_yaml(before, behind);
        let dashed = is_dashed(before);
        let whole = before.is_empty() && behind.is_empty() && !word.contains(':');
        for piece in word.split(':').filter(|piece| !piece.is_empty()) {
            let spot = Spot {
                said: self.said_before,
                item,
                alone,
                listed,
                dashed,
                pattern,
                whole,
            };
            self.piece(piece.trim_end_matches('.'), spot);
        }
    }

    fn arn(&mut self, arn: &str, behind: &str) {
        let bare = arn::bare(arn);
        if arn.contains(SSM_REFERENCE) {
            self.fetched(self.known.named_by(arn));
        } else if behind.starts_with("??????") {
            let exact = self.known.by_arn.get(bare.trim_end_matches('-'));
            self.found
                .extend(exact.map(|secret| reference(secret, ReferenceKind::Suspected)));
        } else if behind.starts_with('*') {
            self.pattern(bare);
        } else if let Some(secret) = self.known.by_arn.get(bare).or_else(|| self.cut(bare)) {
            self.found.insert(reference(secret, ReferenceKind::Fetches));
        }
    }

    /// An ARN with something behind it that could be a part of a name. Only the whole ARN counts: what is left of another
    /// secret's might be a shorter one's.
    fn cut(&self, arn: &str) -> Option<&&SecretArn> {
        let ends = arn.rmatch_indices(['/', '=', '@']).take(MOST_CUTS);
        let mut cuts = ends.filter_map(|(end, _)| self.known.by_arn.get_key_value(&arn[..end]));
        let (_, secret) = cuts.find(|(cut, secret)| **cut == secret.as_str())?;
        Some(secret)
    }

    /// `ARN*`, as policies have it: it may read whatever begins so.
    fn pattern(&mut self, beginning: &str) {
        let Some((_, name)) = beginning.split_once(":secret:") else {
            return;
        };
        if name.len() < SHORTEST_PREFIX {
            return;
        }
        let begin_so = self.known.by_arn.range(beginning..);
        let begin_so = begin_so
            .take_while(|(arn, _)| arn.starts_with(beginning))
            .filter(|(arn, secret)| **arn == secret.as_str());
        let suspected = begin_so.map(|(_, secret)| reference(secret, ReferenceKind::Suspected));
        self.found.extend(suspected.take(MOST_BY_PREFIX));
    }

    /// A program reads by itself what a container would be given.
    fn fetched(&mut self, found: Option<Reference>) {
        self.found.extend(found.map(|found| match found.kind {
            ReferenceKind::Injected => reference(&found.secret, ReferenceKind::Fetches),
            ReferenceKind::Pinned { .. }
            | ReferenceKind::Fetches
            | ReferenceKind::Named
            | ReferenceKind::Suspected
            | ReferenceKind::Declared => found,
        }));
    }

    /// A list goes on after a name: what was said before it holds for the next.
    fn piece(&mut self, piece: &str, spot: Spot) {
        if self.candidate(piece, spot) {
            return;
        }
        // `secret = "db"`
        if piece == "=" {
            return;
        }
        let Some((key, value)) = piece.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            self.said_before = says_secret(piece) || self.said_before && spot.dashed;
            return;
        };
        self.said_before = value.is_empty() && says_secret(key);
        let pairs = [
            Some((key, value)),
            piece.rsplit_once('=').filter(|(all, _)| *all != key),
        ];
        pairs.into_iter().flatten().for_each(|pair| self.pair(pair, spot));
    }

    /// A pair speaks for itself: `--password=x` says nothing of what follows.
    fn pair(&mut self, (key, value): (&str, &str), spot: Spot) {
        let (said, whole) = (says_secret(key), false);
        if !self.candidate(value, Spot { said, whole, ..spot }) && is_telling(key) {
            self.candidate(key, Spot { whole, ..spot });
        }
    }

    /// Whether it is a secret's name, found or only suspected.
    fn candidate(&mut self, word: &str, spot: Spot) -> bool {
        if word.is_empty() || word.len() > LONGEST_NAME + 2 {
            return false;
        }
        let without_scheme = word.strip_prefix("//");
        let mut names = [Some(word), without_scheme].into_iter().flatten();
        if let Some(name) = names.find(|name| self.known.by_name.contains_key(name)) {
            if let Some(kind) = self.told_by_name(name, spot) {
                self.note(name, kind);
            }
            return true;
        }
        let of_key = without_scheme
            .filter(|_| spot.said)
            .and_then(|word| word.rsplit_once('/'));
        if let Some((name, _)) = of_key {
            self.note(name, ReferenceKind::Named);
        }
        if spot.item && (spot.said || self.said_by_place) {
            self.beginning(word);
        }
        false
    }

    /// What an exact name means where it stands.
    fn told_by_name(&self, name: &str, spot: Spot) -> Option<ReferenceKind> {
        let is_telling = is_telling(name);
        let by_place = self.said_by_place && (spot.item || spot.listed);
        let is_named = spot.said || by_place || spot.alone && is_telling;
        if is_named && !spot.pattern {
            Some(ReferenceKind::Named)
        } else if is_telling || spot.whole {
            Some(ReferenceKind::Suspected)
        } else {
            None
        }
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

/// A shell's `$DB_PASSWORD` or `${DB_PASSWORD}`: its value stands elsewhere.
fn is_variable(before: &str, word: &str) -> bool {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (before.ends_with('$') || before.ends_with("${")) && word.chars().all(is_of_name)
}

/// A parameter of SSM with the label or version that it names; what else follows a colon is no part of it.
fn with_its_selector(parameter: &str) -> &str {
    /// The shortest id of a version (PutSecretValue: ClientRequestToken).
    const SHORTEST_ID: usize = 32;
    let parameter = parameter.trim_end_matches(['.', ':']);
    match parameter.split_once(':') {
        Some((_, selector)) if selector.starts_with("AWS") || selector.len() >= SHORTEST_ID => parameter,
        Some((name, _)) => name,
        None => parameter,
    }
}

/// Whether a name can hardly be anything but the secret's.
fn is_telling(name: &str) -> bool {
    let within = name.trim_matches(['/', '!']);
    within.contains(['/', '!']) || name.len() >= TELLING_LENGTH
}

/// Whether a variable, an option, a key or a scheme says that a secret's name follows: `DB_SECRET_ID`, `--secret-id`,
/// `aws-secretsmanager:`, `secretsmanager://`, `awssm://`. Nothing is copied: it may be a part of a value.
fn says_secret(word: &str) -> bool {
    const SIGNS: [&str; 6] = ["secret", "credential", "passw", "awssm", "aws-sm", "aws_sm"];
    let says = |sign: &str| {
        let mut parts = word.as_bytes().windows(sign.len());
        parts.any(|part| part.eq_ignore_ascii_case(sign.as_bytes()))
    };
    let is_denied = word.starts_with("--no-") || word.starts_with("--skip-");
    !is_denied && SIGNS.into_iter().any(says)
}
