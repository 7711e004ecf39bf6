//! What is believed of a promoted version, and what is not (design rule 3).

use super::admission::{admission, consumer, promoted, reason};
use super::standings::consumer_of;
use super::world::{Tale, at, service};
use crate::judge::Reason;
use crate::model::{Evidence, LookKey, Step, Strategy};
use crate::story::proof::{Proof, Works};
use crate::story::rotations::Origin;

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

#[test]
fn a_refusal_from_before_testsecret_is_outdone_by_its_line() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .login(12, "b", false)
        .line(16, Step::TestSecret)
        .labels(20, "b - a");
    assert!(matches!(works(&tale, 21), Works::Yes(Proof::TestSecret(_))));
    tale.login(22, "b", false);
    assert!(matches!(works(&tale, 23), Works::No { .. }));
}

#[test]
fn a_value_put_by_hand_does_not_borrow_the_lines_of_the_rotation_it_abandons() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .labels(19, "a b z")
        .labels(20, "c b a");
    tale.line(22, Step::TestSecret);
    let put = tale.judge(25).current().cloned().expect("a promotion");
    assert_eq!(
        (put.rotation.origin, put.works),
        (Origin::Manual, Works::Unproven)
    );
    let left = tale.judge(25).open().cloned().expect("AWSPENDING is still there");
    assert!(left.rotation.tested.is_some(), "the line is the rotation's");
}

/// The service writes LastRotatedDate after finishSecret has moved the label.
#[test]
fn a_rotation_that_ran_unseen_was_rotated_a_moment_after_its_labels_changed() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z");
    (tale.last_changed, tale.last_rotated) = (Some(at(500)), Some(at(503)));
    tale.labels(3_600, "b - a");
    assert_eq!(tale.latest(3_601).rotation.origin, Origin::Rotation);
}

#[test]
fn a_value_put_by_hand_after_an_unseen_rotation_is_not_taken_for_it() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z");
    (tale.last_changed, tale.last_rotated) = (Some(at(900)), Some(at(503)));
    tale.labels(3_600, "c - b");
    assert_eq!(tale.latest(3_601).rotation.origin, Origin::Manual);
    tale.last_rotated = Some(at(901));
    tale.labels(3_610, "c - b");
    assert_eq!(
        tale.latest(3_611).rotation.origin,
        Origin::Rotation,
        "two rotations"
    );
}

/// A function may rotate many secrets, and not all of its lines say which.
#[test]
fn a_finish_line_without_a_version_does_not_date_a_promotion() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").labels(10, "a b z").labels(20, "b - a");
    let seen = tale.latest(21).rotation.promoted.expect("promoted").when;
    tale.line(12, Step::FinishSecret);
    assert_eq!(tale.latest(21).rotation.promoted.expect("promoted").when, seen);
}

#[test]
fn a_promotion_by_hand_after_a_failed_test_is_not_trusted_by_protocol() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .failure(14, Step::TestSecret)
        .labels(30, "b - a");
    assert_eq!(works(&tale, 31), Works::Unproven);
    tale.line(29, Step::TestSecret);
    assert!(matches!(works(&tale, 35), Works::Yes(Proof::TestSecret(_))));
}

#[test]
fn a_refusal_from_before_the_rotation_does_not_open_its_window() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .login(2, "a", true)
        .login(4, "a", false)
        .login(6, "a", true)
        .labels(100, "a - z")
        .labels(110, "a b z")
        .login(116, "b", true)
        .labels(120, "b - a");
    let view = tale.judge(121).current().cloned().expect("a promotion");
    let opened = view.rotation.exposed.expect("a login with the new password").when;
    assert!(opened.not_after >= at(116), "{opened:?}");
}

#[test]
fn an_old_password_accepted_before_the_new_one_is_not_an_alternating_user() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .login(2, "a", true)
        .labels(10, "a b z")
        .labels(20, "b - a")
        .login(21, "b", true);
    assert_eq!(tale.judge(22).strategy.0, Strategy::Unknown);
    tale.login(23, "a", true);
    assert_eq!(tale.judge(24).strategy.0, Strategy::AlternatingUsers);
}

#[test]
fn what_is_remembered_of_looks_does_not_grow_with_every_version() {
    let mut tale = Tale::new();
    for n in 0..20 {
        let second = i64::from(n) * 100;
        let (old, new) = (format!("v{n}"), format!("v{}", n + 1));
        tale.labels(second, &format!("{new} - {old}"))
            .login(second + 1, &new, true)
            .see(second + 2, Evidence::Sweep { secrets: Vec::new() });
    }
    tale.labels(3_000, "v20 v21 v19")
        .login(3_001, "v21", true)
        .see(3_002, Evidence::Sweep { secrets: Vec::new() });
    let logins = tale.state.looked.keys().filter_map(|key| match key {
        LookKey::Login(_, version) => Some(version.as_str()),
        _ => None,
    });
    assert_eq!(
        logins.collect::<Vec<_>>(),
        ["v19", "v20", "v21"],
        "what bears a label"
    );
}

/// Logins with AWSPENDING are repeated every five minutes at least: a later one would have told.
#[test]
fn a_refusal_from_long_before_the_promotion_does_not_make_a_dead_value() {
    let refused_at = |second: i64| {
        let mut tale = Tale::new();
        tale.labels(0, "a - z")
            .labels(10, "a b z")
            .login(second, "b", false)
            .labels(899, "a b z")
            .labels(900, "b - a");
        works(&tale, 901)
    };
    assert_eq!(refused_at(290), Works::Yes(Proof::Protocol));
    assert!(matches!(refused_at(310), Works::No { .. }), "recent");
    assert!(matches!(refused_at(901), Works::No { .. }), "since then");
}

/// Ten minutes before the promotion can have been: twice the longest wait between two logins.
#[test]
fn a_refusal_from_ten_minutes_before_the_promotion_is_outdated() {
    let promoted_after = |last_look: i64| {
        let mut tale = Tale::new();
        tale.labels(0, "a - z").labels(10, "a b z");
        tale.refused_at_once(15, "b");
        tale.labels(last_look, "a b z").labels(last_look + 1, "b - a");
        works(&tale, last_look + 2)
    };
    // Reads may be five seconds behind.
    assert_eq!(promoted_after(620), Works::No { refused: at(15) });
    assert_eq!(promoted_after(621), Works::Yes(Proof::Protocol));
}

/// `db` is proven by its testSecret, `queue` is trusted by its protocol alone.
#[test]
fn whoever_is_restarted_for_a_proven_secret_waits_for_who_tries_another_first() {
    let mut tale = promoted(&["db", "queue"]);
    tale.line(18, Step::TestSecret);
    for name in ["a", "b"] {
        tale.uses(&consumer(name), &["db", "queue"])
            .service(25, &consumer(name), service(&[-500]));
    }
    let first = admission(&tale, &["db", "queue"], 30);
    let started: Vec<_> = first.start.iter().map(consumer_of).collect();
    assert_eq!(started, [consumer("a")]);
    let waits = reason(&first, "db", "b");
    assert!(
        matches!(&waits, Some(Reason::Another { reason, .. }) if matches!(**reason, Reason::First { .. })),
        "{waits:?}"
    );
    tale.service(60, &consumer("a"), service(&[40]));
    assert_eq!(admission(&tale, &["db", "queue"], 61).start.len(), 1);
}

/// `a` goes first with `queue`, and would get what was put by hand into `mail`.
#[test]
fn where_the_first_one_waits_for_a_person_the_next_one_goes_in_its_place() {
    let mut tale = promoted(&["db", "queue"]);
    tale.line(18, Step::TestSecret);
    tale.labels_of("mail", 0, "x - w").labels_of("mail", 20, "y - x");
    tale.uses(&consumer("a"), &["queue", "mail"]);
    for name in ["b", "c"] {
        tale.uses(&consumer(name), &["db", "queue"]);
    }
    for name in ["a", "b", "c"] {
        tale.service(25, &consumer(name), service(&[-500]));
    }
    let admission = admission(&tale, &["db", "queue", "mail"], 30);
    let started: Vec<_> = admission.start.iter().map(consumer_of).collect();
    assert_eq!(started, [consumer("b")], "one at a time");
    assert!(matches!(
        reason(&admission, "db", "c"),
        Some(Reason::Another { .. })
    ));
}

/// `b` has nothing that it could be restarted for, and `c` would get the value of `mail` as well.
#[test]
fn the_next_one_is_who_wants_a_restart_and_may_have_it() {
    let mut tale = promoted(&["db", "queue"]);
    tale.line(18, Step::TestSecret);
    tale.labels_of("mail", 0, "x - w").labels_of("mail", 20, "y - x");
    tale.uses(&consumer("a"), &["queue", "mail"])
        .uses(&consumer("b"), &["queue"])
        .uses(&consumer("c"), &["db", "queue", "mail"])
        .uses(&consumer("d"), &["db", "queue"]);
    for name in ["a", "b", "c", "d"] {
        tale.service(25, &consumer(name), service(&[-500]));
    }
    let admission = admission(&tale, &["db", "queue", "mail"], 30);
    let started = admission.start.iter().map(consumer_of);
    assert_eq!(started.collect::<Vec<_>>(), [consumer("d")]);
}
