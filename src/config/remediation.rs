//! `[remediation]`: what may be done, how much at once, and all margins and deadlines.

use jiff::SignedDuration;
use machine::model::{ConsumerId, Mode};
use machine::policy::{Limits, Timing};

use super::reader::Section;

pub(super) const MODES: [(&str, Mode); 3] = [
    ("observe", Mode::Observe),
    ("approve", Mode::Approve),
    ("act", Mode::Act),
];

/// Margins, caps, and the mode of rules that have none of their own.
pub(super) fn read(mut section: Section<'_>) -> (Timing, Limits, Mode) {
    let mode = mode(&mut section, Some(Mode::Observe)).unwrap_or(Mode::Observe);
    let limits = limits(&mut section);
    let timing = timing(&mut section);
    section.finish();
    (timing, limits, mode)
}

/// `approve` needs a way to confirm, which does not exist.
pub(super) fn mode(section: &mut Section<'_>, default: Option<Mode>) -> Option<Mode> {
    let mode = section.choice("mode", default, &MODES);
    if mode == Some(Mode::Approve) {
        let text = "\"approve\" is not supported: there is no way yet for a person to confirm";
        section.problem("mode", text, "choose \"observe\" or \"act\"");
    }
    mode
}

fn limits(section: &mut Section<'_>) -> Limits {
    let built_in = Limits::default();
    Limits {
        in_flight: section.count("in_flight", built_in.in_flight, 1..=1_000),
        redeploys_per_service_and_hour: section.count(
            "redeploys_per_service_and_hour",
            built_in.redeploys_per_service_and_hour,
            1..=60,
        ),
        wave: section.count("wave", built_in.wave, 1..=1_000),
        own_service: section.parsed(
            "own_service",
            None,
            "an ECS service, as \"ecs:CLUSTER/SERVICE\"",
            |text| ConsumerId::parse(text).filter(|id| matches!(id, ConsumerId::Service { .. })),
            ToString::to_string,
        ),
    }
}

fn timing(section: &mut Section<'_>) -> Timing {
    let built_in = Timing::default();
    let timing = Timing {
        margin: section.duration("margin", built_in.margin),
        baseline_age: section.duration("baseline_age", built_in.baseline_age),
        settle: section.duration("settle", built_in.settle),
        proof_wait: section.duration("proof_wait", built_in.proof_wait),
        stalled_after: section.duration("stalled_after", built_in.stalled_after),
        write_deadline: section.duration("write_deadline", built_in.write_deadline),
        doubt_gap: section.duration("doubt_gap", built_in.doubt_gap),
        recover_deadline: section.duration("recover_deadline", built_in.recover_deadline),
        steady: section.duration("steady", built_in.steady),
        sleep_for: section.duration("sleep_for", built_in.sleep_for),
        sleep_deadline: section.duration("sleep_deadline", built_in.sleep_deadline),
        verify_for: section.duration("verify_for", built_in.verify_for),
        watch_for: section.duration("watch_for", built_in.watch_for),
        long_window: section.duration("long_window", built_in.long_window),
        open_window_warning: section.duration("open_window_warning", built_in.open_window_warning),
        open_window_critical: section.duration("open_window_critical", built_in.open_window_critical),
    };
    if timing.open_window_critical < timing.open_window_warning {
        section.problem(
            "open_window_critical",
            "is shorter than open_window_warning: nothing would ever be only a warning",
            "make it longer",
        );
    }
    if timing.sleep_for + timing.write_deadline >= timing.sleep_deadline {
        section.problem(
            "sleep_deadline",
            "is not longer than sleep_for and write_deadline together: no function could ever be put to sleep",
            "make it longer, or sleep_for shorter",
        );
    }
    if timing.verify_for > timing.watch_for {
        section.problem(
            "watch_for",
            "is shorter than verify_for, which it contains",
            "make it longer",
        );
    }
    if timing.margin < SignedDuration::from_millis(100) {
        section.problem(
            "margin",
            "is below 100ms: AWS's own times may differ by that much",
            "make it longer; 1s is the default",
        );
    }
    timing
}
