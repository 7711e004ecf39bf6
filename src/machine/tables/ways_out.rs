//! What is said of a rotation that does not end: what the database has, how long it was exposed, what helps.

use super::findings::kinds;
use super::histories::{HALF_AN_HOUR, NOTHING, created, seen, told, window};
use super::standings::{orders, promoted};
use super::world::{Tale, at, millis, service};
use crate::findings::Severity;
use crate::judge::Reason;
use crate::model::{ConsumerId, LogLine, Stage, Step, Strategy, When};
use crate::story::phase::Phase;

#[test]
fn b9_a_failed_test_tells_that_setsecret_ran_whether_or_not_its_line_was_read() {
    for step in [Step::TestSecret, Step::FinishSecret] {
        let mut tale = created();
        tale.failure(15, step);
        let rotation = tale.latest(20).rotation;
        let exposed = rotation.exposed.expect("setSecret ran").when;
        assert_eq!(exposed, When::between(at(6), at(15)), "{step}");
        assert_eq!(window(&tale, 20), Some(None), "{step}");
    }
    let mut early = Tale::new();
    early
        .labels(0, "a - z")
        .labels(10, "a b z")
        .failure(15, Step::SetSecret);
    let rotation = early.latest(20).rotation;
    assert!(
        rotation.created.is_some() && rotation.exposed.is_none(),
        "createSecret ran; of setSecret nobody knows"
    );
    let mut set = Tale::new();
    set.labels(0, "a - z")
        .labels(10, "a b z")
        .line(13, Step::SetSecret);
    set.failure(15, Step::TestSecret);
    let created = set.latest(20).rotation.created.expect("createSecret ran");
    assert_eq!(created.when.not_after, at(13), "before setSecret's own line");
    let mut first = Tale::new();
    first
        .labels(0, "a - z")
        .labels(10, "a b z")
        .failure(15, Step::CreateSecret);
    assert_eq!(first.latest(20).rotation.created, None);
    assert!(
        told(&first, 20, "rotation-failed")
            .remedy
            .starts_with("consumers still hold")
    );
}

#[test]
fn b9_only_what_is_known_of_the_database_is_said_of_it() {
    let remedy = |tell: fn(&mut Tale)| {
        let mut tale = created();
        tell(&mut tale);
        told(&tale, 40, "rotation-failed").remedy
    };
    let untold = remedy(|tale| {
        tale.failure(15, Step::TestSecret);
    });
    assert!(untold.starts_with("the database may hold"), "{untold}");
    let in_set = remedy(|tale| {
        tale.failure(15, Step::SetSecret);
    });
    assert!(in_set.starts_with("the database may hold"), "{in_set}");
    let works = remedy(|tale| {
        tale.failure(15, Step::TestSecret).login(20, "a", true);
    });
    assert!(works.starts_with("consumers still hold a working password (our login"));
    let neither = remedy(|tale| {
        tale.failure(15, Step::TestSecret)
            .login(20, "a", false)
            .login(21, "b", false);
    });
    assert!(neither.starts_with("neither the new version"), "{neither}");
    let tested = remedy(|tale| {
        tale.line(15, Step::TestSecret).failure(18, Step::FinishSecret);
    });
    let finish = "`aws secretsmanager update-secret-version-stage --secret-id \
                  arn:aws:secretsmanager:eu-west-1:1:secret:db-AbCdEf --version-stage AWSCURRENT \
                  --move-to-version-id b --remove-from-version-id a`";
    assert!(
        tested.starts_with("testSecret logged") && tested.contains(finish),
        "{tested}"
    );
    let untested = remedy(|tale| {
        tale.failure(18, Step::FinishSecret);
    });
    assert!(
        untested.contains(finish) && !untested.contains("Find out"),
        "{untested}"
    );
}

/// Windows of minutes, whoever told of setSecret; only where the old password works on there is none.
#[test]
fn g4_a_long_window_is_told_while_the_strategy_is_unknown() {
    let minutes = |tell: fn(&mut Tale)| {
        let mut tale = created();
        tell(&mut tale);
        tale.labels(300, "a b z").labels(301, "b - a");
        tale.login(302, "b", true);
        tale
    };
    let unknown = minutes(|tale| {
        let line = LogLine::Done {
            step: Step::SetSecret,
            version: None,
            strategy: None,
        };
        tale.log(13, line);
    });
    assert_eq!(unknown.judge(303).strategy.0, Strategy::Unknown);
    assert_eq!(told(&unknown, 303, "long-window").severity, Severity::Warning);
    let by_login = minutes(|tale| {
        tale.login(13, "b", true);
    });
    assert_eq!(kinds(&by_login, 303), ["long-window"]);
    let both = minutes(|tale| {
        tale.login(13, "b", true).login(14, "a", true);
    });
    assert_eq!(kinds(&both, 303), NOTHING);
    let mut managed = minutes(|tale| {
        tale.login(13, "b", true);
    });
    seen(&mut managed, 304, "b - a", |seen| {
        seen.owning_service = Some("rds".to_owned());
    });
    let finding = told(&managed, 305, "long-window");
    assert_eq!(
        finding.severity,
        Severity::Info,
        "nobody can shorten it: {finding:?}"
    );
}

/// The worst state there is: nobody who holds AWSCURRENT can log in.
#[test]
fn g7_given_up_after_setsecret_the_window_stays_open_until_something_works() {
    let given_up = || {
        let mut tale = created();
        tale.line(14, Step::SetSecret).failure(16, Step::TestSecret);
        tale.labels(100, "a - z").labels(106, "a - z");
        tale
    };
    let tale = given_up();
    assert_eq!(window(&tale, 110), Some(None));
    assert_eq!(kinds(&tale, 110), ["rotation-abandoned"]);
    let remedy = told(&tale, 110, "rotation-abandoned").remedy;
    assert!(
        remedy.contains("--version-id b`") && remedy.contains("--version-id a`"),
        "{remedy}"
    );
    let mut works = given_up();
    works.login(120, "a", false).login(130, "a", true);
    assert_eq!(window(&works, 140), Some(Some(When::by(millis(130_020)))));
    assert_eq!(kinds(&works, 140), NOTHING);
    let mut promoted = given_up();
    promoted.labels(200, "a - z").labels(201, "c - a");
    let first = promoted.judge(202).rotations[1].clone();
    assert_eq!(
        first.window.expect("a window").closed,
        Some(When::between(at(195), millis(201_020)))
    );
}

/// They hold AWSCURRENT, for certain or presumably; that it works was so before.
#[test]
fn g7_given_up_after_setsecret_nobody_is_fresh_or_presumed_and_nobody_is_given_awscurrent() {
    let given_up = |id: ConsumerId, tell: fn(&mut Tale, &ConsumerId)| {
        let mut tale = promoted(&id);
        tell(&mut tale, &id);
        tale.labels(100, "b - a").labels(110, "b c a");
        tale.line(114, Step::SetSecret).failure(116, Step::TestSecret);
        tale.labels(200, "b - a").labels(206, "b - a");
        tale
    };
    let fresh = given_up(orders(), |tale, id| {
        tale.service(80, id, service(&[30]));
    });
    let stage = |tale: &Tale, second| tale.judge(second).current().expect("b").consumers[0].1.stage;
    assert_eq!(stage(&fresh, 210), Stage::Unknown);
    let judgement = fresh.judge(210);
    assert_eq!(judgement.withheld, Some(Reason::Unproven));
    assert_eq!(judgement.latest().map(|view| view.phase), Some(Phase::Abandoned));
    let stale = given_up(orders(), |tale, id| {
        tale.service(80, id, service(&[-500]));
    });
    let judgement = stale.judge(210);
    assert!(judgement.wants.is_empty(), "not onto a value that may be dead");
    assert_eq!(judgement.waits, [(orders(), Reason::Unproven)]);
    let mut works = fresh;
    works.login(220, "b", true);
    assert_eq!(stage(&works, 221), Stage::Fresh);
    assert_eq!(works.judge(221).withheld, None);
}

#[test]
fn g7_a_rotation_that_works_is_finished_and_not_taken_back() {
    let stalled = |tell: fn(&mut Tale)| {
        let mut tale = created();
        tell(&mut tale);
        told(&tale, 3 * HALF_AN_HOUR, "rotation-stalled").remedy
    };
    let by_line = stalled(|tale| {
        tale.line(14, Step::SetSecret).line(16, Step::TestSecret);
    });
    let by_login = stalled(|tale| {
        tale.line(14, Step::SetSecret).login(17, "b", true);
    });
    for remedy in [by_line, by_login] {
        assert!(
            remedy.contains("--version-stage AWSCURRENT --move-to-version-id b"),
            "{remedy}"
        );
        assert!(!remedy.contains("--version-stage AWSPENDING"), "{remedy}");
    }
    let untold = stalled(|tale| {
        tale.line(14, Step::SetSecret);
    });
    assert!(untold.contains("Find out"), "{untold}");
    let refused = stalled(|tale| {
        tale.line(14, Step::SetSecret)
            .login(17, "b", false)
            .login(18, "a", true);
    });
    assert!(refused.starts_with("consumers still hold"), "{refused}");
    assert!(
        refused.contains("--version-stage AWSPENDING --remove-from-version-id b`"),
        "{refused}"
    );
}
