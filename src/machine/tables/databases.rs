//! Secrets that log in to one database: known from login tests alone, and only in the life that made them.

use super::fleet_findings::{sole, told};
use super::world::{Tale, arn, at, consumer, version};
use crate::judge::judge;
use crate::model::{
    AccountId, ConsumerId, DatabaseId, DatabaseSeen, Evidence, HostId, LoginAnswer, ReferenceKind, Scope,
    ScopeSeen, SecretArn,
};

/// A database, by its number, as one of its users.
pub(super) fn database(number: u8, user: u8) -> DatabaseSeen {
    DatabaseSeen {
        host: HostId::new([number; 16]),
        database: DatabaseId::new([number; 16]),
        account: AccountId::new([number * 16 + user; 16]),
        named: None,
    }
}

impl Tale {
    /// A login to a database as one of its users, where the value says so.
    pub(super) fn login_to(
        &mut self,
        database: Option<DatabaseSeen>,
        name: &str,
        second: i64,
        id: &str,
        accepted: bool,
    ) {
        let code = "1045".to_owned();
        let answer = [LoginAnswer::Refused { code }, LoginAnswer::Accepted][usize::from(accepted)].clone();
        self.answered(database, name, second, id, answer);
    }

    pub(super) fn answered(
        &mut self,
        database: Option<DatabaseSeen>,
        name: &str,
        second: i64,
        id: &str,
        answer: LoginAnswer,
    ) {
        let (secret, version) = (arn(name), version(id));
        self.see(
            second,
            Evidence::Login {
                secret,
                version,
                answer,
                database,
            },
        );
    }
}

/// The waves of these secrets.
fn waves(tale: &Tale) -> Vec<String> {
    let wave = |name: &&str| tale.judge_of(name, 100).database;
    ["db", "mail", "queue"].iter().map(wave).collect()
}

#[test]
fn secrets_of_one_database_share_the_wave_of_the_first_of_them() {
    let mut tale = Tale::new();
    assert_eq!(waves(&tale), ["db", "mail", "queue"], "nothing was read yet");
    tale.login_to(Some(database(1, 0)), "mail", 1, "m", true);
    assert_eq!(waves(&tale), ["db", "mail", "queue"], "it is alone there");
    tale.login_to(Some(database(1, 1)), "queue", 2, "q", false);
    assert_eq!(
        waves(&tale),
        ["db", "mail", "mail"],
        "another user, refused: the same database"
    );
    tale.login_to(Some(database(1, 0)), "db", 3, "d", true);
    assert_eq!(waves(&tale), ["db", "db", "db"]);
    tale.login_to(None, "queue", 4, "q", true);
    assert_eq!(
        waves(&tale),
        ["db", "db", "db"],
        "an answer without a host tells nothing"
    );
    tale.login_to(Some(database(2, 0)), "db", 5, "e", true);
    assert_eq!(
        waves(&tale),
        ["db", "mail", "mail"],
        "its newest value names another"
    );
    assert_eq!(
        waves(&tale.restarted()),
        ["db", "mail", "queue"],
        "nothing of it is journalled"
    );
}

#[test]
fn a_rules_word_goes_before_what_was_seen() {
    let mut tale = Tale::new();
    for name in ["db", "mail"] {
        tale.login_to(Some(database(1, 0)), name, 1, "v", true);
    }
    tale.policy.database = Some("shop-db".to_owned());
    let named = judge(&tale.state, &arn("mail"), &tale.policy, &tale.settings, at(2));
    assert_eq!(named.database, "shop-db");
}

/// An answer that comes late tells of an older value.
#[test]
fn the_last_look_tells_where_a_secret_logs_in() {
    let mut tale = Tale::new();
    let hosts = |tale: &Tale| tale.state.seen_hosts();
    tale.login_to(Some(database(1, 0)), "db", 9, "b", true);
    tale.login_to(Some(database(2, 0)), "db", 3, "a", true);
    assert_eq!(
        hosts(&tale).into_keys().collect::<Vec<_>>(),
        [database(1, 0).host]
    );
    tale.login_to(Some(database(3, 0)), "db", 5, "b", true);
    assert_eq!(
        hosts(&tale).into_keys().collect::<Vec<_>>(),
        [database(1, 0).host]
    );
    tale.login_to(Some(database(2, 0)), "db", 12, "b", true);
    let expected: [(_, Vec<SecretArn>); 1] = [(database(2, 0).host, vec![arn("db")])];
    assert_eq!(hosts(&tale).into_iter().collect::<Vec<_>>(), expected);
}

/// As many versions as are kept of logins: the one that was not seen for longest goes.
#[test]
fn old_versions_are_forgotten() {
    let mut tale = Tale::new();
    tale.login_to(Some(database(1, 0)), "mail", 1, "m", true);
    for second in 0..40 {
        let id = format!("v{second}");
        tale.login_to(Some(database(1, 0)), "db", 2 + second, &id, true);
    }
    let known = |id: &str| tale.state.account(&arn("db"), &version(id)).is_some();
    assert!(!known("v7") && known("v8") && known("v39"));
    let answers = tale.state.secrets[&arn("db")].logins.values();
    assert!(
        answers
            .flat_map(|track| track.runs())
            .all(|run| run.state == LoginAnswer::Accepted)
    );
}

/// Nobody typed the host: a login test came to it, and discovery found it by its hash.
#[test]
fn who_names_the_host_of_a_login_test_is_told_as_suspected_and_left_alone() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z");
    tale.login_to(Some(database(1, 0)), "db", 1, "a", true);
    let asked = tale.state.seen_hosts();
    let [secret] = &asked[&database(1, 0).host][..] else {
        panic!("{asked:?}")
    };
    let reporter = ConsumerId::function("reporter");
    let seen = ScopeSeen {
        consumers: vec![consumer(&reporter, &[(secret.name(), ReferenceKind::Suspected)])],
        suspicions: [(reporter.clone(), "DB_HOST".to_owned())].into(),
        ..ScopeSeen::default()
    };
    let scope = Scope::Functions;
    tale.see(2, Evidence::Scope { scope, seen });
    let finding = sole(&told(&tale, 3));
    assert_eq!(
        (finding.kind.name(), finding.subject.to_string().as_str()),
        ("suspected-consumer", "lambda:reporter")
    );
    assert!(finding.text.contains("as in the variable DB_HOST"), "{finding:?}");
    tale.labels(10, "a b z").labels(20, "b - a");
    assert_eq!(tale.judge(30).wants, []);
    assert_eq!(tale.judge(30).waits, []);
}
