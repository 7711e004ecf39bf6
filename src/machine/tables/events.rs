//! What events change: what is looked at at once, and how seldom the rest is looked at where events come.

use jiff::SignedDuration;

use super::cadence::{HOUR, MINUTE, SECOND, wait};
use super::roll_forward::{course, fails, promote};
use super::standings::orders;
use super::world::{Tale, arn, at, consumer, labels, service};
use crate::admission::Admission;
use crate::findings::{Kind, of_events};
use crate::judge::Judgements;
use crate::looks::fleet_looks;
use crate::model::{
    Evidence, Hint, HintAbout, HintKind, LogReach, LogTrouble, LookKey, NamedSecret, ReferenceKind, Scope,
    SecretArn, Step,
};
use crate::policy::RollForward;
use crate::procedures::Course;

fn hint(about: HintAbout, kind: HintKind, second: i64) -> Evidence {
    let at = Some(at(second));
    Evidence::Hints {
        hints: vec![Hint { about, kind, at }],
    }
}

fn of_the_secret(kind: HintKind, second: i64) -> Evidence {
    let named = NamedSecret::Arn(arn("db").as_str().to_owned());
    hint(HintAbout::Secret(named), kind, second)
}

fn beats(tale: &mut Tale, second: i64) {
    tale.see(second, hint(HintAbout::Delivery, HintKind::Heartbeat, second));
    tale.state
        .judge_delivery(at(second) + SignedDuration::from_secs(1));
}

fn key() -> LookKey {
    LookKey::Secret(arn("db"))
}

/// At rest, seen at second 0.
fn at_rest() -> Tale {
    let mut tale = Tale::new();
    tale.labels(0, "a - z");
    tale
}

#[test]
fn a_secret_that_an_event_names_is_looked_at_at_once_and_closely_for_a_moment() {
    let mut tale = at_rest();
    assert_eq!(wait(&tale, 100, &key()), Some(HOUR - 100 * SECOND), "at rest");
    tale.see(100, of_the_secret(HintKind::LabelMoved, 100));
    assert!(wait(&tale, 101, &key()) <= Some(0), "overdue");
    tale.labels(101, "a - z");
    assert_eq!(wait(&tale, 101, &key()), Some(500), "labels may be told late");
    tale.labels(106, "a - z");
    assert_eq!(wait(&tale, 106, &key()), Some(HOUR));
}

/// A rotation makes its version some seconds after its start.
#[test]
fn after_a_start_awspending_is_waited_for() {
    let mut tale = at_rest();
    tale.see(100, of_the_secret(HintKind::RotationStarted, 100));
    tale.labels(150, "a - z");
    assert_eq!(wait(&tale, 150, &key()), Some(500));
    tale.labels(161, "a - z");
    assert_eq!(wait(&tale, 161, &key()), Some(HOUR));
}

/// However many there are, whoever sends them.
#[test]
fn a_flood_makes_one_look_due_in_each_active_interval() {
    let mut tale = at_rest();
    tale.see(100, of_the_secret(HintKind::LabelMoved, 100));
    tale.labels(101, "a - z");
    for _ in 0..1_000 {
        tale.see(101, of_the_secret(HintKind::LabelMoved, 101));
    }
    assert_eq!(wait(&tale, 101, &key()), Some(500));
    let looks = super::cadence::looks(&tale, 101);
    assert_eq!(looks.len(), 1, "an event makes no login due: {looks:?}");
}

#[test]
fn an_event_names_a_secret_by_name_or_by_arn_with_or_without_its_random_characters() {
    let mut tale = Tale::new();
    for name in ["db", "db-two", "db/two"] {
        let seen = tale.secret_seen(name, labels("a - z"));
        let secret = arn(name);
        tale.see(0, Evidence::Secret { secret, seen });
    }
    let full = arn("db").as_str().to_owned();
    let partial = full.rsplit_once('-').expect("random characters").0.to_owned();
    let found = |named: NamedSecret| tale.state.named(&named);
    assert_eq!(found(NamedSecret::Arn(full.clone())), [arn("db")]);
    assert_eq!(found(NamedSecret::Arn(partial)), [arn("db")]);
    assert_eq!(found(NamedSecret::Name("db".to_owned())), [arn("db")]);
    assert_eq!(found(NamedSecret::Name("db-two".to_owned())), [arn("db-two")]);
    let nothing: [SecretArn; 0] = [];
    assert_eq!(found(NamedSecret::Name("d".to_owned())), nothing);
    assert_eq!(
        found(NamedSecret::Arn(full.replace(":1:", ":2:"))),
        nothing,
        "of another account"
    );
}

/// At rest each task that starts or stops would be a look.
#[test]
fn an_event_of_a_service_makes_its_look_due_while_it_is_refreshed() {
    let told = |second: i64| {
        let about = HintAbout::Consumer(orders());
        hint(about, HintKind::TaskState, second)
    };
    let orders_of_db = consumer(&orders(), &[("db", ReferenceKind::Injected)]);
    let mut tale = at_rest();
    tale.found(1, Scope::Cluster("prod".to_owned()), vec![orders_of_db]);
    tale.service(2, &orders(), service(&[0]));
    tale.see(3, told(3));
    let key = LookKey::Consumer(orders());
    assert_eq!(wait(&tale, 4, &key), None, "nothing of it is refreshed");
    tale.labels(9, "a - z").labels(10, "a b z").labels(20, "b - a");
    tale.service(21, &orders(), service(&[0]));
    assert_eq!(wait(&tale, 21, &key), Some(2 * SECOND), "stale");
    tale.see(21, told(21));
    assert_eq!(wait(&tale, 21, &key), Some(500));
}

/// How long the next look at the secret, and the next list, may wait at that second.
fn waits(tale: &Tale, second: i64) -> (i128, i128) {
    let (judgements, admission) = (Judgements::new(), Admission::default());
    let (scopes, settings) = (std::collections::BTreeSet::new(), &tale.settings);
    let fleet = fleet_looks(
        &tale.state,
        &judgements,
        &admission,
        &scopes,
        at(0),
        settings,
        at(second),
    );
    let sweep = fleet[&LookKey::Sweep].duration_since(at(second)).as_millis();
    (wait(tale, second, &key()).expect("it is asked for"), sweep)
}

fn listed(tale: &mut Tale, second: i64) {
    let secrets = vec![super::world::summary("db", "a - z")];
    tale.see(second, Evidence::Sweep { secrets });
}

#[test]
fn where_heartbeats_come_the_rest_is_looked_at_seldom_until_one_is_missed() {
    let mut tale = at_rest();
    tale.settings.events = true;
    listed(&mut tale, 0);
    assert_eq!(waits(&tale, 0), (HOUR, MINUTE));
    beats(&mut tale, 0);
    assert_eq!(waits(&tale, 0), (6 * HOUR, 5 * MINUTE));
    tale.state.judge_delivery(at(15 * 60 + 1));
    assert_eq!(waits(&tale, 0), (HOUR, MINUTE), "15 minutes without one");
    beats(&mut tale, 1_200);
    tale.labels(1_200, "a - z");
    assert_eq!(waits(&tale, 1_200).0, 6 * HOUR);
}

#[test]
fn a_label_that_moves_without_an_event_restores_polling_until_one_comes() {
    let mut tale = at_rest();
    tale.settings.events = true;
    listed(&mut tale, 0);
    tale.state.judge_delivery(at(0));
    beats(&mut tale, 1);
    let told = |tale: &Tale, second| {
        let found = of_events(&tale.state.delivery, &tale.settings, at(second));
        found.map(|finding| finding.kind)
    };
    tale.labels(20, "b - a");
    tale.state.judge_delivery(at(109));
    assert!(tale.state.delivery.works, "it may come for a minute and a half");
    assert_eq!(told(&tale, 109), None);
    tale.state.judge_delivery(at(111));
    assert!(!tale.state.delivery.works);
    assert_eq!(told(&tale, 111), Some(Kind::EventsMissing));
    tale.see(115, of_the_secret(HintKind::LabelMoved, 20));
    tale.state.judge_delivery(at(115));
    assert!(tale.state.delivery.works);
    assert_eq!(told(&tale, 115), None);
}

/// The event may come before the look that it brings about, and that look may still show the label where it was.
#[test]
fn an_event_before_the_look_that_shows_the_move_is_no_miss() {
    let mut tale = at_rest();
    tale.settings.events = true;
    tale.state.judge_delivery(at(0));
    beats(&mut tale, 1);
    tale.see(100, of_the_secret(HintKind::LabelMoved, 100));
    tale.labels(101, "a - z").labels(103, "b - a");
    tale.state.judge_delivery(at(400));
    assert!(tale.state.delivery.works);
}

/// Of a move while the process was down the event may be gone.
#[test]
fn a_move_before_the_start_is_not_waited_for() {
    let mut tale = at_rest();
    tale.settings.events = true;
    tale.state.judge_delivery(at(5_000));
    beats(&mut tale, 5_001);
    tale.labels(5_002, "b - a");
    tale.state.judge_delivery(at(5_400));
    assert!(tale.state.delivery.works);
}

#[test]
fn a_queue_that_never_had_a_heartbeat_is_told_after_a_while() {
    let mut tale = at_rest();
    tale.settings.events = true;
    tale.state.judge_delivery(at(0));
    assert_eq!(of_events(&tale.state.delivery, &tale.settings, at(899)), None);
    let found = of_events(&tale.state.delivery, &tale.settings, at(900)).expect("a finding");
    assert!(
        found.text.contains("no heartbeat came in the first 15 minutes"),
        "{found:?}"
    );
    tale.settings.events = false;
    assert_eq!(
        of_events(&tale.state.delivery, &tale.settings, at(900)),
        None,
        "no queue"
    );
}

/// A failed rotation moves no label, so the announced window is watched unless starts are told of too.
#[test]
fn an_announced_window_is_left_to_events_that_told_of_the_last_start() {
    let rotated = |told: bool| {
        let mut tale = at_rest();
        tale.settings.events = true;
        beats(&mut tale, 1);
        if told {
            tale.see(9, of_the_secret(HintKind::RotationStarted, 9));
        }
        tale.labels(9, "a - z").labels(10, "a b z").labels(20, "b - a");
        tale.see(20, of_the_secret(HintKind::LabelMoved, 20));
        tale.next_rotation = Some(at(2 * 86_400));
        tale.labels(100_000, "b - a");
        beats(&mut tale, 100_000);
        wait(&tale, 100_000, &key()).expect("it is asked for")
    };
    assert_eq!(rotated(false), 10 * SECOND);
    assert_eq!(rotated(true), 6 * HOUR);
}

/// The event ends the patience only where the log cannot be read, for a step after setSecret, and after setSecret.
#[test]
fn a_failure_that_an_event_told_of_counts_where_the_log_cannot_be_read() {
    let told = |unreadable: bool, step, second: i64| {
        let mut tale = Tale::with_lambda();
        (tale.policy.login_test, tale.policy.roll_forward) = (
            true,
            RollForward {
                acts: true,
                one_account: true,
                ..RollForward::default()
            },
        );
        tale.labels(0, "a - z").labels(9, "a - z").labels(10, "a b z");
        tale.valued(11, &["a", "b"]);
        tale.login(14, "a", true)
            .login(17, "a", false)
            .login(18, "b", true);
        if unreadable {
            let group = "/aws/lambda/rotate".to_owned();
            let reach = LogReach::Absent;
            let trouble = LogTrouble { group, reach };
            let (secret, lines) = (arn("db"), Vec::new());
            tale.see(
                18,
                Evidence::LogTrouble {
                    secret,
                    lines,
                    trouble,
                },
            );
        }
        tale.see(20, of_the_secret(HintKind::RotationFailed { step }, second));
        course(&tale, 21) == Some(Course::Wanted(promote()))
    };
    let (test, set) = (Some(Step::TestSecret), Some(Step::SetSecret));
    assert!(told(true, test, 19));
    assert!(!told(false, test, 19), "the log would tell");
    assert!(!told(true, set, 19), "it may have left an account behind");
    assert!(!told(true, None, 19));
    assert!(!told(true, test, 10), "of an attempt before setSecret");
}

/// The log still tells better.
#[test]
fn a_logged_failure_is_not_put_off_by_events() {
    let mut tale = super::roll_forward::failed();
    fails(&mut tale, 19, Some(Step::TestSecret), true);
    tale.see(20, of_the_secret(HintKind::RotationFailed { step: None }, 20));
    assert_eq!(course(&tale, 21), Some(Course::Wanted(promote())));
}
