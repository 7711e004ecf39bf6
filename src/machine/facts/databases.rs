//! Which secrets log in to one database, and which of them as one user: made anew from login tests in each life, and
//! never journalled.

use std::collections::{BTreeMap, BTreeSet};

use crate::consumers::LastLogin;
use crate::facts::state::{SecretFacts, State};
use crate::model::{AccountId, DatabaseId, DatabaseSeen, HostId, LoginAnswer, Look, SecretArn, VersionId};

/// Kept beside the facts, so that a question about one secret does not walk the fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Databases {
    /// Where each version of a secret was last seen to log in.
    by_secret: BTreeMap<SecretArn, BTreeMap<VersionId, (Look, DatabaseSeen)>>,
    by_database: BTreeMap<DatabaseId, BTreeSet<SecretArn>>,
    by_account: BTreeMap<AccountId, BTreeSet<SecretArn>>,
}

impl Databases {
    /// The database of a secret: where it was last seen to log in, with whichever version.
    pub(crate) fn of(&self, secret: &SecretArn) -> Option<DatabaseSeen> {
        let versions = self.by_secret.get(secret)?.values();
        let latest = versions.max_by_key(|(look, seen)| (look.sent, *seen));
        latest.map(|(_, seen)| *seen)
    }

    fn accounts(&self, secret: &SecretArn) -> BTreeSet<AccountId> {
        let versions = self.by_secret.get(secret).into_iter().flatten();
        versions.map(|(_, (_, seen))| seen.account).collect()
    }

    /// As whom a secret logs in: by its host, and by its database's identifier in RDS.
    pub(crate) fn users(&self, secret: &SecretArn) -> BTreeSet<AccountId> {
        let versions = self.by_secret.get(secret).into_iter().flatten();
        let users = versions.flat_map(|(_, (_, seen))| {
            let named = seen.named.map(|(_, account)| account);
            [Some(seen.account), named]
        });
        users.flatten().collect()
    }

    /// Secrets of which it is known where they log in.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &SecretArn> {
        self.by_secret.keys()
    }

    /// Secrets that have an account in common with this one, and itself where it has one.
    fn sharing_accounts(&self, secret: &SecretArn) -> BTreeSet<SecretArn> {
        let accounts = self.accounts(secret);
        let sharing = accounts.iter().filter_map(|account| self.by_account.get(account));
        sharing.flatten().cloned().collect()
    }

    /// Secrets that log in to the same database as this one, and itself where that is known.
    fn sharing(&self, secret: &SecretArn) -> impl Iterator<Item = &SecretArn> {
        let database = self.of(secret).map(|seen| seen.database);
        let sharing = database.and_then(|database| self.by_database.get(&database));
        sharing.into_iter().flatten()
    }

    /// Changes what is known of one secret, and whatever is looked up by it.
    fn change(
        &mut self,
        secret: &SecretArn,
        change: impl FnOnce(&mut BTreeMap<VersionId, (Look, DatabaseSeen)>),
    ) {
        let (database, accounts) = (self.of(secret), self.accounts(secret));
        take(&mut self.by_database, database.map(|seen| seen.database), secret);
        take(&mut self.by_account, accounts, secret);
        let versions = self.by_secret.entry(secret.clone()).or_default();
        change(versions);
        if versions.is_empty() {
            self.by_secret.remove(secret);
        }
        let (database, accounts) = (self.of(secret), self.accounts(secret));
        put(&mut self.by_database, database.map(|seen| seen.database), secret);
        put(&mut self.by_account, accounts, secret);
    }
}

fn take<K: Ord>(
    index: &mut BTreeMap<K, BTreeSet<SecretArn>>,
    keys: impl IntoIterator<Item = K>,
    secret: &SecretArn,
) {
    for key in keys {
        if let Some(secrets) = index.get_mut(&key) {
            secrets.remove(secret);
            if secrets.is_empty() {
                index.remove(&key);
            }
        }
    }
}

fn put<K: Ord>(
    index: &mut BTreeMap<K, BTreeSet<SecretArn>>,
    keys: impl IntoIterator<Item = K>,
    secret: &SecretArn,
) {
    for key in keys {
        index.entry(key).or_default().insert(secret.clone());
    }
}

impl State {
    /// The first, in order, of the secrets that are known to log in to one database with this one; nothing where it is
    /// alone.
    pub(crate) fn first_of_database(&self, secret: &SecretArn) -> Option<&SecretArn> {
        let mut sharing = self.databases.sharing(secret);
        let first = sharing.next()?;
        sharing.next().is_some().then_some(first)
    }

    /// Whom a version logs in as, where that was seen in this life.
    pub(crate) fn account(&self, secret: &SecretArn, version: &VersionId) -> Option<AccountId> {
        let versions = self.databases.by_secret.get(secret)?;
        versions.get(version).map(|(_, seen)| seen.account)
    }

    /// The last login with a version, where this life saw where it went. A proxy that does not know a password turns it
    /// away as if it were busy.
    pub(crate) fn last_login(&self, secret: &SecretArn, version: &VersionId) -> Option<LastLogin> {
        let versions = self.databases.by_secret.get(secret)?;
        let (_, seen) = versions.get(version)?;
        let run = self.secret(secret)?.logins.get(version)?.latest()?;
        let is_refused = run.state.is_refused() || matches!(run.state, LoginAnswer::Busy { .. });
        (run.state.is_accepted() || is_refused).then_some(LastLogin {
            host: seen.host,
            at: run.last.sent,
            accepted: run.state.is_accepted(),
        })
    }

    /// Secrets of which a version logs in as this user, in order.
    pub(crate) fn naming(&self, account: AccountId) -> impl Iterator<Item = &SecretArn> {
        self.databases.by_account.get(&account).into_iter().flatten()
    }

    /// A login was made, or came to nothing: whoever shares an account with the secret plans its own by that.
    pub(crate) fn touch_sharing_accounts(&mut self, secret: &SecretArn) {
        let sharing = self.databases.sharing_accounts(secret);
        self.touched.secrets.extend(sharing);
    }

    /// Hosts that login tests have come to, each with the secrets that log in there.
    pub fn seen_hosts(&self) -> BTreeMap<HostId, Vec<SecretArn>> {
        let mut hosts: BTreeMap<HostId, Vec<SecretArn>> = BTreeMap::new();
        for secret in self.databases.by_secret.keys() {
            if let Some(seen) = self.databases.of(secret) {
                hosts.entry(seen.host).or_default().push(secret.clone());
            }
        }
        hosts
    }

    /// A version was read. Whoever shares the secret's database since, or does not any more, belongs to another wave.
    pub(crate) fn note_database(
        &mut self,
        look: Look,
        (secret, version): (&SecretArn, &VersionId),
        seen: DatabaseSeen,
    ) {
        let versions = self.databases.by_secret.get(secret);
        let known = versions.and_then(|versions| versions.get(version));
        if known.is_some_and(|(known, _)| known.sent > look.sent) {
            return;
        }
        let known_account = known.map(|(_, known)| known.account);
        let before = self.databases.of(secret).map(|seen| seen.database);
        let mut sharing: BTreeSet<SecretArn> = self.databases.sharing(secret).cloned().collect();
        self.databases.change(secret, |versions| {
            versions.insert(version.clone(), (look, seen));
            if versions.len() > SecretFacts::VERSION_LIMIT {
                let oldest = versions.iter().min_by_key(|(_, (look, _))| look.sent);
                if let Some(oldest) = oldest.map(|(version, _)| version.clone()) {
                    versions.remove(&oldest);
                }
            }
        });
        if known_account != Some(seen.account) {
            self.touch_sharing_accounts(secret);
        }
        if self.databases.of(secret).map(|seen| seen.database) != before {
            sharing.extend(self.databases.sharing(secret).cloned());
            self.touched.secrets.extend(sharing);
        }
    }

    /// Of a secret that is watched no more nothing of its database is kept.
    pub(crate) fn forget_databases(&mut self, is_watched: impl Fn(&SecretArn) -> bool) {
        let known = self.databases.by_secret.keys();
        let lost: Vec<SecretArn> = known.filter(|secret| !is_watched(secret)).cloned().collect();
        for secret in lost {
            let sharing: Vec<SecretArn> = self.databases.sharing(&secret).cloned().collect();
            self.touched.secrets.extend(sharing);
            self.touch_sharing_accounts(&secret);
            self.databases.change(&secret, BTreeMap::clear);
        }
    }
}
