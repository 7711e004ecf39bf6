//! The state in numbers, and an index of who uses what: for lists, the status and the metrics.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use machine::consumers::Standing;
use machine::findings::{Finding, Severity};
use machine::judge::{Judgement, LoweredBy};
use machine::model::{ConsumerId, SecretArn, Stage};
use machine::rotations::Origin;
use machine::state::function_name;
use serde::Serialize;

use crate::runtime::{SecretView, Snapshot};
use crate::telemetry::{FindingReading, Reading, SecretReading, words};

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
    pub(super) fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut counts = Self::default();
        for finding in findings {
            *match finding.severity {
                Severity::Critical => &mut counts.critical,
                Severity::Warning => &mut counts.warning,
                Severity::Info => &mut counts.info,
            } += 1;
        }
        counts
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

    /// A secret's consumers; where the current version was promoted before anybody looked, they have no standing.
    pub(super) fn consumers(&self, view: &'a SecretView) -> Vec<(&'a ConsumerId, Option<&'a Standing>)> {
        match judged(view) {
            Some(standings) => standings.iter().map(|(id, s)| (id, Some(s))).collect(),
            None => self.users_of(&view.arn).map(|id| (id, None)).collect(),
        }
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

    pub(super) fn count(&self, view: &'a SecretView) -> StageCounts {
        let mut counts = StageCounts::default();
        for (_, standing) in self.consumers(view) {
            counts.add(standing.map(|standing| standing.stage));
        }
        counts
    }

    pub(super) fn count_all(&self, snapshot: &'a Snapshot) -> StageCounts {
        let mut counts = StageCounts::default();
        let all = snapshot.secrets.values().flat_map(|view| self.consumers(view));
        all.for_each(|(_, standing)| counts.add(standing.map(|standing| standing.stage)));
        counts
    }
}

fn judged(view: &SecretView) -> Option<&[(ConsumerId, Standing)]> {
    let current = view.judgement.current()?;
    (current.rotation.origin != Origin::Baseline).then_some(&current.consumers)
}

/// They reference the secrets they rotate, and are no consumers.
fn rotation_lambdas(snapshot: &Snapshot) -> BTreeSet<&str> {
    let seen = snapshot.secrets.values().filter_map(|view| view.seen.as_ref());
    seen.filter_map(|seen| seen.rotation_lambda.as_deref().map(function_name))
        .collect()
}

/// Every word of [`lowered_by`].
const LOWERED: [&str; 3] = ["at-most", "tag", "hold"];

/// What keeps a secret's mode below its rule's, or holds it.
pub(super) fn lowered_by(judgement: &Judgement) -> Option<&'static str> {
    if judgement.held {
        return Some("hold");
    }
    judgement.lowered.map(|lowered| match lowered.by {
        LoweredBy::AtMost => "at-most",
        LoweredBy::Tag => "tag",
    })
}

/// Secrets whose mode is lowered, by what lowers it; those that are none are counted too.
pub(super) fn lowered(snapshot: &Snapshot) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::from(LOWERED.map(|word| (word, 0)));
    let words = snapshot
        .secrets
        .values()
        .filter_map(|view| lowered_by(&view.judgement));
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    counts
}

/// The phase of the rotation that matters most.
pub(super) fn phase(view: &SecretView) -> &'static str {
    view.judgement
        .latest()
        .map_or("unseen", |rotation| rotation.phase.name())
}

/// What the gauges show.
pub(super) fn reading(snapshot: &Snapshot, now: Timestamp, loop_age: Duration) -> Reading {
    let age = |at: Option<Timestamp>| {
        let since = at.unwrap_or(snapshot.started);
        now.duration_since(since).as_secs_f64().max(0.0)
    };
    let secret = |view: &SecretView| SecretReading {
        name: view.name.clone(),
        phase: phase(view),
        last_look_age_seconds: age(view.last_look),
        danger_window_open_seconds: open_window(view, now),
    };
    let findings = snapshot.all_findings();
    let mut by_kind = BTreeMap::new();
    for finding in &findings {
        *by_kind.entry(finding.kind.name()).or_insert(0) += 1;
    }
    Reading {
        ready: snapshot.is_ready(),
        journal_bytes: snapshot.journal_bytes,
        secrets: snapshot.secrets.values().map(|view| secret(view)).collect(),
        consumers: Index::of(snapshot).count_all(snapshot).by_word(),
        findings: FindingCounts::of(&findings).by_word(),
        findings_by_kind: by_kind,
        finding_list: findings.iter().map(finding_reading).collect(),
        lowered: lowered(snapshot),
        last_list_age_seconds: age(snapshot.last_list),
        loop_age_seconds: loop_age.as_secs_f64(),
    }
}

fn finding_reading(finding: &Finding) -> FindingReading {
    let consumer = ConsumerId::parse(&finding.subject);
    FindingReading {
        kind: finding.kind.name(),
        severity: finding.severity.name(),
        secret: finding
            .secret
            .as_ref()
            .map_or_else(String::new, |arn| arn.name().to_owned()),
        consumer: consumer.map_or_else(String::new, |id| id.to_string()),
    }
}

/// How long a window has been open that is not closed yet, since setSecret was seen.
fn open_window(view: &SecretView, now: Timestamp) -> Option<f64> {
    let open = view.judgement.window().filter(|window| window.closed.is_none())?;
    Some(open.at_least(now).as_secs_f64())
}
