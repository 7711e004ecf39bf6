//! Functions that are refreshed by an update of their configuration: what each look means, to the second.

use super::staleness::dated;
use super::standings::{attempt, cycle, standing};
use super::world::{Tale, at, function};
use crate::consumers::{Standing, Why};
use crate::model::{
    ConsumerId, CycleStep, Done, EnvironmentSeen, FunctionSeen, NoEffect, Outcome, Stage, Write, WriteKind,
};

pub(super) fn mailer() -> ConsumerId {
    ConsumerId::function("mailer")
}

fn modified(second: i64) -> FunctionSeen {
    FunctionSeen {
        last_modified: Some(at(second)),
        ..function(None)
    }
}

pub(super) fn update() -> Write {
    Write::UpdateEnvironment {
        function: "mailer".into(),
        marker: "m".to_owned(),
        revision: "r1".to_owned(),
    }
}

pub(super) fn written() -> Option<Outcome> {
    Some(Outcome::Done(Done::Written { began: None }))
}

/// A promotion at second 20, with a margin of one; the function was seen at second 30.
fn seen(seen: FunctionSeen) -> Standing {
    let mut tale = dated(&mailer());
    tale.function(30, &mailer(), seen);
    standing(&tale, 31)
}

#[test]
fn a_configuration_from_within_the_margin_is_old() {
    assert_eq!(seen(modified(21)).why, Why::ConfiguredBefore);
    let young = seen(modified(22));
    assert_eq!((young.stage, young.why), (Stage::Presumed, Why::UpdatedByAnother));
    let mut ours = dated(&mailer());
    attempt(&mut ours, &mailer(), "x", update(), written(), 25);
    ours.function(30, &mailer(), modified(25));
    assert_eq!(standing(&ours, 31).why, Why::ConfigUpdated);
    let mut other = dated(&mailer());
    attempt(&mut other, &mailer(), "x", cycle(CycleStep::Untag), written(), 25);
    other.function(30, &mailer(), modified(25));
    assert_eq!(standing(&other, 31).why, Why::UpdatedByAnother);
}

/// A promotion that lies somewhere within minutes.
#[test]
fn of_an_unwatched_promotion_only_a_configuration_that_is_certainly_older_is_updated() {
    let first_seen = |changed: i64| {
        let mut tale = Tale::new();
        (tale.last_rotated, tale.last_changed) = (Some(at(0)), Some(at(changed)));
        tale.uses(&mailer(), &["db"])
            .labels(300, "b - a")
            .login(301, "b", true);
        tale
    };
    let mut moved = first_seen(50);
    moved.function(310, &mailer(), modified(-5_000));
    assert_eq!(standing(&moved, 311).why, Why::ConfiguredAround);
    let mut tale = first_seen(2);
    tale.function(310, &mailer(), modified(-61));
    assert_eq!(standing(&tale, 311).stage, Stage::Stale);
    tale.function(320, &mailer(), modified(-60));
    let around = standing(&tale, 321);
    assert_eq!(
        (around.stage, around.why),
        (Stage::Unknown, Why::ConfiguredAround)
    );
}

#[test]
fn the_marker_needs_forty_of_4096_bytes() {
    let with = |bytes| FunctionSeen {
        environment: EnvironmentSeen::Readable { bytes, marker: None },
        ..function(None)
    };
    assert!(seen(with(4_056)).wants.is_some());
    assert_eq!(seen(with(4_057)).why, Why::EnvironmentFull { bytes: 4_057 });
}

/// It is presumed once a look after the update shows the function; LastModified may lag behind.
#[test]
fn an_update_that_went_through_is_looked_at_within_its_deadline() {
    let mut tale = dated(&mailer());
    tale.function(30, &mailer(), modified(-500));
    attempt(&mut tale, &mailer(), "x", update(), written(), 39);
    let waiting = standing(&tale, 939);
    assert_eq!((waiting.why, waiting.wake), (Why::Updating, Some(at(940))));
    let late = standing(&tale, 940);
    assert_eq!(late.why, Why::NotInTime { deadline: at(940) });
    tale.function(40, &mailer(), modified(-500));
    let presumed = standing(&tale, 941);
    assert_eq!(
        (presumed.stage, presumed.why),
        (Stage::Presumed, Why::ConfigUpdated)
    );
}

/// A marker that was written before would change nothing.
#[test]
fn each_try_has_a_marker_of_its_own() {
    let mut tale = dated(&mailer());
    tale.function(30, &mailer(), function(None));
    let mut markers = Vec::new();
    for second in [31, 50, 100] {
        let Some(Write::UpdateEnvironment { marker, revision, .. }) = standing(&tale, second).wants else {
            panic!("{:?}", standing(&tale, second))
        };
        assert_eq!(revision, "r1", "guarded by what was seen");
        assert!(!markers.contains(&marker), "{markers:?}");
        markers.push(marker);
        let throttled = Some(Outcome::NoEffect(NoEffect::Throttled));
        attempt(
            &mut tale,
            &mailer(),
            &format!("x{second}"),
            update(),
            throttled,
            second,
        );
        let waiting = standing(&tale, second + 2);
        assert!(
            waiting.wake.is_some() && waiting.stage == Stage::Stale,
            "{waiting:?}"
        );
    }
}

#[test]
fn an_update_without_an_answer_is_under_way() {
    let mut tale = dated(&mailer());
    tale.function(30, &mailer(), function(None));
    attempt(&mut tale, &mailer(), "x", update(), None, 31);
    let waiting = standing(&tale, 32);
    let write = WriteKind::UpdateEnvironment;
    assert_eq!(
        (waiting.stage, waiting.why),
        (Stage::Refreshing, Why::UnderWay { write })
    );
}
