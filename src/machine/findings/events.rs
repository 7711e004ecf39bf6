//! Events that do not come.

use jiff::Timestamp;

use super::{Finding, Kind, Severity};
use crate::facts::hints::{Delivery, HEARTBEAT_WITHIN};
use crate::model::{Part, Subject};
use crate::policy::Settings;

/// Nothing where no queue is configured, or where nothing is missed yet.
pub(crate) fn of_events(delivery: &Delivery, settings: &Settings, now: Timestamp) -> Option<Finding> {
    if !settings.events {
        return None;
    }
    let what = match delivery.missed(now) {
        Some(secret) => format!("AWSCURRENT of {} moved, and no event told of it", secret.name()),
        None if delivery.is_silent(now) => {
            let minutes = HEARTBEAT_WITHIN.as_mins();
            match delivery.heartbeat {
                Some(came) => format!("no heartbeat came for {minutes} minutes, the last one at {came:.0}"),
                None => format!("no heartbeat came in the first {minutes} minutes"),
            }
        }
        None => return None,
    };
    Some(Finding {
        severity: Severity::Warning,
        kind: Kind::EventsMissing,
        subject: Subject::Watchdog(Part::Events),
        secret: None,
        text: format!("{what}: everything is looked at as often as without events"),
        remedy: "`rotation-watchdog check-events` says what comes: rules and schedule of deploy/events must send to \
                 events.queue_url, which no other program may read"
            .to_owned(),
    })
}
