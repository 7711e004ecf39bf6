//! What only the mode keeps from being done: journalled and counted once, when it is durable.

use jiff::Timestamp;
use machine::model::Fact;
use machine::would::would_act;

use super::watchdog::Watchdog;

impl Watchdog {
    pub(super) fn note_what_would_be_done(&mut self, now: Timestamp) {
        for would in would_act(&self.state, &self.judgements, &self.admission, now) {
            self.tally.would(would.method);
            self.publisher.touch(&would.rotation.secret);
            let learned = self.state.learn(Fact::WouldAct(would));
            self.backlog.extend(learned);
        }
    }
}
