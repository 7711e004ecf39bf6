//! Numbers that begin or end where nothing happened, or come twice.

use jiff::SignedDuration;
use machine::judge::judge;
use machine::model::{Fact, Stage, Strategy};
use machine::story::danger_window::DangerWindow;

use super::caught_by;
use super::deciding::judging;
use crate::sim::case::Profile;
use crate::telemetry::RotationResult;

#[test]
fn a_deployment_under_way_taken_for_the_old_value() {
    caught_by("windows-contain-the-truth", Profile::None, |parts| {
        judging(parts, |state, secret, policy, settings, now| {
            let mut judgement = judge(state, secret, policy, settings, now);
            for fact in &mut judgement.reached {
                if let Fact::Reached { stage, at, old, .. } = fact
                    && *stage == Stage::Refreshing
                {
                    *old = Some(*at);
                }
            }
            judgement
        })
    });
}

#[test]
fn set_secret_dated_a_minute_early() {
    caught_by("recovery-within-two-looks", Profile::None, |parts| {
        judging(parts, |state, secret, policy, settings, now| {
            let mut judgement = judge(state, secret, policy, settings, now);
            let minute = SignedDuration::from_mins(1);
            for seen in judgement
                .rotations
                .iter_mut()
                .filter_map(|view| view.rotation.exposed.as_mut())
            {
                seen.when.not_after -= minute;
                seen.when.not_before = seen.when.not_before.map(|bound| bound - minute);
            }
            judgement
        })
    });
}

#[test]
fn a_window_of_alternating_users() {
    caught_by("open-windows-are-open", Profile::None, |parts| {
        judging(parts, |state, secret, policy, settings, now| {
            let mut judgement = judge(state, secret, policy, settings, now);
            let alternates = judgement.strategy.0 == Strategy::AlternatingUsers;
            for view in judgement
                .rotations
                .iter_mut()
                .filter(|view| alternates && view.rotation.is_open())
            {
                view.window = view.rotation.exposed.as_ref().map(|seen| DangerWindow {
                    opened: seen.when,
                    closed: None,
                    caches_until: None,
                });
            }
            judgement
        })
    });
}

#[test]
fn a_rotation_counted_with_each_start() {
    caught_by("counters-add-up", Profile::None, |parts| {
        parts.metrics.rotation_ended(RotationResult::Completed);
        parts
    });
}
