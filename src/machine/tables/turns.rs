//! Turns: what is judged, admitted and told piece by piece is what would be, were everything done anew.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use proptest::collection::vec;
use proptest::prelude::*;

use super::world::{Tale, arn, at, consumer, function, labels, millis, service, summary, version};
use crate::findings::{Finding, of_fleet, of_secret};
use crate::fleet::{Situation, admit};
use crate::judge::judge;
use crate::model::{
    ConsumerId, Event, Evidence, FunctionSeen, LogFact, LogLine, LoginAnswer, Look, LookFailure, LookKey,
    Mode, ReferenceKind, Scope, ScopeSeen, Stage, StandaloneTask, Step,
};
use crate::outlook::outlook;
use crate::policy::{Policy, Settings};
use crate::turn::{Decide, Machine, Turn, turn};
use crate::watched::Watch;

/// Something that happens to one of four secrets, or to one of six consumers.
#[derive(Clone, Debug)]
enum Happens {
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
    Nothing,
}

const SECRETS: [&str; 4] = ["db", "db/read", "mail", "queue"];
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

fn service_id(n: usize) -> ConsumerId {
    ConsumerId::service("prod", ["orders", "own", "web"][n % 3])
}

fn function_id(n: usize) -> ConsumerId {
    ConsumerId::function(["mailer", "report", "rotate"][n % 3])
}

fn happens() -> impl Strategy<Value = Happens> {
    let users = || vec((0..3_usize, 0..SECRETS.len(), 0..5_usize), 0..6);
    prop_oneof![
        6 => (0..SECRETS.len(), 0..LABELS.len()).prop_map(|(secret, labels)| Happens::Labels { secret, labels }),
        1 => (0..SECRETS.len()).prop_map(|secret| Happens::Gone { secret }),
        2 => vec((0..SECRETS.len(), 0..LABELS.len()), 0..5).prop_map(|secrets| Happens::Listed { secrets }),
        3 => (0..SECRETS.len(), 0..VERSIONS.len(), any::<bool>())
            .prop_map(|(secret, version, accepted)| Happens::Login { secret, version, accepted }),
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
        1 => Just(Happens::Nothing),
    ]
}

/// A machine and the time, with a step of a second to some minutes between two turns.
struct Told {
    machine: Machine,
    settings: Settings,
    tale: Tale,
    now: i64,
}

impl Told {
    fn new(mode: Mode) -> Self {
        let policy = Arc::new(Policy {
            mode,
            login_test: true,
            ..Policy::default()
        });
        let mut settings = Settings::default();
        settings.limits.own_service = Some(service_id(1));
        settings.limits.in_flight = 2;
        let watch = Watch {
            rules: Arc::new(move |summary| (summary.name != "queue").then(|| Arc::clone(&policy))),
            rule_list: Vec::new(),
            region: None,
            clusters: Some(vec!["prod".to_owned()]),
            database_hosts: BTreeMap::new(),
        };
        Self {
            machine: Machine::new(watch, Decide::default(), at(0)),
            settings,
            tale: Tale::with_lambda(),
            now: 0,
        }
    }

    fn situation(&self) -> Situation {
        Situation {
            now: at(self.now),
            draining: false,
            journal: true,
        }
    }

    fn turn(&mut self, after: i64, happens: &Happens) -> Turn {
        self.now += after;
        let events = self.event(happens).into_iter().collect();
        let situation = self.situation();
        turn(&mut self.machine, events, &self.settings, situation)
    }

    fn event(&self, happens: &Happens) -> Option<Event> {
        let look = Look {
            sent: at(self.now) - SignedDuration::from_millis(40),
            arrived: at(self.now),
        };
        let seen = |evidence| Some(Event::Seen { look, evidence });
        match happens {
            Happens::Labels { secret, labels: n } => {
                let name = SECRETS[*secret];
                seen(Evidence::Secret {
                    secret: arn(name),
                    seen: self.tale.secret_seen(name, labels(LABELS[*n])),
                })
            }
            Happens::Gone { secret } => seen(Evidence::SecretGone {
                secret: arn(SECRETS[*secret]),
            }),
            Happens::Listed { secrets } => {
                let listed: BTreeMap<_, _> = secrets.iter().copied().collect();
                let secrets = listed
                    .into_iter()
                    .map(|(n, text)| summary(SECRETS[n], LABELS[text]));
                seen(Evidence::Sweep {
                    secrets: secrets.collect(),
                })
            }
            Happens::Login {
                secret,
                version: n,
                accepted,
            } => {
                let code = "1045".to_owned();
                let answers = [LoginAnswer::Refused { code }, LoginAnswer::Accepted];
                seen(Evidence::Login {
                    secret: arn(SECRETS[*secret]),
                    version: version(VERSIONS[*n]),
                    answer: answers[usize::from(*accepted)].clone(),
                })
            }
            Happens::Logged { secret, step, failed } => {
                seen(logged(SECRETS[*secret], STEPS[*step], *failed, self.now))
            }
            Happens::Cluster { users, task_of } => {
                let tasks = task_of.iter().map(|secret| StandaloneTask {
                    task: "task".to_owned(),
                    secret: arn(SECRETS[*secret]),
                    created: None,
                });
                let standalone = tasks.collect();
                seen(searched(
                    Scope::Cluster("prod".to_owned()),
                    users,
                    service_id,
                    standalone,
                ))
            }
            Happens::Functions { users } => seen(searched(Scope::Functions, users, function_id, Vec::new())),
            Happens::Service { consumer, created } => seen(Evidence::Service {
                consumer: service_id(*consumer),
                seen: created.as_ref().map(|created| service(created)),
            }),
            Happens::Function {
                consumer,
                modified,
                reserved,
            } => seen(Evidence::Function {
                consumer: function_id(*consumer),
                seen: Some(FunctionSeen {
                    last_modified: Some(at(*modified)),
                    ..function(*reserved)
                }),
            }),
            Happens::Unseen {
                look: n,
                secret,
                consumer,
            } => {
                let secret = arn(SECRETS[*secret]);
                let keys = [
                    LookKey::Secret(secret.clone()),
                    LookKey::Log(secret),
                    LookKey::Consumer(service_id(*consumer)),
                    LookKey::Discovery(Scope::Functions),
                ];
                let key = keys[*n].clone();
                let failure = LookFailure::Timeout;
                Some(Event::Unseen { look, key, failure })
            }
            Happens::Nothing => None,
        }
    }

    /// All that is kept from turn to turn, held against the same made anew from the facts.
    fn assert_whole(&self) {
        let (machine, settings, now) = (&self.machine, &self.settings, at(self.now));
        let state = machine.state();
        for (secret, policy) in machine.watched() {
            let kept = machine
                .judgements()
                .get(secret)
                .expect("each watched secret is judged");
            let anew = judge(state, secret, policy, settings, now);
            assert_eq!(kept.rotations.len(), anew.rotations.len(), "{secret}");
            for (kept, anew) in kept.rotations.iter().zip(&anew.rotations) {
                assert_eq!(kept, anew, "{secret}");
            }
            assert_eq!(kept.wants, anew.wants, "{secret}");
            assert_eq!(kept.waits, anew.waits, "{secret}");
            assert_eq!(kept.withheld, anew.withheld, "{secret}");
            let found = of_secret(state, secret, kept, settings, now);
            assert_eq!(machine.told().of_secret(secret), found, "{secret}");
            let foreseen = outlook(state, secret, policy, settings, now);
            assert_eq!(machine.told().outlook(secret), foreseen, "{secret}");
        }
        let situation = self.situation();
        let moving = admit(state, machine.judgements(), settings, situation);
        let whole = admit(state, &machine.judgements().all_moving(), settings, situation);
        assert_eq!(moving, whole, "admission, order included");
        let told = sorted(machine.told().of_the_fleet().cloned());
        let found = of_fleet(state, machine.judgements(), machine.admission(), settings, now);
        let is_of_rules = |finding: &Finding| {
            [
                "rule-without-secrets",
                "watching-nothing",
                "unmatched",
                "beyond-next",
            ]
            .contains(&finding.kind.name())
        };
        let told: Vec<Finding> = told.into_iter().filter(|told| !is_of_rules(told)).collect();
        let found = sorted(found.into_iter().filter(|found| !is_of_rules(found)));
        assert_eq!(told, found, "what is told of the fleet");
    }
}

fn logged(name: &str, step: Step, failed: bool, now: i64) -> Evidence {
    let line = if failed {
        LogLine::Failed {
            step: Some(step),
            why: "exception".to_owned(),
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

fn sorted(findings: impl Iterator<Item = Finding>) -> Vec<Finding> {
    let mut sorted: Vec<Finding> = findings.collect();
    sorted.sort();
    sorted
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Nothing that a turn leaves as it was would be another, were it made anew.
    #[test]
    fn what_a_turn_leaves_alone_needs_nothing(
        story in vec((prop_oneof![Just(1_i64), 1..90_i64, 1..4_000_i64], happens()), 1..40),
        acts in any::<bool>(),
    ) {
        let mut told = Told::new(if acts { Mode::Act } else { Mode::Observe });
        let all = (0..SECRETS.len()).map(|secret| (secret, 0)).collect();
        told.turn(1, &Happens::Listed { secrets: all });
        for (after, happens) in &story {
            told.turn(*after, happens);
            told.assert_whole();
        }
    }
}

/// A turn about one secret judges that one and no other.
#[test]
fn a_turn_about_one_secret_touches_no_other() {
    let mut told = Told::new(Mode::Observe);
    let all = (0..SECRETS.len()).map(|secret| (secret, 0)).collect();
    let first = told.turn(1, &Happens::Listed { secrets: all });
    assert_eq!(first.judged.len(), 3, "queue has no rule");
    for secret in 0..3 {
        let judged = told.turn(1, &Happens::Labels { secret, labels: 0 }).judged;
        let names: Vec<&str> = judged.iter().map(|judged| judged.secret.name()).collect();
        assert_eq!(names, [SECRETS[secret]]);
    }
    let again = (0..SECRETS.len()).map(|secret| (secret, 0)).collect();
    told.turn(60, &Happens::Nothing);
    let quiet = told.turn(1, &Happens::Listed { secrets: again });
    assert_eq!(quiet.judged.len(), 0, "a list that says what is known");
}

/// What is decided shows in the same turn: nobody is stale who is being restarted.
#[test]
fn a_decision_shows_at_once() {
    let mut told = Told::new(Mode::Act);
    told.turn(
        1,
        &Happens::Listed {
            secrets: vec![(0, 0)],
        },
    );
    told.turn(
        1,
        &Happens::Cluster {
            users: vec![(0, 0, 0)],
            task_of: None,
        },
    );
    told.turn(1, &Happens::Functions { users: Vec::new() });
    for labels in [0, 1, 2] {
        told.turn(5, &Happens::Labels { secret: 0, labels });
    }
    told.turn(
        1,
        &Happens::Login {
            secret: 0,
            version: 1,
            accepted: true,
        },
    );
    let created = Some(vec![-500]);
    let decided = told.turn(2, &Happens::Service { consumer: 0, created });
    assert_eq!(decided.decisions.len(), 1);
    let current = told
        .machine
        .judgements()
        .get(&arn("db"))
        .and_then(|judged| judged.current());
    let stages: Vec<Stage> = current
        .expect("promoted")
        .consumers
        .iter()
        .map(|(_, s)| s.stage)
        .collect();
    assert_eq!(stages, [Stage::Refreshing]);
}
