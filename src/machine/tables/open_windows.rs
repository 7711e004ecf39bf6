//! What is told of a window that stays open, and what a team's own deployment afterwards does not undo.

use jiff::SignedDuration;

use super::findings::kinds;
use super::standings::{orders, standing};
use super::windows::{DAY, arrived, closed, look, redeployed, remember, rotated, under_way};
use super::world::{Tale, arn, at, service};
use crate::consumers::Why;
use crate::facts::stages::StageRun;
use crate::findings::{Severity, of_secret};
use crate::model::{ConsumerId, ServiceSeen, Stage, Strategy, When};
use crate::story::phase::Phase;

/// The worst state there is: the database may have the password of a version that is gone.
#[test]
fn g7_a_rotation_given_up_after_set_secret_leaves_its_window_open() {
    let given_up = || {
        let mut tale = under_way(&[orders()], Some(Strategy::SingleUser));
        tale.labels(20, "a - z").labels(40, "a - z");
        tale
    };
    let (mut tale, mut mended) = (given_up(), given_up());
    assert_eq!(tale.latest(41).phase, Phase::Abandoned);
    assert_eq!(closed(&tale, 41), None);
    mended.login(60, "a", true).login(90, "a", true);
    assert_eq!(
        closed(&mended, 91),
        Some(When::by(arrived(60))),
        "AWSCURRENT logs in after all"
    );
    tale.labels(100, "a c z")
        .labels(110, "a c z")
        .labels(111, "c - a");
    let judgement = tale.judge(DAY);
    assert_eq!(
        mended.restarted().latest(92).phase,
        Phase::Abandoned,
        "believed once, believed for good"
    );
    let first = judgement.rotations.iter().find_map(|view| view.window);
    let closed = first.and_then(|window| window.closed);
    assert_eq!(
        closed.map(|when| when.not_after),
        Some(arrived(111)),
        "the next one took it over"
    );
}

/// Severity of the finding of an open window at a second.
fn open(tale: &Tale, second: i64) -> Option<Severity> {
    let found = of_secret(
        &tale.state,
        &arn("db"),
        &tale.judge(second),
        &tale.settings,
        at(second),
    );
    let found = found
        .iter()
        .find(|finding| finding.kind.name() == "danger-window-open");
    found.map(|finding| finding.severity)
}

#[test]
fn f5_an_open_window_is_told_from_the_tenth_second_and_critical_from_the_sixtieth() {
    let by_log = under_way(&[orders()], Some(Strategy::SingleUser));
    let mut by_login = under_way(&[orders()], None);
    by_login.login(13, "a", true).login(15, "b", true);
    // The log cannot be read, and AWSPENDING was not tried yet.
    let mut by_refusal = under_way(&[orders()], None);
    by_refusal.login(13, "a", true).login(15, "a", false);
    for tale in [by_log, by_login, by_refusal] {
        let (warning, critical) = (Some(Severity::Warning), Some(Severity::Critical));
        let told = [24, 26, 74, 76].map(|second| open(&tale, second));
        assert_eq!(told, [None, warning, warning, critical]);
        let wakes = [20, 30].map(|second| tale.judge(second).wake.map(|at| at.as_second()));
        assert_eq!(
            wakes,
            [Some(at(25).as_second()), Some(at(75).as_second())],
            "it is told in time"
        );
    }
}

#[test]
fn f5_its_seconds_are_those_that_were_configured() {
    let mut tale = under_way(&[], Some(Strategy::SingleUser));
    tale.settings.timing.open_window_warning = SignedDuration::from_secs(30);
    tale.settings.timing.open_window_critical = SignedDuration::from_secs(40);
    let told = [44, 45, 54, 55].map(|second| open(&tale, second).is_some());
    assert_eq!(told, [false, true, true, true]);
    assert_eq!(open(&tale, 55), Some(Severity::Critical));
}

#[test]
fn f5_nothing_is_told_before_set_secret_after_the_promotion_and_of_a_refusal_from_before() {
    let created = under_way(&[orders()], None);
    assert_eq!(open(&created, 300), None);
    let mut refused_before = Tale::new();
    refused_before
        .labels(0, "a - z")
        .login(5, "a", false)
        .labels(10, "a b z");
    assert_eq!(open(&refused_before, 300), None);
    let mut tale = rotated(&[orders()], Strategy::SingleUser);
    look(&mut tale, 25, &orders(), service(&[-500]));
    assert_eq!(open(&tale, 300), None, "its consumer is told of");
}

/// Somebody put a value by hand meanwhile, and told the database: AWSCURRENT has left what is refused.
#[test]
fn f5_a_password_that_somebody_else_changed_opens_no_window() {
    let refused = || {
        let mut tale = under_way(&[orders()], None);
        tale.login(13, "a", true).login(15, "a", false);
        tale
    };
    assert!(refused().latest(16).window.is_some());
    let mut both = refused();
    both.login(16, "b", false);
    assert_eq!(both.latest(80).window, None, "AWSPENDING is refused, too");
    let mut moved = refused();
    moved.labels(17, "c b a");
    let judgement = moved.judge(80);
    assert_eq!(judgement.open().and_then(|view| view.window), None);
    // setSecret is done, and what was put logs in: whoever starts is given what works.
    let mut put = under_way(&[orders()], Some(Strategy::SingleUser));
    put.labels(17, "c b a").login(19, "c", true);
    assert_eq!(open(&put, 80), None);
}

/// Nobody looked for an hour: the rotation that seems given up may have been promoted, and another after it.
#[test]
fn what_may_have_been_promoted_unseen_is_not_certainly_open() {
    let mut tale = under_way(&[orders()], Some(Strategy::SingleUser));
    tale.labels(16, "a b z").labels(3_600, "c - b");
    let judgement = tale.judge(3_700);
    let first = judgement.rotations.iter().find_map(|view| view.window);
    let first = first.expect("the window of b");
    assert_eq!(first.at_least(at(3_700)), SignedDuration::ZERO, "{first:?}");
}

/// Whether its tasks are older cannot be told, look after look: it may hold the old value.
#[test]
fn a_consumer_that_looks_tell_nothing_of_is_not_taken_for_a_new_one() {
    let reports = ConsumerId::service("prod", "reports");
    let mut tale = rotated(&[orders(), reports.clone()], Strategy::SingleUser);
    look(&mut tale, 25, &orders(), service(&[23]));
    let unlisted = ServiceSeen {
        tasks: Vec::new(),
        tasks_listed: false,
        ..service(&[-500])
    };
    for second in [26, 400, 4_000] {
        look(&mut tale, second, &reports, unlisted.clone());
        assert_eq!(closed(&tale, second + 1), None, "{second}");
        assert_eq!(tale.latest(second + 1).phase, Phase::Propagating, "{second}");
    }
}

#[test]
fn f3_what_the_team_deploys_after_a_good_rotation_is_not_beyond_us() {
    let mut tale = rotated(&[orders()], Strategy::SingleUser);
    look(&mut tale, 40, &orders(), service(&[34, 34]));
    for second in [1_000, 1_000 + 16 * 60, 20 * 3_600] {
        look(&mut tale, second, &orders(), redeployed(990));
        let standing = standing(&tale, second + 1);
        assert_eq!(
            (standing.stage, standing.why),
            (Stage::Fresh, Why::Unhealthy { healthy: 1, tasks: 2 })
        );
        assert_eq!(kinds(&tale, second + 1), Vec::<&str>::new());
        assert_eq!(tale.latest(second + 1).phase, Phase::Watching);
    }
    let mut never = rotated(&[orders()], Strategy::SingleUser);
    look(&mut never, 40, &orders(), redeployed(34));
    look(&mut never, 1_000, &orders(), redeployed(34));
    assert_eq!(
        kinds(&never, 1_001),
        ["beyond-us"],
        "it was never healthy with the new value"
    );
}

#[test]
fn f3_an_update_of_the_team_that_fails_is_not_beyond_us() {
    use crate::model::UpdateStatus;
    let mailer = ConsumerId::function("mailer");
    let mut tale = rotated(std::slice::from_ref(&mailer), Strategy::SingleUser);
    let mut seen = super::world::function(None);
    seen.last_modified = Some(at(40));
    tale.function(45, &mailer, seen.clone());
    remember(&mut tale, 46);
    for (second, update) in [(1_000, UpdateStatus::InProgress), (1_010, UpdateStatus::Failed)] {
        seen.update = update;
        tale.function(second, &mailer, seen.clone());
        assert_eq!(
            standing(&tale, second + 1).stage,
            Stage::Presumed,
            "{:?}",
            seen.update
        );
        assert_eq!(kinds(&tale, second + 1), Vec::<&str>::new());
    }
}

#[test]
fn how_long_the_old_value_was_held_is_kept_over_a_restart() {
    let mut runs = Vec::new();
    let mut note = |second: i64, stage, held: Option<i64>| {
        let run = StageRun::at(at(second), stage, "").holding_old(held.map(at));
        StageRun::note(&mut runs, run)
    };
    note(10, Stage::Refreshing, Some(9));
    assert_eq!(note(20, Stage::Refreshing, Some(19)), []);
    assert_eq!(note(30, Stage::Refreshing, None), [], "no more");
    let news = note(40, Stage::Fresh, None);
    let told: Vec<_> = news.iter().map(|run| (run.stage, run.first, run.old)).collect();
    assert_eq!(
        told,
        [
            (Stage::Refreshing, at(30), Some(at(19))),
            (Stage::Fresh, at(40), None)
        ]
    );
}
