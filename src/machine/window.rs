//! The danger window: from setSecret until no consumer holds the old value.

use jiff::{SignedDuration, Timestamp};

use crate::judge::RotationView;
use crate::model::{Stage, When};
use crate::rotations::{Ending, Origin, Rotation};
use crate::state::{Reached, StageRun};

/// When it opened and closed, each as far as it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DangerWindow {
    pub opened: When,
    /// Nothing while a consumer may hold the old value.
    pub closed: Option<When>,
}

impl DangerWindow {
    /// The window of one rotation; nothing before setSecret, for an abandoned rotation, and for what was no rotation.
    pub fn of(view: &RotationView, reached: &Reached) -> Option<Self> {
        Self::until(&view.rotation, reached, |promoted| {
            all_over(view, reached, promoted)
        })
    }

    /// The same by what the journal keeps, without a look: consumers stand where they were last told to be. Nothing
    /// for a promotion that stands and of which no consumer is told.
    pub fn told(rotation: &Rotation, reached: &Reached) -> Option<Self> {
        let is_told = reached.keys().any(|(of, _)| *of == rotation.key);
        if rotation.is_current() && !is_told {
            return None;
        }
        Self::until(rotation, reached, |promoted| {
            history_over(rotation, reached, promoted)
        })
    }

    /// `over` tells when a promotion that stands has reached all its consumers.
    fn until(rotation: &Rotation, reached: &Reached, over: impl Fn(When) -> Option<When>) -> Option<Self> {
        if rotation.origin != Origin::Rotation {
            return None;
        }
        let promoted = rotation.promoted.as_ref().map(|seen| seen.when);
        // setSecret lies between the start and the promotion, even where no source told of it.
        let unseen = || {
            promoted.map(|promoted| When {
                not_before: rotation.started.as_ref().and_then(|seen| seen.when.not_before),
                ..promoted
            })
        };
        let opened = rotation.exposed.as_ref().map(|seen| seen.when).or_else(unseen)?;
        let closed = match (promoted, rotation.ending) {
            (_, Some((Ending::Abandoned | Ending::OnlyTested, _))) => return None,
            (None, _) => None,
            (Some(promoted), None) => over(promoted),
            // The next promotion took it over at the latest.
            (Some(promoted), Some((Ending::Superseded | Ending::RolledBack, when))) => {
                Some(history_over(rotation, reached, promoted).map_or(when, |seen| earlier(seen, when)))
            }
        };
        Some(Self { opened, closed })
    }

    /// It certainly lasted so long; while it is open, so far.
    pub fn at_least(&self, now: Timestamp) -> SignedDuration {
        let until = self
            .closed
            .map_or(now, |when| when.not_before.unwrap_or(self.opened.not_after));
        until
            .duration_since(self.opened.not_after)
            .max(SignedDuration::ZERO)
    }

    /// It lasted no longer; nothing where its beginning has no lower bound.
    pub fn at_most(&self, now: Timestamp) -> Option<SignedDuration> {
        let until = self.closed.map_or(now, |when| when.not_after);
        let opened = self.opened.not_before?;
        Some(until.duration_since(opened).max(SignedDuration::ZERO))
    }
}

fn earlier(a: When, b: When) -> When {
    if a.not_after <= b.not_after { a } else { b }
}

fn is_over(stage: Stage) -> bool {
    match stage {
        Stage::Fresh | Stage::Presumed => true,
        Stage::Unknown | Stage::Stale | Stage::Refreshing | Stage::Beyond => false,
    }
}

/// The promotion that stands: all its consumers are fresh or presumed, the last one since then.
fn all_over(view: &RotationView, reached: &Reached, promoted: When) -> Option<When> {
    let mut closed = promoted;
    for (consumer, standing) in &view.consumers {
        if !is_over(standing.stage) {
            return None;
        }
        let history = reached.get(&(view.rotation.key.clone(), consumer.clone()));
        let told = history.and_then(|runs| over_since(runs));
        closed = later(closed, told.or(standing.as_of.map(When::by)));
    }
    Some(closed)
}

/// By what the consumers came to, as for a promotion of the past.
fn history_over(rotation: &Rotation, reached: &Reached, promoted: When) -> Option<When> {
    let mut closed = promoted;
    for (_, runs) in reached.iter().filter(|((of, _), _)| *of == rotation.key) {
        closed = later(closed, Some(over_since(runs)?));
    }
    Some(closed)
}

/// Between the last look that showed the old value and the first that did not.
fn over_since(runs: &[StageRun]) -> Option<When> {
    let first = runs
        .iter()
        .rposition(|run| !is_over(run.stage))
        .map_or(0, |i| i + 1);
    let not_after = runs.get(first)?.first;
    let before = first.checked_sub(1).map(|i| runs[i].last);
    Some(before.map_or(When::by(not_after), |at| When::between(at, not_after)))
}

fn later(a: When, b: Option<When>) -> When {
    b.map_or(a, |b| When {
        not_before: a.not_before.max(b.not_before),
        not_after: a.not_after.max(b.not_after),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::consumers::{Standing, Why};
    use crate::milestones::Works;
    use crate::model::{ConsumerId, RotationKey, SecretArn, VersionId};
    use crate::phase::Phase;
    use crate::rotations::{Moves, Seen, Source};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn seen(from: i64, to: i64) -> Option<Seen> {
        Some(Seen::by(When::between(at(from), at(to)), Source::Labels))
    }

    fn view(stages: &[Stage]) -> RotationView {
        let key = RotationKey {
            secret: SecretArn::new("a"),
            version: VersionId::new("v2"),
            n: 1,
        };
        let standing = |stage: &Stage| Standing {
            stage: *stage,
            why: Why::CreatedAfter,
            action: None,
            wake: None,
            as_of: Some(at(40)),
        };
        let consumers = stages
            .iter()
            .enumerate()
            .map(|(i, stage)| (ConsumerId::declared(i.to_string()), standing(stage)));
        RotationView {
            rotation: Rotation {
                key,
                origin: Origin::Rotation,
                replaced: None,
                started: seen(1, 2),
                created: None,
                exposed: seen(10, 11),
                tested: None,
                promoted: seen(14, 15),
                failures: Vec::new(),
                ending: None,
                moves: Moves::One,
            },
            phase: Phase::Propagating,
            works: Works::Unproven,
            consumers: consumers.collect(),
        }
    }

    #[test]
    fn it_closes_with_the_last_consumer_and_never_claims_more_than_was_seen() {
        let view = view(&[Stage::Fresh, Stage::Presumed]);
        let key = |name: &str| (view.rotation.key.clone(), ConsumerId::declared(name));
        let reached = BTreeMap::from([
            (
                key("0"),
                vec![
                    StageRun::at(at(16), Stage::Stale, ""),
                    StageRun {
                        last: at(23),
                        ..StageRun::at(at(20), Stage::Refreshing, "")
                    },
                    StageRun::at(at(25), Stage::Fresh, ""),
                ],
            ),
            (
                key("1"),
                vec![
                    StageRun::at(at(18), Stage::Stale, ""),
                    StageRun::at(at(30), Stage::Presumed, ""),
                ],
            ),
        ]);
        let window = DangerWindow::of(&view, &reached).unwrap();
        assert_eq!(window.closed, Some(When::between(at(23), at(30))));
        assert_eq!(window.at_least(at(99)), SignedDuration::from_secs(12));
        assert_eq!(window.at_most(at(99)), Some(SignedDuration::from_secs(20)));
    }

    #[test]
    fn it_stays_open_while_a_consumer_may_hold_the_old_value() {
        for stage in [Stage::Unknown, Stage::Stale, Stage::Refreshing, Stage::Beyond] {
            let window = DangerWindow::of(&view(&[Stage::Fresh, stage]), &BTreeMap::new()).unwrap();
            assert_eq!(window.closed, None, "{stage:?}");
            assert_eq!(window.at_least(at(51)), SignedDuration::from_secs(40));
        }
    }

    #[test]
    fn the_journal_alone_tells_it_by_where_consumers_were_last_seen() {
        let rotation = view(&[]).rotation;
        let key = (rotation.key.clone(), ConsumerId::declared("0"));
        let mut reached = Reached::new();
        assert_eq!(DangerWindow::told(&rotation, &reached), None, "nobody is told of");
        reached.insert(key.clone(), vec![StageRun::at(at(16), Stage::Stale, "")]);
        let window = DangerWindow::told(&rotation, &reached).unwrap();
        assert_eq!(window.closed, None);
        reached
            .entry(key)
            .or_default()
            .push(StageRun::at(at(20), Stage::Fresh, ""));
        let window = DangerWindow::told(&rotation, &reached).unwrap();
        assert_eq!(window.closed, Some(When::between(at(16), at(20))));
    }

    #[test]
    fn without_a_sign_of_set_secret_it_opened_between_start_and_promotion() {
        let mut view = view(&[]);
        view.rotation.exposed = None;
        let window = DangerWindow::of(&view, &BTreeMap::new()).unwrap();
        assert_eq!(window.opened, When::between(at(1), at(15)));
        view.rotation.promoted = None;
        assert_eq!(DangerWindow::of(&view, &BTreeMap::new()), None);
    }

    #[test]
    fn the_next_promotion_closes_it_at_the_latest() {
        let mut view = view(&[]);
        view.rotation.ending = Some((Ending::Superseded, When::between(at(50), at(51))));
        let key = (view.rotation.key.clone(), ConsumerId::declared("0"));
        let reached = BTreeMap::from([(key, vec![StageRun::at(at(16), Stage::Stale, "")])]);
        let window = DangerWindow::of(&view, &reached).unwrap();
        assert_eq!(window.closed, Some(When::between(at(50), at(51))));
        view.rotation.ending = Some((Ending::Abandoned, When::by(at(50))));
        assert_eq!(DangerWindow::of(&view, &BTreeMap::new()), None);
    }

    #[test]
    fn a_promotion_of_the_past_closed_with_its_own_last_consumer() {
        let mut view = view(&[]);
        view.rotation.ending = Some((Ending::Superseded, When::between(at(50), at(51))));
        let key = |n| {
            (
                RotationKey {
                    n,
                    ..view.rotation.key.clone()
                },
                ConsumerId::declared("0"),
            )
        };
        let stages = |fresh| {
            vec![
                StageRun::at(at(16), Stage::Stale, ""),
                StageRun::at(at(fresh), Stage::Fresh, ""),
            ]
        };
        let reached = BTreeMap::from([(key(1), stages(30)), (key(2), stages(45))]);
        let window = DangerWindow::of(&view, &reached).unwrap();
        assert_eq!(window.closed, Some(When::between(at(16), at(30))));
    }

    #[test]
    fn without_a_lower_bound_nobody_knows_how_long_it_was_at_most() {
        let mut view = view(&[]);
        view.rotation.exposed = Some(Seen::by(When::by(at(11)), Source::Login));
        let window = DangerWindow::of(&view, &BTreeMap::new()).unwrap();
        assert_eq!(window.at_most(at(99)), None);
        assert_eq!(window.at_least(at(99)), SignedDuration::from_secs(3));
    }

    #[test]
    fn only_rotations_have_one() {
        for origin in [Origin::Manual, Origin::Rollback, Origin::Baseline] {
            let mut view = view(&[]);
            view.rotation.origin = origin;
            assert_eq!(DangerWindow::of(&view, &BTreeMap::new()), None, "{origin:?}");
        }
    }
}
