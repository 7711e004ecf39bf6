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
        test_failed: patterns(&mut section, "test_failed", &built_in.test_failed),
        locked_out: patterns(&mut section, "locked_out", &built_in.locked_out),
        timed_out: patterns(&mut section, "timed_out", &built_in.timed_out),
        exception: patterns(&mut section, "exception", &built_in.exception),
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

/// A pattern of placeholders alone would take any line for the step's success, and so for proof.
fn flaw(pattern: &str) -> Option<&'static str> {
    const UNEVEN: &str = "has a `<` or `>` without the other";
    let (head, rest) = pattern.split_once('<').unwrap_or((pattern, ""));
    if head.contains('>') {
        return Some(UNEVEN);
    }
    let mut words = head.to_owned();
    let placeholders = rest.split('<').filter(|_| head.len() < pattern.len());
    for placeholder in placeholders {
        let Some((_, literal)) = placeholder.split_once('>') else {
            return Some(UNEVEN);
        };
        words += literal;
    }
    let says_something = words.contains(char::is_alphanumeric);
    (!says_something).then_some("would match every line")
}
