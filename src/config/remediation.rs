//! `[remediation]`: what may be done, how much at once, and all margins and deadlines.

use jiff::SignedDuration;
use machine::model::{ConsumerId, Mode};
use machine::policy::{Limits, RollForwardLimits, Timing};

use super::bounds::{Bounds, bounds};
use super::consumers::consumer_of;
use super::reader::Section;

/// `approve` needs a way to confirm, which does not exist.
const MODES: [(&str, Mode); 2] = [("observe", Mode::Observe), ("act", Mode::Act)];

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

const MARGIN: Bounds = bounds(
    100,
    10 * MINUTE,
    "AWS's own times may differ by that much, and not by more",
);
const BASELINE: Bounds = bounds(
    SECOND,
    7 * DAY,
    "a first start restarts whoever is older than a promotion of that time",
);
const SETTLE: Bounds = bounds(100, 10 * MINUTE, "answers of AWS's hosts cross for seconds");
const PROOF: Bounds = bounds(
    SECOND,
    6 * HOUR,
    "a login takes as long, and consumers stay stale meanwhile",
);
const STALLED: Bounds = bounds(
    MINUTE,
    7 * DAY,
    "a rotation takes as long by itself, and nobody is told before",
);
const WRITE: Bounds = bounds(
    SECOND,
    5 * MINUTE,
    "AWS answers a write in that time, or not at all",
);
const DOUBT: Bounds = bounds(100, HOUR, "AWS shows a write some seconds later");
const RECOVER: Bounds = bounds(
    30 * SECOND,
    DAY,
    "no deployment is healthy sooner, and one that hangs longer is told to nobody",
);
const STEADY: Bounds = bounds(SECOND, HOUR, "a task that ends at once has run for some seconds");
const SLEEP: Bounds = bounds(
    500,
    10 * MINUTE,
    "everything that calls the function fails meanwhile",
);
const AWAKE: Bounds = bounds(SECOND, HOUR, "everything that calls the function fails meanwhile");
const VERIFY: Bounds = bounds(SECOND, 7 * DAY, "consumers are looked at closely for so long");
const WATCH: Bounds = bounds(SECOND, 90 * DAY, "consumers are looked at for so long");
const STORM: Bounds = bounds(
    MINUTE,
    DAY,
    "what is wrong with many secrets at once shows in minutes",
);
const LONG: Bounds = bounds(SECOND, DAY, "a window that nobody finds long is told to nobody");
/// Shorter, and a usual deployment behind a load balancer is called failed.
const SHORT_RECOVERY: SignedDuration = SignedDuration::from_mins(3);

/// Margins, caps, and the mode of rules that have none of their own. The lock-out budget stands in `[login]`.
pub(super) fn read(mut section: Section<'_>) -> (Timing, Limits, Mode) {
    let mode = mode(&mut section, Some(Mode::Observe)).unwrap_or(Mode::Observe);
    let limits = limits(&mut section);
    let timing = timing(&mut section);
    section.finish();
    (timing, limits, mode)
}

pub(super) fn mode(section: &mut Section<'_>, default: Option<Mode>) -> Option<Mode> {
    section.choice("mode", default, &MODES)
}

fn limits(section: &mut Section<'_>) -> Limits {
    let built_in = Limits::default();
    Limits {
        at_most: section
            .choice("at_most", Some(built_in.at_most), &MODES)
            .unwrap_or(Mode::Observe),
        refusals: built_in.refusals,
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
            "an ECS service by plain names, as \"ecs:CLUSTER/SERVICE\"",
            |text| consumer_of(text).filter(|id| matches!(id, ConsumerId::Service { .. })),
            ToString::to_string,
        ),
        roll_forward: roll_forward(section),
    }
}

fn roll_forward(section: &mut Section<'_>) -> RollForwardLimits {
    let built_in = RollForwardLimits::default();
    RollForwardLimits {
        a_day: section.count("roll_forward_a_day", built_in.a_day, 1..=24),
        secrets: section.count("roll_forward_secrets", built_in.secrets, 1..=1_000),
        within: section.duration_within("roll_forward_within", built_in.within, &STORM),
    }
}

fn timing(section: &mut Section<'_>) -> Timing {
    let built_in = Timing::default();
    let timing = Timing {
        margin: section.duration_within("margin", built_in.margin, &MARGIN),
        baseline_age: section.duration_within("baseline_age", built_in.baseline_age, &BASELINE),
        settle: section.duration_within("settle", built_in.settle, &SETTLE),
        proof_wait: section.duration_within("proof_wait", built_in.proof_wait, &PROOF),
        refusals_within: built_in.refusals_within,
        stalled_after: section.duration_within("stalled_after", built_in.stalled_after, &STALLED),
        write_deadline: section.duration_within("write_deadline", built_in.write_deadline, &WRITE),
        doubt_gap: section.duration_within("doubt_gap", built_in.doubt_gap, &DOUBT),
        recover_deadline: section.duration_within("recover_deadline", built_in.recover_deadline, &RECOVER),
        steady: section.duration_within("steady", built_in.steady, &STEADY),
        sleep_for: section.duration_within("sleep_for", built_in.sleep_for, &SLEEP),
        sleep_deadline: section.duration_within("sleep_deadline", built_in.sleep_deadline, &AWAKE),
        verify_for: section.duration_within("verify_for", built_in.verify_for, &VERIFY),
        watch_for: section.duration_within("watch_for", built_in.watch_for, &WATCH),
        long_window: section.duration_within("long_window", built_in.long_window, &LONG),
        open_window_warning: section.duration_within(
            "open_window_warning",
            built_in.open_window_warning,
            &LONG,
        ),
        open_window_critical: section.duration_within(
            "open_window_critical",
            built_in.open_window_critical,
            &LONG,
        ),
    };
    check_timing(section, &timing);
    timing
}

fn check_timing(section: &Section<'_>, timing: &Timing) {
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
    if timing.recover_deadline < timing.steady + timing.margin {
        section.problem(
            "recover_deadline",
            "is shorter than steady and margin together: no service could be healthy in time",
            "make it longer, or steady shorter",
        );
    } else if timing.recover_deadline < SHORT_RECOVERY {
        section.warn(
            "recover_deadline",
            "a deployment behind a load balancer takes minutes: each would be told as not in time",
            "15m is the default",
        );
    }
}
