//! A few words to tell a story of looks in, second by second.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::facts::merge::merge;
use crate::facts::state::State;
use crate::judge::{Judgement, RotationView, judge};
use crate::model::{
    Consumer, ConsumerId, Deployment, DeploymentId, EnvironmentSeen, Event, Evidence, Fact, FunctionSeen,
    Health, Labels, LogFact, LogLine, LoginAnswer, Look, LookFailure, LookKey, Mode, Reference,
    ReferenceKind, Rollout, Scope, ScopeSeen, SecretArn, SecretSeen, SecretSummary, ServiceSeen,
    ServiceSettings, Step, Strategy, Task, UpdateStatus, VersionId,
};
use crate::policy::{Policy, Settings};

/// Long after the first look's `last_changed`.
const START: i64 = 1_800_000_000;

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(START + second).expect("in range")
}

pub(super) fn millis(ms: i64) -> Timestamp {
    at(0) + SignedDuration::from_millis(ms)
}

pub(super) fn arn(name: &str) -> SecretArn {
    SecretArn::new(format!("arn:aws:secretsmanager:eu-west-1:1:secret:{name}-AbCdEf"))
}

pub(super) fn version(id: &str) -> VersionId {
    VersionId::new(id)
}

/// `"c p v"`: AWSCURRENT, AWSPENDING, AWSPREVIOUS; `-` for none.
pub(super) fn labels(text: &str) -> Labels {
    let mut parts = text.split_whitespace().map(|id| (id != "-").then(|| version(id)));
    let mut next = || parts.next().flatten();
    Labels {
        current: next(),
        pending: next(),
        previous: next(),
    }
}

/// The state, and every fact that would have been journalled.
pub(super) struct Tale {
    pub state: State,
    pub settings: Settings,
    pub policy: Policy,
    pub journal: Vec<Fact>,
    pub last_changed: Option<Timestamp>,
    pub last_rotated: Option<Timestamp>,
    pub next_rotation: Option<Timestamp>,
    pub rotation_lambda: Option<String>,
}

impl Tale {
    pub(super) fn new() -> Self {
        Self {
            state: State::default(),
            settings: Settings::default(),
            policy: Policy {
                mode: Mode::Act,
                ..Policy::default()
            },
            journal: Vec::new(),
            last_changed: Some(at(-1_000_000)),
            last_rotated: None,
            next_rotation: None,
            rotation_lambda: None,
        }
    }

    /// A secret that a Lambda function rotates, which leaves a log.
    pub(super) fn with_lambda() -> Self {
        Self {
            rotation_lambda: Some("arn:aws:lambda:eu-west-1:1:function:rotate".to_owned()),
            ..Self::new()
        }
    }

    pub(super) fn event(&mut self, event: Event) {
        let facts = merge(&mut self.state, event, &self.settings.timing);
        self.journal.extend(facts);
    }

    pub(super) fn see(&mut self, second: i64, evidence: Evidence) {
        let look = Look {
            sent: at(second),
            arrived: at(second) + SignedDuration::from_millis(20),
        };
        self.event(Event::Seen { look, evidence });
    }

    /// Answered at the very moment that it was asked.
    pub(super) fn see_at_once(&mut self, second: i64, evidence: Evidence) {
        self.event(Event::Seen {
            look: Look::at(at(second)),
            evidence,
        });
    }

    /// A login with this version of `db`, refused at the very moment that it was tried.
    pub(super) fn refused_at_once(&mut self, second: i64, id: &str) {
        let (secret, version, answer) = (arn("db"), version(id), refused());
        self.see_at_once(
            second,
            Evidence::Login {
                secret,
                version,
                answer,
                database: None,
            },
        );
    }

    /// DescribeSecret of `db`.
    pub(super) fn labels(&mut self, second: i64, text: &str) -> &mut Self {
        self.labels_of("db", second, text)
    }

    pub(super) fn labels_of(&mut self, name: &str, second: i64, text: &str) -> &mut Self {
        let seen = self.secret_seen(name, labels(text));
        self.see(
            second,
            Evidence::Secret {
                secret: arn(name),
                seen,
            },
        );
        self
    }

    pub(super) fn secret_seen(&self, name: &str, labels: Labels) -> SecretSeen {
        SecretSeen {
            name: name.to_owned(),
            labels,
            tags: BTreeMap::new(),
            rotation_enabled: true,
            rotation_lambda: self.rotation_lambda.clone(),
            owning_service: None,
            schedule: None,
            next_rotation: self.next_rotation,
            last_rotated: self.last_rotated,
            last_changed: self.last_changed,
            deleted: None,
            replicas: Vec::new(),
            primary_region: None,
            external: false,
            labelled: BTreeSet::new(),
        }
    }

    /// ListSecrets: names and labels.
    pub(super) fn sweep(&mut self, second: i64, listed: &[(&str, &str)]) -> &mut Self {
        let secrets = listed.iter().map(|(name, text)| summary(name, text)).collect();
        self.see(second, Evidence::Sweep { secrets });
        self
    }

    pub(super) fn valued(&mut self, second: i64, ids: &[&str]) -> &mut Self {
        let valued = ids.iter().map(|id| version(id)).collect();
        let secret = arn("db");
        self.see(second, Evidence::Versions { secret, valued });
        self
    }

    pub(super) fn login(&mut self, second: i64, id: &str, accepted: bool) -> &mut Self {
        self.login_of("db", second, id, accepted)
    }

    pub(super) fn login_of(&mut self, name: &str, second: i64, id: &str, accepted: bool) -> &mut Self {
        let answer = [refused(), LoginAnswer::Accepted][usize::from(accepted)].clone();
        self.see(
            second,
            Evidence::Login {
                secret: arn(name),
                version: version(id),
                answer,
                database: None,
            },
        );
        self
    }

    /// The login could not be tried.
    pub(super) fn login_fails(&mut self, name: &str, second: i64, id: &str) -> &mut Self {
        self.event(Event::Unseen {
            look: Look::at(at(second)),
            key: LookKey::Login(arn(name), version(id)),
            failure: LookFailure::Timeout,
        });
        self
    }

    /// A step's line, logged at `second` and read three seconds later.
    pub(super) fn line(&mut self, second: i64, step: Step) -> &mut Self {
        let strategy = (step == Step::SetSecret).then_some(Strategy::SingleUser);
        self.log(
            second,
            LogLine::Done {
                step,
                version: None,
                strategy,
            },
        )
    }

    pub(super) fn failure(&mut self, second: i64, step: Step) -> &mut Self {
        self.log(
            second,
            LogLine::Failed {
                step: Some(step),
                why: "exception".to_owned(),
                ended: false,
            },
        )
    }

    pub(super) fn log(&mut self, second: i64, line: LogLine) -> &mut Self {
        let lines = vec![LogFact { at: at(second), line }];
        self.see(
            second + 3,
            Evidence::Log {
                secret: arn("db"),
                lines,
            },
        );
        self
    }

    /// A service that has the secrets injected, or a function that fetches them.
    pub(super) fn uses(&mut self, id: &ConsumerId, secrets: &[&str]) -> &mut Self {
        let kind = match id {
            ConsumerId::Service { .. } => ReferenceKind::Injected,
            _ => ReferenceKind::Fetches,
        };
        let references: Vec<_> = secrets.iter().map(|name| (*name, kind.clone())).collect();
        let scope = Scope::Cluster(id.to_string());
        self.found(-5, scope, vec![consumer(id, &references)])
    }

    /// A part of discovery with all the consumers that it found.
    pub(super) fn found(&mut self, second: i64, scope: Scope, consumers: Vec<Consumer>) -> &mut Self {
        let seen = ScopeSeen {
            consumers,
            ..ScopeSeen::default()
        };
        self.see(second, Evidence::Scope { scope, seen });
        self
    }

    pub(super) fn service(&mut self, second: i64, consumer: &ConsumerId, seen: ServiceSeen) -> &mut Self {
        self.see(
            second,
            Evidence::Service {
                consumer: consumer.clone(),
                seen: Some(seen),
            },
        );
        self
    }

    pub(super) fn function(&mut self, second: i64, consumer: &ConsumerId, seen: FunctionSeen) -> &mut Self {
        self.see(
            second,
            Evidence::Function {
                consumer: consumer.clone(),
                seen: Some(seen),
            },
        );
        self
    }

    pub(super) fn judge(&self, second: i64) -> Judgement {
        self.judge_of("db", second)
    }

    pub(super) fn judge_of(&self, name: &str, second: i64) -> Judgement {
        judge(&self.state, &arn(name), &self.policy, &self.settings, at(second))
    }

    /// The latest rotation of `db`.
    pub(super) fn latest(&self, second: i64) -> RotationView {
        self.judge(second).latest().cloned().expect("a rotation")
    }

    /// The same knowledge after a crash: only what the journal kept.
    pub(super) fn restarted(&self) -> Self {
        let mut other = Self {
            settings: self.settings.clone(),
            policy: self.policy.clone(),
            ..Self::new()
        };
        for fact in &self.journal {
            other.state.recall(fact.clone());
        }
        other
    }
}

pub(super) fn consumer(id: &ConsumerId, references: &[(&str, ReferenceKind)]) -> Consumer {
    let reference = |(name, kind): &(&str, ReferenceKind)| Reference {
        secret: arn(name),
        kind: kind.clone(),
    };
    Consumer {
        id: id.clone(),
        references: references.iter().map(reference).collect(),
        mutable_images: Vec::new(),
        settings: None,
        endpoint: None,
        target_groups: Vec::new(),
    }
}

fn refused() -> LoginAnswer {
    let code = "1045".to_owned();
    LoginAnswer::Refused { code }
}

/// A row of ListSecrets.
pub(super) fn summary(name: &str, text: &str) -> SecretSummary {
    SecretSummary {
        arn: arn(name),
        name: name.to_owned(),
        labels: labels(text),
        tags: BTreeMap::new(),
        rotation_enabled: true,
        rotation_lambda: None,
        owning_service: None,
        next_rotation: None,
    }
}

/// A rolling service whose tasks were created at these seconds, all by one complete deployment.
pub(super) fn service(tasks: &[i64]) -> ServiceSeen {
    let created = tasks.iter().copied().min().unwrap_or(-1000);
    let count = u32::try_from(tasks.len()).expect("few");
    ServiceSeen {
        settings: ServiceSettings::by_default(count),
        running: count,
        pending: 0,
        deployments: vec![deployment("d-0", created - 1, Rollout::Completed)],
        tasks: tasks
            .iter()
            .map(|second| task(*second, "d-0", Health::Healthy))
            .collect(),
        tasks_listed: true,
        protected: None,
    }
}

pub(super) fn deployment(id: &str, created: i64, rollout: Rollout) -> Deployment {
    Deployment {
        id: DeploymentId::new(id),
        primary: true,
        created: at(created),
        rollout,
        desired: 2,
        running: 2,
        failed_tasks: 0,
    }
}

pub(super) fn task(created: i64, by: &str, health: Health) -> Task {
    Task {
        id: format!("task-{created}-{by}").into(),
        created: Some(at(created)),
        started: Some(at(created + 2)),
        started_by: Some(DeploymentId::new(by)),
        running: true,
        health,
    }
}

pub(super) fn function(reserved: Option<u32>) -> FunctionSeen {
    FunctionSeen {
        revision: "r1".to_owned(),
        last_modified: Some(at(-1000)),
        update: UpdateStatus::Successful,
        environment: EnvironmentSeen::Readable {
            bytes: 100,
            marker: None,
        },
        reserved,
        provisioned: false,
        snap_start: false,
        managed_instances: false,
        tenants: false,
        durable: false,
        pinned_aliases: Vec::new(),
        sleep_tag: None,
    }
}
