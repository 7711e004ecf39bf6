//! What is believed of a promoted version, and what is not (design rule 3).

use super::world::{Tale, labels};
use crate::milestones::{Proof, Works};
use crate::model::{LoginAnswer, Step};
use crate::rotations::Origin;

fn works(tale: &Tale, second: i64) -> Works {
    tale.judge(second).current().expect("a promotion").works
}

#[test]
fn a_login_from_before_a_rotation_proves_nothing_once_its_label_is_rolled_back() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .login(12, "a", true)
        .line(13, Step::SetSecret)
        .login(16, "b", true)
        .labels(20, "b - a")
        .labels(100, "a - b")
        .labels(106, "a - b");
    let back = tale.judge(107).current().cloned().expect("a promotion");
    assert_eq!(
        (back.rotation.origin, back.works),
        (Origin::Rollback, Works::Unproven),
        "the database still has the password of b"
    );
    tale.login(108, "a", true);
    assert!(matches!(works(&tale, 109), Works::Yes(Proof::Login(_))));
}
