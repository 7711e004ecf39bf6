//! What must hold at the end, when nothing has gone wrong for a while.

use jiff::{SignedDuration, Timestamp};
use machine::consumers::Why;
use machine::findings::{Finding, Severity};
use machine::judge::Reason;
use machine::model::{ConsumerId, SecretArn, Stage};

use super::writes::BASELINE;
use super::{Checks, Lived, answers, is_forgotten};
use crate::runtime::Snapshot;
use crate::sim::case::Case;
use crate::sim::world::{Secret, World};

/// A function is awake again by then (`Timing::sleep_deadline`), and looks and writes of its own.
pub(super) const AWAKE_AFTER: SignedDuration = SignedDuration::from_secs(150);
/// LastRotatedDate may be so much later than the promotion.
const WRITTEN_AFTER: SignedDuration = SignedDuration::from_secs(61);
/// How long the loop is watched at its end.
const IDLE: SignedDuration = SignedDuration::from_mins(10);
/// Lists of secrets once a minute, discovery once or twice.
const READS: usize = 30;
/// Looks at a secret, a service or a function in that time, each of a few calls.
const READS_FOR_EACH: usize = 8;
/// Looks at a secret in that time whose next rotation is announced for a moment that is past, as a failed one leaves it
/// (aws-facts: Staging labels).
const READS_WHEN_DUE: usize = 60;
/// A rotation holds consumers of its secret back for so long before a finding says so (`Timing::stalled_after`).
const HELD: SignedDuration = SignedDuration::from_mins(30);
/// What a life needs to begin: discovery, and a look at each function.
const START: SignedDuration = SignedDuration::from_secs(20);

impl Checks {
    /// At the end, when nothing has gone wrong for a while.
    pub fn end(&mut self, case: &Case, world: &World, last: &Snapshot, lives: &[Lived]) {
        self.holds("ready-at-the-end", last.is_ready(), || {
            format!("missing: {:?}", last.missing)
        });
        self.concurrency(case, world, lives);
        self.stale_are_named(case, world, last);
        self.everything_is_over(last);
        self.nothing_is_asked_in_vain(world, last);
    }

    fn concurrency(&mut self, case: &Case, world: &World, lives: &[Lived]) {
        for function in world.functions.values().filter(|function| !function.deleted) {
            let is_wanted = function.overwritten || function.reserved == function.wanted;
            let as_it_was = is_wanted && function.tags.is_empty();
            self.holds("concurrency-as-it-was", as_it_was, || {
                format!(
                    "{}: {:?} with tags {:?}, was {:?}",
                    function.name, function.reserved, function.tags, function.wanted
                )
            });
            // With an empty journal one that cannot be read is not known to use a secret.
            if is_forgotten(case) && function.unreadable.is_some() {
                continue;
            }
            for spell in &function.asleep {
                let to = spell.1.unwrap_or(world.now());
                if is_out_of_reach(world, spell.0, to) {
                    continue;
                }
                let watched = watched(lives, spell.0, to);
                self.holds("awake-by-the-deadline", watched <= AWAKE_AFTER, || {
                    format!(
                        "{} was off from {} to {to}, watched for {watched:#}",
                        function.name, spell.0
                    )
                });
            }
        }
    }

    fn stale_are_named(&mut self, case: &Case, world: &World, last: &Snapshot) {
        // Rule 9: with an empty journal nobody knows which functions are older than a promotion.
        let forgotten = is_forgotten(case);
        let findings = last.open_findings();
        let consumers = world
            .services
            .iter()
            .map(|(id, service)| (id, &service.plan.secrets));
        let functions = world
            .functions
            .iter()
            .map(|(id, function)| (id, &function.secrets));
        for (id, secrets) in consumers.chain(functions) {
            let untold = || is_untold(world, id) || self.is_of_a_baseline(case, world, secrets);
            let made_again = || world.are_made_again(secrets) && is_untold(world, id);
            if !world.truth().is_stale(id) || (forgotten && untold()) || made_again() {
                continue;
            }
            let being_refreshed = last.secrets.values().any(|view| {
                let current = view.judgement.current();
                let mut consumers = current.into_iter().flat_map(|view| &view.consumers);
                consumers.any(|(of, standing)| of == id && standing.stage == Stage::Refreshing)
            });
            let after_another = secrets.iter().any(|arn| goes_after_another(last, arn, id));
            let named = being_refreshed || after_another || answers::for_a_consumer(&findings, id, secrets);
            self.holds("stale-are-named", named, || {
                format!("{id} is stale at {}; findings: {findings:#?}", world.now())
            });
        }
    }

    /// Whether its secrets were promoted for the last time so long before a journal began that nobody can tell; by hand
    /// it leaves no date behind.
    fn is_of_a_baseline(&self, case: &Case, world: &World, secrets: &[SecretArn]) -> bool {
        let promoted = secrets
            .iter()
            .filter_map(|arn| world.secrets.get(arn)?.promoted.last());
        let last = promoted.max().copied().unwrap_or(Timestamp::MIN);
        let mut touches = case.scenario.secrets.iter().flat_map(|plan| &plan.touches);
        let is_by_hand = touches.any(|(at, _)| *at == last);
        let margin = if is_by_hand {
            SignedDuration::ZERO
        } else {
            BASELINE
        };
        self.began_empty.iter().any(|began| last < *began - margin)
    }

    /// Nothing is still to come, unless a finding says what a person must do.
    fn everything_is_over(&mut self, last: &Snapshot) {
        let findings = last.open_findings();
        for view in last.secrets.values() {
            let open = view.judgement.open();
            let is_answered = || answers::for_a_rotation(&findings, &view.arn);
            self.holds("every-rotation-ends", open.is_none() || is_answered(), || {
                format!("{}: {open:#?}", view.name)
            });
            let consumers = view
                .judgement
                .current()
                .into_iter()
                .flat_map(|view| &view.consumers);
            for (id, standing) in consumers {
                let is_bounded =
                    standing.stage == Stage::Refreshing && standing.wake.is_some_and(|at| at > last.at);
                let waits = is_bounded
                    || matches!(standing.why, Why::CacheLives { .. })
                    || goes_after_another(last, &view.arn, id)
                    || is_held_since_just_now(last, &view.arn, id);
                let is_over = is_over(standing.stage);
                let is_answered = || answers::for_a_consumer(&findings, id, std::slice::from_ref(&view.arn));
                self.holds(
                    "every-consumer-is-settled",
                    is_over || waits || is_answered(),
                    || format!("{id} with {}: {standing:#?}", view.name),
                );
            }
        }
        for (id, facts) in last.consumers.iter() {
            let unresolved = facts.attempts.unresolved();
            self.holds("nothing-in-doubt", unresolved.is_none(), || {
                format!("{id}: {unresolved:#?}")
            });
        }
    }

    /// Where nothing is under way or waits, the loop is idle: it asks no more than its cadence for an account at rest.
    fn nothing_is_asked_in_vain(&mut self, world: &World, last: &Snapshot) {
        let is_at_rest = last.secrets.values().all(|view| {
            let current = view.judgement.current();
            let mut consumers = current.into_iter().flat_map(|view| &view.consumers);
            view.judgement.open().is_none() && consumers.all(|(_, standing)| is_over(standing.stage))
        });
        if !is_at_rest || !last.waits.is_empty() || world.is_flooded() {
            return;
        }
        let since = world.now() - IDLE;
        // Somebody waits at the queue all the time, and what is read there is deleted.
        let is_of_secrets = |operation: &str| !operation.starts_with("sqs:");
        let asked = world
            .reads
            .iter()
            .filter(|(at, what)| *at >= since && is_of_secrets(what));
        let asked = asked.count();
        let parts = world.secrets.len() + world.services.len() + world.functions.len();
        let is_due = |secret: &&Secret| secret.next_rotation.is_some_and(|at| at <= world.now());
        let due = world.secrets.values().filter(is_due).count();
        let bound = READS + READS_FOR_EACH * parts + READS_WHEN_DUE * due;
        self.holds("idle-at-the-end", asked <= bound, || {
            format!("{asked} reads in the last {IDLE:#}, where {bound} would do")
        });
    }

    /// A restart with nothing to do does nothing.
    pub fn restarted(&mut self, before: (&World, &Snapshot), after: (&World, &Snapshot)) {
        if !before.1.waits.is_empty() {
            return;
        }
        let writes = &after.0.writes[before.0.writes.len()..];
        self.holds("a-restart-does-nothing", writes.is_empty(), || {
            format!("{writes:#?}")
        });
        self.nobody_is_told_twice(before.1, after.1);
        let known = before.1.open_findings();
        let told = after.1.open_findings();
        let is_news = |finding: &&Finding| !known.iter().any(|known| is_same(known, finding));
        // What the log tells when it is read again may well be a warning.
        let pages = told
            .iter()
            .filter(|finding| finding.severity == Severity::Critical);
        let news: Vec<_> = pages.filter(is_news).collect();
        self.holds("a-restart-pages-nobody", news.is_empty(), || format!("{news:#?}"));
    }
}

impl Checks {
    /// A finding that stood before a restart stands since then.
    fn nobody_is_told_twice(&mut self, before: &Snapshot, after: &Snapshot) {
        let told = after.all_findings();
        for known in before.all_findings() {
            let mut again = told.iter().filter(|life| life.finding.id() == known.finding.id());
            let is_same = again.all(|life| life.since == known.since);
            self.holds("a-restart-tells-nobody-twice", is_same, || {
                format!("{known:#?}, and then {told:#?}")
            });
        }
    }
}

/// Nothing more is done for it.
fn is_over(stage: Stage) -> bool {
    matches!(stage, Stage::Fresh | Stage::Presumed | Stage::Beyond)
}

/// Whether nobody knows any more how old it is: a function, or tasks from the minute before the last rotation, which
/// LastRotatedDate dates no better.
fn is_untold(world: &World, id: &ConsumerId) -> bool {
    let Some(service) = world.services.get(id) else {
        return true;
    };
    let promoted = service
        .plan
        .secrets
        .iter()
        .filter_map(|arn| world.secrets.get(arn)?.promoted.last());
    let last = promoted.max().copied().unwrap_or(Timestamp::MIN);
    let mut tasks = service.wanted_tasks(world.now());
    tasks.all(|task| task.created + WRITTEN_AFTER >= last)
}

/// Whether it waits for one that went first, and is being refreshed just then.
fn goes_after_another(last: &Snapshot, secret: &SecretArn, id: &ConsumerId) -> bool {
    let Some(Reason::First { consumer }) = last.waits.get(&(secret.clone(), id.clone())) else {
        return false;
    };
    let views = last.secrets.values().filter_map(|view| view.judgement.current());
    let mut standings = views.flat_map(|view| &view.consumers);
    standings.any(|(other, standing)| other == consumer && standing.stage == Stage::Refreshing)
}

/// Whether the rotation of another secret holds it back that began so recently that nobody is told yet. A service that
/// never gives up may begin one at any time.
fn is_held_since_just_now(last: &Snapshot, secret: &SecretArn, id: &ConsumerId) -> bool {
    let Some(Reason::Moving { secret: other, .. }) = last.waits.get(&(secret.clone(), id.clone())) else {
        return false;
    };
    let open = last.secrets.get(other).and_then(|view| view.judgement.open());
    let started = open.and_then(|view| view.rotation.started.as_ref());
    started.is_some_and(|seen| last.at < seen.when.not_after + HELD)
}

fn is_same(one: &Finding, other: &Finding) -> bool {
    (one.kind, &one.secret, &one.subject) == (other.kind, &other.secret, &other.subject)
}

/// What is refused meanwhile, or cannot be reached, cannot be put back in time.
fn is_out_of_reach(world: &World, from: Timestamp, to: Timestamp) -> bool {
    let mut met = world.faults_met.iter().filter(|(at, _)| (from..=to).contains(at));
    let mut full = world.account_full.iter();
    met.any(|(_, operation)| operation.starts_with("lambda:"))
        || full.any(|window| !overlap(*window, (from, to)).is_zero())
}

/// How much of a time the watchdog lived through, awake; the beginnings of its lives left out, and of what follows a
/// suspension.
fn watched(lives: &[Lived], from: Timestamp, to: Timestamp) -> SignedDuration {
    let within = lives.iter().map(|life| {
        let suspended = life.suspended.iter();
        let suspended = suspended.map(|(since, until)| overlap((*since, *until + START), (from, to)));
        let lived = overlap((life.from + START, life.to), (from, to));
        (lived - suspended.sum::<SignedDuration>()).max(SignedDuration::ZERO)
    });
    within.sum()
}

fn overlap(one: (Timestamp, Timestamp), other: (Timestamp, Timestamp)) -> SignedDuration {
    let (from, to) = (one.0.max(other.0), one.1.min(other.1));
    to.duration_since(from).max(SignedDuration::ZERO)
}
