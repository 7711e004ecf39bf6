//! What becomes of a rotation whose password only the database has.

use jiff::Timestamp;
use machine::procedures::{Course, Forward};
use serde::Serialize;

use crate::runtime::{SecretView, Snapshot};

#[derive(Serialize)]
pub(super) struct RollForwardView {
    /// `offered`, `left-to-people`, `patient`, `stopped`, `under-way` or `now`.
    state: &'static str,
    /// The same for people.
    text: String,
    /// When that ends by itself, where it is known.
    until: Option<Timestamp>,
    /// When our logins first said that the database has AWSPENDING's password alone.
    since: Timestamp,
}

impl RollForwardView {
    pub(super) fn of(snapshot: &Snapshot, view: &SecretView) -> Option<Self> {
        let forward = view.judgement.forward.as_deref()?;
        let (state, text, until) = match snapshot.promotions.get(&view.arn) {
            Some(reason) => ("stopped", reason.to_string(), reason.until()),
            None => told(forward),
        };
        Some(Self {
            state,
            text,
            until,
            since: forward.since,
        })
    }
}

fn told(forward: &Forward) -> (&'static str, String, Option<Timestamp>) {
    match &forward.course {
        Course::Offered => (
            "offered",
            "left to people, as the rule says; the finding has the command".to_owned(),
            None,
        ),
        Course::LeftToAPerson(obstacle) => ("left-to-people", format!("left to people: {obstacle}"), None),
        Course::Patient { until } => (
            "patient",
            format!("promoted at {until:.0}, if nothing of the rotation moves until then"),
            Some(*until),
        ),
        Course::Tried(why, until) => ("under-way", why.to_string(), *until),
        Course::Wanted(_) => ("now", "promoted now".to_owned(), None),
    }
}
