//! `/v1/status`: everything at a glance.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;

use super::Shown;
use super::counts::{FindingCounts, StageCounts, lowered};
use super::outlook::OutlookCounts;
use crate::runtime::{EventsView, Snapshot};
use crate::telemetry::{COMMIT, VERSION};

#[derive(Serialize)]
pub(super) struct Status {
    version: &'static str,
    commit: &'static str,
    /// Where secrets are listed.
    region: Option<String>,
    /// The account of the listed secrets, as their ARNs tell it; null where none is listed.
    account: Option<String>,
    /// The account is a simulated one.
    simulated: bool,
    ready: bool,
    draining: bool,
    /// What is missing before it is ready.
    missing: Vec<String>,
    started: Timestamp,
    /// When the state was published: it is when something changes.
    at: Timestamp,
    /// The time by the watchdog's clock.
    now: Timestamp,
    uptime_seconds: f64,
    /// Since the loop last turned.
    loop_age_seconds: f64,
    secrets: SecretCounts,
    /// Pairs of secret and consumer.
    consumers: StageCounts,
    /// What the next rotations would do, in pairs of secret and consumer.
    outlook: OutlookCounts,
    /// Things that are wanted and wait.
    waits: usize,
    findings: FindingCounts,
    /// Null where no queue of events is configured.
    events: Option<Events>,
    journal: Journal,
    journal_bytes: u64,
}

#[derive(Serialize)]
struct Events {
    /// They come: polling is seldom.
    working: bool,
    last_heartbeat: Option<Timestamp>,
    /// The last event of `check-events`.
    last_test: Option<TestEvent>,
}

#[derive(Serialize)]
struct TestEvent {
    id: String,
    /// When the queue got it.
    sent: Option<Timestamp>,
    came: Timestamp,
}

#[derive(Serialize)]
struct Journal {
    /// Absolute.
    path: String,
    /// Nothing in it is from before this start.
    is_new: bool,
}

#[derive(Serialize)]
struct SecretCounts {
    total: usize,
    by_phase: BTreeMap<&'static str, usize>,
    /// Listed, and taken by no rule.
    unwatched: usize,
    /// By what lowers their mode below their rule's.
    lowered: BTreeMap<&'static str, usize>,
}

pub(super) async fn get(State(shown): State<Shown>) -> Json<Status> {
    let snapshot = shown.latest();
    let now = shown.now();
    Json(Status {
        version: VERSION,
        commit: COMMIT,
        region: snapshot.region.clone(),
        account: snapshot.account.clone(),
        simulated: snapshot.simulated,
        ready: snapshot.is_ready(),
        draining: snapshot.draining,
        missing: snapshot.missing.clone(),
        started: snapshot.started,
        at: snapshot.at,
        now,
        uptime_seconds: now.duration_since(snapshot.started).as_secs_f64(),
        loop_age_seconds: shown.pulse.age().as_secs_f64(),
        secrets: secrets(&snapshot),
        consumers: StageCounts::all(&snapshot),
        outlook: OutlookCounts::all(&snapshot),
        waits: snapshot.waits.len(),
        findings: FindingCounts::all(&snapshot),
        events: snapshot.events.as_ref().map(events),
        journal: Journal {
            path: snapshot.journal.to_string(),
            is_new: snapshot.journal_is_new,
        },
        journal_bytes: snapshot.journal_bytes,
    })
}

fn events(events: &EventsView) -> Events {
    Events {
        working: events.working,
        last_heartbeat: events.heartbeat,
        last_test: events.test.as_ref().map(|test| TestEvent {
            id: test.id.to_string(),
            sent: test.sent,
            came: test.came,
        }),
    }
}

fn secrets(snapshot: &Snapshot) -> SecretCounts {
    SecretCounts {
        total: snapshot.secrets.size(),
        by_phase: snapshot.totals.phases.clone(),
        unwatched: snapshot.unwatched.len(),
        lowered: lowered(snapshot),
    }
}
