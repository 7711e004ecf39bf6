//! How many may be refreshed at once and within the hour, and who waits for whom.

use jiff::SignedDuration;

use super::admission::{admission, consumer, promoted, reason};
use super::standings::{attempt, attempt_for, consumer_of, deployed, redeploy};
use super::world::{Tale, arn, at, deployment, function, labels, service, task};
use crate::judge::Reason;
use crate::model::{
    ConsumerId, Done, Event, Evidence, Health, Look, LookFailure, LookKey, NoEffect, Outcome, Rollout, Step,
};

/// A promotion by second 21, proven, with stale services by these names.
fn stale(names: &[&str]) -> Tale {
    let mut tale = promoted(&["db"]);
    tale.line(18, Step::TestSecret);
    for name in names {
        tale.uses(&consumer(name), &["db"])
            .service(25, &consumer(name), service(&[-500]));
    }
    tale
}

fn started(tale: &Tale, secrets: &[&str], second: i64) -> Vec<ConsumerId> {
    let start = admission(tale, secrets, second).start;
    start.into_iter().map(|decision| consumer_of(&decision)).collect()
}

/// Redeploys of another rotation, each a second after the one before and answered a second after it was decided, which
/// may be when it was sent; admission at second 3600.
#[test]
fn the_hourly_cap_counts_redeploys_that_happened_or_may_have() {
    let written = || Some(deployed("d-1"));
    let no_effect = || Some(Outcome::NoEffect(NoEffect::Throttled));
    let already_so = || Some(Outcome::Done(Done::AlreadySo));
    let table = [
        (vec![written(), written()], -1, false),
        (vec![written(), written(), written()], -1, true),
        (vec![written(), written(), written()], -2, false),
        (vec![written(), written(), no_effect()], -1, false),
        (vec![written(), written(), already_so()], -1, false),
        (vec![written(), no_effect(), written(), written()], -1, true),
    ];
    for (outcomes, first, capped) in table {
        let mut tale = stale(&["a"]);
        for (i, outcome) in outcomes.iter().enumerate() {
            let second = first + i as i64;
            let id = format!("x{i}");
            attempt_for(
                &mut tale,
                vec![],
                &consumer("a"),
                &id,
                redeploy(),
                outcome.clone(),
                second,
            );
        }
        let waits = reason(&admission(&tale, &["db"], 3_600), "db", "a");
        let is_capped = matches!(waits, Some(Reason::HourlyCap { limit: 3, .. }));
        assert_eq!(is_capped, capped, "{outcomes:?} from {first}: {waits:?}");
    }
}

#[test]
fn the_hourly_cap_is_for_redeploys() {
    let mailer = ConsumerId::function("mailer");
    let mut tale = promoted(&["db"]);
    tale.line(18, Step::TestSecret).uses(&mailer, &["db"]);
    tale.function(25, &mailer, function(None));
    tale.settings.limits.redeploys_per_service_and_hour = 0;
    assert_eq!(started(&tale, &["db"], 30), [mailer]);
}

#[test]
fn who_is_being_refreshed_counts_until_he_is_healthy() {
    let mut tale = stale(&["a", "b", "c", "d"]);
    for name in ["a", "b"] {
        attempt(&mut tale, &consumer(name), name, redeploy(), None, 26);
    }
    let two = admission(&tale, &["db"], 30);
    assert_eq!(two.start.len(), 1, "three of one database at once");
    let wave = Some(Reason::Wave {
        database: "db".to_owned(),
        limit: 3,
    });
    assert_eq!(reason(&two, "db", "d"), wave);
    tale.settings.limits.in_flight = 2;
    let full = Some(Reason::InFlight { limit: 2 });
    assert_eq!(reason(&admission(&tale, &["db"], 30), "db", "c"), full);
}

/// A function that sleeps, or whose environments are being replaced, holds no more connections than before.
#[test]
fn a_wave_counts_what_puts_a_load_on_its_database() {
    let names = ["a", "b", "c", "d"];
    let mut tale = stale(&names);
    tale.settings.limits.wave = 1;
    let function_of = |i: i64| ConsumerId::function(format!("f{i}"));
    for i in 0..3 {
        tale.uses(&function_of(i), &["db"])
            .function(25, &function_of(i), function(None));
    }
    let services = || [consumer("a")];
    let functions = (0..3).map(function_of);
    assert_eq!(
        started(&tale, &["db"], 30),
        services().into_iter().chain(functions).collect::<Vec<_>>(),
        "one service, and every function beside it"
    );
    let wave = Some(Reason::Wave {
        database: "db".to_owned(),
        limit: 1,
    });
    assert_eq!(reason(&admission(&tale, &["db"], 30), "db", "b"), wave);
    tale.settings.limits.in_flight = 2;
    assert_eq!(started(&tale, &["db"], 30).len(), 2, "all of them count together");
}

/// Its young tasks are not healthy yet, and hold the old value of another secret of the same database.
#[test]
fn who_is_being_refreshed_already_does_not_wait_for_himself() {
    let mut tale = promoted(&["db"]);
    tale.line(18, Step::TestSecret);
    tale.labels_of("queue", 0, "x - w")
        .labels_of("queue", 35, "x y w");
    tale.labels_of("queue", 41, "y - x")
        .login_of("queue", 43, "y", true);
    let mut seen = service(&[30]);
    seen.tasks = vec![task(30, "d-0", Health::Unhealthy)];
    tale.uses(&consumer("a"), &["db", "queue"])
        .service(45, &consumer("a"), seen);
    tale.policy.database = Some("db1".to_owned());
    (tale.settings.limits.in_flight, tale.settings.limits.wave) = (1, 1);
    assert_eq!(started(&tale, &["db", "queue"], 50), [consumer("a")]);
}

#[test]
fn the_own_service_is_restarted_when_all_others_are_fresh_or_cannot_be_seen() {
    let mut tale = stale(&["a", "b"]);
    tale.settings.limits.own_service = Some(consumer("a"));
    tale.service(60, &consumer("b"), service(&[40]));
    tale.uses(&consumer("c"), &["db"]);
    assert_eq!(started(&tale, &["db"], 61), []);
    tale.event(Event::Unseen {
        look: Look::at(at(62)),
        key: LookKey::Consumer(consumer("c")),
        failure: LookFailure::Throttled,
    });
    assert_eq!(started(&tale, &["db"], 63), [consumer("a")]);
    attempt(&mut tale, &consumer("b"), "x", redeploy(), None, 64);
    tale.service(66, &consumer("b"), service(&[-500]));
    assert_eq!(
        reason(&admission(&tale, &["db"], 67), "db", "a"),
        Some(Reason::OwnServiceLast)
    );
}

/// Another's deployment ends or is given up, and a write without effect is repeated or given up, within minutes.
#[test]
fn the_own_service_waits_for_who_waits_for_what_is_soon_over() {
    let own_waits = |tale: &Tale, second| reason(&admission(tale, &["db"], second), "db", "a");
    let mut tale = stale(&["a", "b"]);
    tale.settings.limits.own_service = Some(consumer("a"));
    let mut deploying = service(&[4]);
    deploying.deployments = vec![deployment("old", 4, Rollout::InProgress)];
    tale.service(26, &consumer("b"), deploying.clone());
    assert_eq!(started(&tale, &["db"], 30), []);
    assert_eq!(own_waits(&tale, 30), Some(Reason::OwnServiceLast));
    tale.service(1_200, &consumer("b"), deploying);
    assert_eq!(started(&tale, &["db"], 1_201), [consumer("a")]);

    let mut tale = stale(&["a", "b"]);
    tale.settings.limits.own_service = Some(consumer("a"));
    let throttled = || Some(Outcome::NoEffect(NoEffect::Throttled));
    attempt(&mut tale, &consumer("b"), "x1", redeploy(), throttled(), 27);
    assert_eq!(started(&tale, &["db"], 28), []);
    assert_eq!(own_waits(&tale, 28), Some(Reason::OwnServiceLast));
    for i in 2..=6 {
        attempt(
            &mut tale,
            &consumer("b"),
            &format!("x{i}"),
            redeploy(),
            throttled(),
            26 + i,
        );
    }
    assert_eq!(started(&tale, &["db"], 33), [consumer("a")]);
    // Its own are not waited for.
    attempt(&mut tale, &consumer("a"), "x7", redeploy(), throttled(), 34);
    assert_eq!(started(&tale, &["db"], 38), [consumer("a")]);
}

/// The list alone tells of a secret without a rule; what it does not tell of holds nobody back.
#[test]
fn a_secret_without_a_rule_is_known_by_the_list() {
    let waits = |tale: &Tale| reason(&admission(tale, &["db"], 30), "db", "a");
    let mut tale = stale(&[]);
    tale.uses(&consumer("a"), &["db", "queue"])
        .service(25, &consumer("a"), service(&[-500]));
    assert_eq!(waits(&tale), None);
    tale.sweep(26, &[("db", "b - a"), ("queue", "x y w")]);
    assert!(
        matches!(waits(&tale), Some(Reason::Moving { .. })),
        "{:?}",
        waits(&tale)
    );
    tale.sweep(28, &[("db", "b - a"), ("queue", "y - x")]);
    assert_eq!(waits(&tale), None);
}

fn queue_with_tag(word: &str) -> Evidence {
    let mut seen = Tale::new().secret_seen("queue", labels("x - w"));
    seen.tags.insert("rotation-watchdog".to_owned(), word.to_owned());
    let secret = arn("queue");
    Evidence::Secret { secret, seen }
}

#[test]
fn a_secret_that_is_gone_or_held_keeps_its_consumers_as_they_are() {
    let secret = || arn("queue");
    let gone = Evidence::SecretGone { secret: secret() };
    let table = [
        (queue_with_tag("observe"), None),
        (queue_with_tag("hold"), Some(Reason::Held)),
        (gone, Some(Reason::Deleted { secret: secret() })),
    ];
    for (evidence, expected) in table {
        let mut tale = stale(&[]);
        tale.uses(&consumer("a"), &["db", "queue"])
            .service(25, &consumer("a"), service(&[-500]));
        tale.labels_of("queue", 26, "x - w").see(30, evidence);
        let waits = reason(&admission(&tale, &["db", "queue"], 60), "db", "a");
        assert_eq!(waits, expected);
    }
}

/// Somebody else waits for a proof of the other secret's value, which this one has already.
#[test]
fn who_has_the_other_secrets_value_does_not_wait_with_those_who_have_not() {
    let mut tale = promoted(&["queue"]);
    tale.policy.login_test = true;
    tale.labels(0, "a - z")
        .labels(28, "a b z")
        .labels(30, "b - a")
        .login(31, "b", true);
    tale.uses(&consumer("a"), &["db", "queue"])
        .uses(&consumer("b"), &["queue"]);
    tale.service(32, &consumer("a"), service(&[23]));
    tale.service(32, &consumer("b"), service(&[-500]));
    let secrets = ["db", "queue"];
    let waiting = reason(&admission(&tale, &secrets, 35), "queue", "b");
    assert!(matches!(waiting, Some(Reason::Proof { .. })), "{waiting:?}");
    assert_eq!(started(&tale, &secrets, 35), [consumer("a")]);
}

/// A service that wants a proven promotion of `db`, while only its protocol speaks for that of `queue`, by 31.
fn queue_promoted_beside() -> Tale {
    let mut tale = promoted(&["db"]);
    tale.policy.login_test = true;
    tale.uses(&consumer("a"), &["db", "queue"])
        .login(22, "b", true)
        .service(25, &consumer("a"), service(&[-500]));
    tale.labels_of("queue", 0, "a - z")
        .labels_of("queue", 30, "a b z")
        .labels_of("queue", 31, "b - a");
    tale
}

/// It has not been looked at since the other secret's promotion, which only its protocol speaks for.
#[test]
fn nobody_is_given_another_secrets_value_while_a_proof_of_it_may_come() {
    let mut tale = queue_promoted_beside();
    tale.login_fails("queue", 32, "b");
    let secrets = ["db", "queue"];
    let waiting = admission(&tale, &secrets, 51);
    assert_eq!(waiting.start, vec![]);
    let reason = reason(&waiting, "db", "a");
    assert!(
        matches!(&reason, Some(Reason::Another { reason, .. }) if matches!(**reason, Reason::Proof { .. })),
        "{reason:?}"
    );
    assert_eq!(started(&tale, &secrets, 52), [consumer("a")], "proof_wait");
    tale.login_of("queue", 33, "b", true);
    assert_eq!(started(&tale, &secrets, 34), [consumer("a")]);
}

/// A login that nobody has asked for yet is waited for longer: a wake-up at that moment would come again and again.
#[test]
fn a_proof_that_was_to_come_by_now_wakes_nobody() {
    let mut tale = queue_promoted_beside();
    tale.settings.timing.proof_wait = SignedDuration::from_millis(19_980);
    let secrets = ["db", "queue"];
    assert_eq!(admission(&tale, &secrets, 50).wake, Some(at(51)));
    let waiting = admission(&tale, &secrets, 51);
    assert_eq!((waiting.start, waiting.wake), (vec![], None));
}
