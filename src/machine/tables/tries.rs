//! Writes that change nothing, again and again.

use super::standings::{attempt, orders, promoted, redeploy, standing};
use super::world::{Tale, service};
use crate::consumers::Why;
use crate::model::{NoEffect, Outcome, Stage};

/// Six tries in vain, the last at second 530.
fn in_vain(why: &NoEffect) -> Tale {
    let mut tale = promoted(&orders());
    tale.service(25, &orders(), service(&[-500]));
    for i in 0..6 {
        let second = 30 + i * 100;
        assert!(standing(&tale, second).wants.is_some(), "try {i}");
        let outcome = Outcome::NoEffect(why.clone());
        attempt(
            &mut tale,
            &orders(),
            &format!("x{i}"),
            redeploy(),
            Some(outcome),
            second,
        );
        assert_eq!(standing(&tale, second + 2).wants, None, "it backs off");
    }
    tale
}

#[test]
fn what_aws_denies_ends_with_a_person() {
    let denied = NoEffect::Denied {
        iam_action: "ecs:UpdateService".to_owned(),
        resource: "*".to_owned(),
    };
    let standing = standing(&in_vain(&denied), 5_000);
    assert!(matches!(standing.why, Why::NoEffect { times: 6, .. }));
    assert_eq!(standing.stage, Stage::Beyond);
}

#[test]
fn what_passes_by_itself_is_tried_again_slowly() {
    let tale = in_vain(&NoEffect::Throttled);
    assert_eq!(standing(&tale, 530 + 290).wants, None);
    assert_eq!(standing(&tale, 530 + 290).stage, Stage::Stale);
    assert!(standing(&tale, 530 + 310).wants.is_some());
}
