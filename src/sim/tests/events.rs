//! Events: what they show, what they do not change, and a flood of them.

use super::*;
use crate::sim::world::Delivery;

fn beside(foreign: u32) -> Delivery {
    Delivery {
        foreign,
        ..Delivery::prompt()
    }
}

/// A watchdog that polls seldom, with a queue.
fn seldom(scenario: &Scenario, delivery: Delivery) -> Trial {
    let mut trial = trial(scenario, Mode::Act);
    trial.world().send_events(delivery);
    trial.options.settings.events = true;
    trial.options.settings.cadence.announced = SignedDuration::from_hours(1);
    trial.options.settings.cadence.sweep = SignedDuration::from_hours(1);
    trial
}

/// How long after the promotion the first service was redeployed.
fn first_redeploy(trial: &Trial) -> SignedDuration {
    let writes = writes_of(trial, "ecs:UpdateService");
    let secret = crate::sim::arn("shop/mysql");
    let promoted = trial.world().secrets[&secret].promoted.last().copied();
    let first = writes.first().map(|write| write.at);
    let (first, promoted) = (first.expect("a redeploy"), promoted.expect("a promotion"));
    first.duration_since(promoted)
}

#[test]
fn a_rotation_is_served_at_once_by_its_events_alone() {
    let scenario = Scenario::mixed(7);
    let trial = seldom(&scenario, beside(0));
    live(&trial, end_of(&scenario));
    let took = first_redeploy(&trial);
    // The event, its look, a login, and the margin of a second.
    assert!(
        took < SignedDuration::from_millis(1_900),
        "{took:#}: {}",
        trial.log.text()
    );
    assert_served(&trial, &scenario, end_of(&scenario), "events");
}

/// 100,000 messages of others in a minute, a third of them forged ones about the secret.
#[test]
fn a_flood_starves_no_look() {
    let scenario = Scenario::mixed(7);
    let trial = seldom(&scenario, beside(100_000));
    let until = scenario.start + SignedDuration::from_mins(12);
    live(&trial, until);
    let (took, world) = (first_redeploy(&trial), trial.world());
    // Its own event waits behind the flood; what is forged makes looks due as well.
    assert!(took < SignedDuration::from_secs(5), "{took:#}");
    let looks = world
        .reads
        .iter()
        .filter(|(_, what)| *what == "secretsmanager:DescribeSecret");
    let seconds = usize::try_from(until.duration_since(scenario.start).as_secs()).expect("some minutes");
    assert!(looks.count() <= 2 * seconds + 60, "one in half a second at most");
}

#[test]
fn a_queue_that_is_denied_costs_nothing_but_speed() {
    let scenario = Scenario::mixed(7);
    let mut trial = trial(&scenario, Mode::Act);
    trial.world().send_events(beside(0));
    trial.options.settings.events = true;
    let denied = crate::sim::ports::Fault {
        operation: "sqs:ReceiveMessage",
        times: u32::MAX,
        kind: crate::sim::ports::FaultKind::Denied,
        window: None,
    };
    trial.faults = std::sync::Arc::new(std::sync::Mutex::new(vec![denied]));
    live(&trial, end_of(&scenario));
    assert_served(&trial, &scenario, end_of(&scenario), "denied");
    let log = trial.log.text();
    assert!(log.contains("allow sqs:ReceiveMessage"), "{log}");
}
