//! What becomes of a promotion by the watchdog: its answer, its proof, how often, and what people are told.

use std::sync::Arc;

use super::roll_forward::{admission_of, course, decide, failed, fails, findings, key, promote, started};
use super::world::{Tale, arn, at, version};
use crate::admission::Admission;
use crate::consumers::Why;
use crate::findings::{Finding, roll_forward_stopped};
use crate::judge::Reason;
use crate::looks::secret_looks;
use crate::model::{Done, LookKey, NoEffect, Outcome, RotationKey, Step, Write, WriteKind};
use crate::procedures::{Course, Obstacle};
use crate::story::proof::Works;
use crate::story::rotations::Source;

fn tried(outcome: Option<Outcome>) -> Tale {
    let mut tale = failed();
    decide(&mut tale, vec![key()], "p", promote(), outcome, 19);
    tale
}

/// Once for each version: what is under way or in doubt is looked at, what a guard found for good is left to people.
#[test]
fn what_became_of_a_promotion_decides_about_the_next() {
    let no_effect = |why| Some(Outcome::NoEffect(why));
    let unfit = NoEffect::Unfit {
        why: "the two values lead to different servers".to_owned(),
    };
    let under_way = Why::UnderWay {
        write: WriteKind::Promote,
    };
    let in_doubt = Why::InDoubt {
        write: WriteKind::Promote,
    };
    let throttled = NoEffect::Throttled;
    let table = [
        (None, Course::Tried(under_way.clone(), None)),
        (
            Some(Outcome::InDoubt {
                why: "cut".to_owned(),
            }),
            Course::Tried(in_doubt, None),
        ),
        (
            Some(Outcome::Done(Done::Written { began: None })),
            Course::Tried(under_way, None),
        ),
        (
            no_effect(throttled.clone()),
            Course::Tried(
                Why::NoEffect {
                    why: throttled,
                    times: 1,
                },
                Some(at(22)),
            ),
        ),
        (
            no_effect(unfit),
            Course::LeftToAPerson(Obstacle::Unfit(
                "the two values lead to different servers".to_owned(),
            )),
        ),
    ];
    for (outcome, expected) in table {
        let tale = tried(outcome);
        assert_eq!(course(&tale, 21), Some(expected));
        assert_eq!(started(&tale, 21), []);
    }
    let again = tried(no_effect(NoEffect::Throttled));
    assert_eq!(course(&again, 23), Some(Course::Wanted(promote())));
}

/// AWS may show the labels of before for five seconds; two looks ten seconds apart must agree.
#[test]
fn a_promotion_in_doubt_is_settled_by_labels() {
    let in_doubt = || {
        Some(Outcome::InDoubt {
            why: "cut".to_owned(),
        })
    };
    let outcome = |tale: &Tale| {
        tale.state.secrets[&arn("db")].attempts[0]
            .outcome
            .clone()
            .expect("one")
            .1
    };
    let mut went = tried(in_doubt());
    went.labels(22, "b b a");
    assert_eq!(outcome(&went), Outcome::Done(Done::Written { began: None }));
    let mut lost = tried(in_doubt());
    lost.labels(22, "a b z").labels(26, "a b z");
    assert!(matches!(outcome(&lost), Outcome::InDoubt { .. }));
    lost.labels(36, "a b z");
    assert!(matches!(
        outcome(&lost),
        Outcome::NoEffect(NoEffect::NotSent { .. })
    ));
}

/// Promoted by us between 19 and 20, as labels show at 21.
fn promoted() -> Tale {
    let mut tale = tried(Some(Outcome::Done(Done::Written { began: None })));
    tale.labels(21, "b b a");
    tale
}

#[test]
fn our_own_write_dates_the_promotion_and_what_fails_later_is_no_failure() {
    let mut tale = promoted();
    fails(&mut tale, 22, Some(Step::FinishSecret), true);
    let view = tale.latest(23);
    let promotion = view.rotation.promoted.as_ref().expect("promoted");
    assert_eq!(
        (promotion.when.not_before, promotion.when.not_after),
        (Some(at(19)), at(20))
    );
    assert!(promotion.sources.contains(&Source::Watchdog));
    assert_eq!(view.rotation.failures.len(), 1, "testSecret's alone");
}

/// A login that was sent before our answer may be of before somebody set the database back.
#[test]
fn only_a_login_after_our_write_proves_the_version() {
    let mut tale = promoted();
    assert_eq!(tale.latest(22).works, Works::Unproven);
    tale.login(24, "b", true);
    assert!(matches!(tale.latest(25).works, Works::Yes(_)));
    let mut undone = promoted();
    undone.login(24, "b", false).login(25, "a", true);
    assert!(matches!(undone.latest(26).works, Works::No { .. }));
    let kinds = |tale: &Tale, second| -> Vec<&'static str> {
        let found = findings(tale, second).into_iter();
        found.map(|finding| finding.kind.name()).collect()
    };
    assert!(
        kinds(&undone, 26).contains(&"roll-forward-undone"),
        "{:?}",
        kinds(&undone, 26)
    );
    assert!(
        kinds(&tale, 26).contains(&"rolled-forward"),
        "{:?}",
        kinds(&tale, 26)
    );
}

/// The acceptance is the same as before, so that only its look is new.
#[test]
fn the_login_that_proves_it_is_known_after_a_restart() {
    let mut tale = promoted();
    tale.login(24, "b", true);
    assert!(matches!(tale.restarted().latest(25).works, Works::Yes(_)));
    let before = tale.journal.len();
    tale.login(26, "b", true);
    assert_eq!(tale.journal.len(), before, "once");
}

/// The function that failed may run on for a quarter of an hour.
#[test]
fn what_was_rolled_forward_is_logged_in_with_again_for_as_long_as_a_function_may_run() {
    let mut tale = promoted();
    tale.login(24, "b", true).login(25, "a", false);
    let due = |tale: &Tale, second: i64, id: &str| {
        let looks = secret_looks(
            &tale.state,
            &arn("db"),
            &tale.judge(second),
            &tale.policy,
            &tale.settings,
            at(second),
        );
        looks.get(&LookKey::Login(arn("db"), version(id))).copied()
    };
    assert_eq!(due(&tale, 26, "a"), None, "once was enough");
    assert!(due(&tale, 26, "b").is_some_and(|at_least| at_least <= at(24 + 61)));
    tale.login(900, "b", true);
    assert!(due(&tale, 901, "b").is_some());
    assert_eq!(due(&tale, 921, "b"), None);
    let mut undone = promoted();
    undone
        .login(24, "b", true)
        .login(25, "a", false)
        .login(90, "b", false);
    assert!(
        due(&undone, 400, "a").is_some(),
        "does the version before it log in?"
    );
}

/// Each guard is refused once, so that its logins count towards the lock of the account as well.
#[test]
fn the_guards_logins_count_towards_the_lock_out_budget() {
    let mut tale = failed();
    let waits = |tale: &Tale| {
        let (secret, version) = (arn("db"), version("a"));
        tale.state.login_waits(&secret, &version, &tale.settings, at(60))
    };
    assert_eq!(waits(&tale), None);
    for n in 0..tale.settings.limits.refusals {
        let throttled = Some(Outcome::NoEffect(NoEffect::Throttled));
        let second = i64::try_from(n).expect("a few") + 30;
        decide(
            &mut tale,
            vec![key()],
            &format!("p{n}"),
            promote(),
            throttled,
            second,
        );
    }
    assert!(matches!(waits(&tale), Some(Reason::Refusals { .. })));
}

#[test]
fn after_enough_of_them_within_a_day_people_are_called() {
    let mut tale = failed();
    for n in 0..3 {
        let other = RotationKey {
            version: version(&format!("old{n}")),
            ..key()
        };
        let done = Some(Outcome::Done(Done::Written { began: None }));
        let write = Write::Promote {
            secret: arn("db"),
            version: other.version.clone(),
            from: version("a"),
        };
        decide(
            &mut tale,
            vec![other],
            &format!("old{n}"),
            write,
            done,
            -1_000 * (n + 1),
        );
    }
    let limit = Obstacle::TooOften { limit: 3 };
    assert_eq!(course(&tale, 21), Some(Course::LeftToAPerson(limit)));
    tale.settings.limits.roll_forward.a_day = 4;
    assert_eq!(course(&tale, 21), Some(Course::Wanted(promote())));
}

/// Five within ten minutes are trouble of their own each; six are one trouble.
#[test]
fn too_many_at_once_stop_all_until_none_begins_any_more() {
    let tale = failed();
    let judged = |since: &[i64], second: i64| {
        let all = since.iter().enumerate().map(|(n, since)| {
            let mut judgement = tale.judge(second);
            if let Some(forward) = &mut judgement.forward {
                forward.since = at(*since);
            }
            (arn(&format!("db{n}")), Arc::new(judgement))
        });
        admission_of(&all.collect(), &tale, second)
    };
    let five = judged(&[20, 21, 22, 23, 24], 30);
    assert_eq!((five.start.len(), five.promotions.len()), (5, 0));
    let six = judged(&[20, 21, 22, 23, 24, 25], 30);
    assert_eq!((six.start.len(), six.promotions.len()), (0, 6));
    let until = at(25 + 600);
    let reason = Reason::TooMany { secrets: 6, until };
    assert_eq!(six.promotions.values().next(), Some(&reason));
    assert_eq!(six.wake, Some(until));
    let slow = judged(&[20, 200, 400, 600, 800, 1_000], 1_001);
    assert_eq!(slow.start.len(), 6, "six within sixteen minutes");
    let later = judged(&[20, 21, 22, 23, 24, 25], 625);
    assert_eq!(later.start.len(), 6, "none began for ten minutes");
    let goes_on = judged(&[20, 21, 22, 23, 24, 25, 500], 700);
    assert_eq!(goes_on.start.len(), 0, "one began meanwhile");
}

/// Every finding of a secret that was rolled forward, for the commands in them.
pub(super) fn told() -> Vec<Finding> {
    let mut again = promoted();
    let other = RotationKey {
        version: version("old"),
        ..key()
    };
    let done = Some(Outcome::Done(Done::Written { began: None }));
    let write = Write::Promote {
        secret: arn("db"),
        version: version("old"),
        from: version("z"),
    };
    decide(&mut again, vec![other], "old", write, done, -1_000);
    let mut undone = promoted();
    undone.login(24, "b", false).login(25, "a", true);
    let stopped = Admission {
        promotions: [(
            arn("db"),
            Reason::TooMany {
                secrets: 6,
                until: at(600),
            },
        )]
        .into(),
        ..Admission::default()
    };
    let mut told = findings(&promoted(), 26);
    told.extend(findings(&again, 26));
    told.extend(findings(&undone, 26));
    told.extend(roll_forward_stopped(&stopped));
    told
}
