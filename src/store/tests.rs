//! The journal: round trips, refusals, durability of what must stay.

mod contents;

use jiff::{SignedDuration, Timestamp};
use machine::model::{
    Action, AttemptId, ConsumerId, Decision, DeploymentId, Done, Fact, Labels, LogFact, LogLine, LoginAnswer,
    Look, NoEffect, Outcome, RotationKey, SecretArn, SleepTag, Stage, Step, Strategy, VersionId,
};
use rusqlite::Connection;

use super::{OpenError, Sqlite, WriteError};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("in range")
}

fn look() -> Look {
    Look {
        sent: at(1),
        arrived: at(1) + SignedDuration::from_millis(17),
    }
}

fn secret() -> SecretArn {
    SecretArn::new("arn:aws:secretsmanager:eu-west-1:1:secret:/shop/db-AbCdEf")
}

fn version() -> VersionId {
    VersionId::new("0a1b")
}

fn decision(id: &str, action: Action) -> Fact {
    Fact::Decided(Decision {
        attempt: AttemptId::new(id),
        consumer: ConsumerId::service("prod", "orders"),
        action,
        rotations: vec![RotationKey {
            secret: secret(),
            version: version(),
            n: 2,
        }],
        at: at(3),
        deadline: at(13),
    })
}

/// Every variant of every kind.
fn all_facts() -> Vec<Fact> {
    let labels = |labels| Fact::Labels {
        secret: secret(),
        look: look(),
        labels,
        changed: Some(at(0)),
    };
    let line = |line| Fact::Log {
        secret: secret(),
        fact: LogFact { at: at(2), line },
    };
    let login = |answer| Fact::Login {
        secret: secret(),
        version: version(),
        look: look(),
        answer,
    };
    let ended = |outcome| Fact::Ended {
        attempt: AttemptId::new("a"),
        at: at(4),
        outcome,
    };
    let why = || "because \"it\" – ü".to_owned();
    let tag = SleepTag {
        attempt: AttemptId::new("t"),
        former: Some(7),
        deadline: at(99),
    };
    let mut facts = vec![
        labels(Labels::default()),
        labels(Labels {
            current: Some(version()),
            pending: Some(VersionId::new("p")),
            previous: Some(VersionId::new("v")),
        }),
        Fact::Valued {
            secret: secret(),
            version: version(),
            look: look(),
            present: true,
        },
        line(LogLine::Failed {
            step: None,
            why: why(),
        }),
        line(LogLine::Failed {
            step: Some(Step::TestSecret),
            why: why(),
        }),
        decision("a", Action::Redeploy { fresh_after: at(2) }),
        decision(
            "b",
            Action::UpdateEnvironment {
                marker: "m".to_owned(),
                revision: "r".to_owned(),
            },
        ),
        decision("t", Action::TagSleep { tag }),
        decision("d", Action::Sleep { former: None }),
        decision("e", Action::Restore { former: Some(0) }),
        decision("f", Action::Untag),
        ended(Outcome::Done(Done::Written {
            deployment: Some(DeploymentId::new("ecs-svc/1")),
        })),
        ended(Outcome::Done(Done::AlreadySo)),
        ended(Outcome::InDoubt { why: why() }),
    ];
    let strategies = [
        Strategy::SingleUser,
        Strategy::AlternatingUsers,
        Strategy::Managed,
        Strategy::Unknown,
    ];
    facts.extend(strategies.map(|strategy| {
        line(LogLine::Done {
            step: Step::SetSecret,
            version: Some(version()),
            strategy: Some(strategy),
        })
    }));
    facts.extend([
        login(LoginAnswer::Accepted),
        login(LoginAnswer::Refused {
            code: "1045".to_owned(),
        }),
        login(LoginAnswer::Account {
            code: "4151".to_owned(),
        }),
        login(LoginAnswer::Busy {
            code: "1040".to_owned(),
        }),
        login(LoginAnswer::Unreachable { why: why() }),
        login(LoginAnswer::Tls { why: why() }),
        login(LoginAnswer::Unusable { why: why() }),
    ]);
    facts.extend([
        ended(Outcome::NoEffect(NoEffect::Throttled)),
        ended(Outcome::NoEffect(NoEffect::Denied {
            iam_action: why(),
            resource: why(),
        })),
        ended(Outcome::NoEffect(NoEffect::Conflict {
            expected: why(),
            found: why(),
        })),
        ended(Outcome::NoEffect(NoEffect::Rejected { why: why() })),
        ended(Outcome::NoEffect(NoEffect::NotSent { why: why() })),
    ]);
    use Stage::{Beyond, Fresh, Presumed, Refreshing, Stale, Unknown};
    let stages = [Unknown, Stale, Refreshing, Presumed, Fresh, Beyond];
    facts.extend(stages.map(|stage| Fact::Reached {
        rotation: RotationKey {
            secret: secret(),
            version: version(),
            n: 1,
        },
        consumer: ConsumerId::function("mailer"),
        stage,
        at: at(5),
        why: "2 of 2 tasks run".to_owned(),
    }));
    facts
}

fn in_memory() -> Sqlite {
    Sqlite::on(Connection::open_in_memory().expect("memory")).expect("a new journal")
}

#[test]
fn every_fact_reads_back_as_it_was_written() {
    let facts = all_facts();
    let mut journal = in_memory();
    journal.commit(&facts, at(10)).expect("room");
    assert_eq!(journal.load().expect("readable").facts, facts);
}

#[test]
fn only_a_new_journal_is_a_baseline() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    let mut journal = Sqlite::open(&path).expect("a new journal");
    assert!(journal.load().expect("readable").baseline);
    journal.commit(&all_facts(), at(10)).expect("room");
    drop(journal);
    let loaded = Sqlite::open(&path)
        .expect("the same journal")
        .load()
        .expect("readable");
    assert!(!loaded.baseline);
    assert_eq!(loaded.facts, all_facts());
}

#[test]
fn a_second_process_is_told_who_holds_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    let _first = Sqlite::open(&path).expect("a new journal");
    let Err(OpenError::Locked { holder, .. }) = Sqlite::open(&path) else {
        panic!("opened twice")
    };
    assert_eq!(holder, format!("process {}", std::process::id()));
}

#[test]
fn a_damaged_journal_is_never_taken_for_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    let whole = {
        let mut journal = Sqlite::open(&path).expect("a new journal");
        for second in 0..40 {
            journal.commit(&all_facts(), at(second)).expect("room");
        }
        drop(journal);
        std::fs::read(&path).expect("the file")
    };
    let torn = whole[..whole.len() / 2].to_vec();
    let mut flipped = whole;
    flipped[4096..4196].fill(0xff);
    let other =
        b"this is not a database, but it is long enough to be looked at as one ........................"
            .to_vec();
    for (what, bytes) in [("torn", torn), ("flipped", flipped), ("another file", other)] {
        std::fs::write(&path, bytes).expect("written");
        assert!(
            matches!(Sqlite::open(&path), Err(OpenError::Damaged { .. })),
            "{what}"
        );
    }
}

#[test]
fn a_newer_format_is_refused_with_who_wrote_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    drop(Sqlite::open(&path).expect("a new journal"));
    let connection = Connection::open(&path).expect("the file");
    connection
        .execute_batch("PRAGMA user_version = 9; UPDATE meta SET value = '7.1.0'")
        .expect("changed");
    drop(connection);
    let Err(error @ OpenError::Newer { .. }) = Sqlite::open(&path) else {
        panic!("opened")
    };
    assert!(error.to_string().contains("7.1.0"), "{error}");
}

#[test]
fn a_missing_folder_is_named_with_its_remedy() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = Sqlite::open(&folder.path().join("no/journal.db")).expect_err("no folder");
    assert!(error.to_string().contains("create it"), "{error}");
}

#[test]
fn a_full_disk_says_so_and_passes() {
    let mut journal = in_memory();
    journal.commit(&all_facts(), at(0)).expect("room");
    let connection = journal.into_connection();
    connection
        .pragma_update(None, "max_page_count", 9)
        .expect("a bound");
    let mut journal = Sqlite::on(connection).expect("the same journal");
    let full = (0..500).find_map(|second| journal.commit(&all_facts(), at(second)).err());
    assert!(matches!(full, Some(WriteError::Full)), "{full:?}");
    let connection = journal.into_connection();
    connection
        .pragma_update(None, "max_page_count", 100_000)
        .expect("room");
    Sqlite::on(connection)
        .expect("the same journal")
        .commit(&all_facts(), at(1))
        .expect("room again");
}

#[test]
fn pruning_keeps_what_must_stay() {
    let mut journal = in_memory();
    let labels = |second| Fact::Labels {
        secret: secret(),
        look: Look::at(at(second)),
        labels: Labels {
            current: Some(version()),
            ..Labels::default()
        },
        changed: None,
    };
    let tag = SleepTag {
        attempt: AttemptId::new("t"),
        former: Some(7),
        deadline: at(99),
    };
    let note = decision("t", Action::TagSleep { tag });
    let sleep = decision("s", Action::Sleep { former: Some(7) });
    let mut untag = decision("old", Action::Untag);
    if let Fact::Decided(decision) = &mut untag {
        decision.rotations[0].version = VersionId::new("before");
    }
    let mut other_note = note.clone();
    if let Fact::Decided(decision) = &mut other_note {
        decision.consumer = ConsumerId::function("mailer");
    }
    let served = decision("served", Action::Redeploy { fresh_after: at(2) });
    let ended = |attempt: &str| Fact::Ended {
        attempt: AttemptId::new(attempt),
        at: at(4),
        outcome: Outcome::Done(Done::AlreadySo),
    };
    let old = [
        untag,
        ended("old"),
        served.clone(),
        ended("served"),
        labels(1),
        labels(2),
        note.clone(),
        sleep.clone(),
        other_note.clone(),
    ];
    journal.commit(&old, at(0)).expect("room");
    journal.commit(&[labels(3000)], at(3000)).expect("room");
    assert_eq!(journal.prune(at(1000)).expect("pruned"), 3);
    assert_eq!(
        journal.load().expect("readable").facts,
        vec![
            served,
            ended("served"),
            labels(1),
            note,
            sleep,
            other_note,
            labels(3000)
        ]
    );
}

/// Format 1 opens for ever. Made by this very code; a change of format adds a file and never changes one.
#[test]
fn the_golden_journal_of_format_1_opens() {
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/journal-1.sql");
    let connection = Connection::open_in_memory().expect("memory");
    let sql = std::fs::read_to_string(&golden).expect("the golden journal");
    connection.execute_batch(&sql).expect("its statements");
    let loaded = Sqlite::on(connection)
        .expect("format 1")
        .load()
        .expect("readable");
    assert_eq!(loaded.facts, all_facts());
    assert!(!loaded.baseline);
}
