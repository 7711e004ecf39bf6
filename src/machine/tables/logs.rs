//! What a rotation Lambda's log can tell, and what keeps it from telling.

use super::fleet_findings::found_in;
use super::world::{Tale, arn, at, version};
use crate::admission::Admission;
use crate::findings::{Finding, Kind, Severity, of_secret};
use crate::model::{
    Event, Evidence, LogLine, LogReach, LogTrouble, Look, LookFailure, LookKey, Step, Strategy,
};
use crate::story::proof::{Proof, Works};

fn found(tale: &Tale, second: i64) -> Vec<Finding> {
    of_secret(
        &tale.state,
        &arn("db"),
        &tale.judge(second),
        &tale.settings,
        at(second),
    )
}

fn of_log(tale: &Tale, second: i64) -> Vec<(Severity, Kind)> {
    let found = found(tale, second).into_iter();
    let of_log = found.filter(|finding| matches!(finding.kind, Kind::LogAbsent | Kind::LogUnreadable));
    of_log.map(|finding| (finding.severity, finding.kind)).collect()
}

pub(super) fn trouble(reach: LogReach) -> Evidence {
    Evidence::LogTrouble {
        secret: arn("db"),
        lines: Vec::new(),
        trouble: LogTrouble {
            group: "/aws/lambda/rotate".to_owned(),
            reach,
        },
    }
}

pub(super) fn rotating() -> Tale {
    let mut tale = Tale::with_lambda();
    tale.labels(0, "a - z").labels(10, "a b z");
    tale
}

#[test]
fn b8_a_log_that_refuses_to_be_read_is_a_finding_with_a_way_out() {
    let refused = LogReach::Refused {
        why: "InvalidOperationException: not valid on the specified log class".to_owned(),
    };
    for reach in [refused, LogReach::Cut { until: at(11) }] {
        let mut tale = rotating();
        tale.see(12, trouble(reach));
        assert_eq!(of_log(&tale, 13), [(Severity::Warning, Kind::LogUnreadable)]);
        let (text, remedy) = (&found(&tale, 13)[0].text, &found(&tale, 13)[0].remedy);
        assert!(
            text.contains("/aws/lambda/rotate") && remedy.contains("--logging-config"),
            "{text}; {remedy}"
        );
        let (secret, lines) = (arn("db"), Vec::new());
        tale.see(14, Evidence::Log { secret, lines });
        assert_eq!(of_log(&tale, 15), [], "it was read to its end");
    }
}

/// A function that was never invoked has no log group.
#[test]
fn b10_an_absent_log_group_is_a_warning_while_a_rotation_is_under_way() {
    let mut tale = rotating();
    tale.see(12, trouble(LogReach::Absent));
    let silent = of_log(&tale, 40);
    assert_eq!(silent, [], "its first invocation may be about to make it");
    assert_eq!(of_log(&tale, 41), [(Severity::Warning, Kind::LogAbsent)]);
    tale.labels(50, "b - a");
    assert_eq!(of_log(&tale, 51), [(Severity::Info, Kind::LogAbsent)]);
}

#[test]
fn a_log_that_is_encrypted_beyond_our_reach_says_so() {
    let mut tale = rotating();
    tale.event(Event::Unseen {
        look: Look::at(at(12)),
        key: LookKey::Log(arn("db")),
        failure: LookFailure::Denied {
            iam_action: "kms:Decrypt".to_owned(),
            resource: "/aws/lambda/rotate".to_owned(),
        },
    });
    let found = found_in(&tale.state, &Admission::default(), 13);
    let remedies: Vec<_> = found.iter().map(|finding| &finding.remedy).collect();
    assert!(
        matches!(remedies.as_slice(), [remedy] if remedy.contains("key's policy")),
        "{remedies:?}"
    );
}

/// What refuses is not asked every two seconds.
#[test]
fn a_log_that_refuses_to_be_read_is_asked_seldom() {
    let due = |reach| {
        let mut tale = rotating();
        tale.see(12, trouble(reach));
        let (policy, settings) = (&tale.policy, &tale.settings);
        let looks =
            crate::looks::secret_looks(&tale.state, &arn("db"), &tale.judge(12), policy, settings, at(12));
        looks.get(&LookKey::Log(arn("db"))).copied()
    };
    assert_eq!(due(LogReach::Absent), Some(at(14)));
    let why = "InvalidOperationException".to_owned();
    assert_eq!(due(LogReach::Refused { why }), Some(at(22)));
}

fn finished(id: &str) -> LogLine {
    LogLine::Done {
        step: Step::FinishSecret,
        version: Some(version(id)),
        strategy: None,
    }
}

fn works(tale: &Tale) -> Works {
    tale.judge(40).current().expect("a promotion").works
}

/// Active Directory's templates log nothing of a testSecret that succeeds.
#[test]
fn b5_a_test_that_failed_had_succeeded_where_finish_secret_was_logged_later() {
    let tale = |line: Option<(i64, &str)>| {
        let mut tale = rotating();
        tale.failure(14, Step::TestSecret).labels(30, "b - a");
        if let Some((second, id)) = line {
            tale.log(second, finished(id));
        }
        works(&tale)
    };
    assert_eq!(tale(None), Works::Unproven);
    assert_eq!(tale(Some((29, "b"))), Works::Yes(Proof::Protocol));
    assert_eq!(tale(Some((13, "b"))), Works::Unproven, "before it failed");
}

/// Copies of the templates cut or hash the ids of versions.
#[test]
fn b6_what_is_no_version_of_the_secret_says_nothing_about_other_lines() {
    let exposed = |id: &str| {
        let mut tale = rotating();
        let created = LogLine::Done {
            step: Step::CreateSecret,
            version: Some(version(id)),
            strategy: None,
        };
        let set = LogLine::Done {
            step: Step::SetSecret,
            version: None,
            strategy: Some(Strategy::SingleUser),
        };
        tale.log(12, created).log(14, set);
        tale.latest(20).rotation.exposed.is_some()
    };
    assert!(exposed("b") && exposed("1a2b3c4d"));
}

#[test]
fn a_failure_whose_step_was_told_is_not_told_again_without() {
    let failed = |step| LogLine::Failed {
        step,
        why: "the rotation function timed out".to_owned(),
        ended: false,
    };
    let mut tale = rotating();
    tale.log(14, failed(Some(Step::TestSecret))).log(14, failed(None));
    let steps = tale
        .latest(20)
        .rotation
        .failures
        .iter()
        .map(|failure| failure.step)
        .collect::<Vec<_>>();
    assert_eq!(steps, [Some(Step::TestSecret)]);
}
