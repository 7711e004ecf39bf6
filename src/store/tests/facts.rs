//! Facts of every kind: every variant, every optional part with and without.

mod of_the_fourth;
mod of_the_third;

use jiff::{SignedDuration, Timestamp};
use machine::model::{
    AttemptId, ConsumerId, CycleStep, Dates, Decision, Done, Fact, Labels, LogFact, LogLine, LoginAnswer,
    Look, NoEffect, Outcome, Pace, Procedure, Refusal, RotationKey, SecretArn, SleepTag, Stage, Step,
    Strategy, VersionId, WouldAct, Write,
};

use crate::store::records::FORMAT;

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("in range")
}

pub(super) fn look() -> Look {
    Look {
        sent: at(1),
        arrived: at(1) + SignedDuration::from_millis(17),
    }
}

pub(super) fn secret() -> SecretArn {
    SecretArn::new("arn:aws:secretsmanager:eu-west-1:1:secret:/shop/db-AbCdEf")
}

pub(super) fn version() -> VersionId {
    VersionId::new("0a1b")
}

fn rotation(n: u32) -> RotationKey {
    RotationKey {
        secret: secret(),
        version: version(),
        n,
    }
}

fn why() -> String {
    "because \"it\" – ü".to_owned()
}

/// All of them.
pub(super) fn all() -> Vec<Fact> {
    of_format(FORMAT)
}

/// All that a format knows.
pub(super) fn of_format(format: i64) -> Vec<Fact> {
    let since = |first: i64, facts: fn() -> Vec<Fact>| if format < first { Vec::new() } else { facts() };
    [
        labels(),
        valued(),
        log_lines(),
        logins(),
        decisions(),
        endings(),
        stages(),
        later_logins(),
        would_have(),
        later(),
        since(2, refusals),
        since(2, rolled_forward),
        since(3, of_the_third::all),
        since(4, of_the_fourth::all),
    ]
    .concat()
}

/// What records learned to say after the first journals were written.
fn later() -> Vec<Fact> {
    vec![Fact::Labels {
        secret: secret(),
        look: look(),
        labels: Labels::default(),
        dates: Dates {
            changed: Some(at(0)),
            rotated: Some(at(0)),
        },
    }]
}

fn refusals() -> Vec<Fact> {
    vec![refusal(2)]
}

pub(super) fn refusal(second: i64) -> Fact {
    Fact::Refused(Refusal {
        at: at(second),
        of: SecretArn::new("arn:aws:secretsmanager:eu-west-1:1:secret:/shop/other-AbCdEf"),
        version: version(),
        secret: secret(),
    })
}

fn labels() -> Vec<Fact> {
    let labelled = Labels {
        current: Some(version()),
        pending: Some(VersionId::new("p")),
        previous: Some(VersionId::new("v")),
    };
    let fact = |labels, changed| Fact::Labels {
        secret: secret(),
        look: look(),
        labels,
        dates: Dates {
            changed,
            rotated: None,
        },
    };
    vec![
        fact(Labels::default(), Some(at(0))),
        fact(labelled, Some(at(0))),
        fact(Labels::default(), None),
    ]
}

fn valued() -> Vec<Fact> {
    let fact = |present| Fact::Valued {
        secret: secret(),
        version: version(),
        look: look(),
        present,
    };
    vec![fact(true), fact(false)]
}

fn log_lines() -> Vec<Fact> {
    use Step::{CreateSecret, FinishSecret, SetSecret, TestSecret};
    use Strategy::{AlternatingUsers, Managed, SingleUser, Unknown};
    let steps = [CreateSecret, SetSecret, TestSecret, FinishSecret];
    let done = |step, version, strategy| LogLine::Done {
        step,
        version,
        strategy,
    };
    let failed = |step| LogLine::Failed {
        step,
        why: why(),
        ended: false,
    };
    let mut lines = vec![failed(None)];
    lines.extend(steps.map(|step| failed(Some(step))));
    lines.extend(steps.map(|step| done(step, None, None)));
    lines.extend(
        [SingleUser, AlternatingUsers, Managed, Unknown]
            .map(|strategy| done(SetSecret, Some(version()), Some(strategy))),
    );
    let fact = |line| Fact::Log {
        secret: secret(),
        fact: LogFact { at: at(2), line },
    };
    lines.into_iter().map(fact).collect()
}

/// Answers that a record tells by what was added to it.
fn later_logins() -> Vec<Fact> {
    let but = "there is no database by the name of `dbname` (3D000)".to_owned();
    let code = "XX000".to_owned();
    let answers = [LoginAnswer::Admitted { but }, LoginAnswer::Unknown { code }];
    answers.map(login).into()
}

fn logins() -> Vec<Fact> {
    let code = |code: &str| code.to_owned();
    let answers = [
        LoginAnswer::Accepted,
        LoginAnswer::Refused { code: code("1045") },
        LoginAnswer::Account { code: code("4151") },
        LoginAnswer::Busy { code: code("1040") },
        LoginAnswer::Unreachable { why: why() },
        LoginAnswer::Tls { why: why() },
        LoginAnswer::Unusable { why: why() },
    ];
    answers.into_iter().map(login).collect()
}

fn login(answer: LoginAnswer) -> Fact {
    Fact::Login {
        secret: secret(),
        version: version(),
        look: look(),
        answer,
    }
}

pub(super) fn decision(id: &str, write: Write) -> Fact {
    Fact::Decided(Decision {
        attempt: AttemptId::new(id),
        write,
        guards: Vec::new(),
        serves: vec![rotation(2)],
        at: at(3),
        deadline: at(13),
    })
}

pub(super) fn redeploy() -> Write {
    Write::Redeploy {
        cluster: "prod".into(),
        service: "orders".into(),
        fresh_after: at(2),
    }
}

pub(super) fn cycle(step: CycleStep) -> Write {
    Write::Cycle {
        function: "mailer".into(),
        step,
    }
}

/// The note on a function before it is switched off.
pub(super) fn note(former: Option<u32>) -> Write {
    note_on("mailer", former)
}

pub(super) fn note_on(function: &str, former: Option<u32>) -> Write {
    let tag = SleepTag {
        attempt: AttemptId::new("t"),
        former,
        deadline: at(99),
    };
    Write::Cycle {
        function: function.into(),
        step: CycleStep::TagSleep { tag },
    }
}

fn decisions() -> Vec<Fact> {
    let update = Write::UpdateEnvironment {
        function: "mailer".into(),
        marker: "m".to_owned(),
        revision: "r".to_owned(),
    };
    let found_by_its_tag = Fact::Decided(Decision {
        attempt: AttemptId::new("g"),
        write: cycle(CycleStep::Restore { former: None }),
        guards: Vec::new(),
        serves: Vec::new(),
        at: at(3),
        deadline: at(13),
    });
    vec![
        decision("a", redeploy()),
        decision("b", update),
        decision("t", note(Some(7))),
        decision("u", note(None)),
        decision("c", cycle(CycleStep::Sleep { former: Some(7) })),
        decision("d", cycle(CycleStep::Sleep { former: None })),
        decision("e", cycle(CycleStep::Restore { former: Some(0) })),
        found_by_its_tag,
        decision("f", cycle(CycleStep::Untag)),
    ]
}

fn endings() -> Vec<Fact> {
    let written = |began: Option<&str>| {
        let began = began.map(str::to_owned);
        Outcome::Done(Done::Written { began })
    };
    let denied = NoEffect::Denied {
        iam_action: why(),
        resource: why(),
    };
    let conflict = NoEffect::Conflict {
        expected: why(),
        found: why(),
    };
    let outcomes = [
        written(Some("ecs-svc/1")),
        written(None),
        Outcome::Done(Done::AlreadySo),
        Outcome::InDoubt { why: why() },
        Outcome::NoEffect(NoEffect::Throttled),
        Outcome::NoEffect(denied),
        Outcome::NoEffect(conflict),
        Outcome::NoEffect(NoEffect::Rejected { why: why() }),
        Outcome::NoEffect(NoEffect::NotSent { why: why() }),
    ];
    let fact = |outcome| Fact::Ended {
        attempt: AttemptId::new("a"),
        at: at(4),
        outcome,
    };
    outcomes.into_iter().map(fact).collect()
}

fn stages() -> Vec<Fact> {
    use Stage::{Beyond, Fresh, Presumed, Refreshing, Stale, Unknown};
    let fact = |stage, consumer| Fact::Reached {
        rotation: rotation(1),
        consumer,
        stage,
        at: at(5),
        why: "2 of 2 tasks run".to_owned(),
        old: None,
    };
    let stages = [Unknown, Stale, Refreshing, Presumed, Fresh, Beyond];
    let mut facts = stages
        .map(|stage| fact(stage, ConsumerId::function("mailer")))
        .to_vec();
    facts.push(fact(Presumed, ConsumerId::declared("nightly report: 2")));
    let held = |of| match of {
        Fact::Reached {
            rotation,
            consumer,
            stage,
            at: looked,
            why,
            ..
        } => Fact::Reached {
            rotation,
            consumer,
            stage,
            at: looked,
            why,
            old: Some(at(4)),
        },
        other => other,
    };
    facts.push(held(fact(Stale, ConsumerId::service("prod", "orders"))));
    facts
}

fn would_have() -> Vec<Fact> {
    let fact = |procedure| {
        Fact::WouldAct(WouldAct {
            rotation: rotation(1),
            consumer: ConsumerId::function("mailer"),
            procedure,
            at: at(6),
            why: "2 of 2 tasks run".to_owned(),
        })
    };
    [
        Procedure::Redeploy,
        Procedure::ConfigUpdate,
        Procedure::ConcurrencyCycle,
    ]
    .map(fact)
    .to_vec()
}

/// What is known, decided and answered of rotations that were rolled forward, or were good.
fn rolled_forward() -> Vec<Fact> {
    let promote = Write::Promote {
        secret: secret(),
        version: version(),
        from: VersionId::new("before"),
    };
    let failed = LogLine::Failed {
        step: Some(Step::TestSecret),
        why: why(),
        ended: true,
    };
    let pace = Pace {
        took: SignedDuration::from_millis(2_500),
        at: at(8),
    };
    vec![
        decision("p", promote),
        Fact::Ended {
            attempt: AttemptId::new("p"),
            at: at(4),
            outcome: Outcome::NoEffect(NoEffect::Unfit { why: why() }),
        },
        Fact::Log {
            secret: secret(),
            fact: LogFact {
                at: at(7),
                line: failed,
            },
        },
        Fact::Paced {
            rotation: rotation(1),
            pace,
        },
        Fact::WouldAct(WouldAct {
            rotation: rotation(1),
            consumer: ConsumerId::function("mailer"),
            procedure: Procedure::RollForward,
            at: at(6),
            why: why(),
        }),
        Fact::Log {
            secret: secret(),
            fact: LogFact {
                at: at(6),
                line: LogLine::SetEnded,
            },
        },
    ]
}
