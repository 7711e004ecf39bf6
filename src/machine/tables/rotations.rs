//! Label cases, phases and intervals.

use super::world::{Tale, at, millis, version};
use crate::model::{LogLine, Step, When};
use crate::story::phase::Phase;
use crate::story::proof::{Proof, Works};
use crate::story::rotations::{Ending, Origin, Source};

#[test]
fn at_first_sight_what_is_current_is_the_baseline() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z");
    let view = tale.latest(1);
    assert_eq!(
        (view.rotation.origin, view.phase),
        (Origin::Baseline, Phase::Settled)
    );
    assert!(tale.judge(1).open().is_none());
}

#[test]
fn a_promotion_shortly_before_the_first_look_is_a_rotation() {
    let mut tale = Tale::new();
    (tale.last_changed, tale.last_rotated) = (Some(at(-100)), Some(at(-101)));
    tale.labels(0, "b - a");
    let view = tale.latest(1);
    assert_eq!(view.rotation.origin, Origin::Rotation);
    let promoted = view.rotation.promoted.expect("promoted").when.not_after;
    assert_eq!(
        promoted,
        at(-99),
        "LastChangedDate bounds it, rounded up to whole seconds"
    );
}

#[test]
fn pending_on_the_current_version_is_done_not_running() {
    let mut tale = Tale::new();
    tale.labels(0, "a a z");
    assert!(tale.judge(1).open().is_none());
}

#[test]
fn the_steps_of_a_rotation_with_their_intervals() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").labels(10, "a b z");
    assert_eq!(tale.latest(10).phase, Phase::Creating);
    tale.valued(11, &["a"]).valued(12, &["a", "b"]);
    let view = tale.latest(12);
    assert_eq!(view.phase, Phase::Created);
    assert_eq!(
        view.rotation.started.map(|seen| seen.when),
        Some(When::between(at(0 - 5), millis(10_020))),
        "reads may be behind by five seconds"
    );
    assert_eq!(
        view.rotation.created.map(|seen| seen.when),
        Some(When::between(at(11 - 5), millis(12_020)))
    );

    tale.login(13, "a", true)
        .login(14, "a", false)
        .login(15, "b", true);
    let view = tale.latest(15);
    assert_eq!(view.phase, Phase::Exposed);
    let exposed = view.rotation.exposed.expect("exposed");
    assert_eq!(
        exposed.when,
        When::between(at(13), millis(14_020)),
        "the old login's refusal narrows it"
    );

    tale.line(13, Step::SetSecret).line(16, Step::TestSecret);
    let view = tale.latest(20);
    assert_eq!(view.phase, Phase::Tested);
    assert_eq!(
        view.rotation
            .exposed
            .expect("exposed")
            .sources
            .into_iter()
            .collect::<Vec<_>>(),
        vec![Source::Log, Source::Login]
    );

    tale.labels(20, "a b z").labels(21, "b b a");
    let view = tale.latest(22);
    assert_eq!(view.rotation.origin, Origin::Rotation);
    assert_eq!(view.phase, Phase::Verifying, "nothing uses it");
    assert_eq!(
        view.rotation.promoted.expect("promoted").when,
        When::between(at(20 - 5), millis(21_020))
    );
    assert!(matches!(view.works, Works::Yes(Proof::Login(_))));
}

#[test]
fn evidence_in_another_order_tells_the_same() {
    let told: [fn(&mut Tale); 5] = [
        |tale| {
            tale.labels(0, "a - z").labels(10, "a b z").labels(30, "b - a");
        },
        |tale| {
            tale.valued(11, &["a"]).valued(12, &["a", "b"]);
        },
        |tale| {
            tale.line(13, Step::SetSecret);
        },
        |tale| {
            tale.line(15, Step::TestSecret);
        },
        |tale| {
            tale.login(20, "b", true);
        },
    ];
    let tell = |order: &[usize]| {
        let mut tale = Tale::new();
        // Values are only asked for while the labels show a version in progress.
        tale.labels(0, "a - z").labels(10, "a b z");
        told[1](&mut tale);
        for i in order {
            told[*i](&mut tale);
        }
        tale.latest(40)
    };
    let expected = tell(&[0, 2, 3, 4]);
    for order in [[4, 3, 2, 0], [2, 0, 4, 3], [3, 4, 0, 2]] {
        assert_eq!(tell(&order), expected, "{order:?}");
    }
}

#[test]
fn the_journal_alone_tells_the_same_rotations() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(5, "a - z")
        .labels(10, "a b z")
        .valued(11, &["a"])
        .valued(12, &["b"]);
    tale.line(13, Step::SetSecret)
        .login(14, "a", true)
        .login(15, "a", false)
        .labels(18, "a b z")
        .labels(19, "b - a");
    let rotations = |tale: &Tale| {
        tale.judge(30)
            .rotations
            .into_iter()
            .map(|v| v.rotation)
            .collect::<Vec<_>>()
    };
    assert_eq!(rotations(&tale.restarted()), rotations(&tale));
}

#[test]
fn a_manual_put_is_no_rotation_and_goes_by_one_under_way() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").labels(10, "a b z").labels(20, "c b a");
    let judgement = tale.judge(21);
    let manual = judgement.current().expect("a promotion");
    assert_eq!(
        (manual.rotation.origin, manual.works),
        (Origin::Manual, Works::Unproven)
    );
    assert_eq!(manual.rotation.key.version, version("c"));
    let left = judgement.open().expect("AWSPENDING still stands on it");
    assert_eq!(left.rotation.key.version, version("b"));
    tale.labels(30, "c - a").labels(36, "c - a");
    let judgement = tale.judge(36);
    let left = judgement
        .rotations
        .iter()
        .find(|view| view.rotation.key.version == version("b"));
    assert_eq!(
        left.and_then(|view| view.rotation.ending)
            .map(|(ending, _)| ending),
        Some(Ending::Abandoned)
    );
}

#[test]
fn a_rollback_counts_once_it_was_seen_for_some_seconds() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .labels(20, "b - a")
        .labels(30, "a - b");
    assert_eq!(
        tale.latest(30).rotation.key.version,
        version("b"),
        "one stale answer means nothing"
    );
    tale.labels(36, "a - b");
    let judgement = tale.judge(36);
    let back = &judgement.latest().expect("a rotation").rotation;
    assert_eq!(
        (back.origin, back.key.version.as_str(), back.key.n),
        (Origin::Rollback, "a", 2)
    );
    let rolled_back = judgement
        .rotations
        .iter()
        .find(|v| v.rotation.key.version == version("b"));
    assert_eq!(rolled_back.map(|view| view.phase), Some(Phase::RolledBack));
}

#[test]
fn a_stale_answer_in_the_middle_changes_nothing() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .labels(20, "b - a")
        .labels(21, "a b z")
        .labels(22, "b - a");
    let view = tale.latest(23);
    assert_eq!(
        (view.rotation.key.version.as_str(), view.rotation.key.n),
        ("b", 1)
    );
    assert!(tale.judge(23).open().is_none());
}

#[test]
fn pending_that_goes_away_is_abandoned_and_a_retry_is_the_same_rotation() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .labels(20, "a - z")
        .labels(26, "a - z");
    let key = tale.latest(26).rotation.key;
    assert_eq!(tale.latest(26).phase, Phase::Abandoned);
    tale.labels(40, "a b z");
    let view = tale.latest(40);
    assert_eq!((view.rotation.key, view.phase), (key, Phase::Creating));
}

#[test]
fn only_testsecret_ran() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .line(12, Step::TestSecret)
        .labels(20, "a - z")
        .labels(26, "a - z");
    assert_eq!(
        tale.latest(30).rotation.ending.map(|(ending, _)| ending),
        Some(Ending::OnlyTested)
    );
}

#[test]
fn a_failed_step_stands_until_the_retry_gets_further() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .valued(11, &["a", "b"])
        .line(13, Step::SetSecret);
    tale.failure(15, Step::TestSecret);
    assert_eq!(
        tale.latest(20).phase,
        Phase::Failed {
            step: Some(Step::TestSecret)
        }
    );
    tale.line(80, Step::TestSecret);
    assert_eq!(tale.latest(85).phase, Phase::Tested);
}

#[test]
fn without_progress_it_stalls() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").labels(10, "a b z");
    assert_eq!(tale.latest(1_000).phase, Phase::Creating);
    assert_eq!(tale.latest(10_000).phase, Phase::Stalled);
}

#[test]
fn a_rotation_that_ran_unseen_is_told_from_a_manual_put() {
    let mut seen_by_date = Tale::new();
    seen_by_date.labels(0, "a - z");
    (seen_by_date.last_changed, seen_by_date.last_rotated) = (Some(at(500)), Some(at(500)));
    seen_by_date.labels(3_600, "b - a");
    let view = seen_by_date.latest(3_601);
    assert_eq!(view.rotation.origin, Origin::Rotation);
    assert_eq!(
        view.rotation.promoted.expect("promoted").when,
        When::between(at(440), at(501))
    );

    let mut by_label = Tale::new();
    by_label.labels(0, "a - z").labels(3_600, "b b a");
    assert_eq!(by_label.latest(3_601).rotation.origin, Origin::Rotation);

    let mut manual = Tale::new();
    manual.labels(0, "a - z").labels(3_600, "b - a");
    assert_eq!(manual.latest(3_601).rotation.origin, Origin::Manual);
}

#[test]
fn a_dead_value_is_known_by_its_refusal() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .labels(20, "b - a")
        .login(21, "b", false)
        .login(22, "a", true);
    assert!(matches!(tale.latest(23).works, Works::No { .. }));
}

#[test]
fn verified_then_watched_then_settled() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").labels(10, "a b z").labels(20, "b - a");
    let phases = [
        (30, Phase::Verifying),
        (400, Phase::Watching),
        (86_500, Phase::Settled),
    ];
    for (second, phase) in phases {
        assert_eq!(tale.latest(second).phase, phase, "at {second}");
    }
}

/// The service retries for as long as it takes: what came first must not be pushed out.
#[test]
fn a_thousand_retries_leave_the_first_failure_and_the_last() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").labels(10, "a b z");
    tale.line(12, Step::SetSecret);
    for n in 0..1_000 {
        tale.failure(20 + n * 60, Step::TestSecret);
    }
    let rotation = tale.latest(70_000).rotation;
    let failed: Vec<_> = rotation.failures.iter().map(|failure| failure.at).collect();
    assert_eq!(
        (failed.first(), failed.last()),
        (Some(&at(20)), Some(&at(20 + 999 * 60)))
    );
    assert!(failed.len() < 30, "{}", failed.len());
    assert_eq!(rotation.exposed.expect("setSecret's line").when.not_after, at(12));
}

#[test]
fn a_line_without_a_version_belongs_to_no_rotation_that_began_nobody_knows_when() {
    let mut tale = Tale::new();
    (tale.last_changed, tale.last_rotated) = (Some(at(-100)), Some(at(-101)));
    tale.labels(0, "b - a").line(-700, Step::SetSecret);
    assert_eq!(tale.latest(1).rotation.exposed, None, "before LastRotatedDate");
    tale.last_rotated = None;
    tale.labels(10, "c - b");
    let superseded = &tale.judge(11).rotations[0].rotation;
    assert_eq!(superseded.exposed, None, "whatever is known of it later");

    let mut told = Tale::new();
    told.last_changed = Some(at(-100));
    told.labels(0, "b - a")
        .log(-120, done(Step::CreateSecret, "b"))
        .line(-110, Step::SetSecret);
    let exposed = told.latest(1).rotation.exposed.map(|seen| seen.when);
    assert_eq!(
        exposed,
        Some(When::between(at(-120), at(-110))),
        "its own first line"
    );
}

#[test]
fn a_rotation_goes_on_under_a_value_put_by_hand() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .log(5, done(Step::CreateSecret, "b"))
        .line(7, Step::SetSecret)
        .labels(100, "c b a");
    let open = tale.judge(100).open().map(|view| view.rotation.exposed.clone());
    let exposed = open.flatten().map(|seen| seen.when);
    assert_eq!(exposed, Some(When::between(at(5), at(7))));
}

/// A step's line that names the version.
pub(super) fn done(step: Step, of: &str) -> LogLine {
    LogLine::Done {
        step,
        version: Some(version(of)),
        strategy: None,
    }
}
