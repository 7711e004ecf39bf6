//! Which version is logged in with, and when: no account may be locked by us.

use super::cadence::{MINUTE, SECOND, looks, wait};
use super::rotations::done;
use super::world::{Tale, arn, at, version};
use crate::model::{Event, Look, LookFailure, LookKey, Step};

fn key(id: &str) -> LookKey {
    LookKey::Login(arn("db"), version(id))
}

/// The versions that are logged in with, whenever it is due.
fn asked(tale: &Tale, second: i64) -> Vec<String> {
    let keys = looks(tale, second).into_keys();
    keys.filter_map(|key| match key {
        LookKey::Login(_, version) => Some(version.to_string()),
        _ => None,
    })
    .collect()
}

/// A rotation to `b`, seen at second 10, with login tests.
fn begun() -> Tale {
    let mut tale = Tale::new();
    tale.policy.login_test = true;
    tale.labels(0, "a - z").labels(10, "a b z");
    tale
}

/// AWSPENDING has a value by second 11.
fn created() -> Tale {
    let mut tale = begun();
    tale.valued(11, &["a", "b"]);
    tale
}

#[test]
fn the_old_password_is_tried_until_setsecret_shows_and_then_the_new_one() {
    let nobody: [&str; 0] = [];
    assert_eq!(asked(&begun(), 10), nobody, "nothing to set yet");
    let mut tale = created();
    assert_eq!(asked(&tale, 11), ["a"]);
    tale.login(12, "a", true);
    assert_eq!(wait(&tale, 12, &key("a")), Some(SECOND));
    tale.login(13, "a", false);
    assert_eq!(asked(&tale, 13), ["b"], "the old one is refused");
    tale.login(14, "b", true);
    assert_eq!(asked(&tale, 14), nobody, "proven");
    let mut off = created();
    off.policy.login_test = false;
    assert_eq!(asked(&off, 11), nobody);
}

#[test]
fn setsecrets_line_is_a_sign_too() {
    let mut tale = created();
    tale.line(12, Step::SetSecret);
    assert_eq!(asked(&tale, 15), ["b"]);
    let mut by_login = created();
    by_login.policy.login_pending_early = true;
    by_login.login(12, "b", true);
    assert_eq!(wait(&by_login, 13, &key("b")), None, "the new one works already");
}

/// Most rotations go on within seconds, and the login would be one more that is refused.
#[test]
fn the_old_password_is_tried_once_where_nothing_moves_for_ten_seconds_after_setsecret() {
    let mut tale = created();
    tale.line(12, Step::SetSecret).login(16, "b", true);
    let set_at = tale
        .judge(16)
        .open()
        .and_then(|view| view.rotation.last_progress());
    assert_eq!(set_at, Some(at(12)));
    assert_eq!(wait(&tale, 17, &key("a")), Some(5 * SECOND));
    assert_eq!(asked(&tale, 22), ["a"]);
    tale.login(22, "a", false);
    assert_eq!(
        asked(&tale, 40),
        Vec::<String>::new(),
        "the database has the new one alone"
    );
    let mut tested = created();
    tested
        .line(12, Step::SetSecret)
        .login(14, "b", true)
        .line(16, Step::TestSecret);
    assert_eq!(wait(&tested, 17, &key("a")), Some(9 * SECOND), "it moved since");
}

#[test]
fn the_new_password_is_tried_early_where_a_rule_says_so() {
    let mut tale = created();
    tale.policy.login_pending_early = true;
    assert_eq!(asked(&tale, 11), ["a", "b"]);
    let mut empty = begun();
    empty.policy.login_pending_early = true;
    assert_eq!(asked(&empty, 11), Vec::<String>::new(), "there is none yet");
}

#[test]
fn a_refusal_from_before_the_rotation_is_no_sign_of_setsecret() {
    let mut tale = Tale::new();
    tale.policy.login_test = true;
    tale.labels(0, "a - z").login(5, "a", false);
    tale.labels(10, "a b z").valued(11, &["b"]);
    assert_eq!(asked(&tale, 11), ["a"]);
    tale.login(12, "a", false);
    assert_eq!(asked(&tale, 12), ["b"]);
}

#[test]
fn the_wait_after_refusals_doubles_up_to_five_minutes() {
    let mut tale = created();
    tale.line(12, Step::SetSecret);
    let refused_at = |tale: &mut Tale, second: i64| {
        tale.login(second, "b", false);
        wait(tale, second, &key("b"))
    };
    let waits = [(16, SECOND), (17, 2 * SECOND), (19, 4 * SECOND), (23, 8 * SECOND)];
    for (second, expected) in waits {
        assert_eq!(refused_at(&mut tale, second), Some(expected), "{second}");
    }
    assert_eq!(refused_at(&mut tale, 1_000), Some(5 * MINUTE));
}

/// The database counts what is refused for the account, whatever version it was.
#[test]
fn after_refusals_of_another_version_the_wait_begins_with_fifteen_seconds() {
    let wait_after = |refused: &[i64], second: i64| {
        let mut tale = created();
        for at in refused {
            tale.login(*at, "a", false);
        }
        tale.line(16, Step::SetSecret).login(second, "b", false);
        wait(&tale, second, &key("b"))
    };
    assert_eq!(wait_after(&[12], 17), Some(SECOND), "once is a sign of setSecret");
    assert_eq!(wait_after(&[12, 13], 17), Some(15 * SECOND));
    assert_eq!(wait_after(&[12, 13], 612), Some(15 * SECOND));
    assert_eq!(wait_after(&[12, 13], 613), Some(10 * SECOND), "ten minutes on");
}

#[test]
fn a_rotation_that_lies_still_is_logged_in_with_seldom() {
    let mut tale = created();
    // A twentieth of the time since the look that showed the value.
    for (second, expected) in [(31, SECOND), (111, 99_980 / 20), (1_812, 10 * SECOND)] {
        tale.login(second, "a", true);
        assert_eq!(wait(&tale, second, &key("a")), Some(expected), "{second}");
    }
    tale.line(1_813, Step::SetSecret);
    tale.login(4_000, "b", false);
    assert_eq!(wait(&tale, 4_000, &key("b")), Some(10 * SECOND));
}

/// Otherwise it would be logged in with again and again by a label that it does not carry any more.
#[test]
fn a_label_that_a_login_did_not_find_is_looked_at_at_once() {
    let labels = LookKey::Secret(arn("db"));
    let failed = |failure: LookFailure| {
        let mut tale = promoted("a");
        tale.event(Event::Unseen {
            look: Look::at(at(23)),
            key: key("b"),
            failure,
        });
        tale
    };
    let why = || "the label is not on this version".to_owned();
    let mut moved = failed(LookFailure::Unexpected { why: why() });
    assert_eq!(wait(&moved, 23, &labels), Some(0));
    moved.labels(24, "b - a");
    assert_eq!(
        wait(&moved, 24, &labels),
        Some(10 * SECOND),
        "it has been looked at"
    );
    moved.event(Event::Unseen {
        look: Look::at(at(24)),
        key: key("b"),
        failure: LookFailure::Unexpected { why: why() },
    });
    assert_eq!(
        wait(&moved, 24, &labels),
        Some(10 * SECOND),
        "looked at at that very moment"
    );
    let gone = failed(LookFailure::NotFound { what: why() });
    assert_eq!(wait(&gone, 23, &labels), Some(0));
    let throttled = failed(LookFailure::Throttled);
    assert_eq!(wait(&throttled, 23, &labels), Some(8 * SECOND));
    let mut other = failed(LookFailure::Throttled);
    other.event(Event::Unseen {
        look: Look::at(at(23)),
        key: LookKey::Login(arn("other"), version("b")),
        failure: LookFailure::Unexpected { why: why() },
    });
    assert_eq!(wait(&other, 23, &labels), Some(8 * SECOND), "another secret's");
}

/// Promoted by second 21, with nobody who uses it.
fn promoted(previous: &str) -> Tale {
    let mut tale = begun();
    tale.labels(20, "a b z").labels(21, &format!("b - {previous}"));
    tale
}

#[test]
fn a_promoted_version_is_logged_in_with_until_it_is_proven() {
    let mut tale = promoted("a");
    tale.line(18, Step::TestSecret);
    assert_eq!(asked(&tale, 22), ["b"], "the Lambda's own test proves less");
    tale.login(22, "b", false);
    assert_eq!(wait(&tale, 22, &key("b")), Some(SECOND));
    tale.login(400, "b", false);
    let seldom = Some(30 * MINUTE - SECOND);
    assert_eq!(wait(&tale, 401, &key("b")), seldom, "while it is only watched");
}

#[test]
fn whether_the_replaced_version_still_works_is_asked_once() {
    let mut tale = promoted("a");
    tale.login(15, "a", true).login(22, "b", true);
    assert_eq!(asked(&tale, 22), ["a"], "not since the promotion");
    tale.login(23, "a", true);
    assert_eq!(asked(&tale, 24), Vec::<String>::new());

    let mut dated = promoted("a");
    dated.log(20, done(Step::FinishSecret, "b"));
    dated.login(20, "a", true).login(22, "b", true);
    assert_eq!(
        asked(&dated, 23),
        Vec::<String>::new(),
        "as late as the promotion is since it"
    );

    let mut told = promoted("a");
    told.line(13, Step::SetSecret).login(22, "b", true);
    assert_eq!(
        asked(&told, 22),
        ["a"],
        "its one user may keep the password before"
    );
    told.login(23, "a", false);
    told.labels(100, "b - a").labels(110, "b c a");
    told.line(113, Step::SetSecret)
        .labels(120, "c - b")
        .login(122, "c", true);
    assert_eq!(
        asked(&told, 122),
        Vec::<String>::new(),
        "it does not: told once and for all"
    );

    let mut other = promoted("x");
    other.login(22, "b", true);
    assert_eq!(asked(&other, 22), Vec::<String>::new(), "AWSPREVIOUS is another");
}

#[test]
fn g7_which_password_a_rotation_left_behind_is_asked_until_it_is_told() {
    let nobody: [&str; 0] = [];
    let mut tale = created();
    tale.line(14, Step::SetSecret);
    assert_eq!(asked(&tale, 17), ["b"], "it goes on");
    tale.failure(16, Step::TestSecret);
    assert_eq!(asked(&tale, 20), ["a", "b"], "it does not");
    tale.login(21, "a", false);
    assert_eq!(asked(&tale, 22), ["b"]);
    tale.labels(100, "a - z").labels(106, "a - z");
    assert_eq!(asked(&tale, 107), ["a"], "given up");
    tale.login(120, "a", true);
    assert_eq!(asked(&tale, 121), nobody);
}

/// `b` was promoted at 20, and AWSCURRENT moved back to `a` at 100.
fn moved_back(login: i64, accepted: bool) -> Tale {
    let mut tale = begun();
    tale.labels(20, "b - a")
        .labels(100, "a - b")
        .labels(106, "a - b")
        .login(login, "a", accepted);
    tale
}

#[test]
fn what_awscurrent_was_moved_back_to_is_tried_once_more_when_it_is_verified() {
    let tale = moved_back(110, true);
    assert!(!asked(&tale, 300).contains(&"a".to_owned()), "verifying");
    assert_eq!(asked(&tale, 500), ["a"]);
    assert_eq!(
        wait(&tale, 401, &key("a")),
        Some(9 * SECOND),
        "five minutes after the last"
    );
    assert!(asked(&moved_back(410, true), 500).is_empty(), "once");
}

#[test]
fn a_dead_value_is_tried_every_half_hour_while_it_is_watched() {
    let tale = moved_back(410, false);
    assert_eq!(asked(&tale, 500), ["a"]);
    assert_eq!(wait(&tale, 500, &key("a")), Some(30 * MINUTE - 90 * SECOND));
}
