//! When numbers are asked for: for as long as a rotation is watched.

use jiff::SignedDuration;

use super::Plan;
use crate::judge::Judgement;
use crate::model::{LookKey, Measured, SecretArn};
use crate::numbers::asked_every;

impl Plan<'_> {
    pub(super) fn numbers(&mut self, secret: &SecretArn, judgement: &Judgement) {
        let measured = self.state.numbers.of(secret);
        let asked = measured.filter_map(|(measured, taken)| {
            let interval = asked_every(judgement, taken, self.now)?;
            Some((measured.clone(), interval))
        });
        for (measured, interval) in asked.collect::<Vec<(Measured, SignedDuration)>>() {
            self.every(LookKey::Numbers(measured), interval);
        }
    }
}
