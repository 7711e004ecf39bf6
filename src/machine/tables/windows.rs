//! The danger window: when it opens, what closes it for good, and who has none.

use jiff::{SignedDuration, Timestamp};

use super::findings::kinds;
use super::rotations::done;
use super::standings::{orders, promoted, standing};
use super::world::{Tale, arn, at, consumer, deployment, service, task, version};
use crate::consumers::Why;
use crate::findings::{Severity, of_secret};
use crate::model::{
    ConsumerId, Health, LogLine, ReferenceKind, Rollout, Scope, ServiceSeen, Stage, Staleness, Step,
    Strategy, When,
};
use crate::phase::Phase;
use crate::state::StageRun;
use crate::window::DangerWindow;

const DAY: i64 = 24 * 3_600;
/// setSecret's line, finishSecret's line.
const SET: i64 = 15;
const FINISHED: i64 = 20;

fn reports() -> ConsumerId {
    ConsumerId::service("prod", "reports")
}

/// A rotation to `b`, set at 15 and promoted at 20, as its log tells.
fn rotated(consumers: &[ConsumerId], strategy: Strategy) -> Tale {
    let mut tale = under_way(consumers, Some(strategy));
    tale.labels(20, "a b z").labels(21, "b - a").login(22, "b", true);
    tale.log(FINISHED, done(Step::FinishSecret, "b"));
    tale
}

/// The same before finishSecret.
fn under_way(consumers: &[ConsumerId], strategy: Option<Strategy>) -> Tale {
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

fn look(tale: &mut Tale, second: i64, consumer: &ConsumerId, seen: ServiceSeen) {
    tale.service(second, consumer, seen);
    remember(tale, second + 1);
}

fn remember(tale: &mut Tale, second: i64) {
    for fact in tale.judge(second).reached {
        let learned = tale.state.learn(fact);
        tale.journal.extend(learned);
    }
}

fn window(tale: &Tale, second: i64) -> Option<DangerWindow> {
    tale.latest(second).window
}

fn closed(tale: &Tale, second: i64) -> Option<When> {
    window(tale, second).expect("a window").closed
}

/// A look arrives so long after it was sent; and its answer may be so old.
fn arrived(second: i64) -> Timestamp {
    at(second) + SignedDuration::from_millis(20)
}

fn old(second: i64) -> Timestamp {
    at(second) - SignedDuration::from_secs(5)
}

/// Every task is young, and one is not healthy: another's deployment.
fn redeployed(created: i64) -> ServiceSeen {
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
    tale.uses(&reports(), &["db"]);
    look(&mut tale, 1_000, &reports(), service(&[-500]));
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
    let external = ServiceSeen {
        controller: crate::model::Controller::External,
        ..service(&[-500])
    };
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

#[test]
fn the_next_promotion_closes_it_at_the_latest() {
    for (fresh, closed) in [(None, arrived(121)), (Some(60), arrived(60))] {
        let mut tale = rotated(&[orders()], Strategy::SingleUser);
        look(&mut tale, 25, &orders(), service(&[-500]));
        if let Some(second) = fresh {
            look(&mut tale, second, &orders(), service(&[34]));
        }
        tale.labels(110, "b c a")
            .labels(120, "b c a")
            .labels(121, "c - b");
        let judgement = tale.judge(130);
        let first = judgement
            .rotations
            .iter()
            .find(|view| view.rotation.key.version == version("b"));
        let window = first.and_then(|view| view.window).unwrap();
        assert_eq!(window.closed.map(|when| when.not_after), Some(closed));
    }
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
