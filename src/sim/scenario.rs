//! Scenarios: accounts with a future, generated whole from a seed.

use jiff::{SignedDuration, Timestamp};
use machine::model::{ConsumerId, SecretArn, Step};

use super::Stream;
use super::world::{
    Account, Code, Failing, FunctionPlan, Kind, LogPlan, Manner, Reach, Reads, Retries, RotationPlan,
    SecretPlan, ServicePlan, World,
};

/// An account with its future, as data.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub seed: u64,
    pub start: Timestamp,
    pub secrets: Vec<SecretPlan>,
    pub services: Vec<ServicePlan>,
    pub functions: Vec<FunctionPlan>,
    /// When no more concurrency can be reserved.
    pub account_full: Vec<(Timestamp, Timestamp)>,
}

pub fn arn(name: &str) -> SecretArn {
    SecretArn::new(format!(
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-AbCdEf"
    ))
}

/// A day in the past of every scenario; the times of a seed never depend on the wall's.
fn start() -> Timestamp {
    Timestamp::from_second(1_760_000_000).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl Scenario {
    pub fn empty(seed: u64) -> Self {
        Self {
            seed,
            start: start(),
            secrets: Vec::new(),
            services: Vec::new(),
            functions: Vec::new(),
            account_full: Vec::new(),
        }
    }

    pub fn world(&self) -> World {
        let mut world = World::new(self.start);
        world.account_full.clone_from(&self.account_full);
        self.secrets
            .iter()
            .cloned()
            .for_each(|plan| world.add_secret(plan));
        self.services
            .iter()
            .cloned()
            .for_each(|plan| world.add_service(plan));
        self.functions
            .iter()
            .cloned()
            .for_each(|plan| world.add_function(plan));
        world
    }

    /// One MySQL secret, one service of two tasks, one rotation after a minute.
    pub fn one_service(seed: u64) -> Self {
        let mut scenario = Self::empty(seed);
        scenario.secret("shop/mysql", Kind::SingleUser { engine: "MySQL" }, &[60]);
        scenario.service("orders", &["shop/mysql"], Reads::Injected);
        scenario
    }

    /// One of everything: two services and two functions on one secret, one function with reserved concurrency 7.
    pub fn mixed(seed: u64) -> Self {
        let mut scenario = Self::one_service(seed);
        scenario.service("reports", &["shop/mysql"], Reads::Injected);
        scenario.function("mailer", &["shop/mysql"], Some(7));
        scenario.function("exporter", &["shop/mysql"], None);
        scenario
    }

    /// What a newcomer sees: six secrets, eight services, five functions.
    pub fn demo(seed: u64) -> Self {
        let mut scenario = Self::empty(seed);
        scenario.secret("shop/mysql", Kind::SingleUser { engine: "MySQL" }, &[40]);
        scenario.secret(
            "billing/postgres",
            Kind::SingleUser { engine: "PostgreSQL" },
            &[75],
        );
        scenario.secret(
            "catalog/mysql",
            Kind::AlternatingUsers { engine: "MySQL" },
            &[110],
        );
        scenario.secret("rds!ledger", Kind::Managed, &[150]);
        scenario.secret(
            "search/postgres",
            Kind::SingleUser { engine: "PostgreSQL" },
            &[180],
        );
        // setSecret ends well, every invocation of testSecret fails, and PostgreSQL accepts AWSPENDING and refuses AWSCURRENT:
        // what roll forward is for. Once AWSCURRENT has moved, the template's next retry returns at once.
        scenario.fail_last(Step::TestSecret, u32::MAX);
        scenario.write_last(Code::Template);
        scenario.secret("mail/api-key", Kind::ApiKey, &[220]);
        scenario.service("orders", &["shop/mysql"], Reads::Injected);
        scenario.service("checkout", &["shop/mysql", "billing/postgres"], Reads::Injected);
        scenario.service("invoices", &["billing/postgres"], Reads::Injected);
        scenario.service("catalog", &["catalog/mysql"], Reads::Injected);
        scenario.service("ledger", &["rds!ledger"], Reads::Injected);
        scenario.service("audit", &["rds!ledger"], Reads::Injected);
        scenario.service("search", &["search/postgres"], Reads::Injected);
        scenario.service(
            "sessions",
            &["shop/mysql"],
            Reads::Cached(SignedDuration::from_secs(60)),
        );
        scenario.function("receipts", &["billing/postgres"], Some(7));
        scenario.function("mailer", &["mail/api-key"], None);
        scenario.function("newsletter", &["mail/api-key"], None);
        scenario.function("reindex", &["search/postgres"], None);
        scenario.function("stock", &["shop/mysql"], None);
        scenario
    }

    pub fn secret(&mut self, name: &str, kind: Kind, rotations: &[i64]) {
        let rotations = rotations
            .iter()
            .map(|second| self.rotation(name, kind, *second))
            .collect();
        self.secrets.push(SecretPlan::new(arn(name), kind, rotations));
    }

    pub(super) fn rotation(&self, name: &str, kind: Kind, second: i64) -> RotationPlan {
        let mut steps = Stream::new(self.seed, &format!("{name}/steps/{second}"));
        let mut log = Stream::new(self.seed, &format!("{name}/log/{second}"));
        // A normal window of AWS's templates lasts 2 to 6 s; RDS's own about a minute (aws-facts).
        let slow = if kind == Kind::Managed { 8 } else { 1 };
        RotationPlan {
            at: self.start + SignedDuration::from_secs(second) + steps.millis(0, 3_000),
            steps: [
                steps.millis(500, 1_500),
                steps.millis(500, 1_500) * slow,
                steps.millis(1_000, 3_000) * slow,
                steps.millis(500, 1_500) * slow,
            ],
            fails: None,
            retry_after: SignedDuration::from_secs(8),
            comes_true_after: SignedDuration::ZERO,
            weak_test: false,
            clean_up: SignedDuration::from_secs(90),
            log: LogPlan {
                delay: log.millis(300, 2_500),
                ..LogPlan::default()
            },
            manner: None,
        }
    }

    /// Makes the last rotation of the last secret fail so often in a step.
    pub fn fail_last(&mut self, step: Step, times: u32) {
        if let Some(rotation) = self.secrets.last_mut().and_then(|plan| plan.rotations.last_mut()) {
            rotation.fails = Some(Failing {
                step,
                times,
                after_effect: false,
            });
        }
    }

    /// Who wrote the rotation Lambda of the last secret; the service retries its last rotation until it succeeds.
    pub fn write_last(&mut self, code: Code) {
        if let Some(rotation) = self.secrets.last_mut().and_then(|plan| plan.rotations.last_mut()) {
            let retries = Retries {
                most: None,
                after: rotation.retry_after,
                anew: false,
            };
            rotation.manner = Some(Manner {
                code,
                retries,
                sets_back: None,
            });
        }
    }

    pub fn service(&mut self, name: &str, secrets: &[&str], reads: Reads) {
        let mut tasks = Stream::new(self.seed, &format!("{name}/tasks"));
        self.services.push(ServicePlan {
            id: ConsumerId::service("prod", name),
            secrets: secrets.iter().map(|name| arn(name)).collect(),
            account: Account::First,
            reads,
            desired: *tasks.pick(&[2, 3, 4]),
            start: tasks.millis(2_000, 6_000),
            health: tasks.millis(3_000, 8_000),
            drain: SignedDuration::ZERO,
            image: format!("registry.example/{name}@sha256:0000"),
            fates: Vec::new(),
            touches: Vec::new(),
            created: None,
            pool: SignedDuration::ZERO,
            retries: false,
            probe: None,
        });
    }

    pub fn function(&mut self, name: &str, secrets: &[&str], reserved: Option<u32>) {
        let secrets = secrets.iter().map(|name| arn(name)).collect();
        self.functions.push(FunctionPlan {
            name: name.to_owned(),
            secrets,
            reserved,
            reach: Reach::Latest,
            touches: Vec::new(),
            unreadable: None,
        });
    }

    /// When the last planned rotation begins.
    pub fn last_rotation(&self) -> Timestamp {
        let rotations = self
            .secrets
            .iter()
            .flat_map(|plan| &plan.rotations)
            .map(|rotation| rotation.at);
        rotations.max().unwrap_or(self.start)
    }
}
