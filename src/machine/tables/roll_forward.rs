//! Rotations that only the database has the password of: when the watchdog promotes them, and what stands in the way.

use std::sync::Arc;

use jiff::SignedDuration;

use super::world::{Tale, arn, at, labels, version};
use crate::admission::{Admission, Situation, admit};
use crate::findings::{Finding, of_secret};
use crate::judge::Judgements;
use crate::model::{
    AttemptId, Decision, Event, Evidence, Guard, LogLine, Mode, Outcome, Promotable, RotationKey, SecretSeen,
    Step, Write, WriteKind,
};
use crate::policy::RollForward;
use crate::procedures::{Course, Forward, Obstacle, guards};

fn act() -> RollForward {
    RollForward {
        acts: true,
        ..RollForward::default()
    }
}

/// Until setSecret was done: AWSPENDING on `b` since 10, the function's line at 15.
fn set() -> Tale {
    let mut tale = Tale::with_lambda();
    (tale.policy.roll_forward, tale.policy.login_test) = (act(), true);
    tale.labels(0, "a - z")
        .labels(9, "a - z")
        .labels(10, "a b z")
        .valued(11, &["a", "b"]);
    tale.line(15, Step::SetSecret);
    tale
}

/// A step's invocation that ended in failure.
pub(super) fn fails(tale: &mut Tale, second: i64, step: Option<Step>, ended: bool) {
    let why = "the rotation function raised an exception".to_owned();
    tale.log(second, LogLine::Failed { step, why, ended });
}

/// Both logins say that the database has AWSPENDING's password alone, by 18.
fn ahead(mut tale: Tale) -> Tale {
    tale.login(17, "a", false).login(18, "b", true);
    tale
}

/// The same, and testSecret's invocation ended in failure at 16.
pub(super) fn failed() -> Tale {
    let mut tale = set();
    fails(&mut tale, 16, Some(Step::TestSecret), true);
    ahead(tale)
}

fn forward(tale: &Tale, second: i64) -> Option<Forward> {
    tale.judge(second).forward.map(|forward| *forward)
}

pub(super) fn course(tale: &Tale, second: i64) -> Option<Course> {
    forward(tale, second).map(|forward| forward.course)
}

pub(super) fn promote() -> Write {
    Write::Promote {
        secret: arn("db"),
        version: version("b"),
        from: version("a"),
    }
}

pub(super) fn findings(tale: &Tale, second: i64) -> Vec<Finding> {
    of_secret(
        &tale.state,
        &arn("db"),
        &tale.judge(second),
        &tale.settings,
        at(second),
    )
}

/// A decision for the secret itself, answered a second later.
pub(super) fn decide(
    tale: &mut Tale,
    serves: Vec<RotationKey>,
    id: &str,
    write: Write,
    outcome: Option<Outcome>,
    second: i64,
) {
    let attempt = AttemptId::new(id);
    tale.event(Event::Decided(Decision {
        attempt: attempt.clone(),
        write,
        guards: Vec::new(),
        serves,
        at: at(second),
        deadline: at(second + 10),
    }));
    if let Some(outcome) = outcome {
        let at = at(second + 1);
        tale.event(Event::Ended { attempt, at, outcome });
    }
}

fn learn_what_is_judged(tale: &mut Tale, second: i64) {
    for fact in tale.judge(second).reached {
        tale.state.recall(fact);
    }
}

pub(super) fn key() -> RotationKey {
    RotationKey {
        secret: arn("db"),
        version: version("b"),
        n: 1,
    }
}

#[test]
fn a_step_that_failed_after_set_secret_is_promoted_at_once() {
    let tale = failed();
    let forward = forward(&tale, 19).expect("both logins say so");
    assert_eq!(forward.from, version("a"));
    assert_eq!(forward.course, Course::Wanted(promote()));
    let expects = Promotable {
        current: version("a"),
        pending: version("b"),
    };
    assert_eq!(
        guards(&tale.state, &promote(), &[key()]),
        [
            Guard::Promotable {
                secret: arn("db"),
                expects
            },
            Guard::Logins {
                secret: arn("db"),
                current: version("a"),
                pending: version("b")
            }
        ]
    );
}

/// Nobody is ahead of anybody: a rotation that is not over, one of alternating users, one that was not set at all.
#[test]
fn only_both_logins_together_say_that_the_database_is_ahead() {
    for (old, new) in [
        (Some(true), Some(true)),
        (Some(true), Some(false)),
        (Some(false), Some(false)),
        (Some(false), None),
        (None, Some(true)),
        (None, None),
    ] {
        let mut tale = set();
        fails(&mut tale, 16, Some(Step::TestSecret), true);
        old.map(|accepted| tale.login(17, "a", accepted));
        new.map(|accepted| tale.login(18, "b", accepted));
        assert_eq!(forward(&tale, 60), None, "{old:?} {new:?}");
    }
    let mut back = failed();
    back.login(25, "a", true).login(26, "b", false);
    assert_eq!(forward(&back, 60), None, "the database was set back");
    let mut old_trouble = Tale::with_lambda();
    old_trouble.labels(0, "a - z").login(3, "a", false);
    old_trouble
        .labels(9, "a - z")
        .labels(10, "a b z")
        .login(18, "b", true);
    assert_eq!(
        forward(&old_trouble, 60),
        None,
        "it was refused before the rotation began"
    );
}

#[test]
fn what_may_still_go_on_by_itself_is_waited_for() {
    let until = |second| Some(Course::Patient { until: at(second) });
    let mut logged = set();
    fails(&mut logged, 16, Some(Step::TestSecret), false);
    let logged = ahead(logged);
    assert_eq!(
        course(&logged, 19),
        until(76),
        "an error that is logged is not the invocation's end"
    );
    assert_eq!(course(&logged, 76), Some(Course::Wanted(promote())));
    let mut tested = set();
    tested.line(16, Step::TestSecret);
    let tested = ahead(tested);
    assert_eq!(course(&tested, 19), until(76));
    assert_eq!(tested.judge(75).wake, Some(at(76)));
    let mut set_again = set();
    fails(&mut set_again, 16, Some(Step::TestSecret), true);
    set_again.line(20, Step::TestSecret);
    assert_eq!(course(&ahead(set_again), 22), until(80), "a retry goes on");
}

/// Three times the longest gap between setSecret and finishSecret of rotations that ended well; ten seconds at least.
#[test]
fn patience_is_learned_from_rotations_that_ended_by_themselves() {
    for (gap, patience) in [(1, 10), (8, 24), (30, 90), (3_000, 1_800)] {
        let mut tale = Tale::with_lambda();
        (tale.policy.roll_forward, tale.policy.login_test) = (act(), true);
        tale.labels(-20_000, "y - x").labels(-19_990, "y a x");
        tale.line(-19_985, Step::SetSecret);
        tale.line(-19_984, Step::TestSecret);
        tale.labels(-19_985 + gap, "y a x").labels(-19_985 + gap, "a - y");
        learn_what_is_judged(&mut tale, -10_000);
        tale.labels(9, "a - y")
            .labels(10, "a b y")
            .valued(11, &["a", "b"]);
        tale.line(15, Step::SetSecret);
        tale.line(16, Step::TestSecret);
        let tale = ahead(tale);
        let Some(Course::Patient { until }) = course(&tale, 19) else {
            panic!("{gap}: {:?}", course(&tale, 19))
        };
        let waits = until.duration_since(at(16));
        let about = SignedDuration::from_secs(patience);
        let over = waits - about;
        assert!(
            (0..=21).contains(&over.as_secs()),
            "{gap}: {waits:#}, about {about:#}"
        );
    }
}

fn seen_as(change: impl FnOnce(&mut SecretSeen)) -> impl FnOnce(&mut Tale) {
    move |tale| {
        let mut seen = tale.secret_seen("db", labels("a b z"));
        change(&mut seen);
        let secret = arn("db");
        tale.see(20, Evidence::Secret { secret, seen });
    }
}

#[test]
fn each_obstacle_is_named_and_nothing_is_written() {
    type Change = Box<dyn FnOnce(&mut Tale)>;
    let shown = |text: &'static str| -> Change {
        Box::new(move |tale| {
            tale.labels(20, text);
        })
    };
    let tagged = |word: &'static str| -> Change {
        Box::new(seen_as(move |seen| {
            seen.tags.insert("rotation-watchdog".to_owned(), word.to_owned());
        }))
    };
    let table: Vec<(Change, Obstacle)> = vec![
        (
            Box::new(seen_as(|seen| seen.owning_service = Some("rds".to_owned()))),
            Obstacle::AnothersSecret("rds rotates the secret by itself".to_owned()),
        ),
        (
            Box::new(seen_as(|seen| seen.rotation_enabled = false)),
            Obstacle::RotationOff,
        ),
        (
            Box::new(seen_as(|seen| seen.deleted = Some(at(19)))),
            Obstacle::Deleted,
        ),
        (
            Box::new(seen_as(|seen| {
                seen.labelled.insert(version("b"));
            })),
            Obstacle::Labelled,
        ),
        (shown("a b y"), Obstacle::LabelsMoved),
        (tagged("observe"), Obstacle::Braked),
        (tagged("hold"), Obstacle::Braked),
        (
            Box::new(|tale| tale.policy.mode = Mode::Observe),
            Obstacle::Observing,
        ),
    ];
    for (change, obstacle) in table {
        let mut tale = failed();
        change(&mut tale);
        assert_eq!(course(&tale, 21), Some(Course::LeftToAPerson(obstacle.clone())));
        let told = findings(&tale, 21);
        let found = told
            .iter()
            .find(|finding| finding.kind.name() == "rotation-failed");
        let text = &found.expect("it failed").text;
        assert!(text.contains(&obstacle.to_string()), "{text}");
        assert_eq!(started(&tale, 21), []);
    }
}

#[test]
fn a_rotation_that_nobody_saw_begin_or_that_was_current_is_left_to_people() {
    let mut unseen = Tale::with_lambda();
    (unseen.policy.roll_forward, unseen.policy.login_test) = (act(), true);
    unseen.labels(10, "a b z");
    fails(&mut unseen, 16, Some(Step::TestSecret), true);
    let unseen = ahead(unseen);
    assert_eq!(
        course(&unseen, 21),
        Some(Course::LeftToAPerson(Obstacle::SeenUnderWay))
    );
    let mut rolled_back = Tale::with_lambda();
    (rolled_back.policy.roll_forward, rolled_back.policy.login_test) = (act(), true);
    rolled_back
        .labels(-100, "b - a")
        .labels(0, "a - b")
        .labels(9, "a - b")
        .labels(10, "a b b");
    fails(&mut rolled_back, 16, Some(Step::TestSecret), true);
    let rolled_back = ahead(rolled_back);
    assert_ne!(
        course(&rolled_back, 21),
        Some(Course::Wanted(promote())),
        "{:?}",
        forward(&rolled_back, 21)
    );
}

/// A function may set several accounts: the steps after setSecret run only when it came to its end.
#[test]
fn set_secret_must_be_known_to_have_ended() {
    let unknown = Some(Course::LeftToAPerson(Obstacle::SetUnknown));
    let wanted = Some(Course::Wanted(promote()));
    for (step, expected) in [
        (Some(Step::SetSecret), &unknown),
        (None, &unknown),
        (Some(Step::TestSecret), &wanted),
        (Some(Step::FinishSecret), &wanted),
    ] {
        let mut tale = set();
        fails(&mut tale, 16, step, true);
        let mut tale = ahead(tale);
        assert_eq!(&course(&tale, 1_000), expected, "{step:?}");
        tale.policy.roll_forward.one_account = true;
        assert_eq!(course(&tale, 1_000), wanted, "{step:?}, one account");
    }
}

/// Where Secrets Manager never comes to testSecret, the end of setSecret's invocation is what tells.
#[test]
fn an_invocation_of_set_secret_that_ended_well_is_enough() {
    let until = at(15) + SignedDuration::from_mins(1);
    let mut tale = set();
    tale.log(16, LogLine::SetEnded);
    let tale = ahead(tale);
    assert_eq!(course(&tale, 21), Some(Course::Patient { until }));
    assert_eq!(course(&tale, 75), Some(Course::Wanted(promote())));
    let mut before = set();
    before.log(2, LogLine::SetEnded);
    let before = ahead(before);
    let unknown = Some(Course::LeftToAPerson(Obstacle::SetUnknown));
    assert_eq!(course(&before, 75), unknown, "the end of another rotation's");
}

#[test]
fn by_default_it_is_offered() {
    let mut tale = failed();
    tale.policy.roll_forward = RollForward::default();
    assert_eq!(course(&tale, 21), Some(Course::Offered));
    assert_eq!(started(&tale, 21), []);
    let found = findings(&tale, 21);
    let finding = found
        .iter()
        .find(|finding| finding.kind.name() == "rotation-failed");
    let remedy = &finding.expect("it failed").remedy;
    assert!(remedy.contains("update-secret-version-stage"), "{remedy}");
}

pub(super) fn admission_of(judgements: &Judgements, tale: &Tale, second: i64) -> Admission {
    let situation = Situation {
        now: at(second),
        draining: false,
        journal: true,
    };
    admit(&tale.state, judgements, &tale.settings, situation)
}

pub(super) fn started(tale: &Tale, second: i64) -> Vec<WriteKind> {
    let judgements = [(arn("db"), Arc::new(tale.judge(second)))].into();
    let start = admission_of(&judgements, tale, second).start;
    start.iter().map(|decision| decision.write.kind()).collect()
}
