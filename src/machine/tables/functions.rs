//! Functions: when they are stale, what both methods do, and what proves them recycled.

use super::putting_back::{done, sleep, wake};
use super::standings::{attempt, cycle, promoted, standing};
use super::world::{Tale, at, function};
use crate::consumers::Why;
use crate::model::{
    Alias, AttemptId, ConsumerId, CycleStep, EnvironmentSeen, SleepTag, Stage, UpdateStatus, Write,
};
use crate::policy::LambdaMethod;
use crate::procedures::restore as restore_step;

fn mailer() -> ConsumerId {
    ConsumerId::function("mailer")
}

#[test]
fn what_decides_about_a_function_and_its_update() {
    let changed = |change: fn(&mut crate::model::FunctionSeen)| {
        let mut seen = function(None);
        change(&mut seen);
        seen
    };
    let alias = || Alias {
        name: "live".to_owned(),
        version: "3".to_owned(),
    };
    let table: Vec<(&str, crate::model::FunctionSeen, Stage)> = vec![
        ("configured before", function(None), Stage::Stale),
        (
            "updated by another since",
            changed(|f| f.last_modified = Some(at(40))),
            Stage::Presumed,
        ),
        (
            "updating",
            changed(|f| f.update = UpdateStatus::InProgress),
            Stage::Refreshing,
        ),
        (
            "update failed",
            changed(|f| f.update = UpdateStatus::Failed),
            Stage::Beyond,
        ),
        (
            "unreadable",
            changed(|f| {
                f.environment = EnvironmentSeen::Unreadable {
                    why: "kms".to_owned(),
                }
            }),
            Stage::Beyond,
        ),
        (
            "no room",
            changed(|f| {
                f.environment = EnvironmentSeen::Readable {
                    bytes: 4_090,
                    marker: None,
                }
            }),
            Stage::Beyond,
        ),
        (
            "alias",
            {
                let mut seen = function(None);
                seen.pinned_aliases = vec![alias()];
                seen
            },
            Stage::Beyond,
        ),
        ("snap start", changed(|f| f.snap_start = true), Stage::Stale),
        ("provisioned", changed(|f| f.provisioned = true), Stage::Beyond),
    ];
    for (what, seen, stage) in table {
        let mut tale = promoted(&mailer());
        tale.function(50, &mailer(), seen);
        assert_eq!(standing(&tale, 51).stage, stage, "{what}");
    }
}

#[test]
fn a_cycle_is_one_write_after_another_and_ends_as_it_began() {
    let mut tale = promoted(&mailer());
    tale.policy.lambda_method = LambdaMethod::ConcurrencyCycle;
    let mut seen = function(Some(7));
    tale.function(30, &mailer(), seen.clone());
    let Some(Write::Cycle {
        step: CycleStep::TagSleep { tag },
        ..
    }) = standing(&tale, 31).wants
    else {
        panic!("{:?}", standing(&tale, 31))
    };
    assert_eq!(tag.former, Some(7));
    let note = cycle(CycleStep::TagSleep { tag: tag.clone() });
    attempt(&mut tale, &mailer(), tag.attempt.as_str(), note, done(), 31);

    seen.sleep_tag = Some(tag.clone());
    tale.function(33, &mailer(), seen.clone());
    assert_eq!(standing(&tale, 34).wants, Some(sleep()));
    attempt(&mut tale, &mailer(), "sleep", sleep(), done(), 34);

    seen.reserved = Some(0);
    tale.function(36, &mailer(), seen.clone());
    let restore = |tale: &Tale, second, early| {
        restore_step(
            &tale.state.consumers[&mailer()],
            &tale.settings.timing,
            at(second),
            early,
        )
    };
    assert_eq!(restore(&tale, 40, false), None, "it sleeps for a while");
    assert_eq!(
        restore(&tale, 40, true),
        Some(CycleStep::Restore { former: Some(7) }),
        "draining does not wait"
    );
    assert_eq!(
        restore(&tale, 51, false),
        Some(CycleStep::Restore { former: Some(7) })
    );
    attempt(&mut tale, &mailer(), "restore", wake(), done(), 51);

    seen.reserved = Some(7);
    tale.function(54, &mailer(), seen.clone());
    assert_eq!(restore(&tale, 55, false), Some(CycleStep::Untag));
    attempt(&mut tale, &mailer(), "untag", cycle(CycleStep::Untag), done(), 55);
    seen.sleep_tag = None;
    tale.function(58, &mailer(), seen);
    assert_eq!(restore(&tale, 59, false), None);
    let end = standing(&tale, 59);
    assert_eq!(
        (end.stage, end.why, end.wants),
        (Stage::Presumed, Why::Cycled, None)
    );
}

#[test]
fn a_note_without_a_journal_is_put_back_at_once() {
    let mut tale = Tale::new();
    tale.uses(&mailer(), &["db"]);
    let mut seen = function(Some(0));
    let tag = SleepTag {
        attempt: AttemptId::new("gone"),
        former: None,
        deadline: at(500),
    };
    seen.sleep_tag = Some(tag);
    tale.function(10, &mailer(), seen.clone());
    let restore = |tale: &Tale| {
        restore_step(
            &tale.state.consumers[&mailer()],
            &tale.settings.timing,
            at(11),
            false,
        )
    };
    assert_eq!(restore(&tale), Some(CycleStep::Restore { former: None }));
    seen.reserved = Some(5);
    tale.function(12, &mailer(), seen);
    assert_eq!(
        restore(&tale),
        Some(CycleStep::Untag),
        "another set it: theirs stays"
    );
}
