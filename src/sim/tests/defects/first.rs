//! A promotion that nothing proves, tried by everybody at once: a case made by hand, for seeds hardly ever draw it.

use jiff::{SignedDuration, Timestamp};
use machine::judge::{Judgement, Reason, judge};
use machine::model::Mode;

use super::deciding::{judging, want};
use crate::runtime::Parts;
use crate::sim::Scenario;
use crate::sim::campaign::run_with;
use crate::sim::case::{Case, Profile};
use crate::sim::world::{Kind, Reads};

/// Two services of one secret; testSecret passes a password that the database takes a minute and a half later, and
/// login tests are off.
fn untold() -> Case {
    let mut scenario = Scenario::empty(0);
    scenario.secret("shop/mysql", Kind::SingleUser { engine: "MySQL" }, &[60, 1_500]);
    scenario.service("orders", &["shop/mysql"], Reads::Injected);
    scenario.service("reports", &["shop/mysql"], Reads::Injected);
    let rotation = &mut scenario.secrets[0].rotations[0];
    rotation.weak_test = true;
    rotation.comes_true_after = SignedDuration::from_secs(90);
    Case {
        scenario,
        mode: Mode::Act,
        login_test: false,
        ..Case::generate(0, Profile::None)
    }
}

/// Whoever waits for the one that goes first is wanted as well.
fn all_at_once(mut judgement: Judgement, now: Timestamp) -> Judgement {
    let Some(rotation) = judgement.current().map(|view| view.rotation.key.clone()) else {
        return judgement;
    };
    let second = judgement
        .waits
        .extract_if(.., |(_, reason)| matches!(reason, Reason::First { .. }));
    let second: Vec<_> = second.map(|(consumer, _)| consumer).collect();
    let wants = second
        .iter()
        .filter_map(|consumer| want(&judgement, &rotation, consumer, now));
    let wants: Vec<_> = wants.collect();
    judgement.wants.extend(wants);
    judgement
}

fn trusting_the_protocol(parts: Parts) -> Parts {
    judging(parts, |state, secret, policy, settings, now| {
        all_at_once(judge(state, secret, policy, settings, now), now)
    })
}

#[test]
fn a_promotion_by_protocol_tried_by_all_at_once() {
    let without = run_with(&untold(), |parts| parts).expect("a runtime");
    assert_eq!(without.broken, []);
    let with = run_with(&untold(), trusting_the_protocol).expect("a runtime");
    let rules: Vec<&str> = with.broken.iter().map(|broken| broken.rule).collect();
    assert_eq!(rules, ["one-goes-first"], "{}", with.story);
}
