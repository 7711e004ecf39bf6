//! Random events: what may happen to four secrets and six consumers.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::model::{
    ConsumerId, Event, Evidence, FunctionSeen, Hint, HintAbout, HintKind, LogFact, LogLine, LoginAnswer,
    Look, LookFailure, LookKey, NamedSecret, ReferenceKind, Scope, ScopeSeen, SecretArn, StandaloneTask,
    Step,
};
use crate::tables::databases::database;
use crate::tables::world::{Tale, arn, at, consumer, function, labels, millis, service, summary, version};

/// Something that happens to one of four secrets, or to one of six consumers.
#[derive(Clone, Debug)]
pub(super) enum Happens {
    Labels {
        secret: usize,
        labels: usize,
    },
    Gone {
        secret: usize,
    },
    Listed {
        secrets: Vec<(usize, usize)>,
    },
    Login {
        secret: usize,
        version: usize,
        accepted: bool,
        /// One of two databases; nothing where the value names none.
        database: Option<u8>,
    },
    Logged {
        secret: usize,
        step: usize,
        failed: bool,
    },
    Cluster {
        users: Vec<(usize, usize, usize)>,
        task_of: Option<usize>,
    },
    Functions {
        users: Vec<(usize, usize, usize)>,
    },
    Service {
        consumer: usize,
        created: Option<Vec<i64>>,
    },
    Function {
        consumer: usize,
        modified: i64,
        reserved: Option<u32>,
    },
    Unseen {
        look: usize,
        secret: usize,
        consumer: usize,
    },
    /// An event about one of the secrets, or one of the services, or a heartbeat.
    Hinted {
        secret: Option<usize>,
        kind: usize,
    },
    /// Which clusters there are: `prod`, and maybe another that nobody has searched.
    Clusters {
        more: bool,
    },
    /// The process starts again with its journal.
    Restart,
    /// The journal cannot be written, or can be again.
    Journal,
    /// The time goes back.
    Back,
    Nothing,
}

pub(super) const SECRETS: [&str; 4] = ["db", "db/read", "mail", "queue"];
const LABELS: [&str; 8] = [
    "a - z", "a b z", "b - a", "b b a", "b c a", "c - b", "a - b", "c d b",
];
const VERSIONS: [&str; 4] = ["a", "b", "c", "d"];
const STEPS: [Step; 4] = [
    Step::CreateSecret,
    Step::SetSecret,
    Step::TestSecret,
    Step::FinishSecret,
];

fn hint(secret: Option<usize>, kind: usize, now: i64) -> Hint {
    let step = Some(Step::TestSecret);
    let kinds = [
        HintKind::LabelMoved,
        HintKind::RotationStarted,
        HintKind::RotationFailed { step },
        HintKind::SecretCall,
    ];
    let named = |n: usize| NamedSecret::Name(SECRETS[n].to_owned());
    let service = HintAbout::Consumer(service_id(kind));
    let (about, kind) = match (secret, kind) {
        (Some(n), kind) => (HintAbout::Secret(named(n)), kinds[kind]),
        (None, 0) => (HintAbout::Delivery, HintKind::Heartbeat),
        (None, _) => (service, HintKind::TaskState),
    };
    Hint {
        about,
        kind,
        at: Some(at(now)),
    }
}

fn kind(n: usize) -> ReferenceKind {
    let pinned = ReferenceKind::Pinned {
        to: "AWSPREVIOUS".to_owned(),
    };
    let kinds = [
        ReferenceKind::Injected,
        ReferenceKind::Fetches,
        ReferenceKind::Suspected,
        ReferenceKind::Named,
        pinned,
    ];
    kinds[n % kinds.len()].clone()
}

pub(super) fn service_id(n: usize) -> ConsumerId {
    ConsumerId::service("prod", ["orders", "own", "web"][n % 3])
}

fn function_id(n: usize) -> ConsumerId {
    ConsumerId::function(["mailer", "report", "rotate"][n % 3])
}

pub(super) fn happens() -> impl Strategy<Value = Happens> {
    let users = || vec((0..3_usize, 0..SECRETS.len(), 0..5_usize), 0..6);
    prop_oneof![
        6 => (0..SECRETS.len(), 0..LABELS.len()).prop_map(|(secret, labels)| Happens::Labels { secret, labels }),
        1 => (0..SECRETS.len()).prop_map(|secret| Happens::Gone { secret }),
        2 => vec((0..SECRETS.len(), 0..LABELS.len()), 0..5).prop_map(|secrets| Happens::Listed { secrets }),
        3 => (0..SECRETS.len(), 0..VERSIONS.len(), any::<bool>(), proptest::option::of(0..2_u8))
            .prop_map(|(secret, version, accepted, database)| Happens::Login { secret, version, accepted, database }),
        2 => (0..SECRETS.len(), 0..STEPS.len(), any::<bool>())
            .prop_map(|(secret, step, failed)| Happens::Logged { secret, step, failed }),
        3 => (users(), proptest::option::of(0..SECRETS.len()))
            .prop_map(|(users, task_of)| Happens::Cluster { users, task_of }),
        2 => users().prop_map(|users| Happens::Functions { users }),
        5 => (0..3_usize, proptest::option::weighted(0.9, vec(-900..2_000_i64, 0..3)))
            .prop_map(|(consumer, created)| Happens::Service { consumer, created }),
        4 => (0..3_usize, -900..2_000_i64, proptest::option::of(0..2_u32))
            .prop_map(|(consumer, modified, reserved)| Happens::Function { consumer, modified, reserved }),
        2 => (0..4_usize, 0..SECRETS.len(), 0..3_usize)
            .prop_map(|(look, secret, consumer)| Happens::Unseen { look, secret, consumer }),
        2 => (proptest::option::weighted(0.7, 0..SECRETS.len()), 0..4_usize)
            .prop_map(|(secret, kind)| Happens::Hinted { secret, kind }),
        2 => any::<bool>().prop_map(|more| Happens::Clusters { more }),
        1 => Just(Happens::Restart),
        1 => Just(Happens::Journal),
        1 => Just(Happens::Back),
        1 => Just(Happens::Nothing),
    ]
}

impl Happens {
    /// What the machine is told of it at that second; nothing where only time passes.
    pub(super) fn event(&self, now: i64) -> Option<Event> {
        let look = Look {
            sent: at(now) - SignedDuration::from_millis(40),
            arrived: at(now),
        };
        if let Self::Unseen {
            look: n,
            secret,
            consumer,
        } = self
        {
            let key = failing(*n, arn(SECRETS[*secret]), *consumer);
            let failure = LookFailure::Timeout;
            return Some(Event::Unseen { look, key, failure });
        }
        let evidence = self.of_a_secret(now).or_else(|| self.of_consumers())?;
        Some(Event::Seen { look, evidence })
    }

    fn of_a_secret(&self, now: i64) -> Option<Evidence> {
        Some(match self {
            Self::Labels { secret, labels: n } => {
                let (secret, tale) = (SECRETS[*secret], Tale::with_lambda());
                let seen = tale.secret_seen(secret, labels(LABELS[*n]));
                let secret = arn(secret);
                Evidence::Secret { secret, seen }
            }
            Self::Gone { secret } => Evidence::SecretGone {
                secret: arn(SECRETS[*secret]),
            },
            Self::Listed { secrets } => {
                let listed: BTreeMap<_, _> = secrets.iter().copied().collect();
                let listed = listed.into_iter();
                let secrets = listed.map(|(n, text)| summary(SECRETS[n], LABELS[text]));
                Evidence::Sweep {
                    secrets: secrets.collect(),
                }
            }
            Self::Login {
                secret,
                version: n,
                accepted,
                database: number,
            } => {
                let code = "1045".to_owned();
                let answers = [LoginAnswer::Refused { code }, LoginAnswer::Accepted];
                Evidence::Login {
                    secret: arn(SECRETS[*secret]),
                    version: version(VERSIONS[*n]),
                    answer: answers[usize::from(*accepted)].clone(),
                    database: number.map(|number| database(number, 0)),
                }
            }
            Self::Logged { secret, step, failed } => logged(SECRETS[*secret], STEPS[*step], *failed, now),
            Self::Hinted { secret, kind } => Evidence::Hints {
                hints: vec![hint(*secret, *kind, now)],
            },
            Self::Cluster { .. }
            | Self::Functions { .. }
            | Self::Service { .. }
            | Self::Function { .. }
            | Self::Unseen { .. }
            | Self::Clusters { .. }
            | Self::Restart
            | Self::Journal
            | Self::Back
            | Self::Nothing => return None,
        })
    }

    fn of_consumers(&self) -> Option<Evidence> {
        Some(match self {
            Self::Cluster { users, task_of } => {
                let tasks = task_of.iter().map(|secret| StandaloneTask {
                    task: "task".to_owned(),
                    secret: arn(SECRETS[*secret]),
                    created: None,
                });
                let cluster = Scope::Cluster("prod".to_owned());
                searched(cluster, users, service_id, tasks.collect())
            }
            Self::Clusters { more } => {
                let clusters = ["prod", "test"].into_iter().take(1 + usize::from(*more));
                let seen = ScopeSeen {
                    clusters: clusters.map(str::to_owned).collect(),
                    ..ScopeSeen::default()
                };
                let scope = Scope::Clusters;
                Evidence::Scope { scope, seen }
            }
            Self::Functions { users } => searched(Scope::Functions, users, function_id, Vec::new()),
            Self::Service { consumer, created } => Evidence::Service {
                consumer: service_id(*consumer),
                seen: created.as_ref().map(|created| service(created)),
            },
            Self::Function {
                consumer,
                modified,
                reserved,
            } => Evidence::Function {
                consumer: function_id(*consumer),
                seen: Some(FunctionSeen {
                    last_modified: Some(at(*modified)),
                    ..function(*reserved)
                }),
            },
            Self::Labels { .. }
            | Self::Gone { .. }
            | Self::Listed { .. }
            | Self::Login { .. }
            | Self::Logged { .. }
            | Self::Hinted { .. }
            | Self::Unseen { .. }
            | Self::Restart
            | Self::Journal
            | Self::Back
            | Self::Nothing => return None,
        })
    }
}

fn failing(n: usize, secret: SecretArn, consumer: usize) -> LookKey {
    match n {
        0 => LookKey::Secret(secret),
        1 => LookKey::Log(secret),
        2 => LookKey::Consumer(service_id(consumer)),
        _ => LookKey::Discovery(Scope::Functions),
    }
}

fn logged(name: &str, step: Step, failed: bool, now: i64) -> Evidence {
    let line = if failed {
        LogLine::Failed {
            step: Some(step),
            why: "exception".to_owned(),
            ended: false,
        }
    } else {
        LogLine::Done {
            step,
            version: None,
            strategy: None,
        }
    };
    let at = millis(now * 1_000 - 500);
    Evidence::Log {
        secret: arn(name),
        lines: vec![LogFact { at, line }],
    }
}

fn searched(
    scope: Scope,
    users: &[(usize, usize, usize)],
    id: fn(usize) -> ConsumerId,
    standalone: Vec<StandaloneTask>,
) -> Evidence {
    let mut found: BTreeMap<ConsumerId, Vec<(&str, ReferenceKind)>> = BTreeMap::new();
    for (user, secret, of_kind) in users {
        found
            .entry(id(*user))
            .or_default()
            .push((SECRETS[*secret], kind(*of_kind)));
    }
    let consumers = found.iter().map(|(id, references)| consumer(id, references));
    let seen = ScopeSeen {
        consumers: consumers.collect(),
        standalone,
        ..ScopeSeen::default()
    };
    Evidence::Scope { scope, seen }
}
