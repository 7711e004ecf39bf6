//! The lock-out budget: how many logins of one account may be refused, whichever secret or version they were with.

use super::cadence::{MINUTE, SECOND, wait};
use super::databases::database;
use super::world::{Tale, arn, at, version};
use crate::judge::Reason;
use crate::model::{DatabaseSeen, LogLine, LoginAnswer, LookKey, SecretArn, Step, VersionId};

fn key(id: &str) -> LookKey {
    LookKey::Login(arn("db"), version(id))
}

/// A rotation of `db` to `b`, after setSecret, with login tests and room for four refusals in ten minutes, of which one
/// is kept back.
fn exposed() -> Tale {
    let mut tale = Tale::new();
    tale.policy.login_test = true;
    tale.settings.limits.refusals = 4;
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .valued(11, &["a", "b"]);
    tale.line(12, Step::SetSecret);
    tale
}

fn refused(tale: &mut Tale, seen: Option<DatabaseSeen>, name: &str, id: &str, seconds: &[i64]) {
    for second in seconds {
        tale.login_to(seen, name, *second, id, false);
    }
}

/// When the next login with `b` is due.
fn waits(tale: &Tale, second: i64) -> Option<i128> {
    wait(tale, second, &key("b"))
}

#[test]
fn the_last_refusal_but_one_is_kept_back_until_the_window_has_passed() {
    let mut tale = exposed();
    refused(&mut tale, None, "db", "b", &[20, 30]);
    assert!(waits(&tale, 40) < Some(MINUTE), "room for one more");
    refused(&mut tale, None, "db", "b", &[40]);
    let of_the_first = 10 * MINUTE - 20 * SECOND + 20;
    assert_eq!(waits(&tale, 40), Some(of_the_first), "of three no fourth");
    let reason = |tale: &Tale, second| tale.judge(second).login_waits;
    let until = at(620) + jiff::SignedDuration::from_millis(20);
    let refusals = 3;
    assert_eq!(reason(&tale, 40), Some(Reason::Refusals { refusals, until }));
    assert_eq!(
        tale.judge(40).wake.min(Some(until)),
        tale.judge(40).wake,
        "told when it ends"
    );
    assert_eq!(reason(&tale, 621), None);
    assert!(waits(&tale, 621) <= Some(0), "it may be made");
    tale.settings.timing.refusals_within = jiff::SignedDuration::from_mins(1);
    assert_eq!(tale.judge(81).login_waits, None, "the window is the operator's");
}

/// Whatever the budget: without a single login nothing would ever be told.
#[test]
fn there_is_room_for_one_refusal_at_least() {
    for budget in [0, 1, 2] {
        let mut tale = exposed();
        tale.settings.limits.refusals = budget;
        assert_eq!(waits(&tale, 20), Some(0), "{budget}");
        refused(&mut tale, None, "db", "b", &[20]);
        assert!(waits(&tale, 21) > Some(9 * MINUTE), "{budget}");
    }
}

#[test]
fn both_versions_of_one_user_share_a_budget_and_two_users_do_not() {
    let (one, other) = (Some(database(1, 0)), Some(database(1, 1)));
    for (of_a, of_b, shared) in [
        (one, one, true),
        (one, other, false),
        (None, one, true),
        (one, None, true),
    ] {
        let mut tale = exposed();
        tale.login_to(of_b, "db", 13, "b", true);
        refused(&mut tale, of_a, "db", "a", &[14, 15, 16]);
        refused(&mut tale, of_b, "db", "b", &[20]);
        let is_put_off = waits(&tale, 21) > Some(9 * MINUTE);
        assert_eq!(
            is_put_off, shared,
            "{of_a:?} {of_b:?}: who is not known may be the same"
        );
    }
}

#[test]
fn secrets_of_one_user_share_a_budget() {
    for (user, shared) in [(0, true), (1, false)] {
        let mut tale = exposed();
        refused(&mut tale, Some(database(1, user)), "mail", "m", &[14, 15]);
        refused(&mut tale, Some(database(1, 0)), "db", "b", &[20]);
        assert_eq!(waits(&tale, 21) > Some(9 * MINUTE), shared, "{user}");
        let mut before = exposed();
        refused(&mut before, Some(database(1, user)), "mail", "m", &[14, 15, 16]);
        assert_eq!(waits(&before, 20), Some(0), "nobody knows yet who db logs in as");
    }
}

/// After a crash nobody knows who logs in as whom: what a secret was told of counts.
#[test]
fn refusals_are_journalled_with_each_secret_that_names_the_account() {
    let account = Some(database(1, 0));
    let mut tale = exposed();
    refused(&mut tale, account, "db", "b", &[20]);
    refused(&mut tale, account, "mail", "m", &[21, 22]);
    assert!(waits(&tale, 23) > Some(9 * MINUTE));
    let restarted = tale.restarted();
    assert!(
        waits(&restarted, 23) > Some(9 * MINUTE),
        "a second life counts on"
    );
    let alone = |name: &str| {
        let may = restarted.state.may_log_in(
            (&arn(name), &version("n")),
            std::iter::empty(),
            &restarted.settings,
            at(23),
        );
        !may
    };
    assert!(
        alone("db") && alone("mail"),
        "a refusal of db was told of mail, too"
    );
    assert!(!alone("queue"));
}

#[test]
fn what_a_database_does_not_count_takes_nothing_from_the_budget() {
    let code = || "x".to_owned();
    let rows = [
        (LoginAnswer::Refused { code: code() }, true),
        (LoginAnswer::Tls { why: code() }, true),
        (LoginAnswer::Unknown { code: code() }, true),
        (LoginAnswer::Accepted, false),
        (LoginAnswer::Admitted { but: code() }, false),
        (LoginAnswer::Account { code: code() }, false),
        (LoginAnswer::Busy { code: code() }, false),
        (LoginAnswer::Unreachable { why: code() }, false),
        (LoginAnswer::Unusable { why: code() }, false),
    ];
    for (answer, counts) in rows {
        let mut tale = exposed();
        for second in [20, 21, 22] {
            tale.answered(None, "db", second, "b", answer.clone());
        }
        assert_eq!(tale.judge(23).login_waits.is_some(), counts, "{answer:?}");
    }
}

/// A list, once a minute, drops what counts no more; a value that was read proves nothing by itself.
#[test]
fn old_refusals_are_forgotten() {
    let mut tale = exposed();
    refused(&mut tale, None, "db", "b", &[20, 30, 40]);
    let known = |tale: &Tale| tale.state.secrets[&arn("db")].refused.len();
    tale.sweep(60, &[("db", "a b z")]);
    assert_eq!(known(&tale), 3);
    tale.sweep(635, &[("db", "a b z")]);
    assert_eq!(known(&tale), 1);
    for second in 700..800 {
        refused(&mut tale, None, "db", "b", &[second]);
    }
    assert_eq!(known(&tale), 64);
}

/// Logins that are under way may all be refused.
#[test]
fn logins_under_way_take_room() {
    let account = Some(database(1, 0));
    let mut tale = exposed();
    tale.login_to(account, "mail", 13, "m", true);
    refused(&mut tale, account, "db", "b", &[20, 21]);
    let may = |tale: &Tale, under_way: &[(&str, &str)]| {
        let named = |(name, id): &(&str, &str)| (arn(name), version(id));
        let under_way: Vec<(SecretArn, VersionId)> = under_way.iter().map(named).collect();
        let under_way = under_way.iter().map(|(secret, version)| (secret, version));
        let one = (&arn("db"), &version("b"));
        tale.state.may_log_in(one, under_way, &tale.settings, at(22))
    };
    assert!(may(&tale, &[]));
    assert!(
        may(&tale, &[("queue", "q"), ("mail", "n")]),
        "nothing is known of these"
    );
    assert!(!may(&tale, &[("mail", "m")]), "the same user");
    assert!(!may(&tale, &[("db", "a")]), "who that is is not known");
}

/// What nobody can log in with for minutes is not waited for: the protocol tells as it would without login tests.
#[test]
fn a_promotion_does_not_wait_for_a_login_that_is_put_off() {
    let orders = super::standings::orders();
    let promoted = |refusals: &[i64]| {
        let mut tale = exposed();
        tale.uses(&orders, &["db"]);
        refused(&mut tale, None, "db", "a", refusals);
        tale.log(
            18,
            LogLine::Done {
                step: Step::FinishSecret,
                version: Some(version("b")),
                strategy: None,
            },
        );
        tale.labels(19, "b - a");
        tale.service(60, &orders, super::world::service(&[-500]));
        tale.judge(60).waits
    };
    assert!(
        matches!(promoted(&[13])[..], [(_, Reason::Proof { .. })]),
        "{:?}",
        promoted(&[13])
    );
    assert_eq!(promoted(&[13, 14, 15]), []);
}
