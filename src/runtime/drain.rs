//! The end of a life: no new remediations, what is switched off is put back, answers are waited for.

use super::watchdog::Watchdog;

impl Watchdog {
    pub(super) fn begin_drain(&mut self) {
        tracing::info!("draining: no new remediations, what is switched off is put back");
        self.drain = Some(self.parts.clock.now() + self.options.drain);
        self.agenda.clear();
        self.fleet_stale = true;
    }

    pub(super) fn is_drained(&self) -> bool {
        let Some(deadline) = self.drain else { return false };
        let asleep = self
            .state
            .consumers
            .values()
            .any(|facts| machine::consumers::open_sleep(facts).is_some());
        let done = self.writes_under_way.is_empty() && !asleep && self.backlog.is_empty();
        if !done && self.parts.clock.now() >= deadline {
            tracing::error!(
                asleep,
                "the drain's deadline passed; the next start goes on from the journal"
            );
            return true;
        }
        done
    }

    pub(super) fn unless_draining(&self, looks: machine::cadence::Agenda) -> machine::cadence::Agenda {
        if self.drain.is_some() {
            machine::cadence::Agenda::new()
        } else {
            looks
        }
    }
}
