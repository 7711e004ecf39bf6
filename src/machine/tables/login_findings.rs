//! Login tests that are on and cannot work, that have no answer, or that say more than that the password works; and
//! the brake that lowers every rule.

use std::sync::Arc;

use super::cadence::{DAY, wait};
use super::findings::kinds;
use super::world::{Tale, arn, at, version};
use crate::admission::Admission;
use crate::findings::{Finding, Severity, of_fleet, of_secret};
use crate::judge::{Judgements, LoweredBy, Reason};
use crate::model::{Brake, ConsumerId, Evidence, LoginAnswer, LookKey, Mode, SecretArn};
use crate::policy::Settings;
use crate::story::proof::{Proof, Works, works};

const MINUTE: i64 = 60;

/// Minutes until a look is due.
fn due(tale: &Tale, second: i64, key: &LookKey) -> Option<i128> {
    wait(tale, second, key).map(|milliseconds| milliseconds / 60_000)
}

fn answer(tale: &mut Tale, second: i64, id: &str, answer: LoginAnswer) {
    tale.answered(None, "db", second, id, answer);
}

/// A secret at rest whose rule switches the login test on, with one answer at second 1.
pub(super) fn tested(of: LoginAnswer) -> Tale {
    let mut tale = Tale::new();
    tale.policy.login_test = true;
    tale.policy.rule = "rule 2 (prefix \"shop/\")".into();
    tale.labels(0, "a - z");
    answer(&mut tale, 1, "a", of);
    tale
}

fn told(tale: &Tale, second: i64) -> Vec<Finding> {
    let judgement = tale.judge(second);
    of_secret(&tale.state, &arn("db"), &judgement, &tale.settings, at(second))
}

fn code(code: &str) -> String {
    code.to_owned()
}

#[test]
fn d1_a_login_test_that_cannot_work_names_the_missing_key_and_where_to_set_it() {
    let why = "`engine` is missing, `host` is missing: correct the secret, or set login.engine, login.host in its rule";
    let mut tale = tested(LoginAnswer::Unusable { why: why.to_owned() });
    let found = told(&tale, 2);
    assert_eq!(kinds(&tale, 2), ["login-impossible"]);
    assert_eq!(found[0].severity, Severity::Warning);
    assert!(
        found[0].text.ends_with("`engine` is missing, `host` is missing"),
        "{found:?}"
    );
    let remedy = &found[0].remedy;
    assert!(
        remedy.contains("set login.engine, login.host in rule 2 (prefix \"shop/\")"),
        "{remedy}"
    );
    tale.login(3, "a", true);
    assert_eq!(kinds(&tale, 4), Vec::<&str>::new(), "it works");
    let mut off = tested(LoginAnswer::Unusable { why: why.to_owned() });
    off.policy.login_test = false;
    assert_eq!(kinds(&off, 2), Vec::<&str>::new(), "nobody asks");
    let broken = tested(LoginAnswer::Unusable {
        why: "the secret's value is not JSON".to_owned(),
    });
    assert!(told(&broken, 2)[0].remedy.contains("correct the secret's value"));
}

#[test]
fn d1_a_login_test_that_never_gets_an_answer_is_told_after_the_longest_wait() {
    let silent = [
        LoginAnswer::Unreachable {
            why: code("connection refused"),
        },
        LoginAnswer::Busy { code: code("1040") },
        LoginAnswer::Account { code: code("28000") },
        LoginAnswer::Unknown { code: code("XX000") },
    ];
    for of in silent {
        let mut tale = tested(of.clone());
        assert_eq!(kinds(&tale, 5 * MINUTE), Vec::<&str>::new(), "{of:?}");
        assert_eq!(kinds(&tale, 5 * MINUTE + 1), ["login-unanswered"], "{of:?}");
        let found = told(&tale, 10 * MINUTE);
        assert!(found[0].text.contains(&of.to_string()), "{found:?}");
        answer(
            &mut tale,
            6 * MINUTE,
            "a",
            LoginAnswer::Busy { code: code("1203") },
        );
        assert!(
            told(&tale, 7 * MINUTE)[0]
                .text
                .contains(&format!("since {:.0}", at(1))),
            "another silence is the same one"
        );
        tale.settings.cadence.login_backoff *= 6;
        assert_eq!(kinds(&tale, 10 * MINUTE), Vec::<&str>::new(), "by the key");
        tale.login(8 * MINUTE, "a", true);
        assert_eq!(kinds(&tale, DAY), Vec::<&str>::new());
    }
}

#[test]
fn d2_what_is_wrong_beside_the_password_is_a_note_and_no_obstacle() {
    let but = "there is no database by the name of `dbname` (3D000)".to_owned();
    let tale = tested(LoginAnswer::Admitted { but: but.clone() });
    let found = told(&tale, 2);
    assert_eq!(
        (found[0].severity, found[0].kind.name()),
        (Severity::Info, "login-incomplete")
    );
    assert!(found[0].text.contains(&but), "{found:?}");
    let current = tale.judge(2).current().cloned().expect("the baseline");
    assert_eq!(
        current.works,
        Works::Yes(Proof::Login(at(1) + jiff::SignedDuration::from_millis(20)))
    );
    assert_eq!(
        wait(&tale, 2, &LookKey::Login(arn("db"), version("a"))),
        None,
        "proven"
    );
}

#[test]
fn d4_an_unknown_authority_in_a_region_without_built_in_ones_has_an_address() {
    let unknown = "the server's certificate comes from an unknown authority; see login.ca_file";
    let mut tale = Tale::new();
    tale.policy.login_test = true;
    let secret = SecretArn::new("arn:aws:secretsmanager:mx-central-1:1:secret:db-AbCdEf");
    let seen = tale.secret_seen("db", super::world::labels("a - z"));
    let evidence = |answer| Evidence::Login {
        secret: secret.clone(),
        version: version("a"),
        answer,
        database: None,
    };
    tale.see(
        0,
        Evidence::Secret {
            secret: secret.clone(),
            seen,
        },
    );
    let remedy = |tale: &Tale| {
        let (policy, settings) = (&tale.policy, &tale.settings);
        let judgement = crate::judge::judge(&tale.state, &secret, policy, settings, at(9));
        let found = of_secret(&tale.state, &secret, &judgement, settings, at(9));
        found
            .first()
            .map(|finding| (finding.kind.name(), finding.remedy.clone()))
    };
    tale.see(
        1,
        evidence(LoginAnswer::Tls {
            why: unknown.to_owned(),
        }),
    );
    let (kind, told) = remedy(&tale).expect("a finding");
    assert_eq!(kind, "login-impossible");
    assert!(
        told.contains("/mx-central-1/mx-central-1-bundle.pem") && told.contains("login.ca_file"),
        "{told}"
    );
    tale.see(
        2,
        evidence(LoginAnswer::Tls {
            why: "the server's certificate has expired".to_owned(),
        }),
    );
    assert!(!remedy(&tale).expect("a finding").1.contains("download"));
}

/// What a person can mend is tried again, so that its finding can end: seldom, and never more often than the key allows.
#[test]
fn a_login_without_an_answer_is_tried_again_seldom() {
    let key = LookKey::Login(arn("db"), version("a"));
    let why = || code("why");
    for (of, expected) in [
        (LoginAnswer::Unreachable { why: why() }, 5),
        (LoginAnswer::Busy { code: why() }, 5),
        (LoginAnswer::Unknown { code: why() }, 5),
        (LoginAnswer::Account { code: why() }, 30),
        (LoginAnswer::Tls { why: why() }, 30),
        (LoginAnswer::Unusable { why: why() }, 30),
    ] {
        let mut tale = tested(of.clone());
        assert_eq!(due(&tale, 1, &key), Some(expected), "{of:?}");
        tale.settings.cadence.login_backoff *= 12;
        assert_eq!(due(&tale, 1, &key), Some(60), "{of:?}");
    }
    let mut tale = Tale::new();
    tale.policy.login_test = true;
    tale.labels(0, "a - z").labels(10, "a b z").labels(20, "b - a");
    let key = LookKey::Login(arn("db"), version("b"));
    answer(&mut tale, 25, "b", LoginAnswer::Unreachable { why: why() });
    let settled = 3 * DAY;
    assert!(due(&tale, settled, &key) < Some(0), "long due");
    answer(&mut tale, settled, "b", LoginAnswer::Accepted);
    assert_eq!(due(&tale, settled, &key), None);
}

/// `login_backoff` lengthens the time between logins: a refusal before it is no older than two of them.
#[test]
fn f11_a_refusal_is_outdated_after_twice_the_longest_wait_between_logins() {
    let refused_at_the_end_of_a_wait = |backoff_minutes: i64, before: i64| {
        let mut tale = Tale::new();
        tale.policy.login_test = true;
        tale.settings.cadence.login_backoff = jiff::SignedDuration::from_mins(backoff_minutes);
        tale.labels(0, "a - z")
            .labels(10, "a b z")
            .valued(11, &["a", "b"]);
        let refused = 20;
        tale.login(refused, "b", false);
        tale.labels(refused + before - 1, "a b z")
            .labels(refused + before, "b - a");
        let second = refused + before + 1;
        let view = tale.judge(second).current().cloned().expect("a promotion");
        let facts = tale.state.secret(&arn("db")).expect("known");
        matches!(works(&view.rotation, facts, &tale.settings), Works::No { .. })
    };
    for (backoff, before, counts) in [
        (5, 9 * MINUTE, true),
        (5, 11 * MINUTE, false),
        (30, 11 * MINUTE, true),
        (30, 59 * MINUTE, true),
        (30, 61 * MINUTE, false),
    ] {
        let found = refused_at_the_end_of_a_wait(backoff, before);
        assert_eq!(
            found, counts,
            "login_backoff {backoff} min, refused {before} s before"
        );
    }
}

#[test]
fn f11_a_dead_value_is_asked_no_more_often_than_the_key_allows() {
    for (backoff, expected) in [(1, 30), (5, 30), (120, 120)] {
        let mut tale = Tale::new();
        tale.policy.login_test = true;
        tale.settings.cadence.login_backoff = jiff::SignedDuration::from_mins(backoff);
        tale.settings.timing.verify_for = jiff::SignedDuration::from_secs(1);
        tale.labels(0, "a - z").labels(10, "a b z").labels(20, "b - a");
        tale.login(30, "b", false);
        let key = LookKey::Login(arn("db"), version("b"));
        assert!(wait(&tale, 30, &key).is_some());
        assert_eq!(tale.settings.cadence.login_seldom().as_mins(), expected);
    }
}

#[test]
fn f11_overdue_is_told_of_what_was_looked_at_since() {
    let mut tale = Tale::new();
    tale.next_rotation = Some(at(DAY));
    tale.labels(0, "a - z");
    assert_eq!(
        kinds(&tale, 30 * DAY),
        Vec::<&str>::new(),
        "nobody has looked since"
    );
    tale.labels(3 * DAY, "a - z");
    assert_eq!(kinds(&tale, 3 * DAY + 1), ["overdue"]);
}

fn held_back_by(other: &str) -> Admission {
    let mut admission = Admission::default();
    let reason = Reason::Another {
        secret: arn(other),
        reason: Box::new(Reason::Unproven),
    };
    let orders = ConsumerId::service("prod", "orders");
    admission.waits.insert((arn("db"), orders), reason);
    admission
}

#[test]
fn d1_nobody_is_told_to_switch_on_a_login_test_that_is_on() {
    let manual = |login_test: bool| {
        let mut tale = Tale::new();
        tale.policy.login_test = login_test;
        tale.labels(0, "a - z").labels(10, "b - a");
        told(&tale, 20)
            .first()
            .map(|finding| finding.remedy.clone())
            .expect("manual-promotion")
    };
    assert!(
        manual(false).contains("switch the login test on"),
        "{}",
        manual(false)
    );
    assert!(!manual(true).contains("switch"), "{}", manual(true));
    let held = |login_test: bool| {
        let mut tale = Tale::new();
        tale.policy.login_test = login_test;
        tale.labels_of("queue", 0, "a - z");
        let judgement = Arc::new(tale.judge_of("queue", 1));
        let judgements = Judgements::from([(arn("queue"), judgement)]);
        let admission = held_back_by("queue");
        of_fleet(&tale.state, &judgements, &admission, &tale.settings, at(1))[0]
            .remedy
            .clone()
    };
    assert!(
        held(false).contains("switch its login test on"),
        "{}",
        held(false)
    );
    assert!(!held(true).contains("switch"), "{}", held(true));
}

#[test]
fn f11_a_secret_is_stuck_after_stalled_after() {
    let told = |minutes: i64, second: i64| {
        let mut tale = Tale::new();
        tale.settings.timing.stalled_after = jiff::SignedDuration::from_mins(minutes);
        tale.last_changed = None;
        tale.labels_of("queue", 0, "a b z");
        let mut admission = Admission::default();
        let reason = Reason::Moving {
            secret: arn("queue"),
            version: version("b"),
        };
        admission
            .waits
            .insert((arn("db"), ConsumerId::service("prod", "orders")), reason);
        let (state, settings) = (&tale.state, &tale.settings);
        !of_fleet(state, &Judgements::new(), &admission, settings, at(second)).is_empty()
    };
    assert!(!told(30, 30 * MINUTE) && told(30, 31 * MINUTE));
    assert!(!told(120, 31 * MINUTE) && told(120, 121 * MINUTE));
}

#[test]
fn g11_one_key_lowers_every_rule_and_says_so() {
    use Mode::{Act, Observe};
    for (rule, at_most, tag, mode, lowered) in [
        (Act, Act, None, Act, None),
        (Act, Observe, None, Observe, Some(LoweredBy::AtMost)),
        (Observe, Observe, None, Observe, None),
        (Observe, Act, Some(Brake::Hold), Observe, None),
        (Act, Act, Some(Brake::Observe), Observe, Some(LoweredBy::Tag)),
        (Act, Observe, Some(Brake::Hold), Observe, Some(LoweredBy::AtMost)),
    ] {
        let mut tale = Tale::new();
        tale.policy.mode = rule;
        tale.settings.limits.at_most = at_most;
        let mut seen = tale.secret_seen("db", super::world::labels("a - z"));
        let word = tag.map(|brake| if brake == Brake::Hold { "hold" } else { "observe" });
        seen.tags
            .extend(word.map(|word| ("rotation-watchdog".to_owned(), word.to_owned())));
        tale.see(
            0,
            Evidence::Secret {
                secret: arn("db"),
                seen,
            },
        );
        let judgement = tale.judge(1);
        let by = judgement.lowered.map(|lowered| lowered.by);
        let found = (judgement.mode, by, judgement.held);
        assert_eq!(
            found,
            (mode, lowered, tag == Some(Brake::Hold)),
            "{rule:?} {at_most:?} {tag:?}"
        );
    }
}

#[test]
fn g11_what_would_be_done_says_what_keeps_it_from_being_done() {
    let remedy = |at_most: Mode| {
        let mut tale = Tale::new();
        tale.settings.limits.at_most = at_most;
        tale.labels(0, "a - z");
        let judgements = Judgements::from([(arn("db"), Arc::new(tale.judge(1)))]);
        let mut admission = Admission::default();
        let orders = ConsumerId::service("prod", "orders");
        admission.waits.insert((arn("db"), orders), Reason::Observing);
        let (state, settings): (_, &Settings) = (&tale.state, &tale.settings);
        of_fleet(state, &judgements, &admission, settings, at(1))[0]
            .remedy
            .clone()
    };
    assert!(remedy(Mode::Observe).contains("raise remediation.at_most"));
    assert!(remedy(Mode::Act).contains("set mode = \"act\" for db"));
}
