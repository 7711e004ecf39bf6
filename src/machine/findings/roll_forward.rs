//! What people are told of rotations that were rolled forward, or should be.

use crate::model::{Part, Subject};
use jiff::{SignedDuration, Timestamp};

use super::{Finding, Kind, List, Severity, commands};
use crate::admission::Admission;
use crate::facts::state::State;
use crate::judge::{Judgement, Reason, RotationView};
use crate::policy::Settings;
use crate::procedures::roll_forward::done_since;
use crate::procedures::{Course, Forward};
use crate::story::proof::{Works, verdict};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What becomes of a rotation that does not end, added to what is told of it.
pub(super) fn course(judgement: &Judgement) -> Option<String> {
    let Forward { course, .. } = judgement.forward.as_deref()?;
    match course {
        Course::Offered => None,
        Course::LeftToAPerson(obstacle) => {
            Some(format!("; the watchdog does not roll it forward: {obstacle}"))
        }
        Course::Patient { until } => Some(format!(
            "; the watchdog rolls it forward at {until:.0}, if nothing of it moves until then"
        )),
        Course::Tried(why, _) => Some(format!("; the watchdog is rolling it forward: {why}")),
        Course::Wanted(_) => Some("; the watchdog rolls it forward now".to_owned()),
    }
}

/// Told once for all secrets that wait.
pub(crate) fn stopped(admission: &Admission) -> Option<Finding> {
    let mut waits = admission.promotions.values();
    let reason = waits.find(|reason| matches!(reason, Reason::TooMany { .. }))?;
    Some(Finding {
        severity: Severity::Critical,
        kind: Kind::RollForwardStopped,
        subject: Subject::Watchdog(Part::RollForward),
        secret: None,
        text: reason.to_string(),
        remedy: "see what their rotations share: a network, a layer of the rotation functions, a parameter of the databases. \
                 Each has a finding with the command that promotes it by hand"
            .to_owned(),
    })
}

impl List<'_> {
    /// It ends with the next rotation: one that succeeds by itself shows that the cause is mended.
    pub(super) fn rolled_forward(
        &mut self,
        state: &State,
        view: &RotationView,
        settings: &Settings,
        now: Timestamp,
    ) {
        let Some(when) = view.rotation.rolled_forward() else {
            return;
        };
        let Some(facts) = state.secret(self.secret) else {
            return;
        };
        let times = done_since(&facts.attempts, now - DAY);
        let failure = view.rotation.failures.last();
        let because = failure.map_or("it did not move any more".to_owned(), |failure| {
            let step = failure.step.map_or("a step".to_owned(), |step| step.to_string());
            format!("{step} failed ({})", failure.why)
        });
        let text = format!(
            "the rotation to {} was finished by the watchdog at {:.0}: {because}, while the database accepted AWSPENDING and \
             refused AWSCURRENT. What made it fail is still there",
            view.rotation.key.version, when.not_after
        );
        let mend = "mend the rotation function before the next rotation: its log says what failed";
        if times < 2 {
            self.add(Severity::Warning, Kind::RolledForward, text, mend);
            return;
        }
        let limit = settings.limits.roll_forward.a_day;
        let text = format!("{text}. It is number {times} within a day, of {limit} at most");
        let remedy = format!(
            "stop its rotation until then: {}; {mend}",
            commands::cancel(self.secret)
        );
        self.add(Severity::Critical, Kind::RolledForward, text, remedy);
    }

    /// Somebody set the database back meanwhile: whoever is given AWSCURRENT now fails. Whether that is so.
    pub(super) fn undone(&mut self, state: &State, view: &RotationView) -> bool {
        let facts = state.secret(self.secret);
        let forwarded = view
            .rotation
            .rolled_forward()
            .and(view.rotation.replaced.as_ref());
        let Some((facts, old)) = facts.zip(forwarded) else {
            return false;
        };
        let Works::No { refused } = view.works else {
            return false;
        };
        if !verdict(facts, old).is_some_and(|(accepted, _)| accepted) {
            return false;
        }
        let version = &view.rotation.key.version;
        let text = format!(
            "AWSCURRENT was rolled forward to {version}, which the database refuses since {refused:.0}; {old} logs in again. \
             Nobody is restarted"
        );
        let remedy = format!(
            "move the label back: {}",
            commands::move_current(self.secret, old, Some(version))
        );
        self.add(Severity::Critical, Kind::RollForwardUndone, text, remedy);
        true
    }
}
