//! `[cadence]`: how often to look.

use machine::policy::Cadence;

use super::reader::Section;

/// All but `discovery`, which has a section of its own.
pub(super) fn read(mut section: Section<'_>) -> Cadence {
    let built_in = Cadence::default();
    let cadence = Cadence {
        sweep: section.duration("sweep", built_in.sweep),
        idle: section.duration("idle", built_in.idle),
        announced: section.duration("announced", built_in.announced),
        announced_window: section.duration("announced_window", built_in.announced_window),
        active: section.duration("active", built_in.active),
        versions: section.duration("versions", built_in.versions),
        log: section.duration("log", built_in.log),
        login: section.duration("login", built_in.login),
        login_backoff: section.duration("login_backoff", built_in.login_backoff),
        consumer: section.duration("consumer", built_in.consumer),
        consumer_watch: section.duration("consumer_watch", built_in.consumer_watch),
        discovery: built_in.discovery,
        failure: section.duration("failure", built_in.failure),
        failure_backoff: section.duration("failure_backoff", built_in.failure_backoff),
    };
    let shorter = [
        ("login_backoff", cadence.login_backoff, "login", cadence.login),
        (
            "failure_backoff",
            cadence.failure_backoff,
            "failure",
            cadence.failure,
        ),
        ("idle", cadence.idle, "active", cadence.active),
    ];
    for (key, value, than, other) in shorter {
        if value < other {
            section.problem(
                key,
                format!("is shorter than cadence.{than}"),
                "make it at least as long",
            );
        }
    }
    section.finish();
    cadence
}
