//! What is asked of an application's or a database's numbers.

use jiff::{SignedDuration, Timestamp};
use machine::model::{ConsumerId, Measured};
use machine::numbers::{EARLIER, Taken};

use super::looks::Asking;
use crate::observe::{MeasuredBy, NumbersQuestion, Question};

/// Points come late: each look asks again for what is younger than this.
const OVERLAP: SignedDuration = SignedDuration::from_mins(5);
/// No look asks for more than this, as the first one after a restart does.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

impl Asking<'_> {
    /// Nothing where it is measured no more.
    pub(super) fn numbers(&self, measured: &Measured) -> Option<Question> {
        let taken = self.machine.state().numbers().get(measured)?;
        let hours = || {
            EARLIER.map(|begins| {
                let begins = taken.since - begins;
                (begins, begins + HOUR)
            })
        };
        Some(Question::Numbers(NumbersQuestion {
            measured: measured.clone(),
            by: self.measured_by(measured),
            from: asked_from(taken, self.now),
            to: self.now,
            hours: (!taken.is_compared).then(hours),
        }))
    }

    fn measured_by(&self, measured: &Measured) -> MeasuredBy {
        let state = self.machine.state();
        let applications = &self.options.settings.applications;
        match measured {
            Measured::Application(name) => {
                let consumers = state.consumers_measured(name, applications).into_iter();
                let consumers = consumers.map(|(id, facts)| {
                    let target_groups = facts.map(|facts| facts.target_groups.clone());
                    (ConsumerId::clone(id), target_groups.unwrap_or_default())
                });
                MeasuredBy::Application {
                    consumers: consumers.collect(),
                    configured: applications.named.get(name).cloned().unwrap_or_default(),
                }
            }
            Measured::Database(id) => MeasuredBy::Database {
                id: id.clone(),
                engine: state.rds_database(id).map(|database| database.engine.clone()),
            },
        }
    }
}

fn asked_from(taken: &Taken, now: Timestamp) -> Timestamp {
    let last = taken.last.filter(|_| taken.is_compared);
    let from = last.map_or(taken.since, |look| look.sent - OVERLAP);
    from.max(taken.since).max(now - LONGEST)
}
