//! `[cadence]`: how often to look.

use machine::policy::Cadence;

use super::bounds::{Bounds, bounds};
use super::reader::Section;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

const COSTS: &str = "each look is a call of AWS, which takes some milliseconds and costs money";
const FAST: Bounds = bounds(100, 10 * MINUTE, COSTS);
const RDS: Bounds = bounds(
    SECOND,
    10 * MINUTE,
    "each look lists the databases of the whole account, which RDS allows a few times a second",
);
const SWEEP: Bounds = bounds(
    100,
    6 * HOUR,
    "between two lists nobody sees that a rotation began, or that a secret is new",
);
const IDLE: Bounds = bounds(SECOND, 30 * DAY, COSTS);
const ANNOUNCED: Bounds = bounds(100, DAY, COSTS);
const WINDOW: Bounds = bounds(MINUTE, 30 * DAY, "AWS announces a day, not a time");
const BACKOFF: Bounds = bounds(
    SECOND,
    6 * HOUR,
    "between two logins nobody sees that the password works",
);
const WATCH: Bounds = bounds(SECOND, DAY, COSTS);
const FAILURE: Bounds = bounds(100, HOUR, "what cannot be looked at is not watched meanwhile");
/// Longer, and a rotation of seconds is mostly over before it is seen.
const LATE_SWEEP: i64 = 15 * MINUTE;

/// All but `discovery`, which has a section of its own.
pub(super) fn read(mut section: Section<'_>) -> Cadence {
    let built_in = Cadence::default();
    let cadence = Cadence {
        sweep: section.duration_within("sweep", built_in.sweep, &SWEEP),
        idle: section.duration_within("idle", built_in.idle, &IDLE),
        announced: section.duration_within("announced", built_in.announced, &ANNOUNCED),
        announced_window: section.duration_within("announced_window", built_in.announced_window, &WINDOW),
        active: section.duration_within("active", built_in.active, &FAST),
        versions: section.duration_within("versions", built_in.versions, &FAST),
        log: section.duration_within("log", built_in.log, &FAST),
        rds: section.duration_within("rds", built_in.rds, &RDS),
        login: section.duration_within("login", built_in.login, &FAST),
        login_backoff: section.duration_within("login_backoff", built_in.login_backoff, &BACKOFF),
        consumer: section.duration_within("consumer", built_in.consumer, &FAST),
        consumer_watch: section.duration_within("consumer_watch", built_in.consumer_watch, &WATCH),
        discovery: built_in.discovery,
        failure: section.duration_within("failure", built_in.failure, &FAILURE),
        failure_backoff: section.duration_within("failure_backoff", built_in.failure_backoff, &FAILURE),
    };
    compare(&section, &cadence);
    if cadence.sweep.as_millis() > i128::from(LATE_SWEEP) {
        section.warn(
            "sweep",
            "a rotation that nobody announced is first seen so late, and consumers stay stale until then",
            "15m or less sees it in time; a list of 100 secrets a minute costs $0.22 a month",
        );
    }
    section.finish();
    cadence
}

fn compare(section: &Section<'_>, cadence: &Cadence) {
    let shorter = [
        ("login_backoff", cadence.login_backoff, "login", cadence.login),
        (
            "failure_backoff",
            cadence.failure_backoff,
            "failure",
            cadence.failure,
        ),
        ("idle", cadence.idle, "active", cadence.active),
        ("announced", cadence.announced, "active", cadence.active),
        (
            "consumer_watch",
            cadence.consumer_watch,
            "consumer",
            cadence.consumer,
        ),
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
}
