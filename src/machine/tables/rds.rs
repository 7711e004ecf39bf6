//! What RDS tells: the databases, whose they are, and how the passwords of master users stand.

use std::collections::{BTreeMap, BTreeSet};

use super::databases::database as login_at;
use super::world::{Tale, arn};
use crate::facts::rds::RdsLink;
use crate::model::{
    AccountId, DatabaseSeen, Evidence, Fact, IdentifierId, ManagedSecret, ManagedStatus, RdsDatabase, RdsId,
    RdsPart, RdsRule, Scope, ScopeSeen,
};

/// An instance whose endpoint and master user are those of [`login_at`] database 1, user 1.
pub(super) fn instance(status: &str) -> RdsDatabase {
    let login = login_at(1, 1);
    RdsDatabase {
        id: RdsId::instance("shop"),
        engine: "mysql".into(),
        status: status.into(),
        password_pending: false,
        managed: None,
        cluster: None,
        named: IdentifierId::new([9; 16]),
        databases: BTreeSet::from([login.database]),
        masters: BTreeSet::from([login.account, AccountId::new([9; 16])]),
    }
}

pub(super) fn managed(status: ManagedStatus) -> RdsDatabase {
    RdsDatabase {
        managed: Some(ManagedSecret {
            secret: arn("db"),
            status,
        }),
        ..instance("available")
    }
}

impl Tale {
    pub(super) fn rds(&mut self, second: i64, database: RdsDatabase) -> &mut Self {
        let part = match database.id {
            RdsId::Instance(_) => RdsPart::Instances,
            RdsId::Cluster(_) => RdsPart::Clusters,
        };
        let databases = vec![database];
        self.see(second, Evidence::Rds { part, databases });
        self
    }

    /// The secret's value was seen to log in as the instance's master user.
    pub(super) fn of_the_master(&mut self) -> &mut Self {
        self.login_to(Some(login_at(1, 1)), "db", -20, "a", true);
        self
    }

    fn rule(&mut self, rule: RdsRule) -> &mut Self {
        let seen = ScopeSeen {
            databases: BTreeMap::from([(arn("db"), rule)]),
            ..ScopeSeen::default()
        };
        let scope = Scope::Declared;
        self.see(-30, Evidence::Scope { scope, seen });
        self.state.relink_all();
        self
    }
}

fn link(tale: &Tale) -> Option<(RdsId, bool)> {
    let link: RdsLink<'_> = tale.state.rds_of(&arn("db"))?;
    Some((link.database.id.clone(), link.is_master))
}

#[test]
fn a_secret_belongs_to_the_database_that_its_login_its_value_rds_or_its_rule_names() {
    let shop = RdsId::instance("shop");
    let mut tale = Tale::new();
    tale.labels(-30, "a");
    assert_eq!(link(&tale), None, "nothing tells");
    tale.rds(-8, instance("available"));
    assert_eq!(link(&tale), None, "a list alone tells nothing");
    tale.of_the_master();
    assert_eq!(link(&tale), Some((shop.clone(), true)), "by its login");

    let other_user = |number| Some(login_at(number, 2));
    let mut tale = Tale::new();
    tale.labels(-30, "a").rds(-8, instance("available"));
    tale.login_to(other_user(1), "db", -20, "a", true);
    assert_eq!(link(&tale), Some((shop.clone(), false)), "another user of it");

    // Its host is a name of its own, or a proxy's.
    for (user, is_master) in [(9, true), (8, false)] {
        let by_name = DatabaseSeen {
            named: Some((IdentifierId::new([9; 16]), AccountId::new([user; 16]))),
            ..login_at(7, 2)
        };
        let mut tale = Tale::new();
        tale.labels(-30, "a").rds(-8, instance("available"));
        tale.login_to(Some(by_name), "db", -20, "a", true);
        assert_eq!(
            link(&tale),
            Some((shop.clone(), is_master)),
            "by the identifier in its value"
        );
    }

    let mut tale = Tale::new();
    tale.labels(-30, "a").rds(-8, managed(ManagedStatus::Active));
    assert_eq!(link(&tale), Some((shop.clone(), true)), "by RDS itself");

    for is_master in [false, true] {
        let mut tale = Tale::new();
        tale.labels(-30, "a").rds(-8, instance("available"));
        tale.rule(rule("shop", Some(is_master)));
        assert_eq!(link(&tale), Some((shop.clone(), is_master)), "by its rule");
    }
}

fn rule(instance: &str, master_user: Option<bool>) -> RdsRule {
    RdsRule {
        database: RdsId::instance(instance),
        master_user,
    }
}

#[test]
fn a_rule_leaves_to_logins_what_it_does_not_say_and_has_no_effect_where_it_names_nothing() {
    let shop = RdsId::instance("shop");
    let rows = [
        ("shop", None, true, "a login knows the user"),
        ("shop", Some(false), false, "the rule says it"),
        ("shpo", Some(false), true, "no such database"),
    ];
    for (named, master_user, is_master, why) in rows {
        let mut tale = Tale::new();
        tale.labels(-30, "a").rds(-8, instance("available"));
        tale.rule(rule(named, master_user)).of_the_master();
        assert_eq!(link(&tale), Some((shop.clone(), is_master)), "{why}");
        let mut again = tale.restarted();
        again.labels(0, "a").rds(1, instance("available"));
        again.rule(rule(named, master_user));
        assert_eq!(
            link(&again),
            Some((shop.clone(), is_master)),
            "{why}, over a restart"
        );
    }
}

#[test]
fn a_secret_whose_logins_go_elsewhere_belongs_to_the_database_no_more() {
    let mut tale = Tale::new();
    tale.labels(-30, "a")
        .rds(-8, instance("available"))
        .of_the_master();
    tale.see(
        -7,
        Evidence::Rds {
            part: RdsPart::Clusters,
            databases: Vec::new(),
        },
    );
    assert_eq!(link(&tale), Some((RdsId::instance("shop"), true)));
    tale.login_to(Some(login_at(7, 2)), "db", -5, "a", true);
    assert_eq!(link(&tale), None);
}

#[test]
fn the_endpoint_that_a_login_went_to_goes_before_an_identifier_that_the_value_kept() {
    let restored = RdsDatabase {
        id: RdsId::instance("shop2"),
        named: IdentifierId::new([8; 16]),
        databases: BTreeSet::from([login_at(2, 1).database]),
        masters: BTreeSet::from([login_at(2, 1).account]),
        ..instance("available")
    };
    let stopped = instance("stopped");
    let databases = vec![stopped.clone(), restored.clone()];
    let mut tale = Tale::new();
    tale.labels(-30, "a");
    tale.see(
        -8,
        Evidence::Rds {
            part: RdsPart::Instances,
            databases,
        },
    );
    let named = Some((stopped.named, AccountId::new([9; 16])));
    tale.login_to(
        Some(DatabaseSeen {
            named,
            ..login_at(2, 1)
        }),
        "db",
        -5,
        "a",
        true,
    );
    assert_eq!(link(&tale), Some((restored.id, true)));
}

#[test]
fn an_instance_of_a_cluster_leaves_the_master_user_to_the_cluster() {
    let cluster = RdsDatabase {
        id: RdsId::cluster("shop"),
        named: IdentifierId::new([8; 16]),
        databases: BTreeSet::new(),
        masters: BTreeSet::new(),
        ..instance("available")
    };
    let member = RdsDatabase {
        cluster: Some(RdsId::cluster("shop")),
        ..instance("available")
    };
    let mut tale = Tale::new();
    tale.labels(-30, "a")
        .rds(-8, cluster)
        .rds(-8, member)
        .of_the_master();
    assert_eq!(link(&tale), Some((RdsId::cluster("shop"), true)));
}

#[test]
fn a_life_knows_what_a_login_told_the_life_before() {
    let mut tale = Tale::new();
    tale.labels(-30, "a")
        .rds(-8, instance("available"))
        .of_the_master();
    let mut again = tale.restarted();
    again.labels(0, "a").rds(1, instance("available"));
    assert_eq!(link(&again), Some((RdsId::instance("shop"), true)));
}

#[test]
fn nothing_belongs_to_a_secret_that_no_rule_takes() {
    let mut tale = Tale::new();
    tale.labels(-30, "a");
    tale.state.secrets.get_mut(&arn("db")).expect("seen").unwatched = true;
    tale.rds(-8, managed(ManagedStatus::Rotating));
    assert_eq!(link(&tale), None);
    assert!(
        tale.journal
            .iter()
            .all(|fact| !matches!(fact, Fact::Master { .. }))
    );
}
