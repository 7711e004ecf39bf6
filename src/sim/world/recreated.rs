//! A secret that is deleted without recovery and made again under its name, as tools do whose recovery window is 0.

use std::collections::BTreeMap;

use machine::model::{SecretArn, VersionId};

use super::World;

impl World {
    pub(super) fn recreate(&mut self, arn: &SecretArn, random: &'static str) {
        let Some(old) = self.secrets.get(arn) else { return };
        // Nobody does it in the middle of a rotation.
        if old.rotating.is_some() || old.labels.in_progress().is_some() {
            return;
        }
        // Nor with a value that does not log in: what a first look finds is believed to work (decisions: baseline).
        let before = old.labels.current.clone();
        if !before.as_ref().is_some_and(|current| old.accepts(current)) {
            return;
        }
        let stem = arn.stem().unwrap_or(arn.as_str());
        let again = SecretArn::new(format!("{stem}{random}"));
        // An ARN never comes back.
        if again == *arn || self.dead.contains_key(&again) {
            return;
        }
        let (new, version) = old.again(again, self.now);
        self.hand_over(arn, &new.arn, before.as_ref(), &version);
        self.reborn.insert(arn.clone(), new.arn.clone());
        self.secrets.insert(new.arn.clone(), new);
        if let Some(old) = self.secrets.remove(arn) {
            self.dead.insert(arn.clone(), (self.now, old));
        }
    }

    /// Whoever names it by what stays uses the new one from now on, and holds what it held of the old one.
    fn hand_over(
        &mut self,
        old: &SecretArn,
        new: &SecretArn,
        before: Option<&VersionId>,
        version: &VersionId,
    ) {
        let rename = |secrets: &mut Vec<SecretArn>| {
            for secret in secrets.iter_mut().filter(|secret| *secret == old) {
                *secret = new.clone();
            }
        };
        let rekey = |holds: &mut BTreeMap<SecretArn, VersionId>| {
            if let Some(held) = holds.remove(old) {
                let held = if Some(&held) == before {
                    version.clone()
                } else {
                    held
                };
                holds.insert(new.clone(), held);
            }
        };
        for service in self.services.values_mut() {
            rename(&mut service.plan.secrets);
            service.tasks.iter_mut().for_each(|task| rekey(&mut task.holds));
        }
        for function in self.functions.values_mut() {
            rename(&mut function.secrets);
            function.holds.iter_mut().for_each(rekey);
        }
    }

    /// Whether one of these secrets took over from a dead one. How far its consumers had come with that one, nobody knows
    /// afterwards.
    pub fn are_made_again(&self, secrets: &[SecretArn]) -> bool {
        self.reborn.values().any(|new| secrets.contains(new))
    }

    /// What was planned for a secret befalls whoever has its name.
    pub(super) fn follow_name(&self, secret: &mut SecretArn) {
        while let Some(new) = self.reborn.get(secret) {
            *secret = new.clone();
        }
    }
}
