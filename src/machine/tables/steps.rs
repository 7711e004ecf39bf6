//! The steps of a rotation: which lines and logins belong to it, and what they say of when each step was.

use super::rotations::done;
use super::world::{Tale, arn, at, millis};
use crate::model::{Evidence, LogFact, LogLine, Step, Strategy, When};
use crate::story::phase::Phase;
use crate::story::proof::{Proof, Works};
use crate::story::rotations::{Ending, Origin, Rotation, Seen, Source};

/// A rotation to `b`, first seen at second 10.
fn begun() -> Tale {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").labels(10, "a b z");
    tale
}

/// The same, promoted by second 20.
fn promoted() -> Tale {
    let mut tale = begun();
    tale.labels(19, "a b z").labels(21, "b - a");
    tale.log(20, done(Step::FinishSecret, "b"));
    tale
}

fn rotation(tale: &Tale) -> Rotation {
    tale.latest(1_000).rotation
}

fn when(seen: &Option<Seen>) -> Option<When> {
    seen.as_ref().map(|seen| seen.when)
}

#[test]
fn a_steps_line_bounds_it_and_the_step_after() {
    let mut tale = begun();
    tale.log(12, done(Step::CreateSecret, "b"));
    tale.line(14, Step::SetSecret).line(17, Step::TestSecret);
    tale.labels(18, "a b z").labels(25, "b - a");
    tale.log(20, done(Step::FinishSecret, "b"));
    let rotation = rotation(&tale);
    let between = |from, to| Some(When::between(at(from), at(to)));
    assert_eq!(when(&rotation.created), between(-5, 12));
    assert_eq!(when(&rotation.exposed), between(12, 14));
    assert_eq!(when(&rotation.tested), between(14, 17));
    assert_eq!(when(&rotation.promoted), between(17, 20));
}

#[test]
fn a_finish_line_dates_a_promotion_and_does_not_make_one() {
    let mut tale = begun();
    tale.log(20, done(Step::FinishSecret, "b"));
    assert!(rotation(&tale).is_open());
}

#[test]
fn lines_reach_us_up_to_ten_seconds_after_the_promotion() {
    for (second, counts) in [(18, true), (31, true), (32, false)] {
        let mut tale = promoted();
        tale.line(second, Step::TestSecret);
        assert_eq!(rotation(&tale).tested.is_some(), counts, "{second}");
    }
}

/// Both at the same moment: it is the line of the one that was promoted then.
#[test]
fn a_line_of_the_promotion_before_is_not_the_next_ones() {
    let mut tale = begun();
    tale.labels(20, "b - a").log(20, done(Step::FinishSecret, "b"));
    tale.labels(21, "b c a").line(20, Step::TestSecret);
    let judgement = tale.judge(30);
    let tested = judgement
        .rotations
        .iter()
        .map(|view| view.rotation.tested.is_some());
    assert_eq!(tested.collect::<Vec<_>>(), [false, true, false]);
}

/// The first look shows AWSPENDING already, since second -99 at the latest; the rotation before ended long ago.
#[test]
fn the_first_lines_may_be_ten_minutes_older_than_the_first_sight() {
    let exposed = |line: i64, finished: i64, rotated: Option<i64>| {
        let mut tale = Tale::new();
        (tale.last_changed, tale.last_rotated) = (Some(at(-100)), rotated.map(at));
        tale.labels(300, "a b z");
        tale.log(finished, done(Step::FinishSecret, "a"))
            .line(line, Step::SetSecret);
        rotation(&tale).exposed.is_some()
    };
    assert!(exposed(-699, -800, None));
    assert!(!exposed(-700, -800, None));
    assert!(!exposed(-651, -655, Some(-650)), "that was the rotation before");
    assert!(exposed(-649, -655, Some(-650)));
}

#[test]
fn a_step_that_fails_is_told_once_by_the_runtime_and_once_by_itself() {
    let failures = |told: &[(i64, Step)]| {
        let mut tale = begun();
        for (second, step) in told {
            tale.failure(*second, *step);
        }
        rotation(&tale).failures.len()
    };
    assert_eq!(failures(&[(15, Step::SetSecret), (16, Step::SetSecret)]), 1);
    assert_eq!(failures(&[(15, Step::SetSecret), (17, Step::SetSecret)]), 2);
    assert_eq!(failures(&[(15, Step::SetSecret), (16, Step::TestSecret)]), 2);
}

#[test]
fn a_failure_that_names_no_step_was_in_the_one_under_way() {
    let why = || "timed out".to_owned();
    let table: [(&[Step], Step); 4] = [
        (&[], Step::CreateSecret),
        (&[Step::CreateSecret], Step::SetSecret),
        (&[Step::SetSecret], Step::TestSecret),
        (&[Step::SetSecret, Step::TestSecret], Step::FinishSecret),
    ];
    for (succeeded, failed) in table {
        let mut tale = begun();
        for (step, second) in succeeded.iter().zip(12..) {
            tale.line(second, *step);
        }
        tale.log(
            20,
            LogLine::Failed {
                step: None,
                why: why(),
                ended: false,
            },
        );
        let step = Some(failed);
        assert_eq!(tale.latest(30).phase, Phase::Failed { step }, "{succeeded:?}");
    }
}

#[test]
fn a_refusal_of_the_old_password_narrows_setsecret_only_after_it_was_accepted() {
    let exposed = |tell: fn(&mut Tale)| {
        let mut tale = begun();
        tell(&mut tale);
        tale.login(18, "b", true);
        rotation(&tale).exposed.expect("a login with the new password")
    };
    let refused = exposed(|tale| {
        tale.login(14, "a", false);
    });
    assert_eq!(refused.when, When::by(millis(18_020)), "it may never have worked");
    let changed = exposed(|tale| {
        tale.login(12, "a", true).login(14, "a", false);
    });
    assert_eq!(changed.when, When::between(at(12), millis(14_020)));
    assert_eq!(changed.sources.into_iter().collect::<Vec<_>>(), [Source::Login]);

    let mut alternating = begun();
    alternating
        .login(18, "b", true)
        .login(30, "a", true)
        .login(90, "a", false);
    let exposed = rotation(&alternating).exposed.expect("a login");
    assert_eq!(
        exposed.when,
        When::by(millis(18_020)),
        "both worked, and then another trouble"
    );

    let mut returned = Tale::new();
    returned
        .login(2, "a", true)
        .labels(3, "a - z")
        .labels(5, "b - a")
        .labels(9, "a - b")
        .labels(14, "a - b")
        .labels(15, "a c b")
        .login(16, "a", false)
        .login(18, "c", true);
    let exposed = rotation(&returned).exposed.expect("a login");
    assert_eq!(
        exposed.when,
        When::by(millis(18_020)),
        "the password was that of b"
    );
}

#[test]
fn a_rotation_that_was_given_up_after_setsecret_was_no_test_run() {
    let mut tale = begun();
    tale.line(13, Step::SetSecret).line(15, Step::TestSecret);
    tale.labels(20, "a - z").labels(26, "a - z");
    assert_eq!(
        rotation(&tale).ending.map(|(ending, _)| ending),
        Some(Ending::Abandoned)
    );
}

fn works(tale: &Tale) -> Works {
    tale.judge(1_000).current().expect("a promotion").works
}

/// The protocol speaks for what came through to AWSCURRENT, and for nothing on its way there.
#[test]
fn g1_before_the_promotion_nothing_is_proven_by_protocol() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").labels(10, "a b z");
    assert_eq!(tale.latest(11).works, Works::Unproven);
    tale.labels(20, "b - a");
    assert_eq!(works(&tale), Works::Yes(Proof::Protocol));
    let mut given_up = Tale::new();
    given_up
        .labels(0, "a - z")
        .labels(10, "a b z")
        .labels(20, "a - z");
    given_up.labels(30, "a - z");
    assert_eq!(given_up.latest(40).works, Works::Unproven);
}

#[test]
fn a_refusal_as_late_as_testsecrets_line_stands() {
    let works_by_line_at = |ms: i64| {
        let mut tale = promoted();
        tale.login(18, "b", false);
        let line = LogLine::Done {
            step: Step::TestSecret,
            version: None,
            strategy: None,
        };
        let lines = vec![LogFact { at: millis(ms), line }];
        tale.see(
            22,
            Evidence::Log {
                secret: arn("db"),
                lines,
            },
        );
        works(&tale)
    };
    assert!(matches!(works_by_line_at(18_020), Works::No { .. }));
    assert!(matches!(
        works_by_line_at(18_021),
        Works::Yes(Proof::TestSecret(_))
    ));
}

#[test]
fn what_logins_told_of_a_version_before_it_came_back_says_nothing() {
    let mut back = Tale::new();
    back.labels(0, "a - z").login(9, "z", true).labels(10, "a - z");
    back.labels(20, "z - a").labels(30, "z - a");
    let mut later = Tale::new();
    later.labels(0, "a - z").labels(10, "a - z").login(11, "z", true);
    later.labels(20, "z - a").labels(30, "z - a");
    assert!(
        matches!(works(&later), Works::Yes(Proof::Login(_))),
        "after the look"
    );
    let rotation = &back.judge(31).current().expect("a promotion").rotation.clone();
    assert_eq!((rotation.origin, rotation.key.n), (Origin::Rollback, 1));
    assert_eq!(works(&back), Works::Unproven);

    let mut again = promoted();
    again
        .login(30, "b", true)
        .labels(100, "a - b")
        .labels(110, "a - b");
    again
        .labels(120, "a b -")
        .labels(130, "b - a")
        .labels(140, "b - a");
    let rotation = &again.judge(141).current().expect("a promotion").rotation.clone();
    assert_eq!((rotation.origin, rotation.key.n), (Origin::Rotation, 2));
    assert_eq!(works(&again), Works::Yes(Proof::Protocol));

    let mut put = begun();
    put.login(15, "b", true).labels(20, "a - z").labels(30, "a - z");
    put.labels(40, "b - a");
    assert!(
        matches!(works(&put), Works::Yes(Proof::Login(_))),
        "it was never current before"
    );
}

fn strategy(tell: fn(&mut Tale)) -> Strategy {
    let mut tale = promoted();
    tell(&mut tale);
    tale.judge(100).strategy.0
}

#[test]
fn how_a_secret_rotates_is_told_by_its_owner_its_log_or_logins() {
    assert_eq!(strategy(|_| ()), Strategy::Unknown);
    let single = strategy(|tale| {
        tale.login(22, "b", true).login(23, "a", false);
    });
    assert_eq!(single, Strategy::SingleUser);
    let untold = strategy(|tale| {
        tale.login(22, "b", false).login(23, "a", true);
    });
    assert_eq!(untold, Strategy::Unknown);
    let logged = strategy(|tale| {
        tale.login(22, "b", true)
            .login(23, "a", true)
            .line(14, Step::SetSecret);
    });
    assert_eq!(
        logged,
        Strategy::DualPasswords,
        "one user, whose password before works on"
    );
    let single = strategy(|tale| {
        tale.login(22, "b", true).line(14, Step::SetSecret);
    });
    assert_eq!(single, Strategy::SingleUser, "as long as nothing says otherwise");
    let managed = strategy(|tale| {
        let mut seen = tale.secret_seen("db", super::world::labels("b - a"));
        seen.owning_service = Some("rds".to_owned());
        tale.line(14, Step::SetSecret);
        tale.see(
            30,
            Evidence::Secret {
                secret: arn("db"),
                seen,
            },
        );
    });
    assert_eq!(managed, Strategy::Managed);
}
