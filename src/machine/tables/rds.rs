//! What RDS tells: the databases, whose they are, and how the passwords of master users stand.

use std::collections::{BTreeMap, BTreeSet};

use super::databases::database as login_at;
use super::world::{Tale, arn, at};
use crate::facts::rds::RdsLink;
use crate::model::{
    AccountId, Belongs, DatabaseSeen, Evidence, Fact, IdentifierId, ManagedSecret, ManagedStatus,
    RdsDatabase, RdsEvent, RdsId, RdsPart, Reset, Scope, ScopeSeen, Step, When,
};
use crate::story::phase::Phase;
use crate::story::rotations::Source;

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

    /// The secret's value was seen to log in as the instance's master user.
    pub(super) fn of_the_master(&mut self) -> &mut Self {
        self.login_to(Some(login_at(1, 1)), "db", -20, "a", true);
        self
    }

    fn rule(&mut self, rule: Belongs) -> &mut Self {
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

pub(super) fn started() -> Tale {
    let mut tale = Tale::with_lambda();
    tale.labels(-10, "a").of_the_master();
    tale.rds(-8, instance("available"))
        .labels(0, "a b")
        .valued(1, &["b"]);
    tale
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

    for master_user in [false, true] {
        let mut tale = Tale::new();
        let database = shop.clone();
        tale.labels(-30, "a").rds(-8, instance("available"));
        tale.rule(Belongs {
            database,
            master_user,
        });
        assert_eq!(link(&tale), Some((shop.clone(), master_user)), "by its rule");
    }
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
fn a_password_that_rds_is_setting_is_a_sight_of_set_secret() {
    let mut tale = started();
    tale.rds(2, instance("available"));
    assert_eq!(tale.latest(3).phase, Phase::Created);
    tale.rds(7, instance("resetting-master-credentials"));
    let view = tale.latest(8);
    assert_eq!(view.phase, Phase::Exposed);
    let seen = view.rotation.exposed.expect("seen");
    assert_eq!(seen.sources, BTreeSet::from([Source::Rds]));
    assert_eq!(seen.when.not_before, Some(at(2)), "the last look without it");
    assert!(seen.when.not_after > at(7) && seen.when.not_after < at(8));

    let pending = RdsDatabase {
        password_pending: true,
        ..instance("modifying")
    };
    let mut tale = started();
    tale.rds(2, instance("available")).rds(7, pending);
    assert_eq!(
        tale.latest(8).phase,
        Phase::Exposed,
        "pending values say the same"
    );
    assert_eq!(
        tale.restarted().judge(8).rotations,
        tale.judge(8).rotations,
        "over a crash"
    );
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
        When::between(at(-15), at(7)),
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
    tale.rds(60, instance("resetting-master-credentials"));
    assert!(tale.latest(61).rotation.exposed.is_some(), "the retry sets it");
}

#[test]
fn a_password_that_comes_true_after_the_rotation_was_given_up_opens_its_window() {
    let mut tale = started();
    tale.rds(2, instance("available")).labels(20, "a").labels(26, "a");
    tale.reset(100, false);
    let judgement = tale.judge(110);
    assert!(judgement.left_exposed().is_some());
}
