//! What is learned of a secret's database of RDS.

use super::{keep_if, see_with_border};
use crate::facts::state::State;
use crate::model::{Belongs, DatabaseSeen, Fact, Look, MasterState, Reset, SecretArn, VersionId};

impl State {
    /// Where a version logs in, which may tell its database of RDS.
    pub(super) fn see_place(
        &mut self,
        look: Look,
        secret: &SecretArn,
        version: &VersionId,
        database: Option<DatabaseSeen>,
    ) -> Vec<Fact> {
        let Some(seen) = database else {
            return Vec::new();
        };
        self.note_database(look, (secret, version), seen);
        self.relink(secret)
    }

    pub(super) fn learn_belongs(&mut self, secret: SecretArn, belongs: Belongs) -> Vec<Fact> {
        let known = self.entry(&secret).belongs.replace(belongs.clone());
        keep_if(
            known.as_ref() != Some(&belongs),
            Fact::Belongs { secret, belongs },
        )
    }

    pub(super) fn learn_reset(&mut self, secret: SecretArn, reset: Reset) -> Vec<Fact> {
        let news = self.entry(&secret).learn_reset(reset);
        keep_if(news, Fact::Reset { secret, reset })
    }

    pub(super) fn learn_master(&mut self, secret: &SecretArn, look: Look, state: MasterState) -> Vec<Fact> {
        let master = self.entry(secret).master.get_or_insert_default();
        see_with_border(&mut master.states, look, state, |look, state| Fact::Master {
            secret: secret.clone(),
            look,
            state,
        })
    }
}
