//! What a turn costs that concerns one secret, with few and with many others at rest. Prints one JSON object.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark takes real time and prints"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use machine::admission::Situation;
use machine::facts::watched::Watch;
use machine::model::{
    Consumer, ConsumerId, Event, Evidence, Labels, Look, Reference, ReferenceKind, Scope, ScopeSeen,
    SecretArn, SecretSeen, SecretSummary, ServiceSeen, ServiceSettings, VersionId,
};
use machine::policy::{Policy, Settings};
use machine::turn::Decide;
use machine::{Machine, Turn, turn};

const FEW: usize = 10;
const MANY: usize = 10_000;
const TURNS: usize = 4_000;

fn main() {
    let few = Fleet::at_rest(FEW).one_by_one(FEW);
    let mut fleet = Fleet::at_rest(MANY);
    let (same, all) = (fleet.one_by_one(FEW), fleet.one_by_one(MANY));
    let listed = fleet.list();
    println!(
        r#"{{"few_us": {:.1}, "same_few_of_many_us": {:.1}, "many_us": {:.1}, "list_of_many_ms": {:.1}}}"#,
        micros(few),
        micros(same),
        micros(all),
        micros(listed) / 1e3
    );
}

fn micros(took: Duration) -> f64 {
    took.as_secs_f64() * 1e6
}

struct Fleet {
    machine: Machine,
    settings: Settings,
    secrets: Vec<SecretArn>,
    now: Timestamp,
}

impl Fleet {
    /// Each secret listed and described, with a service of its own that was found and looked at.
    fn at_rest(count: usize) -> Self {
        let now = Timestamp::from_second(1_800_000_000).expect("in range");
        let name = |n| format!("arn:aws:secretsmanager:eu-west-1:1:secret:team/db-{n}-AbCdEf");
        let policy = Arc::new(Policy::default());
        let watch = Watch {
            rules: Arc::new(move |_| Some(Arc::clone(&policy))),
            rule_list: Vec::new(),
            region: None,
            clusters: Some(vec!["prod".to_owned()]),
            rds: true,
            database_hosts: BTreeMap::new(),
        };
        let mut fleet = Self {
            machine: Machine::new(watch, Decide::default(), now),
            settings: Settings::default(),
            secrets: (0..count).map(|n| SecretArn::new(name(n))).collect(),
            now,
        };
        fleet.list();
        fleet.search();
        for n in 0..count {
            fleet.describe(n);
            fleet.look(n);
        }
        fleet
    }

    /// The median turn, over answers about `among` secrets, one after another.
    fn one_by_one(&mut self, among: usize) -> Duration {
        // Neighbours in memory are not asked one after the other.
        let apart = self.secrets.len() / among;
        let nth = |n: usize| n * 7_919 % among * apart;
        let mut took: Vec<Duration> = (0..TURNS).map(|n| self.describe(nth(n))).collect();
        took.sort();
        took[TURNS / 2]
    }

    fn turn(&mut self, evidence: Evidence) -> Duration {
        self.now += SignedDuration::from_millis(10);
        let look = Look::at(self.now);
        let situation = Situation {
            now: self.now,
            draining: false,
            journal: true,
        };
        let events = vec![Event::Seen { look, evidence }];
        let begun = Instant::now();
        let turn: Turn = turn(&mut self.machine, events, &self.settings, situation);
        let took = begun.elapsed();
        drop(turn);
        took
    }

    fn list(&mut self) -> Duration {
        let summary = |arn: &SecretArn| SecretSummary {
            arn: arn.clone(),
            name: arn.name().to_owned(),
            labels: labels(),
            tags: BTreeMap::new(),
            rotation_enabled: true,
            rotation_lambda: Some("arn:aws:lambda:eu-west-1:1:function:rotate".to_owned()),
            owning_service: None,
            next_rotation: None,
        };
        let secrets = self.secrets.iter().map(summary).collect();
        self.turn(Evidence::Sweep { secrets })
    }

    fn describe(&mut self, n: usize) -> Duration {
        let secret = self.secrets[n].clone();
        let seen = SecretSeen {
            name: secret.name().to_owned(),
            labels: labels(),
            tags: BTreeMap::new(),
            rotation_enabled: true,
            rotation_lambda: Some("arn:aws:lambda:eu-west-1:1:function:rotate".to_owned()),
            owning_service: None,
            schedule: None,
            next_rotation: None,
            last_rotated: None,
            last_changed: Some(self.now - SignedDuration::from_hours(1_000)),
            deleted: None,
            replicas: Vec::new(),
            primary_region: None,
            external: false,
            labelled: BTreeSet::new(),
        };
        self.turn(Evidence::Secret { secret, seen })
    }

    fn search(&mut self) {
        let consumers = self.secrets.iter().enumerate().map(|(n, secret)| Consumer {
            id: service(n),
            references: vec![Reference {
                secret: secret.clone(),
                kind: ReferenceKind::Injected,
            }],
            mutable_images: Vec::new(),
            settings: Some(ServiceSettings::by_default(2)),
            endpoint: None,
            target_groups: Vec::new(),
        });
        let seen = ScopeSeen {
            consumers: consumers.collect(),
            ..ScopeSeen::default()
        };
        let scope = Scope::Cluster("prod".to_owned());
        self.turn(Evidence::Scope { scope, seen });
        for scope in [Scope::Functions, Scope::Tasks("prod".to_owned())] {
            let seen = ScopeSeen::default();
            self.turn(Evidence::Scope { scope, seen });
        }
    }

    fn look(&mut self, n: usize) {
        let seen = ServiceSeen {
            settings: ServiceSettings::by_default(0),
            running: 0,
            pending: 0,
            deployments: Vec::new(),
            tasks: Vec::new(),
            tasks_listed: true,
            protected: None,
        };
        let (consumer, seen) = (service(n), Some(seen));
        self.turn(Evidence::Service { consumer, seen });
    }
}

fn service(n: usize) -> ConsumerId {
    ConsumerId::service("prod", format!("service-{n}"))
}

fn labels() -> Labels {
    Labels {
        current: Some(VersionId::new("a")),
        pending: None,
        previous: Some(VersionId::new("z")),
    }
}
