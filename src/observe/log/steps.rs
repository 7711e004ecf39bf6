//! The steps of a rotation where foreign text names them, in any case style.

use machine::model::Step;

const STEPS: [(Step, &str, &str); 4] = [
    (Step::CreateSecret, "createsecret", "creating secret"),
    (Step::SetSecret, "setsecret", "setting secret"),
    (Step::TestSecret, "testsecret", "testing secret"),
    (Step::FinishSecret, "finishsecret", "finishing secret"),
];
/// What people put before and behind a step's name when they name its function.
const BEFORE: [&str; 7] = ["do", "handle", "run", "execute", "perform", "on", "step"];
const BEHIND: [&str; 6] = ["async", "step", "handler", "phase", "impl", "fn"];

/// The words that tell of a step's success; a line of nothing else but what [`BESIDE`] it says that a step is done.
const SUCCESS: [&str; 9] = [
    "successfully",
    "success",
    "successful",
    "succeeded",
    "completed",
    "complete",
    "done",
    "finished",
    "ok",
];
const BESIDE: [&str; 22] = [
    "step", "phase", "the", "a", "of", "for", "is", "was", "has", "been", "with", "rotation", "secret",
    "lambda", "function", "executed", "status", "version", "arn", "and", "token", "user",
];

/// The step that this word names: `setSecret`, `set_secret`, `SetSecretAsync`, `handle_set_secret`.
fn of_word(word: &str) -> Option<Step> {
    let word: String = word
        .chars()
        .filter(|c| !matches!(c, '_' | '-'))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let is_it = |name: &str| {
        let Some(at) = word.find(name) else { return false };
        let (before, behind) = (&word[..at], &word[at + name.len()..]);
        (before.is_empty() || BEFORE.contains(&before)) && (behind.is_empty() || BEHIND.contains(&behind))
    };
    STEPS
        .into_iter()
        .find(|(_, name, _)| is_it(name))
        .map(|(step, ..)| step)
}

/// The longest word that could name a step.
const LONGEST: usize = 40;

fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    text.split(move |c| !is_of_word(c))
        .filter(|word| !word.is_empty())
}

/// The steps that a text names, each once.
fn all_in(text: &str) -> Vec<Step> {
    let mut found = Vec::new();
    for step in words(text)
        .filter(|word| word.len() <= LONGEST)
        .filter_map(of_word)
    {
        if !found.contains(&step) {
            found.push(step);
        }
    }
    found
}

/// The step that a text names, where it names one.
pub(super) fn named(text: &str) -> Option<Step> {
    match all_in(text).as_slice() {
        [step] => Some(*step),
        _ => None,
    }
}

/// The step that an error is of: its first word, the functions in its stack, or the one step that it names.
pub(super) fn of_error(text: &str) -> Option<Step> {
    let first = text.split(':').next().and_then(|head| words(head).last());
    let (stack, message): (Vec<&str>, Vec<&str>) = text.split(['\n', '\r']).partition(|line| is_frame(line));
    first
        .and_then(of_word)
        .or_else(|| named(&stack.join("\n")))
        .or_else(|| named(&message.join("\n")))
        .or_else(|| named(text))
}

/// Whether a line of an error is one of its stack: `File "…", line 3, in f`, `at f (…)`, `from x:in 'f'`, and what is
/// indented below it.
fn is_frame(line: &str) -> bool {
    line.starts_with([' ', '\t', '\u{a0}'])
}

/// The ends of a key that has the step's name, and the letters before: `Step`, `rotation_step`, `phase`.
const KEYS: [(&str, [char; 2]); 2] = [("tep", ['S', 's']), ("hase", ['P', 'p'])];
/// What may follow in the key: `stepName`, `step_name`.
const OF_NAME: [&str; 4] = ["Name", "_name", "-name", "name"];

/// The step that the invocation's event asked for: `Step` and its value, in JSON or as any language shows an object.
pub(super) fn asked(text: &str) -> Option<Step> {
    let whole = text.trim();
    let progress = |(_, _, words): &(Step, &str, &str)| whole.eq_ignore_ascii_case(words);
    let by_key = || {
        let behind = KEYS.into_iter().flat_map(|(end, before)| {
            let keys = text.match_indices(end);
            keys.filter(move |(at, _)| text[..*at].ends_with(before))
                .map(move |(at, _)| &text[at + end.len()..])
        });
        behind
            .map(|key| {
                OF_NAME
                    .into_iter()
                    .find_map(|name| key.strip_prefix(name))
                    .unwrap_or(key)
            })
            .filter_map(value)
            .find_map(of_word)
    };
    STEPS
        .iter()
        .find(|row| progress(row))
        .map(|row| row.0)
        .or_else(by_key)
}

/// The word behind a key, past what languages put between the two.
fn value(behind: &str) -> Option<&str> {
    let between = |c: char| matches!(c, '"' | '\'' | '\\' | ':' | '=' | '>' | ' ');
    let value = behind.trim_start_matches(between);
    let separated = behind[..behind.len() - value.len()].contains([':', '=']);
    words(value)
        .next()
        .filter(|word| separated && value.starts_with(*word))
}

/// What a line is about that leaves the step's name to a field.
const WHOLE: [&str; 4] = ["step", "phase", "rotation", "secret"];

/// What a text is about beneath what loggers put before it: dates and times, levels, parts in brackets, and behind any of
/// these the logger's name.
fn without_prefix(text: &str) -> &str {
    let of_border = |c: char| c.is_whitespace() || matches!(c, ':' | '-' | '|');
    let mut rest = text.trim_start();
    let mut is_logged = false;
    while let Some(behind) = behind_part(rest, is_logged) {
        rest = behind.trim_start_matches(of_border);
        is_logged = true;
    }
    rest
}

/// The levels of what went well, in small letters.
const LEVELS: [&str; 7] = [
    "trace",
    "debug",
    "info",
    "information",
    "notice",
    "warn",
    "warning",
];
/// Parts of words that take back what follows.
const DENIALS: [&str; 7] = ["error", "fatal", "critical", "severe", "fail", "skip", "dry"];

/// What comes behind one part of a logger's prefix, where the text begins with one.
fn behind_part(text: &str, is_logged: bool) -> Option<&str> {
    if let Some(bracketed) = text.strip_prefix('[') {
        let (part, behind) = bracketed.split_once(']')?;
        return (!tells(part)).then_some(behind);
    }
    let (word, behind) = text.split_once(char::is_whitespace)?;
    if is_time(word) || is_level(word) {
        return Some(behind);
    }
    let is_name = |word: &str| !word.is_empty() && !tells(word);
    // `INFO:root:` of Python's basicConfig.
    if let Some((_, behind)) = text.split_once(':').filter(|(level, _)| is_level(level)) {
        let logger = behind
            .split_once(':')
            .filter(|(logger, _)| is_name(logger) && !logger.contains(char::is_whitespace));
        return Some(logger.map_or(behind, |(_, said)| said));
    }
    let is_logger = is_logged && behind.trim_start().starts_with("- ") && is_name(word);
    is_logger.then_some(behind)
}

/// Whether a part of what may be a prefix says something of the step: its name, that it is done, or that it is not.
fn tells(part: &str) -> bool {
    let lower = part.to_ascii_lowercase();
    let says_done = |word: &str| of_word(word).is_some() || SUCCESS.contains(&word);
    DENIALS.iter().any(|denial| lower.contains(denial)) || words(&lower).any(says_done)
}

fn is_level(word: &str) -> bool {
    LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level))
}

/// A date, a time, or both in one.
fn is_time(word: &str) -> bool {
    const FEWEST_DIGITS: usize = 4;
    let of_time = |c: char| c.is_ascii_digit() || "-/:.,+TZ".contains(c);
    word.starts_with(|c: char| c.is_ascii_digit())
        && word.chars().all(of_time)
        && word.contains(['-', '/', ':'])
        && word.chars().filter(char::is_ascii_digit).count() >= FEWEST_DIGITS
}

/// The step that a line says is done and nothing else: `Successfully completed setSecret`, `setSecret: done`. `beside`:
/// the step that a field of the same line names.
pub(super) fn completed(text: &str, beside: Option<Step>) -> Option<Step> {
    /// Whoever has more to say says more than that.
    const MOST_WORDS: usize = 12;
    let mut step = None;
    let (mut succeeded, mut is_whole) = (false, false);
    for (n, word) in words(without_prefix(text)).enumerate() {
        let lower = word.to_ascii_lowercase();
        let another = of_word(word);
        let fits = match another {
            Some(_) => step.is_none() || step == another,
            None => is_id(word) || SUCCESS.contains(&lower.as_str()) || BESIDE.contains(&lower.as_str()),
        };
        if !fits || n >= MOST_WORDS {
            return None;
        }
        step = step.or(another);
        succeeded |= SUCCESS.contains(&lower.as_str());
        is_whole |= WHOLE.contains(&lower.as_str());
    }
    step.or(beside.filter(|_| is_whole)).filter(|_| succeeded)
}

/// An id of a version or an invocation.
fn is_id(word: &str) -> bool {
    word.len() == 36 && word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}
