//! What is kept and what makes room: each list has a limit, and what is forgotten first is what tells least.

use super::rotations::done;
use super::standings::{attempt_for, cycle, deployed, orders, redeploy_of};
use super::updates::{mailer, update, written};
use super::world::{Tale, arn, at, consumer, version};
use crate::facts::attempts::Attempts;
use crate::facts::stages::StageRun;
use crate::facts::state::SecretFacts;
use crate::model::{
    AtRest, Attempt, ConsumerId, CycleStep, Event, Fact, Guard, LogFact, LogLine, NoEffect, Outcome,
    ReferenceKind, RotationKey, Scope, Stage, Step, VersionId, Write,
};
use crate::procedures::guards;

fn in_vain() -> Option<Outcome> {
    Some(Outcome::NoEffect(NoEffect::Throttled))
}

/// An update in vain, a restore that went through, one in vain, and updates up to so many attempts.
fn attempts(count: i64) -> Tale {
    let mut tale = Tale::new();
    tale.uses(&mailer(), &["db"]);
    for i in 0..count {
        let (write, outcome) = match i {
            0 => (update(), in_vain()),
            1 => (cycle(CycleStep::Restore { former: None }), written()),
            2 => (cycle(CycleStep::Restore { former: None }), in_vain()),
            _ => (update(), written()),
        };
        let id = format!("x{i}");
        attempt_for(&mut tale, vec![], &mailer(), &id, write, outcome, i * 10);
    }
    tale
}

fn kept(tale: &Tale) -> Vec<String> {
    let attempts: &[Attempt] = &tale.state.consumers[&mailer()].attempts;
    let ids = attempts
        .iter()
        .map(|attempt| attempt.decision.attempt.to_string());
    ids.collect()
}

/// What a failed restore was to put back, the next one knows too; a redeploy counts towards caps.
#[test]
fn of_many_attempts_a_restore_in_vain_is_forgotten_first() {
    const LIMIT: usize = Attempts::LIMIT;
    let full = attempts(LIMIT as i64);
    assert_eq!(kept(&full).len(), LIMIT);
    let more = attempts(LIMIT as i64 + 1);
    assert_eq!(kept(&more).len(), LIMIT);
    assert_eq!(kept(&more)[..3], ["x0", "x1", "x3"]);
    let most = attempts(LIMIT as i64 + 2);
    assert_eq!(kept(&most)[..3], ["x1", "x3", "x4"], "then the oldest");
}

#[test]
fn decisions_and_outcomes_are_journalled_once() {
    let mut tale = attempts(1);
    assert_eq!(tale.journal.len(), 2);
    let [Fact::Decided(decision), Fact::Ended { attempt, at, outcome }] = tale.journal.as_slice() else {
        panic!("{:?}", tale.journal)
    };
    let ended = |outcome: Outcome| Event::Ended {
        attempt: attempt.clone(),
        at: *at,
        outcome,
    };
    let (again, same) = (Event::Decided(decision.clone()), ended(outcome.clone()));
    let settled = ended(deployed("d-1"));
    let unknown = Event::Ended {
        attempt: crate::model::AttemptId::new("unknown"),
        at: *at,
        outcome: outcome.clone(),
    };
    for (event, news) in [(again, 0), (same, 0), (unknown, 0), (settled, 1)] {
        let before = tale.journal.len();
        tale.event(event.clone());
        assert_eq!(tale.journal.len() - before, news, "{event:?}");
    }
}

#[test]
fn of_many_versions_the_one_not_logged_in_with_for_longest_makes_room() {
    let mut tale = Tale::new();
    let logged_in = |tale: &mut Tale, second: usize, id: usize| {
        tale.login(second as i64, &format!("v{id}"), true);
    };
    const LIMIT: usize = SecretFacts::VERSION_LIMIT;
    (0..LIMIT).for_each(|i| logged_in(&mut tale, i, i));
    let kept = |tale: &Tale| {
        tale.state.secrets[&arn("db")]
            .logins
            .keys()
            .cloned()
            .collect::<Vec<VersionId>>()
    };
    assert_eq!(kept(&tale).len(), LIMIT);
    logged_in(&mut tale, LIMIT, 0);
    assert_eq!(kept(&tale).len(), LIMIT, "known already");
    logged_in(&mut tale, LIMIT + 1, LIMIT);
    assert_eq!(kept(&tale).len(), LIMIT);
    assert!(kept(&tale).contains(&version("v0")) && !kept(&tale).contains(&version("v1")));
}

/// Each two hours after the one before, so that none is a repetition.
fn failures(count: usize) -> Tale {
    let mut tale = Tale::new();
    (0..count).for_each(|i| fail(&mut tale, i as i64));
    tale
}

fn fail(tale: &mut Tale, i: i64) {
    let why = "exception".to_owned();
    tale.log(
        i * 7_200,
        LogLine::Failed {
            step: None,
            why,
            ended: false,
        },
    );
}

fn lines(tale: &Tale) -> Vec<LogFact> {
    tale.state.secrets[&arn("db")].log.iter().cloned().collect()
}

#[test]
fn of_many_log_lines_the_oldest_go_first() {
    const LIMIT: usize = SecretFacts::LOG_LIMIT;
    let full = failures(LIMIT);
    assert_eq!((lines(&full).len(), lines(&full)[0].at), (LIMIT, at(0)));
    let mut more = failures(LIMIT + 1);
    assert_eq!((lines(&more).len(), lines(&more)[0].at), (LIMIT, at(7_200)));
    let before = more.journal.len();
    fail(&mut more, -1);
    fail(&mut more, 7);
    assert_eq!(more.journal.len(), before, "too old, and known");
}

/// The first and the last within the hour stay.
#[test]
fn a_line_that_is_repeated_within_the_hour_is_kept_twice() {
    let kept = |seconds: [i64; 3]| {
        let mut tale = Tale::new();
        for second in seconds {
            let why = "exception".to_owned();
            tale.log(
                second,
                LogLine::Failed {
                    step: None,
                    why,
                    ended: false,
                },
            );
        }
        let kept = lines(&tale).into_iter().map(|line| line.at);
        kept.collect::<Vec<_>>()
    };
    assert_eq!(kept([0, 1_800, 3_600]), [at(0), at(3_600)]);
    assert_eq!(kept([0, 3_600, 1_800]), [at(0), at(3_600)], "in any order");
    assert_eq!(kept([0, 1_800, 3_601]), [at(0), at(1_800), at(3_601)]);
}

/// Else the line of its first try would go, and its step be told later than it was.
#[test]
fn lines_of_the_rotation_before_are_no_repetition() {
    let kept = |named: Option<(i64, Step)>, in_order: [i64; 3]| {
        let mut tale = Tale::new();
        if let Some((second, step)) = named {
            tale.log(second, done(step, "b"));
        }
        for second in in_order {
            tale.line(second, Step::SetSecret);
        }
        let log = &tale.state.secrets[&arn("db")].log;
        let set = log.iter().filter(|fact| {
            matches!(
                &fact.line,
                LogLine::Done {
                    step: Step::SetSecret,
                    ..
                }
            )
        });
        set.map(|fact| fact.at.as_second() - at(0).as_second())
            .collect::<Vec<_>>()
    };
    let all = [100, 500, 600];
    assert_eq!(kept(None, all), [100, 600]);
    let put_at = |second: i64| Some((second, Step::CreateSecret));
    assert_eq!(kept(put_at(400), all), all);
    assert_eq!(kept(Some((101, Step::FinishSecret)), all), all);
    assert_eq!(kept(put_at(500), all), all);
    assert_eq!(kept(put_at(700), all), [100, 600]);
    // The line of the rotation before is delivered last.
    let late = [500, 600, 100];
    assert_eq!(kept(put_at(400), late), all);
    assert_eq!(kept(put_at(100), late), [100, 600]);
    assert_eq!(kept(put_at(500), [500, 200, 100]), [100, 200, 500]);
}

fn reached(tale: &mut Tale, name: &str, second: i64) {
    let rotation = RotationKey {
        secret: arn("db"),
        version: version("b"),
        n: 1,
    };
    tale.state.recall(Fact::Reached {
        rotation,
        consumer: ConsumerId::declared(name),
        stage: Stage::Stale,
        at: at(second),
        why: String::new(),
        old: None,
    });
}

#[test]
fn of_many_consumers_the_one_seen_first_makes_room() {
    const LIMIT: usize = SecretFacts::REACHED_LIMIT;
    let mut tale = Tale::new();
    (0..LIMIT).for_each(|i| reached(&mut tale, &i.to_string(), i as i64));
    reached(&mut tale, "7", 9_999);
    let kept = |tale: &Tale| tale.state.secrets[&arn("db")].reached.clone();
    assert_eq!(kept(&tale).len(), LIMIT);
    reached(&mut tale, "new", 10_000);
    let names: Vec<_> = kept(&tale).into_keys().map(|(_, consumer)| consumer).collect();
    assert_eq!(names.len(), LIMIT);
    assert!(!names.contains(&ConsumerId::declared("0")) && names.contains(&ConsumerId::declared("new")));
}

/// A redeploy that is throttled for an hour: stale, refreshing, stale, and so on.
#[test]
fn tries_that_came_to_nothing_are_forgotten_before_the_end_is() {
    let mut runs = Vec::new();
    for second in 0..100 {
        let (stage, old) = if second % 2 == 0 {
            (Stage::Stale, Some(at(second)))
        } else {
            (Stage::Refreshing, None)
        };
        StageRun::note(&mut runs, StageRun::at(at(second), stage, "").holding_old(old));
    }
    assert_eq!((runs.len(), runs[0].first), (32, at(0)));
    let news = StageRun::note(&mut runs, StageRun::at(at(100), Stage::Fresh, ""));
    assert_eq!(news.last().map(|run| run.stage), Some(Stage::Fresh));
    let over = runs.iter().find(|run| run.stage.is_over()).map(|run| run.first);
    assert_eq!(over, Some(at(100)));
    let old = runs.iter().filter_map(|run| run.old).max();
    assert_eq!(old, Some(at(98)), "what was seen of the old value stays");
}

#[test]
fn looks_at_the_same_stage_lengthen_it_and_others_change_it() {
    let mut runs = Vec::new();
    let mut note = |second: i64, stage: Stage| {
        let news = StageRun::note(&mut runs, StageRun::at(at(second), stage, ""));
        let news = news.iter().map(|run| (run.stage, run.first)).collect::<Vec<_>>();
        let story = runs.iter().map(|run| (run.stage, run.first, run.last));
        (news, story.collect::<Vec<_>>())
    };
    let stale = |from, to| (Stage::Stale, at(from), at(to));
    let fresh = (Stage::Fresh, at(30), at(30));
    assert_eq!(
        note(10, Stage::Stale),
        (vec![(Stage::Stale, at(10))], vec![stale(10, 10)])
    );
    assert_eq!(note(20, Stage::Stale), (vec![], vec![stale(10, 20)]));
    assert_eq!(note(15, Stage::Stale), (vec![], vec![stale(10, 20)]), "late");
    let border = vec![(Stage::Stale, at(20)), (Stage::Fresh, at(30))];
    assert_eq!(note(30, Stage::Fresh), (border, vec![stale(10, 20), fresh]));
    let between = vec![(Stage::Stale, at(20)), (Stage::Refreshing, at(25))];
    let refreshing = (Stage::Refreshing, at(25), at(25));
    assert_eq!(
        note(25, Stage::Refreshing),
        (between, vec![stale(10, 20), refreshing, fresh])
    );
    assert_eq!(note(30, Stage::Fresh).0, vec![], "known");
    for second in 31..60 {
        let stage = if second % 2 == 0 {
            Stage::Fresh
        } else {
            Stage::Stale
        };
        assert_eq!(note(second, stage).0.len(), 2);
    }
    assert_eq!(note(60, Stage::Fresh).0, vec![], "thirty-two are enough");
    assert_eq!(
        note(70, Stage::Stale).1.last(),
        Some(&(Stage::Stale, at(59), at(70)))
    );
}

#[test]
fn what_a_restart_gives_a_consumer_is_asked_of_each_of_its_secrets() {
    let mut tale = Tale::new();
    tale.labels(0, "b - a").uses(&orders(), &["db", "queue"]);
    let at_rest = |name: &str, current: Option<&str>| Guard::Secret {
        secret: arn(name),
        expects: AtRest {
            current: current.map(version),
            must_exist: true,
            is_served: false,
        },
    };
    let asked = |write: &Write| guards(&tale.state, write, &[]);
    assert_eq!(
        asked(&redeploy_of(&orders(), 22))[1..],
        [at_rest("db", Some("b")), at_rest("queue", None)]
    );
    assert_eq!(
        asked(&cycle(CycleStep::Sleep { former: None })).len(),
        1,
        "it uses none"
    );
}

/// By DescribeSecret, or by the list where nobody asks that.
#[test]
fn whether_a_version_is_on_its_way() {
    let mut tale = Tale::new();
    let pending = |tale: &Tale| tale.state.secrets[&arn("db")].is_pending();
    tale.sweep(0, &[("db", "a - z")]);
    assert!(!pending(&tale));
    tale.sweep(60, &[("db", "a b z")]);
    assert!(pending(&tale));
    tale.labels(61, "b - a");
    assert!(!pending(&tale), "the list is older");
    tale.labels(70, "b c a");
    assert!(pending(&tale));
}

#[test]
fn images_that_can_move_are_told_of_the_secrets_of_their_own_service() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z");
    let mut other = consumer(&orders(), &[("queue", ReferenceKind::Injected)]);
    other.mutable_images.push("orders:latest".to_owned());
    tale.found(1, Scope::Cluster("prod".to_owned()), vec![other]);
    assert_eq!(super::findings::kinds(&tale, 2), Vec::<&str>::new());
}
