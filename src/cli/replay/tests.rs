//! Journals that the real loop wrote on simulated accounts, and the golden one, told.

use std::sync::Arc;

use jiff::SignedDuration;
use machine::model::{Dates, Fact, LogFact, LogLine, Look, Mode, Step, Strategy, VersionId};
use machine::policy::LambdaMethod;
use tempfile::TempDir;

use super::*;
use crate::sim::life::{Disruptions, End, Life, live};
use crate::sim::ports::Skew;
use crate::sim::world::{Kind, PASSWORD_MARKER};
use crate::sim::{Scenario, Trial, options};
use crate::store::{Inline, Sqlite};
use crate::telemetry::logs::{self, Format, LogOptions};
use crate::telemetry::{Metrics, MetricsOptions};

/// A folder with the journal of a watchdog's lives on a simulated account.
struct Lived {
    folder: TempDir,
    trial: Trial,
}

impl Lived {
    fn new(scenario: &Scenario, method: LambdaMethod) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let trial =
            Trial::new(scenario.world(), options(Mode::Act, method, true)).expect("a journal in memory");
        Self { folder, trial }
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("journal.sqlite")
    }

    /// One life of so many seconds, which ends as a kill -9 does; or earlier, at a crossing.
    fn live(&self, seconds: i64, crash_at: Option<u64>) -> Life {
        let from = self.trial.world().now();
        let until = from + SignedDuration::from_secs(seconds);
        let metrics = Arc::new(Metrics::new(MetricsOptions::default()).expect("well declared"));
        let journal = Arc::new(Inline::new(Sqlite::open(&self.journal()).expect("a journal")));
        let disruptions = crash_at.map_or_else(Disruptions::default, Disruptions::killed_at);
        let parts = |clock, gate| {
            let mut parts = self.trial.parts(clock, &Skew::default(), gate, metrics);
            parts.journal = journal;
            parts
        };
        let (log, now) = (self.trial.log.clone(), Arc::new(move || from));
        let human = LogOptions {
            format: Format::Human,
            filter: None,
        };
        let log = logs::dispatch(&human, false, move || log.clone(), now).expect("a log");
        let life = tracing::dispatcher::with_default(&log, || {
            live(from, until, &disruptions, &self.trial.options, parts, |_| {})
        });
        life.expect("a runtime")
    }

    fn told(&self, change: impl FnOnce(&mut ReplayArgs)) -> String {
        told_of(&self.journal(), change).expect("a readable journal")
    }

    fn entries(&self) -> Vec<Entry> {
        let text = self.told(|args| args.json = true);
        let lines = text.lines().skip(1);
        lines
            .map(|line| serde_json::from_str(line).expect("an entry"))
            .collect()
    }
}

fn told_of(journal: &Path, change: impl FnOnce(&mut ReplayArgs)) -> anyhow::Result<String> {
    let mut args = ReplayArgs {
        journal: journal.to_owned(),
        secret: None,
        since: None,
        config: None,
        json: false,
    };
    change(&mut args);
    let mut out = Vec::new();
    assert_eq!(run(&args, Width::UNKNOWN, &mut out)?, 0);
    Ok(String::from_utf8(out).expect("text"))
}

/// Without the path, which differs from run to run.
fn story_of(text: &str) -> &str {
    text.split_once(":\n").expect("a heading").1
}

#[test]
fn a_rotation_is_told_from_the_first_look_to_the_proof() {
    let lived = Lived::new(&Scenario::one_service(1), LambdaMethod::ConfigUpdate);
    assert!(matches!(lived.live(400, None).end, End::Stopped));
    insta::assert_snapshot!(story_of(&lived.told(|_| {})));
}

/// Killed as soon as the first decision is durable, and before its answer is.
fn killed_after_the_first_decision(scenario: &Scenario, method: LambdaMethod) -> Lived {
    let decided = |lived: &Lived| {
        lived
            .entries()
            .iter()
            .any(|entry| entry.what == "remediation-decided")
    };
    let (mut not_yet, mut by_then) = (0, Lived::new(scenario, method).live(120, None).crossings);
    while not_yet + 1 < by_then {
        let crossing = not_yet.midpoint(by_then);
        let lived = Lived::new(scenario, method);
        lived.live(120, Some(crossing));
        match decided(&lived) {
            true => by_then = crossing,
            false => not_yet = crossing,
        }
    }
    let lived = Lived::new(scenario, method);
    let life = lived.live(120, Some(by_then));
    assert!(
        matches!(life.end, End::Crashed { .. }) && decided(&lived),
        "{life:?}"
    );
    lived
}

#[test]
fn a_cycle_cut_by_a_kill_is_told_with_its_doubt() {
    let mut scenario = Scenario::empty(3);
    scenario.secret("shop/mysql", Kind::SingleUser { engine: "MySQL" }, &[60]);
    scenario.function("mailer", &["shop/mysql"], Some(7));
    let lived = killed_after_the_first_decision(&scenario, LambdaMethod::ConcurrencyCycle);
    lived.live(600, None);
    insta::assert_snapshot!(story_of(&lived.told(|_| {})));
}

/// Three lives on everything that the demo has, each killed. The log is what the loop said at the time.
fn demo(seed: u64) -> Lived {
    let lived = Lived::new(&Scenario::demo(seed), LambdaMethod::ConcurrencyCycle);
    for seconds in [100, 60, 400] {
        lived.live(seconds, None);
    }
    lived
}

#[test]
fn nothing_is_told_that_the_loop_did_not_say() {
    for seed in 0..6 {
        let lived = demo(seed);
        let log = lived.trial.log.text();
        let said = |parts: &[&str]| {
            let mut lines = log.lines();
            let is_there = lines.any(|line| parts.iter().all(|part| line.contains(part)));
            assert!(is_there, "seed {seed}: {parts:?} is not in\n{log}");
        };
        let entries = lived.entries();
        for entry in &entries {
            let rotation = entry
                .rotations
                .first()
                .map_or_else(String::new, |id| format!("rotation={id}"));
            match (entry.what.as_str(), &entry.phase) {
                // A rotation that is verified when a life is killed was not told, and the next life finds it so.
                ("phase", Some(phase)) if !["verifying", "baseline"].contains(&phase.as_str()) => {
                    said(&[&format!("rotation is {phase}"), &rotation]);
                }
                ("consumer", _) => {
                    let (consumer, stage) = (entry.consumer.as_ref(), entry.stage.as_ref());
                    let consumer = format!("consumer={}", consumer.expect("a consumer"));
                    said(&[
                        &rotation,
                        &consumer,
                        &format!("stage=\"{}\"", stage.expect("a stage")),
                    ]);
                }
                ("remediation-decided", _) => {
                    let attempt = format!("attempt={}", entry.attempt.as_ref().expect("an attempt"));
                    said(&["decided", &attempt, entry.consumer.as_ref().expect("a consumer")]);
                    assert!(!entry.text.contains("does not tell"), "{}", entry.text);
                }
                (what, _) if what.starts_with("finding") => {
                    said(&["finding", entry.finding.as_ref().expect("an id")]);
                }
                _ => {}
            }
        }
        let told = |what: &str| {
            entries
                .iter()
                .filter(|entry| entry.what.starts_with(what))
                .count()
        };
        let logged = |what: &str| log.lines().filter(|line| line.contains(what)).count();
        assert_eq!(told("finding"), logged(" finding=\""), "seed {seed}: each once");
        assert_eq!(told("finding-ended"), logged("finding ended"), "seed {seed}");
        assert!(
            entries
                .windows(2)
                .all(|pair| pair[0].at.is_some() && pair[1].at.is_some())
        );
    }
}

#[test]
fn every_write_of_the_world_has_its_decision_and_its_answer() {
    let lived = demo(1);
    let entries = lived.entries();
    let attempts = |what: &str| -> Vec<String> {
        let of = entries.iter().filter(|entry| entry.what == what);
        of.filter_map(|entry| entry.attempt.clone()).collect()
    };
    let (decided, answered) = (attempts("remediation-decided"), attempts("remediation-answered"));
    assert!(decided.len() >= lived.trial.world().writes.len());
    assert!(decided.iter().all(|attempt| answered.contains(attempt)));
    let kinds: Vec<_> = entries.iter().filter_map(|entry| entry.kind.as_deref()).collect();
    assert!(kinds.contains(&"rotation-failed"), "{kinds:?}");
    assert_eq!(entries.iter().filter(|entry| entry.what == "stands").count(), 6);
}

#[test]
fn a_secret_and_a_time_choose_from_the_same_story() {
    let lived = demo(2);
    let all = lived.told(|_| {});
    assert!(!all.contains(PASSWORD_MARKER) && !lived.told(|args| args.json = true).contains(PASSWORD_MARKER));
    let ledger = lived.told(|args| args.secret = Some("rds!led".to_owned()));
    assert!(
        ledger.contains("ecs:prod/audit is fresh") && !ledger.contains("ecs:prod/search"),
        "{ledger}"
    );
    let last = lived.entries().last().and_then(|entry| entry.at).expect("a time");
    let end = lived.told(|args| args.since = Some(last));
    assert!(
        end.lines().count() * 4 < all.lines().count() && end.contains("at the end of the journal"),
        "{end}"
    );
    let nothing = lived.told(|args| args.since = Some(last + SignedDuration::from_secs(1)));
    assert!(nothing.ends_with("nothing of that is in it\n"), "{nothing}");
    let unknown = told_of(&lived.journal(), |args| {
        args.secret = Some("shop/mysq1".to_owned())
    });
    let unknown = unknown.expect_err("no such secret").to_string();
    assert!(
        unknown.contains("is in this journal; did you mean shop/mysql"),
        "{unknown}"
    );
}

#[test]
fn a_folder_is_refused_with_the_journals_in_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = || told_of(folder.path(), |_| {}).expect_err("no file").to_string();
    let expected = "is a directory: give the journal in it, store.path of the configuration, or a copy of it";
    assert!(refused().ends_with(expected), "{}", refused());
    for name in ["b.sqlite", "a.sqlite", "a.sqlite-wal"] {
        fs::write(folder.path().join(name), "").expect("written");
    }
    let expected = format!(
        "give the journal in it: {0}/a.sqlite or {0}/b.sqlite",
        folder.path().display()
    );
    assert!(refused().ends_with(&expected), "{}", refused());
}

#[test]
fn times_are_read_as_people_write_them() {
    let expected: Timestamp = "2026-11-24T08:00:00Z".parse().expect("a time");
    for text in [
        "2026-11-24T08:00Z",
        "2026-11-24T08:00",
        "2026-11-24 08:00:00",
        "2026-11-24T09:00+01:00",
    ] {
        assert_eq!(time(text), Ok(expected), "{text}");
    }
    assert_eq!(time("2026-11-24"), Ok(expected - SignedDuration::from_hours(8)));
    assert!(time("yesterday").is_err());
}

/// One look at the labels of a secret, journalled at once.
fn look(second: i64, name: &str, current: &str, pending: Option<&str>) -> Recorded {
    let at = Timestamp::from_second(1_800_000_000 + second).expect("in range");
    Recorded {
        at,
        fact: Fact::Labels {
            secret: crate::sim::arn(name),
            look: Look::at(at),
            labels: Labels {
                current: Some(VersionId::new(current)),
                pending: pending.map(VersionId::new),
                previous: None,
            },
            dates: Dates::default(),
        },
    }
}

/// A rotation that stands still after setSecret, and twenty seconds later nothing but another secret.
fn standing_still() -> Vec<Recorded> {
    let exposed = look(12, "shop", "v1", None).at;
    let line = LogLine::Done {
        step: Step::SetSecret,
        version: None,
        strategy: Some(Strategy::SingleUser),
    };
    let fact = Fact::Log {
        secret: crate::sim::arn("shop"),
        fact: LogFact { at: exposed, line },
    };
    vec![
        look(0, "shop", "v1", None),
        look(10, "shop", "v1", Some("v2")),
        Recorded { at: exposed, fact },
        look(20, "other", "a", None),
    ]
}

/// Phases, each with the second at which it was so.
fn turns(records: &[Recorded]) -> Vec<(i64, String)> {
    let (_, entries) = told(records, None);
    let turns = entries.into_iter().filter(|entry| entry.what == "phase");
    turns
        .map(|entry| {
            let second = entry.not_after.as_second() - 1_800_000_000;
            (second, entry.phase.expect("a word"))
        })
        .collect()
}

fn assert_turns(records: &[Recorded], expected: &[(i64, &str)]) {
    let found = turns(records);
    let found: Vec<(i64, &str)> = found
        .iter()
        .map(|(second, word)| (*second, word.as_str()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn what_time_alone_changes_is_told_at_its_time_and_only_up_to_the_end() {
    let mut records = standing_still();
    let until_then = [
        (0, "baseline"),
        (10, "creating"),
        (12, "exposed"),
        (20, "baseline"),
    ];
    assert_turns(&records, &until_then);
    records.push(look(7200, "other", "b", None));
    let later = [(12 + 1800, "stalled"), (7200, "propagating")];
    assert_turns(&records, &[until_then.as_slice(), &later].concat());
}

#[test]
fn labels_that_went_back_are_believed_with_the_next_change() {
    let mut records = standing_still();
    records.push(look(30, "shop", "v1", None));
    let once = turns(&records);
    assert_eq!(once.len(), 4, "one look is not believed: {once:?}");
    // The change brings the last look before it.
    let change = look(90, "shop", "v1", Some("v3"));
    let border = look(89, "shop", "v1", None);
    records.push(Recorded {
        at: change.at,
        ..border
    });
    records.push(change);
    let expected = [
        (0, "baseline"),
        (10, "creating"),
        (12, "exposed"),
        (20, "baseline"),
        (89, "abandoned"),
        // The next rotation ends it by its promotion, not by its beginning.
        (90, "creating"),
    ];
    assert_turns(&records, &expected);
}
