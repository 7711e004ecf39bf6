//! A snapshot made through the pure machine.

mod api;
mod databases;
mod findings;
mod numbers;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use machine::admission::{Situation, admit};
use machine::facts::merge::merge;
use machine::facts::state::State;
use machine::judge::outlook::outlook;
use machine::judge::{Judgements, judge};
use machine::model::{
    AttemptId, Consumer, ConsumerId, Decision, Deployment, DeploymentId, Done, Event, Evidence, Health,
    Labels, LogFact, LogLine, LoginAnswer, Look, LookFailure, LookKey, Mode, Outcome, Reference,
    ReferenceKind, Rollout, RotationKey, Scope, ScopeSeen, SecretArn, SecretSeen, ServiceSeen,
    ServiceSettings, Step, Strategy, Task, VersionId, Write,
};
use machine::policy::{Policy, Settings};

use crate::runtime::{DatabaseView, EventsView, SecretView, Snapshot};

pub(crate) use api::{Api, ask};
pub(crate) use findings::show_findings;

pub(crate) const SHOP: &str = "arn:aws:secretsmanager:eu-west-1:1:secret:/shop/db-AbCdEf";
pub(crate) const FAILING: &str = "arn:aws:secretsmanager:eu-west-1:1:secret:billing/db-AbCdEf";
pub(crate) const AT_REST: &str = "arn:aws:secretsmanager:eu-west-1:1:secret:mail-key-AbCdEf";

/// Seconds on the fixture's clock.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("in range")
}

pub(crate) fn arn(text: &str) -> SecretArn {
    SecretArn::new(text)
}

/// The rotation of [`SHOP`] to its second version.
pub(crate) fn shop_rotation() -> RotationKey {
    RotationKey {
        secret: arn(SHOP),
        version: VersionId::new("shop-v2"),
        n: 1,
    }
}

/// What the machine was told so far.
#[derive(Default)]
struct Told {
    state: State,
    settings: Settings,
}

impl Told {
    fn event(&mut self, event: Event) {
        let _ = merge(&mut self.state, event, &self.settings.timing);
    }

    fn see(&mut self, second: i64, evidence: Evidence) {
        let look = Look {
            sent: at(second),
            arrived: at(second) + SignedDuration::from_millis(100),
        };
        self.event(Event::Seen { look, evidence });
    }

    fn labels(&mut self, second: i64, secret: &str, current: &str, pending: Option<&str>) {
        let seen = SecretSeen {
            name: arn(secret).name().to_owned(),
            labels: Labels {
                current: Some(VersionId::new(current)),
                pending: pending.map(VersionId::new),
                previous: None,
            },
            tags: [].into(),
            rotation_enabled: true,
            rotation_lambda: Some("arn:aws:lambda:eu-west-1:1:function:rotator".to_owned()),
            owning_service: None,
            schedule: Some("rate(30 days)".to_owned()),
            next_rotation: None,
            last_rotated: None,
            last_changed: None,
            deleted: None,
            replicas: Vec::new(),
            primary_region: None,
            external: false,
            labelled: BTreeSet::new(),
        };
        let secret = arn(secret);
        self.see(second, Evidence::Secret { secret, seen });
    }

    fn line(&mut self, second: i64, secret: &str, line: LogLine) {
        let fact = LogFact { at: at(second), line };
        let evidence = Evidence::Log {
            secret: arn(secret),
            lines: vec![fact],
        };
        self.see(second + 1, evidence);
    }

    fn done(&mut self, second: i64, secret: &str, step: Step) {
        let line = LogLine::Done {
            step,
            version: None,
            strategy: (step == Step::SetSecret).then_some(Strategy::SingleUser),
        };
        self.line(second, secret, line);
    }

    /// createSecret's line names the version.
    fn put(&mut self, second: i64, secret: &str, version: &str) {
        let line = LogLine::Done {
            step: Step::CreateSecret,
            version: Some(VersionId::new(version)),
            strategy: None,
        };
        self.line(second, secret, line);
    }

    fn login(&mut self, second: i64, secret: &str, version: &str, answer: LoginAnswer) {
        let (secret, version) = (arn(secret), VersionId::new(version));
        self.see(
            second,
            Evidence::Login {
                secret,
                version,
                answer,
                database: None,
            },
        );
    }

    fn discover(&mut self, second: i64) {
        let consumer = |id, secret| Consumer {
            id,
            references: vec![Reference {
                secret: arn(secret),
                kind: ReferenceKind::Injected,
            }],
            mutable_images: Vec::new(),
            settings: None,
            endpoint: None,
            target_groups: Vec::new(),
        };
        let services = ScopeSeen {
            consumers: vec![
                consumer(orders(), SHOP),
                consumer(web(), SHOP),
                consumer(mail(), AT_REST),
            ],
            ..ScopeSeen::default()
        };
        let scope = Scope::Cluster("prod".to_owned());
        self.see(
            second,
            Evidence::Scope {
                scope,
                seen: services,
            },
        );
    }

    /// One look at a service with one task, started by `deployment` at `created`.
    fn service(&mut self, second: i64, consumer: ConsumerId, deployment: &str, created: i64) {
        let id = DeploymentId::new(deployment);
        let task = Task {
            id: "task".into(),
            created: Some(at(created)),
            started: Some(at(created)),
            started_by: Some(id.clone()),
            running: true,
            health: Health::Healthy,
        };
        let deployment = Deployment {
            id,
            primary: true,
            created: at(created),
            rollout: Rollout::Completed,
            desired: 1,
            running: 1,
            failed_tasks: 0,
        };
        let seen = ServiceSeen {
            settings: ServiceSettings::by_default(1),
            running: 1,
            pending: 0,
            deployments: vec![deployment],
            tasks: vec![task],
            tasks_listed: true,
            protected: None,
        };
        self.see(
            second,
            Evidence::Service {
                consumer,
                seen: Some(seen),
            },
        );
        self.note_stages(second);
    }

    /// As the loop does: the stages that a judgement finds become facts.
    fn note_stages(&mut self, second: i64) {
        let secrets: Vec<SecretArn> = self.state.secrets.keys().cloned().collect();
        for secret in secrets {
            let judgement = judge(&self.state, &secret, &policy(), &self.settings, at(second));
            for fact in judgement.reached {
                self.state.recall(fact);
            }
        }
    }

    fn redeploy(&mut self, second: i64) {
        let attempt = AttemptId::new("0123456789ab");
        self.event(Event::Decided(Decision {
            attempt: attempt.clone(),
            write: Write::Redeploy {
                cluster: "prod".into(),
                service: "orders".into(),
                fresh_after: at(second),
            },
            guards: Vec::new(),
            serves: vec![shop_rotation()],
            at: at(second),
            deadline: at(second + 10),
        }));
        let began = Some("ecs-svc/2".to_owned());
        self.event(Event::Ended {
            attempt,
            at: at(second + 1),
            outcome: Outcome::Done(Done::Written { began }),
        });
    }
}

pub(crate) fn orders() -> ConsumerId {
    ConsumerId::service("prod", "orders")
}

fn web() -> ConsumerId {
    ConsumerId::service("prod", "web")
}

fn mail() -> ConsumerId {
    ConsumerId::service("prod", "mail")
}

fn policy() -> Policy {
    Policy {
        mode: Mode::Act,
        login_test: true,
        ..Policy::default()
    }
}

/// One secret rotated, with one consumer refreshed and one still stale; one whose rotation failed; one at rest.
fn told() -> Told {
    let mut told = Told::default();
    for secret in [SHOP, FAILING, AT_REST] {
        told.labels(0, secret, "v1", None);
    }
    told.discover(1);
    told.databases(1);
    told.service(2, orders(), "ecs-svc/1", -500);
    told.service(2, web(), "ecs-svc/1", -500);

    rotate_shop(&mut told);
    fail_billing(&mut told);
    let failure = LookFailure::Denied {
        iam_action: "lambda:ListFunctions".to_owned(),
        resource: "*".to_owned(),
    };
    let key = LookKey::Discovery(Scope::Functions);
    told.event(Event::Unseen {
        look: Look::at(at(5)),
        key,
        failure,
    });
    told
}

fn rotate_shop(told: &mut Told) {
    told.login(3, SHOP, "v1", LoginAnswer::Accepted);
    told.labels(9, SHOP, "v1", None);
    told.labels(10, SHOP, "v1", Some("shop-v2"));
    told.see(11, versions(&["v1"]));
    told.see(12, versions(&["v1", "shop-v2"]));
    told.put(12, SHOP, "shop-v2");
    told.done(14, SHOP, Step::SetSecret);
    told.done(16, SHOP, Step::TestSecret);
    told.labels(17, SHOP, "v1", Some("shop-v2"));
    told.labels(18, SHOP, "shop-v2", None);
    // Seen late: it still comes before the promotion in the timeline.
    told.login(19, SHOP, "shop-v2", LoginAnswer::Accepted);
    told.service(20, orders(), "ecs-svc/1", -500);
    told.service(20, web(), "ecs-svc/1", -500);
    told.redeploy(21);
    told.service(30, orders(), "ecs-svc/2", 22);
}

fn fail_billing(told: &mut Told) {
    told.labels(10, FAILING, "v1", Some("billing-v2"));
    told.done(12, FAILING, Step::SetSecret);
    let why = "the database refused the new password".to_owned();
    let step = Some(Step::TestSecret);
    told.line(
        13,
        FAILING,
        LogLine::Failed {
            step,
            why,
            ended: false,
        },
    );
}

fn versions(valued: &[&str]) -> Evidence {
    Evidence::Versions {
        secret: arn(SHOP),
        valued: valued.iter().map(VersionId::new).collect(),
    }
}

fn events() -> EventsView {
    EventsView {
        working: true,
        heartbeat: Some(at(2_990)),
        test: None,
    }
}

/// The snapshot 40 seconds in.
pub(crate) fn snapshot() -> Snapshot {
    let Told { state, settings } = told();
    let now = at(40);
    let mut judgements = Judgements::new();
    for secret in state.secrets.keys() {
        let judgement = judge(&state, secret, &policy(), &settings, now);
        judgements.insert(secret, &Arc::new(judgement));
    }
    let situation = Situation {
        now,
        draining: false,
        journal: true,
    };
    let admission = admit(&state, &judgements, &settings, situation);
    let findings = findings::all(&state, &judgements, &admission, &settings, now);
    let views = judgements.iter().map(|(secret, judgement)| {
        let facts = &state.secrets[secret];
        SecretView {
            arn: secret.clone(),
            name: secret.name().into(),
            rule: "all secrets with rotation on".into(),
            judgement: Arc::clone(judgement),
            findings: [].into(),
            seen: facts.seen.as_ref().map(|(_, seen)| Arc::clone(seen)),
            last_look: facts.seen.as_ref().map(|(look, _)| look.arrived),
            logins: facts.logins.clone(),
            reached: facts.reached.clone(),
            attempts: facts.attempts.clone(),
            would: facts.would.clone(),
            outlook: outlook(&state, secret, &policy(), &settings, now).into(),
            users: state.users_of(secret).map(|(id, _)| id.clone()).collect(),
        }
    });
    let views: Vec<SecretView> = views.collect();
    let consumers = state.consumers.iter();
    let consumers = consumers.map(|(id, facts)| (id.clone(), Arc::new(facts.clone())));
    let mut snapshot = Snapshot {
        missing: Vec::new(),
        consumers: consumers.collect(),
        region: Some("eu-west-1".to_owned()),
        account: Some("1".to_owned()),
        unwatched: Arc::new(vec![findings::unwatched()]),
        waits: Arc::new(admission.waits),
        promotions: Arc::new(admission.promotions),
        journal: Arc::from("/var/lib/rotation-watchdog/rotation-watchdog.sqlite"),
        events: Some(events()),
        databases: Arc::new(DatabaseView::all(&state)),
        numbers: Arc::new(numbers::measured()),
        journal_bytes: 8192,
        at: now,
        started: at(-60),
        ..Snapshot::empty(now, true)
    };
    views.into_iter().for_each(|view| snapshot.put(view));
    show_findings(&mut snapshot, &findings);
    snapshot
}
