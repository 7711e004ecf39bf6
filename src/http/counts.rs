//! The state in numbers, and an index of who uses what: for lists, the status and the metrics.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use machine::consumers::Standing;
use machine::facts::state::function_name;
use machine::findings::{Finding, Life, Severity};
use machine::model::{ConsumerId, RdsDatabase, SecretArn, Stage};
use machine::numbers::Health;
use machine::words;
use serde::Serialize;

use crate::runtime::{SecretView, Snapshot};
use crate::telemetry::{FindingReading, Reading, SecretReading, Series};

/// Consumers by how far they came with the version that is current.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct StageCounts {
    pub total: usize,
    pub fresh: usize,
    pub presumed: usize,
    pub refreshing: usize,
    pub stale: usize,
    pub unknown: usize,
    pub beyond: usize,
    /// No promotion was seen to judge them by.
    pub unjudged: usize,
}

impl StageCounts {
    fn add(&mut self, stage: Option<Stage>) {
        self.total += 1;
        *match stage {
            Some(Stage::Fresh) => &mut self.fresh,
            Some(Stage::Presumed) => &mut self.presumed,
            Some(Stage::Refreshing) => &mut self.refreshing,
            Some(Stage::Stale) => &mut self.stale,
            Some(Stage::Unknown) => &mut self.unknown,
            Some(Stage::Beyond) => &mut self.beyond,
            None => &mut self.unjudged,
        } += 1;
    }

    /// All pairs of secret and consumer.
    pub(super) fn all(snapshot: &Snapshot) -> Self {
        let count = |word: &str| snapshot.totals.consumers.get(word).copied().unwrap_or_default();
        Self {
            total: snapshot.totals.consumers.values().sum(),
            fresh: count(words::stage(Stage::Fresh)),
            presumed: count(words::stage(Stage::Presumed)),
            refreshing: count(words::stage(Stage::Refreshing)),
            stale: count(words::stage(Stage::Stale)),
            unknown: count(words::stage(Stage::Unknown)),
            beyond: count(words::stage(Stage::Beyond)),
            unjudged: count("unjudged"),
        }
    }

    fn by_word(self) -> BTreeMap<&'static str, usize> {
        BTreeMap::from([
            (words::stage(Stage::Fresh), self.fresh),
            (words::stage(Stage::Presumed), self.presumed),
            (words::stage(Stage::Refreshing), self.refreshing),
            (words::stage(Stage::Stale), self.stale),
            (words::stage(Stage::Unknown), self.unknown),
            (words::stage(Stage::Beyond), self.beyond),
            ("unjudged", self.unjudged),
        ])
    }
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct FindingCounts {
    pub critical: usize,
    pub warning: usize,
    pub info: usize,
}

impl FindingCounts {
    pub(super) fn of<'a>(findings: impl IntoIterator<Item = &'a Arc<Life>>) -> Self {
        let mut counts = Self::default();
        for life in findings {
            *match life.finding.severity {
                Severity::Critical => &mut counts.critical,
                Severity::Warning => &mut counts.warning,
                Severity::Info => &mut counts.info,
            } += 1;
        }
        counts
    }

    /// Those of all secrets and of the fleet.
    pub(super) fn all(snapshot: &Snapshot) -> Self {
        let fleet = Self::of(snapshot.findings.iter());
        let of_secrets = |severity: Severity| -> usize {
            let counted = snapshot.totals.findings.iter();
            let so = counted.filter(|((of, _), _)| *of == severity);
            so.map(|(_, count)| *count).sum()
        };
        Self {
            critical: fleet.critical + of_secrets(Severity::Critical),
            warning: fleet.warning + of_secrets(Severity::Warning),
            info: fleet.info + of_secrets(Severity::Info),
        }
    }

    fn by_word(self) -> BTreeMap<&'static str, usize> {
        BTreeMap::from([
            ("critical", self.critical),
            ("warning", self.warning),
            ("info", self.info),
        ])
    }
}

/// Which consumers use which secret, made once for a request.
pub(super) struct Index<'a> {
    by_secret: BTreeMap<&'a SecretArn, Vec<&'a ConsumerId>>,
}

impl<'a> Index<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let lambdas = rotation_lambdas(snapshot);
        let mut by_secret: BTreeMap<&SecretArn, Vec<&ConsumerId>> = BTreeMap::new();
        for (id, facts) in snapshot.consumers.iter() {
            if matches!(id, ConsumerId::Function { name } if lambdas.contains(&**name)) {
                continue;
            }
            for secret in facts.used().map(|r| &r.secret).collect::<BTreeSet<_>>() {
                by_secret.entry(secret).or_default().push(id);
            }
        }
        Self { by_secret }
    }

    pub(super) fn users_of(&self, secret: &SecretArn) -> impl Iterator<Item = &'a ConsumerId> + '_ {
        self.by_secret.get(secret).into_iter().flatten().copied()
    }

    pub(super) fn secrets_of(&self, consumer: &ConsumerId) -> Vec<&'a SecretArn> {
        let using = self
            .by_secret
            .iter()
            .filter(|(_, users)| users.contains(&consumer));
        using.map(|(secret, _)| *secret).collect()
    }
}

/// A secret's consumers; where the current version was promoted before anybody looked, they have no standing.
pub(super) fn consumers_of(view: &SecretView) -> Vec<(&ConsumerId, Option<&Standing>)> {
    match view.judgement.current().filter(|_| view.is_judged()) {
        Some(current) => current.consumers.iter().map(|(id, s)| (id, Some(s))).collect(),
        None => view.users.iter().map(|id| (id, None)).collect(),
    }
}

pub(super) fn count_of(view: &SecretView) -> StageCounts {
    let mut counts = StageCounts::default();
    for (_, standing) in consumers_of(view) {
        counts.add(standing.map(|standing| standing.stage));
    }
    counts
}

/// They reference the secrets they rotate, and are no consumers.
fn rotation_lambdas(snapshot: &Snapshot) -> BTreeSet<&str> {
    let seen = snapshot.secrets.values().filter_map(|view| view.seen.as_ref());
    seen.filter_map(|seen| seen.rotation_lambda.as_deref().map(function_name))
        .collect()
}

/// Every word of [`SecretView::lowered_by`].
const LOWERED: [&str; 3] = ["at-most", "tag", "hold"];

/// Secrets whose mode is lowered, by what lowers it; those that are none are counted too.
pub(super) fn lowered(snapshot: &Snapshot) -> BTreeMap<&'static str, usize> {
    let count = |word| snapshot.totals.lowered.get(word).copied().unwrap_or_default();
    BTreeMap::from(LOWERED.map(|word| (word, count(word))))
}

/// What the gauges show.
pub(super) fn reading(snapshot: &Snapshot, now: Timestamp, loop_age: Duration, series: Series) -> Reading {
    let age = |at: Option<Timestamp>| {
        let since = at.unwrap_or(snapshot.started);
        now.duration_since(since).as_secs_f64().max(0.0)
    };
    let secret = |view: &Arc<SecretView>| SecretReading {
        name: Arc::clone(&view.name),
        phase: view.phase(),
        last_look_age_seconds: age(view.last_look),
    };
    let open = snapshot.totals.open_windows.iter();
    let open = open.filter_map(|secret| {
        let view = snapshot.secrets.get(secret)?;
        Some((Arc::clone(&view.name), open_window(view, now)?))
    });
    let mut by_kind = BTreeMap::new();
    for ((_, kind), count) in &snapshot.totals.findings {
        *by_kind.entry(kind.name()).or_insert(0) += count;
    }
    for life in snapshot.findings.iter() {
        *by_kind.entry(life.finding.kind.name()).or_insert(0) += 1;
    }
    Reading {
        ready: snapshot.is_ready(),
        events_working: snapshot.events.as_ref().is_some_and(|events| events.working),
        journal_bytes: snapshot.journal_bytes,
        secrets: snapshot
            .secrets
            .values()
            .take(series.secrets)
            .map(secret)
            .collect(),
        phases: snapshot.totals.phases.clone(),
        open_windows: open.take(series.secrets).collect(),
        consumers: StageCounts::all(snapshot).by_word(),
        findings: FindingCounts::all(snapshot).by_word(),
        findings_by_kind: by_kind,
        finding_list: gravest(snapshot, series.findings),
        lowered: lowered(snapshot),
        databases: databases(snapshot),
        applications: applications(snapshot),
        last_list_age_seconds: age(snapshot.last_list),
        loop_age_seconds: loop_age.as_secs_f64(),
    }
}

/// Databases of RDS by how they stand; those that are none are counted too.
fn databases(snapshot: &Snapshot) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::from(RdsDatabase::HEALTH.map(|word| (word, 0)));
    for view in snapshot.databases.iter() {
        *counts.entry(view.database.health()).or_default() += 1;
    }
    counts
}

/// What is measured, by how it stands; those that are none are counted too.
fn applications(snapshot: &Snapshot) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::from(Health::ALL.map(|health| (health.name(), 0)));
    for view in snapshot.numbers.iter() {
        *counts.entry(view.taken.health().name()).or_default() += 1;
    }
    counts
}

/// So many series at most.
fn gravest(snapshot: &Snapshot, most: usize) -> Vec<FindingReading> {
    let gravest = snapshot.by_gravity().take(most);
    gravest.map(|life| finding_reading(&life.finding)).collect()
}

fn finding_reading(finding: &Finding) -> FindingReading {
    let consumer = finding.subject.consumer();
    FindingReading {
        kind: finding.kind.name(),
        severity: finding.severity.name(),
        secret: finding
            .secret
            .as_ref()
            .map_or_else(String::new, |arn| arn.name().to_owned()),
        consumer: consumer.map_or_else(String::new, ToString::to_string),
    }
}

/// How long a window has been open that is not closed yet, since setSecret was seen.
fn open_window(view: &SecretView, now: Timestamp) -> Option<f64> {
    let open = view.judgement.window().filter(|window| window.closed.is_none())?;
    Some(open.at_least(now).as_secs_f64())
}
