//! Applications that fail, beside what is told of a rotation; and numbers that cannot be had.

use super::{Finding, Kind, List, Severity};
use crate::facts::state::State;
use crate::model::{Measured, Subject};
use crate::numbers::{self, Taken};
use crate::policy::Settings;

impl List<'_> {
    /// Says with what is told of a rotation on its way which applications fail, and with what is told of a consumer whether
    /// that one does: `; applications fail: shop: 5xx 41/min, 0.3 before`.
    pub(super) fn strengthen(&mut self, state: &State, settings: &Settings) {
        for finding in &mut self.found {
            let failing: Vec<String> = match (&finding.subject, finding.kind) {
                (
                    Subject::Secret(secret),
                    Kind::DangerWindowOpen | Kind::RotationFailed | Kind::RotationStalled | Kind::DeadValue,
                ) => {
                    let measured = state.numbers().of(secret);
                    measured
                        .filter_map(|(measured, taken)| numbers::failing(measured, taken))
                        .collect()
                }
                (Subject::Consumer(consumer), _) if finding.severity != Severity::Info => {
                    let application = Measured::Application(settings.applications.of(consumer));
                    let taken = state.numbers().get(&application);
                    taken
                        .and_then(|taken| numbers::failing(&application, taken))
                        .into_iter()
                        .collect()
                }
                _ => Vec::new(),
            };
            if !failing.is_empty() {
                finding
                    .text
                    .push_str(&format!("; applications fail: {}", failing.join("; ")));
            }
        }
    }
}

/// Measures of the configuration that cannot be had, while others of the same application are.
pub(crate) fn of_numbers(state: &State) -> Vec<Finding> {
    let told = state
        .numbers()
        .iter()
        .filter_map(|(measured, taken)| unmeasured(measured, taken));
    told.collect()
}

fn unmeasured(measured: &Measured, taken: &Taken) -> Option<Finding> {
    let troubles = taken
        .troubles
        .iter()
        .map(|one| format!("{} ({})", one.measure.name(), one.why));
    let absent = taken.absent().map(|measure| {
        format!(
            "{} (CloudWatch has no point of it in the hour before, nor a day or a week before)",
            measure.name()
        )
    });
    let all: Vec<String> = troubles.chain(absent).collect();
    (!all.is_empty()).then(|| Finding {
        severity: Severity::Info,
        kind: Kind::Unmeasured,
        subject: match measured {
            Measured::Application(name) => Subject::Application(name.clone()),
            Measured::Database(id) => Subject::Database(id.clone()),
        },
        secret: None,
        text: format!("not everything of it can be measured: {}", all.join(", ")),
        remedy: "check what [numbers] names: namespace, metric, dimensions, expression; or leave it, where it is reported \
                 only when something happens: nothing depends on it"
            .to_owned(),
    })
}
