//! How the password of a master user comes true, as RDS tells it.

use std::collections::BTreeSet;

use super::databases::database as login_at;
use super::rds::{instance, managed};
use super::world::{Tale, arn, at, millis};
use crate::admission::trust::withheld;
use crate::findings::{Kind, of_secret};
use crate::model::{Evidence, ManagedStatus, RdsDatabase, RdsEvent, RdsId, Reset, Step, When};
use crate::story::phase::Phase;
use crate::story::rotations::Source;

impl Tale {
    fn reset(&mut self, second: i64, failed: bool) -> &mut Self {
        let reset = Reset {
            at: at(second),
            failed,
        };
        let events = vec![RdsEvent {
            of: RdsId::instance("shop"),
            reset,
        }];
        self.see(second + 2, Evidence::RdsEvents { events });
        self
    }
}

pub(super) fn started() -> Tale {
    let mut tale = Tale::with_lambda();
    tale.labels(-10, "a").of_the_master();
    tale.rds(-8, instance("available"))
        .labels(0, "a b")
        .valued(1, &["b"]);
    tale
}

#[test]
fn a_password_that_rds_was_seen_to_set_is_a_sight_of_set_secret() {
    let pending = RdsDatabase {
        password_pending: true,
        ..instance("modifying")
    };
    for setting in [instance("resetting-master-credentials"), pending] {
        let mut tale = started();
        tale.rds(8, instance("available")).rds(17, setting);
        assert_eq!(
            tale.latest(20).phase,
            Phase::Created,
            "the database takes the old one"
        );
        tale.rds(22, instance("available"));
        let view = tale.latest(25);
        assert_eq!(view.phase, Phase::Exposed);
        let seen = view.rotation.exposed.expect("seen");
        assert_eq!(seen.sources, BTreeSet::from([Source::Rds]));
        assert_eq!(
            seen.when.not_before,
            Some(at(3)),
            "the last look without it, or a little before"
        );
        assert!(seen.when.not_after >= at(22) && seen.when.not_after < at(23));
        let again = tale.restarted().judge(25);
        assert_eq!(again.rotations, tale.judge(25).rotations, "over a crash");
    }
}

#[test]
fn a_reset_that_no_look_met_is_told_by_its_event() {
    let mut tale = started();
    tale.rds(2, instance("available"))
        .reset(6, false)
        .rds(7, instance("available"));
    let exposed = tale.latest(10).rotation.exposed.expect("told");
    assert_eq!(
        exposed.when,
        When::between(millis(20), at(7)),
        "from the rotation's start to its second's end"
    );
    assert_eq!(tale.restarted().latest(10).rotation.exposed, Some(exposed));
}

#[test]
fn what_rds_did_before_the_rotation_is_no_part_of_it() {
    let mut tale = Tale::with_lambda();
    tale.labels(-200, "a").of_the_master();
    tale.rds(-100, instance("resetting-master-credentials"))
        .reset(-95, false);
    tale.rds(-50, instance("available"))
        .labels(-10, "a")
        .labels(0, "a b")
        .valued(1, &["b"]);
    tale.rds(2, instance("available"));
    assert_eq!(tale.latest(3).rotation.exposed, None);
}

#[test]
fn another_users_rotation_is_not_told_by_the_master_users_password() {
    let mut tale = Tale::with_lambda();
    tale.labels(-10, "a");
    tale.login_to(Some(login_at(1, 2)), "db", -20, "a", true);
    tale.rds(-8, instance("available"))
        .labels(0, "a b")
        .valued(1, &["b"]);
    tale.rds(2, instance("resetting-master-credentials"))
        .reset(3, false);
    assert_eq!(tale.latest(6).rotation.exposed, None);
    assert!(
        tale.state
            .secret(&arn("db"))
            .is_some_and(|facts| facts.master.is_none())
    );
}

#[test]
fn a_password_that_rds_could_not_set_is_a_failed_step() {
    let mut tale = started();
    tale.reset(4, true);
    let view = tale.latest(7);
    let step = Some(Step::SetSecret);
    assert_eq!(view.phase, Phase::Failed { step });
    assert!(view.rotation.failures[0].why.contains("RDS could not set"));
}

#[test]
fn what_rds_does_for_the_next_rotation_is_no_part_of_the_one_before() {
    let mut tale = started();
    tale.rds(2, instance("available")).labels(60, "a c");
    tale.rds(61, instance("available"));
    tale.rds(70, instance("resetting-master-credentials"))
        .reset(80, true);
    let rotations = tale.judge(90).rotations;
    let [.., given_up, next] = rotations.as_slice() else {
        panic!("{rotations:?}")
    };
    assert_eq!(given_up.rotation.exposed, None);
    assert_eq!(given_up.rotation.failures, []);
    assert_eq!(next.rotation.failures.len(), 1);
}

#[test]
fn what_rds_was_about_to_set_before_it_failed_was_not_set() {
    let mut tale = started();
    tale.rds(2, instance("available"));
    tale.rds(3, instance("resetting-master-credentials"))
        .reset(40, true);
    tale.rds(41, instance("available"));
    assert_eq!(tale.latest(50).rotation.exposed, None);
    tale.rds(60, instance("resetting-master-credentials"))
        .rds(70, instance("available"));
    let exposed = tale.latest(71).rotation.exposed.expect("the retry sets it").when;
    assert!(exposed.not_before >= Some(at(40)), "{exposed:?}");
}

#[test]
fn a_password_that_comes_true_after_the_rotation_was_given_up_opens_its_window() {
    let mut tale = started();
    tale.rds(2, instance("available")).labels(20, "a").labels(26, "a");
    tale.reset(100, false);
    let judgement = tale.judge(110);
    assert!(judgement.left_exposed().is_some());
}

/// Of a rotation at rest nobody knows to the minute when it began.
#[test]
fn a_password_that_a_person_changed_right_before_the_rotation_is_not_its_own() {
    for failed in [false, true] {
        let mut tale = Tale::with_lambda();
        tale.labels(-400, "a").of_the_master();
        tale.rds(-8, instance("available"))
            .labels(0, "a b")
            .valued(1, &["b"]);
        tale.reset(-120, failed).rds(4, instance("available"));
        let rotation = tale.latest(5).rotation;
        assert_eq!(rotation.exposed, None);
        assert_eq!(rotation.failures, []);
    }
}

/// "Done" of a function that calls ModifyDBInstance means that RDS took the order.
#[test]
fn a_password_came_true_when_rds_had_set_it_whatever_the_function_said() {
    let mut tale = started();
    tale.rds(2, instance("available")).line(3, Step::SetSecret);
    tale.rds(4, instance("resetting-master-credentials"));
    tale.rds(9, instance("resetting-master-credentials"));
    let exposed = |tale: &Tale, second| tale.latest(second).rotation.exposed.expect("told").when;
    assert!(exposed(&tale, 10).not_after <= at(5), "the function says it");
    tale.rds(14, instance("available"));
    assert!(exposed(&tale, 15).not_after >= at(14));
    assert!(exposed(&tale, 15).not_before <= Some(at(3)));
    tale.reset(11, false);
    assert_eq!(
        exposed(&tale, 16).not_after,
        at(12),
        "its event says it more exactly"
    );
    assert_eq!(
        tale.restarted().latest(17).rotation.exposed,
        tale.latest(17).rotation.exposed
    );
}

fn withheld_at(tale: &Tale, second: i64) -> bool {
    let judgement = tale.judge(second);
    let (view, facts) = (
        judgement.current().expect("a promotion"),
        tale.state.secret(&arn("db")).expect("seen"),
    );
    withheld(&tale.state, view, facts, &tale.policy, &tale.settings, at(second)).is_some()
}

/// The function's test checks nothing, so AWSCURRENT moves before the password came true.
#[test]
fn nobody_is_restarted_onto_a_password_that_rds_is_still_setting() {
    let mut tale = started();
    tale.rds(2, instance("available")).line(3, Step::SetSecret);
    tale.rds(4, instance("resetting-master-credentials"))
        .labels(6, "b - a");
    tale.rds(20, instance("resetting-master-credentials"));
    assert!(withheld_at(&tale, 60), "RDS still shows it on its way");
    tale.rds(62, instance("available"));
    assert!(!withheld_at(&tale, 200));
    let exposed = tale.latest(200).rotation.exposed.expect("told").when;
    assert!(exposed.not_after >= at(62));
}

#[test]
fn an_old_password_that_was_taken_while_rds_set_the_new_one_says_when_it_came_true() {
    let mut tale = started();
    tale.rds(2, instance("available"))
        .rds(4, instance("resetting-master-credentials"));
    tale.login(10, "a", true)
        .login(20, "a", false)
        .login(21, "b", true);
    let exposed = tale.latest(22).rotation.exposed.expect("told").when;
    assert!(
        exposed.not_before >= Some(at(10)) && exposed.not_after <= at(21),
        "{exposed:?}"
    );
}

#[test]
fn no_window_is_open_while_rds_says_that_the_password_is_on_its_way() {
    let mut tale = started();
    tale.rds(2, instance("available"))
        .rds(4, instance("resetting-master-credentials"));
    tale.rds(100, instance("resetting-master-credentials"));
    let open = |tale: &Tale, second| {
        let found = of_secret(
            &tale.state,
            &arn("db"),
            &tale.judge(second),
            &tale.settings,
            at(second),
        );
        found.iter().any(|finding| finding.kind == Kind::DangerWindowOpen)
    };
    assert!(!open(&tale, 110), "the old password is taken");
    tale.rds(120, instance("available"));
    assert!(!open(&tale, 121), "counted from when it came true");
    assert!(open(&tale, 300));
}

/// setSecret of a retry sets the same password again.
#[test]
fn a_password_that_was_set_before_a_look_met_rds_at_it_again_came_true_then() {
    let mut tale = started();
    tale.rds(2, instance("available")).reset(6, false);
    tale.rds(12, instance("available"))
        .rds(17, instance("resetting-master-credentials"))
        .reset(18, false);
    tale.rds(22, instance("available"));
    let exposed = tale.latest(23).rotation.exposed.expect("told").when;
    assert_eq!(exposed, When::between(millis(20), at(7)));
}

/// A journal that was lost knows of no rotation before.
#[test]
fn of_several_resets_before_a_rotation_was_seen_the_last_is_its_own() {
    let mut tale = Tale::with_lambda();
    tale.labels(-400, "a").rds(-300, managed(ManagedStatus::Active));
    tale.labels(0, "a b").valued(1, &["b"]);
    tale.reset(-250, false).reset(-10, false);
    tale.rds(2, managed(ManagedStatus::Rotating));
    let exposed = tale.latest(3).rotation.exposed.expect("told").when;
    assert_eq!(exposed.not_after, at(-9));
}

#[test]
fn another_word_for_its_secret_does_not_end_what_rds_is_at() {
    let setting = |status| RdsDatabase {
        status: "resetting-master-credentials".into(),
        ..managed(status)
    };
    let mut tale = started();
    tale.rds(2, managed(ManagedStatus::Active))
        .rds(7, setting(ManagedStatus::Rotating))
        .rds(12, setting(ManagedStatus::Active));
    assert_eq!(tale.latest(13).rotation.exposed, None);
    tale.rds(17, managed(ManagedStatus::Active));
    let exposed = tale.latest(18).rotation.exposed.expect("told").when;
    assert!(exposed.not_after >= at(17), "{exposed:?}");
}
