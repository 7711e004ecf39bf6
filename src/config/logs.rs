//! `[logs]`: what the rotation Lambda's lines look like.

use machine::model::LogPatterns;

use super::reader::Section;

pub(super) fn read(mut section: Section<'_>) -> LogPatterns {
    let built_in = LogPatterns::default();
    let patterns = LogPatterns {
        create: patterns(&mut section, "create", &built_in.create),
        set_single_user: patterns(&mut section, "set_single_user", &built_in.set_single_user),
        set_alternating_users: patterns(
            &mut section,
            "set_alternating_users",
            &built_in.set_alternating_users,
        ),
        set_retried: patterns(&mut section, "set_retried", &built_in.set_retried),
        test: patterns(&mut section, "test", &built_in.test),
        finish: patterns(&mut section, "finish", &built_in.finish),
        test_failed: failures(&mut section, "test_failed", &built_in.test_failed),
        locked_out: failures(&mut section, "locked_out", &built_in.locked_out),
        failed: failures(&mut section, "failed", &built_in.failed),
        timed_out: failures(&mut section, "timed_out", &built_in.timed_out),
        exception: failures(&mut section, "exception", &built_in.exception),
    };
    section.finish();
    patterns
}

fn patterns(section: &mut Section<'_>, key: &'static str, default: &[String]) -> Vec<String> {
    let patterns = section.texts(key, default);
    for pattern in &patterns {
        if let Some(flaw) = flaw(pattern) {
            section.problem(
                key,
                format!("{pattern:?} {flaw}"),
                "give the line's own words, with `<arn>`, `<version>` or `<…>` for what varies",
            );
        }
    }
    patterns
}

/// Patterns of what is a failure. A level alone is none: functions log errors and go on.
fn failures(section: &mut Section<'_>, key: &'static str, default: &[String]) -> Vec<String> {
    let patterns = patterns(section, key, default);
    for pattern in patterns.iter().filter(|pattern| is_level(pattern)) {
        section.problem(
            key,
            format!("{pattern:?} would take every logged error for a failed step"),
            "leave it out: how invocations fail is built in for every runtime; give words after which your function gives up",
        );
    }
    patterns
}

/// Words for errors, which loggers put before every text.
const LEVELS: [&str; 8] = [
    "error",
    "err",
    "exception",
    "fatal",
    "critical",
    "fail",
    "warning",
    "warn",
];

fn is_level(pattern: &str) -> bool {
    let words = literals(pattern).unwrap_or_default();
    let mut words = words
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let first = words.next().map(str::to_ascii_lowercase);
    first.is_some_and(|first| LEVELS.contains(&first.as_str())) && words.next().is_none()
}

/// A pattern of placeholders alone would take any line for the step's success, and so for proof.
fn flaw(pattern: &str) -> Option<&'static str> {
    let Some(words) = literals(pattern) else {
        return Some("has a `<` or `>` without the other");
    };
    const FEWEST: usize = 3;
    match words.chars().filter(|c| c.is_alphanumeric()).count() {
        0 => Some("would match every line"),
        said if said < FEWEST => Some("has fewer than 3 letters or digits: almost every line has them"),
        _ => None,
    }
}

/// A pattern's own words, without its placeholders; nothing where they are not closed.
fn literals(pattern: &str) -> Option<String> {
    let (head, rest) = pattern.split_once('<').unwrap_or((pattern, ""));
    if head.contains('>') {
        return None;
    }
    let mut words = head.to_owned();
    let placeholders = rest.split('<').filter(|_| head.len() < pattern.len());
    for placeholder in placeholders {
        let (_, literal) = placeholder.split_once('>')?;
        words += literal;
    }
    Some(words)
}
