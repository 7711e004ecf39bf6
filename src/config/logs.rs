//! `[logs]`: what the rotation Lambda's lines look like.

use machine::model::LogPatterns;

use super::reader::Section;

pub(super) fn read(mut section: Section<'_>) -> LogPatterns {
    let built_in = LogPatterns::default();
    let patterns = LogPatterns {
        create: section.texts("create", &built_in.create),
        set_single_user: section.texts("set_single_user", &built_in.set_single_user),
        set_alternating_users: section.texts("set_alternating_users", &built_in.set_alternating_users),
        set_retried: section.texts("set_retried", &built_in.set_retried),
        test: section.texts("test", &built_in.test),
        finish: section.texts("finish", &built_in.finish),
        test_failed: section.texts("test_failed", &built_in.test_failed),
        locked_out: section.texts("locked_out", &built_in.locked_out),
        timed_out: section.texts("timed_out", &built_in.timed_out),
        exception: section.texts("exception", &built_in.exception),
    };
    section.finish();
    patterns
}
