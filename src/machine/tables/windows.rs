//! The danger window: when it opens, what closes it for good, and who has none.

use jiff::{SignedDuration, Timestamp};

use super::findings::kinds;
use super::rotations::done;
use super::standings::{orders, promoted, standing};
use super::world::{Tale, arn, at, consumer, deployment, service, task, version};
use crate::consumers::Why;
use crate::model::{
    ConsumerId, Health, LogLine, ReferenceKind, Rollout, Scope, ServiceSeen, Stage, Staleness, Step,
    Strategy, When,
};
use crate::story::danger_window::DangerWindow;
use crate::story::phase::Phase;

pub(super) const DAY: i64 = 24 * 3_600;
/// setSecret's line, finishSecret's line.
const SET: i64 = 15;
const FINISHED: i64 = 20;

fn reports() -> ConsumerId {
    ConsumerId::service("prod", "reports")
}

/// A rotation to `b`, set at 15 and promoted at 20, as its log tells.
pub(super) fn rotated(consumers: &[ConsumerId], strategy: Strategy) -> Tale {
    let mut tale = under_way(consumers, Some(strategy));
    tale.labels(20, "a b z").labels(21, "b - a").login(22, "b", true);
    tale.log(FINISHED, done(Step::FinishSecret, "b"));
    tale
}

/// The same before finishSecret.
pub(super) fn under_way(consumers: &[ConsumerId], strategy: Option<Strategy>) -> Tale {
    let mut tale = Tale::new();
    for id in consumers {
        tale.uses(id, &["db"]);
    }
    tale.labels(0, "a - z").labels(10, "a b z");
    tale.log(12, done(Step::CreateSecret, "b"));
    if strategy.is_some() {
        let (step, version) = (Step::SetSecret, None);
        let line = LogLine::Done {
            step,
            version,
            strategy,
        };
        tale.log(SET, line);
    }
    tale
}

pub(super) fn look(tale: &mut Tale, second: i64, consumer: &ConsumerId, seen: ServiceSeen) {
    tale.service(second, consumer, seen);
    remember(tale, second + 1);
}

pub(super) fn remember(tale: &mut Tale, second: i64) {
    for fact in tale.judge(second).reached {
        let learned = tale.state.learn(fact);
        tale.journal.extend(learned);
    }
}

fn window(tale: &Tale, second: i64) -> Option<DangerWindow> {
    tale.latest(second).window
}

pub(super) fn closed(tale: &Tale, second: i64) -> Option<When> {
    window(tale, second).expect("a window").closed
}

/// A look arrives so long after it was sent; and its answer may be so old.
pub(super) fn arrived(second: i64) -> Timestamp {
    at(second) + SignedDuration::from_millis(20)
}

fn old(second: i64) -> Timestamp {
    at(second) - SignedDuration::from_secs(5)
}

/// Every task is young, and one is not healthy: another's deployment.
pub(super) fn redeployed(created: i64) -> ServiceSeen {
    let mut seen = service(&[created, created]);
    seen.deployments = vec![deployment("d-9", created, Rollout::InProgress)];
    seen.tasks = vec![
        task(created, "d-9", Health::Healthy),
        task(created, "d-9", Health::Unhealthy),
    ];
    seen
}

#[test]
fn it_closes_with_the_last_consumer_and_never_claims_more_than_was_seen() {
    let mut tale = rotated(&[orders(), reports()], Strategy::SingleUser);
    look(&mut tale, 25, &orders(), service(&[-500]));
    look(&mut tale, 26, &reports(), service(&[-500]));
    assert_eq!(closed(&tale, 27), None);
    look(&mut tale, 30, &reports(), service(&[28]));
    look(&mut tale, 33, &orders(), service(&[-500]));
    // Its tasks are young: whatever it holds, it is not the old value.
    look(&mut tale, 36, &orders(), redeployed(34));
    look(&mut tale, 40, &orders(), service(&[34, 34]));
    let window = window(&tale, 41).unwrap();
    assert_eq!(window.opened, When::between(at(12), at(SET)));
    assert_eq!(window.closed, Some(When::between(old(33), arrived(40))));
    assert_eq!(window.at_least(at(99)), SignedDuration::from_secs(33 - 5 - 15));
    assert_eq!(window.at_most(at(99)), Some(SignedDuration::from_millis(28_020)));
    assert_eq!(window.seen_for(), Some(SignedDuration::from_millis(25_020)));
}

#[test]
fn f1_a_window_that_closed_stays_closed_when_a_consumer_is_redeployed_later() {
    let mut tale = rotated(&[orders()], Strategy::SingleUser);
    look(&mut tale, 25, &orders(), service(&[-500]));
    look(&mut tale, 40, &orders(), service(&[34, 34]));
    let first = window(&tale, 41);
    assert_eq!(closed(&tale, 41).map(|when| when.not_after), Some(arrived(40)));
    for (second, seen) in [
        (1_000, redeployed(990)),
        (
            1_010,
            ServiceSeen {
                tasks: Vec::new(),
                running: 0,
                ..service(&[990, 990])
            },
        ),
        (1_020, service(&[-500, 990])),
        (1_030, service(&[990, 990])),
    ] {
        look(&mut tale, second, &orders(), seen);
        assert_eq!(window(&tale, second + 1), first, "{second}");
        assert_eq!(tale.latest(second + 1).phase, Phase::Watching, "{second}");
    }
    let again = tale.restarted();
    let reached = &again.state.secrets[&arn("db")].reached;
    let told = DangerWindow::told(&again.latest(1_100), reached, &again.settings.timing);
    assert_eq!(told, first, "the journal tells the same");
}

#[test]
fn f1_phases_go_forward_alone() {
    let mut tale = rotated(&[orders()], Strategy::SingleUser);
    look(&mut tale, 40, &orders(), service(&[34, 34]));
    assert_eq!(tale.latest(41).phase, Phase::Verifying);
    look(&mut tale, 60, &orders(), redeployed(55));
    assert_eq!(tale.latest(61).phase, Phase::Verifying);
    look(&mut tale, 80, &orders(), service(&[55, 55]));
    assert_eq!(tale.latest(339).phase, Phase::Verifying);
    assert_eq!(
        tale.latest(341).phase,
        Phase::Watching,
        "five minutes since it was fresh first"
    );
}

/// Found when all others were done long ago: a service that was made since.
#[test]
fn a_consumer_that_comes_later_opens_nothing() {
    let mut tale = rotated(&[orders()], Strategy::SingleUser);
    tale.sweep(23, &[("db", "b - a")]);
    look(&mut tale, 40, &orders(), service(&[34, 34]));
    let first = window(&tale, 41);
    tale.uses(&reports(), &["db"]);
    assert_eq!(closed(&tale, 42), None, "it may have been there all along");
    let late = 40 + 301;
    assert_eq!(
        window(&tale, late),
        first,
        "nobody looked at it for so long: it is new"
    );
    assert_eq!(tale.latest(late).phase, Phase::Watching);
    look(&mut tale, late, &reports(), redeployed(late - 5));
    assert_eq!(window(&tale, late + 1), first);
    assert_eq!(tale.latest(late + 1).phase, Phase::Watching);
    look(&mut tale, late + 20, &reports(), service(&[late - 5, late - 5]));
    assert_eq!(
        (window(&tale, late + 21), tale.latest(late + 21).phase),
        (first, Phase::Watching)
    );
}

/// It is refreshed all the same, and its stage says so.
#[test]
fn a_stale_consumer_that_comes_later_is_told_by_its_stage() {
    let mut tale = rotated(&[orders()], Strategy::SingleUser);
    look(&mut tale, 40, &orders(), service(&[34, 34]));
    let first = window(&tale, 41);
    look(
        tale.uses(&reports(), &["db"]),
        1_000,
        &reports(),
        service(&[-500]),
    );
    assert_eq!(window(&tale, 1_001), first);
    assert_eq!(tale.latest(1_001).phase, Phase::Propagating);
    assert_eq!(tale.judge(1_001).wants.len(), 1);
}

#[test]
fn it_stays_open_while_a_consumer_may_hold_the_old_value() {
    let unlisted = ServiceSeen {
        tasks: Vec::new(),
        tasks_listed: false,
        ..service(&[-500])
    };
    let rolling = ServiceSeen {
        deployments: vec![deployment("d-1", 24, Rollout::InProgress)],
        ..service(&[-500, 24])
    };
    let mut external = service(&[-500]);
    external.settings.controller = crate::model::Controller::External;
    let table = [
        (None, Stage::Unknown),
        (Some(unlisted), Stage::Unknown),
        (Some(service(&[-500])), Stage::Stale),
        (Some(rolling), Stage::Refreshing),
        (Some(external), Stage::Beyond),
    ];
    for (seen, stage) in table {
        let mut tale = rotated(&[orders()], Strategy::SingleUser);
        if let Some(seen) = seen {
            look(&mut tale, 25, &orders(), seen);
        }
        assert_eq!(standing(&tale, 26).stage, stage);
        let window = window(&tale, 55).unwrap();
        assert_eq!(window.closed, None, "{stage:?}");
        assert_eq!(window.at_least(at(55)), SignedDuration::from_secs(40));
        assert_eq!(window.seen_for(), None);
    }
}

/// What a task was given when it was created nobody can take back; what a program fetches nobody sees.
#[test]
fn only_injected_values_are_certainly_old() {
    let until = |kind: ReferenceKind, created: i64| {
        let mut tale = rotated(&[], Strategy::SingleUser);
        tale.policy.staleness.insert(orders(), Staleness::Restart);
        tale.found(
            -5,
            Scope::Cluster("prod".to_owned()),
            vec![consumer(&orders(), &[("db", kind)])],
        );
        look(&mut tale, 30, &orders(), service(&[created]));
        assert_eq!(standing(&tale, 31).stage, Stage::Stale);
        look(&mut tale, 40, &orders(), service(&[34]));
        closed(&tale, 41).unwrap().not_before
    };
    assert_eq!(until(ReferenceKind::Injected, -500), Some(old(30)));
    assert_eq!(
        until(ReferenceKind::Fetches, -500),
        Some(at(SET)),
        "the promotion's own bound"
    );
    assert_eq!(
        until(ReferenceKind::Injected, 21),
        Some(at(SET)),
        "within the margin"
    );
}

#[test]
fn f2_alternating_users_have_no_window_and_their_stale_consumers_a_stage() {
    for strategy in [Strategy::SingleUser, Strategy::AlternatingUsers] {
        let has_one = strategy == Strategy::SingleUser;
        let open = under_way(&[orders()], Some(strategy));
        assert_eq!(window(&open, 80).is_some(), has_one, "under way");
        let told = kinds(&open, 80).contains(&"danger-window-open");
        assert_eq!(told, has_one, "{strategy:?}");
        let mut tale = rotated(&[orders()], strategy);
        look(&mut tale, 25, &orders(), service(&[-500]));
        assert_eq!(window(&tale, 26).is_some(), has_one, "{strategy:?}");
        assert_eq!(standing(&tale, 26).stage, Stage::Stale);
        assert_eq!(tale.latest(26).phase, Phase::Propagating);
    }
}

/// Alternating users whose log cannot be read, or a database that keeps two passwords for one user.
#[test]
fn f2_where_both_passwords_log_in_there_is_no_window() {
    let mut tale = under_way(&[orders()], None);
    tale.login(11, "a", true).login(16, "b", true);
    assert!(window(&tale, 17).is_some());
    tale.login(18, "a", true);
    assert_eq!(window(&tale, 80), None);
    assert_eq!(window(&tale.restarted(), 80), None, "the journal knows");
    assert!(!kinds(&tale, 80).contains(&"danger-window-open"));
    tale.login(81, "a", false);
    assert!(window(&tale, 82).is_some(), "not any more");
}

#[test]
fn f2_a_consumer_that_only_caches_is_held_against_its_own_time() {
    let ttl = SignedDuration::from_mins(15);
    let mut tale = rotated(&[orders(), reports()], Strategy::SingleUser);
    tale.policy.staleness.insert(reports(), Staleness::Wait(ttl));
    look(&mut tale, 25, &orders(), service(&[-500]));
    assert_eq!(closed(&tale, 26), None, "the other one is stale");
    look(&mut tale, 40, &orders(), service(&[34]));
    let until = at(FINISHED + 1) + ttl;
    let cached = window(&tale, 41).unwrap();
    assert_eq!(cached.closed, Some(When::between(old(25), arrived(40))));
    assert_eq!(cached.caches_until, Some(until));
    assert!(matches!(
        tale.latest(41).consumers[1].1.why,
        Why::CacheLives { .. }
    ));
    assert_eq!(
        tale.latest(41).phase,
        Phase::Propagating,
        "it may hold the old value"
    );
    remember(&mut tale, 1_000);
    let expired = window(&tale, 1_000).unwrap();
    assert_eq!((expired.closed, expired.caches_until), (cached.closed, None));
    let told = tale.restarted();
    let reached = &told.state.secrets[&arn("db")].reached;
    let window = DangerWindow::told(&told.latest(1_000), reached, &told.settings.timing);
    assert_eq!(
        window.and_then(|window| window.closed),
        cached.closed,
        "replay tells the same"
    );
}

#[test]
fn without_a_sign_of_set_secret_it_opened_between_start_and_promotion() {
    let tale = promoted(&orders());
    let opened = window(&tale, 30).unwrap().opened;
    assert_eq!(opened.not_after, arrived(22), "the login that showed it");
    let mut unseen = Tale::new();
    unseen.labels(0, "a - z").labels(10, "a b z");
    assert_eq!(window(&unseen, 11), None);
    unseen.labels(20, "a b z").labels(21, "b - a");
    let opened = window(&unseen, 30).unwrap().opened;
    assert_eq!(opened, When::between(old(0), arrived(21)));
}

/// Nobody saw an old value after second 25: what came later may have been over long before the next promotion.
#[test]
fn the_next_promotion_closes_it_at_the_latest_and_an_old_value_that_was_seen_at_the_earliest() {
    let rows = [
        (None, arrived(121)),
        (Some(redeployed(34)), arrived(121)),
        (Some(service(&[34])), arrived(60)),
    ];
    for (then, closed) in rows {
        let mut tale = rotated(&[orders()], Strategy::SingleUser);
        look(&mut tale, 25, &orders(), service(&[-500]));
        if let Some(seen) = then {
            look(&mut tale, 60, &orders(), seen);
        }
        tale.labels(110, "b c a")
            .labels(120, "b c a")
            .labels(121, "c - b");
        let judgement = tale.judge(130);
        let mut rotations = judgement.rotations.iter();
        let first = rotations.find(|view| view.rotation.key.version == version("b"));
        let window = first.and_then(|view| view.window).unwrap();
        assert_eq!(window.closed, Some(When::between(old(25), closed)));
    }
}

#[test]
fn a_window_that_is_open_is_shown_though_the_next_rotation_has_begun() {
    let mut tale = rotated(&[orders()], Strategy::SingleUser);
    look(&mut tale, 25, &orders(), service(&[-500]));
    tale.labels(110, "b c a");
    let judgement = tale.judge(111);
    assert!(judgement.latest().is_some_and(|view| view.window.is_none()));
    let shown = judgement.window().expect("that of the promotion");
    assert_eq!((shown.closed, shown.opened.not_after), (None, at(SET)));
}

#[test]
fn only_rotations_have_one() {
    let mut put = Tale::new();
    put.uses(&orders(), &["db"])
        .labels(0, "a - z")
        .labels(20, "b - a");
    assert_eq!(window(&put, 25), None, "a value put by hand");
    put.labels(40, "a - b").labels(50, "a - b");
    assert_eq!(window(&put, 51), None, "a rollback");
    let mut tested = Tale::new();
    tested
        .labels(0, "a - z")
        .labels(10, "a b z")
        .line(12, Step::TestSecret);
    tested.labels(20, "a - z").labels(30, "a - z");
    assert_eq!(window(&tested, 31), None, "RotateImmediately=false");
}
