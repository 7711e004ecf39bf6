//! What events have changed since the last turn. That is judged, looked at and told anew, and nothing else: a turn costs
//! what it touches, not what is at rest.

use std::collections::BTreeSet;

use crate::facts::state::State;
use crate::model::{ConsumerId, LookKey, Measured, SecretArn, Target};
use crate::numbers::Health;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    pub(crate) secrets: BTreeSet<SecretArn>,
    pub(crate) consumers: BTreeSet<ConsumerId>,
    /// Something that every secret may depend on.
    pub(crate) every_secret: bool,
    /// Secrets were listed: rules are given out anew.
    pub(crate) listed: bool,
    /// A list or a part of discovery answered or failed, or somebody else's secret is gone or back.
    pub(crate) search: bool,
    /// The whole of discovery was answered anew, or is not any more.
    pub(crate) searched: bool,
    /// A look failed, or answers again.
    pub(crate) failing: bool,
    /// A list of databases is another than before.
    pub(crate) rds: bool,
    /// A secret belongs to another database of RDS than before.
    pub(crate) rds_links: bool,
    /// Numbers came, or it changed what is measured.
    pub(crate) numbers: bool,
    /// Whoever began to fail, or is well again, by its numbers.
    pub(crate) healths: Vec<(Measured, Health)>,
    /// There was an event, even if it told nothing new.
    pub(crate) any: bool,
}

impl Touched {
    pub(crate) fn extend(&mut self, more: Self) {
        self.secrets.extend(more.secrets);
        self.consumers.extend(more.consumers);
        self.every_secret |= more.every_secret;
        self.listed |= more.listed;
        self.search |= more.search;
        self.searched |= more.searched;
        self.failing |= more.failing;
        self.rds |= more.rds;
        self.rds_links |= more.rds_links;
        self.numbers |= more.numbers;
        self.healths.extend(more.healths);
        self.any |= more.any;
    }
}

impl State {
    /// What an answer to this look may change, or that there is none.
    pub(crate) fn touch(&mut self, key: &LookKey) {
        self.touched.any = true;
        match key {
            LookKey::Sweep | LookKey::Discovery(_) => self.touched.search = true,
            LookKey::Secret(secret) => {
                self.touched.secrets.insert(secret.clone());
                self.touch_users_of_missing(secret);
            }
            LookKey::Versions(secret) | LookKey::Log(secret) => {
                self.touched.secrets.insert(secret.clone());
            }
            LookKey::Login(secret, _) => {
                self.touched.secrets.insert(secret.clone());
                self.touch_sharing_accounts(secret);
            }
            LookKey::Consumer(consumer) => self.touch_consumer(consumer),
            LookKey::Numbers(measured) => self.touch_numbers(measured),
            LookKey::Events | LookKey::Rds(_) => {}
        }
    }

    /// Nobody but those who name it asks for looks at it.
    pub(crate) fn touch_users_of_missing(&mut self, secret: &SecretArn) {
        if self.is_missing(secret) {
            self.touch_users(secret);
        }
    }

    pub(crate) fn touch_users(&mut self, secret: &SecretArn) {
        let users: Vec<ConsumerId> = self.users.of(secret).cloned().collect();
        users.iter().for_each(|id| self.touch_consumer(id));
    }

    pub(crate) fn touch_target(&mut self, target: &Target) {
        self.touched.any = true;
        match target {
            Target::Secret(secret) => {
                self.touched.secrets.insert(secret.clone());
            }
            Target::Consumer(consumer) => self.touch_consumer(consumer),
        }
    }

    /// A consumer, and every secret that it references.
    pub(crate) fn touch_consumer(&mut self, consumer: &ConsumerId) {
        self.touched.any = true;
        let facts = self.consumers.get(consumer);
        let references = facts.into_iter().flat_map(|facts| &facts.references);
        self.touched
            .secrets
            .extend(references.map(|reference| reference.secret.clone()));
        self.touched.consumers.insert(consumer.clone());
    }

    /// Of secrets with one name at most one is alive: what is learned of one may tell of the others.
    pub(crate) fn touch_namesakes(&mut self, secret: &SecretArn) {
        let namesakes: Vec<SecretArn> = self.namesakes(secret).cloned().collect();
        self.touched.secrets.extend(namesakes);
    }
}
