//! What must change nothing: restarts, first starts, values put by hand, the brake.

use super::*;
use crate::sim::arn;
use crate::sim::world::{Kind, Reads, Touch};

#[test]
fn a_restart_with_nothing_to_do_does_nothing() {
    let scenario = Scenario::mixed(7);
    let trial = trial(&scenario, Mode::Act);
    let until = end_of(&scenario);
    live(&trial, until);
    let before = trial.world().writes.clone();
    for days in [0, 1, 2] {
        let until = trial.world().now() + SignedDuration::from_mins(20);
        live(&trial, until);
        assert_eq!(
            trial.world().writes,
            before,
            "after {days} days: {}",
            trial.log.text()
        );
        let next_day = until + SignedDuration::from_hours(24);
        trial.world().advance(next_day);
    }
}

#[test]
fn a_first_start_after_a_rotation_restarts_nobody() {
    let scenario = Scenario::mixed(7);
    let trial = trial(&scenario, Mode::Act);
    let late = scenario.last_rotation() + SignedDuration::from_mins(40);
    trial.world().advance(late);
    live(&trial, late + SignedDuration::from_mins(20));
    assert_eq!(trial.world().writes, []);
}

#[test]
fn a_first_start_right_after_a_rotation_serves_its_consumers() {
    let scenario = Scenario::mixed(7);
    let trial = trial(&scenario, Mode::Act);
    let soon = scenario.last_rotation() + SignedDuration::from_mins(3);
    trial.world().advance(soon);
    let until = soon + SignedDuration::from_mins(20);
    live(&trial, until);
    assert_served(&trial, &scenario, until, "seed 7");
}

#[test]
fn a_value_put_by_hand_that_nobody_can_log_in_with_restarts_nobody() {
    let mut scenario = Scenario::one_service(9);
    let by_hand = scenario.last_rotation() + SignedDuration::from_mins(30);
    scenario.secrets[0].rotations.clear();
    scenario.secrets[0]
        .touches
        .push((by_hand, Touch::Put { told: false }));
    let trial = trial(&scenario, Mode::Act);
    let life = live(&trial, by_hand + SignedDuration::from_mins(20));
    assert_eq!(trial.world().writes, []);
    let view = life.last.secrets.values().next().expect("one secret");
    assert!(!view.findings.is_empty(), "{view:?}");
}

#[test]
fn the_brake_on_a_secret_holds_its_remediations() {
    for brake in ["observe", "hold"] {
        let scenario = Scenario::mixed(7);
        let trial = trial(&scenario, Mode::Act);
        for secret in trial.world().secrets.values_mut() {
            secret
                .tags
                .insert("rotation-watchdog".to_owned(), brake.to_owned());
        }
        live(&trial, end_of(&scenario));
        assert_eq!(trial.world().writes, [], "{brake}");
    }
}

/// A secret that rotates more seldom than the journal remembers.
#[test]
fn a_restart_after_the_records_of_a_rotation_were_dropped_does_nothing() {
    for method in [LambdaMethod::ConfigUpdate, LambdaMethod::ConcurrencyCycle] {
        let scenario = Scenario::mixed(7);
        let mut trial = trial_with(&scenario, Mode::Act, method);
        trial.options.retention = SignedDuration::from_hours(1);
        live(&trial, end_of(&scenario) + SignedDuration::from_hours(13));
        let before = trial.world().writes.clone();
        let kept = trial.facts().expect("a readable journal").len();
        let later = trial.world().now() + SignedDuration::from_mins(20);
        live(&trial, later);
        assert_eq!(
            trial.world().writes,
            before,
            "{method:?}: {kept} records were kept: {}",
            trial.log.text()
        );
    }
}

/// ListSecrets leaves it out at once; DescribeSecret goes on to tell of it.
#[test]
fn a_deleted_secret_says_so_and_nobody_is_restarted_for_it() {
    let mut scenario = Scenario::mixed(7);
    scenario.secret("mail/api-key", Kind::ApiKey, &[]);
    let trial = trial(&scenario, Mode::Act);
    let deleted = scenario.last_rotation() - SignedDuration::from_secs(20);
    if let Some(secret) = trial.world().secrets.get_mut(&arn("shop/mysql")) {
        secret.deleted = Some(deleted);
    }
    let life = live(&trial, end_of(&scenario));
    assert_eq!(trial.world().writes, []);
    let kinds: Vec<_> = life
        .last
        .open_findings()
        .iter()
        .map(|found| found.kind.name())
        .collect();
    assert!(kinds.contains(&"secret-deleted"), "{kinds:?}");
}

/// Eight days with a rotation each, on a journal that keeps two.
#[test]
fn days_of_rotations_leave_a_bounded_journal_and_one_redeploy_each() {
    let mut scenario = Scenario::empty(13);
    let days: Vec<i64> = (0..8).map(|day| 60 + day * 86_400).collect();
    scenario.secret("shop/mysql", Kind::SingleUser { engine: "MySQL" }, &days);
    scenario.service("orders", &["shop/mysql"], Reads::Injected);
    let mut trial = trial(&scenario, Mode::Act);
    trial.options.retention = SignedDuration::from_hours(48);
    let mut sizes = Vec::new();
    for day in 1..=8 {
        let until = scenario.start + SignedDuration::from_hours(24 * day);
        live(&trial, until);
        sizes.push(trial.facts().expect("a readable journal").len());
    }
    assert_eq!(
        writes_of(&trial, "ecs:UpdateService").len(),
        8,
        "{}",
        trial.log.text()
    );
    let (early, late) = (sizes[3], sizes[7]);
    assert!(late <= early + early / 4, "the journal grows: {sizes:?}");
}

/// A restart would read the secret that nobody watches as well (design rule 5).
#[test]
fn nobody_is_restarted_while_a_secret_without_a_rule_is_rotating() {
    let mut scenario = Scenario::empty(14);
    scenario.secret("shop/mysql", Kind::SingleUser { engine: "MySQL" }, &[100]);
    scenario.secret("legacy/db", Kind::SingleUser { engine: "MySQL" }, &[10]);
    scenario.secrets[1].rotations[0].steps[3] = SignedDuration::from_secs(200);
    scenario.service("checkout", &["shop/mysql", "legacy/db"], Reads::Injected);
    let mut trial = trial(&scenario, Mode::Act);
    let all = trial.options.rules.clone();
    trial.options.rules =
        std::sync::Arc::new(move |secret| all(secret).filter(|_| secret.name == "shop/mysql"));
    live(&trial, scenario.start + SignedDuration::from_mins(15));
    let world = trial.world();
    let legacy = world.secrets.values().find(|secret| secret.name() == "legacy/db");
    let finished = legacy.expect("the secret").promoted[0];
    let redeploys: Vec<Timestamp> = world.writes.iter().map(|write| write.at).collect();
    assert!(
        redeploys.len() == 1 && redeploys[0] > finished,
        "{redeploys:?}, {finished}: {}",
        trial.log.text()
    );
}

#[test]
fn a_fleet_at_rest_is_quiet_for_thirty_days() {
    let mut scenario = Scenario::demo(11);
    for plan in &mut scenario.secrets {
        plan.rotations.clear();
    }
    let trial = trial(&scenario, Mode::Act);
    let days = SignedDuration::from_hours(30 * 24);
    let life = live(&trial, scenario.start + days);
    assert_eq!(trial.world().writes, []);
    // Two of its secrets name no database to log in to.
    let found = life.last.open_findings();
    let kinds: Vec<_> = found.iter().map(|found| found.kind.name()).collect();
    assert_eq!(kinds, ["login-impossible"; 2], "{}", trial.log.text());
    assert!(life.last.is_ready());
    let log = trial.log.text();
    let told = log
        .lines()
        .filter(|line| line.contains(" WARN ") || line.contains(" ERROR "));
    let told: Vec<_> = told.collect();
    let is_of_a_login = |line: &&str| line.contains("login-impossible");
    assert!(told.len() == 2 && told.iter().all(is_of_a_login), "{log}");
}
