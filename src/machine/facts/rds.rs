//! What RDS tells of the databases behind the secrets, and which secret belongs to which database. The lists are made anew
//! in each life; what logins told of a secret's database, and how its master user's password stood, is kept.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::facts::state::{SecretFacts, State};
use crate::facts::track::Track;
use crate::model::{
    Belongs, DatabaseId, DatabaseSeen, Fact, IdentifierId, Look, MasterState, RdsDatabase, RdsEvent, RdsId,
    RdsPart, RdsRule, Reset, SecretArn,
};

/// RDS sets a password within minutes of being asked (aws-facts: RDS).
const SET_AT_MOST: SignedDuration = SignedDuration::from_mins(15);

/// The last lists, and what leads from a secret to its database and back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rds {
    lists: BTreeMap<RdsPart, (Look, BTreeMap<RdsId, RdsDatabase>)>,
    /// Secrets that RDS itself keeps.
    managed: BTreeMap<SecretArn, RdsId>,
    by_name: BTreeMap<IdentifierId, RdsId>,
    by_database: BTreeMap<DatabaseId, RdsId>,
    /// What rules say.
    rules: BTreeMap<SecretArn, RdsRule>,
    /// What all of it says together, of watched secrets.
    links: BTreeMap<SecretArn, Belongs>,
    secrets: BTreeMap<RdsId, BTreeSet<SecretArn>>,
    /// When an event last told of a database.
    pub(crate) hinted: Option<Timestamp>,
}

/// What RDS told of the master user's password, for the secret that holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MasterFacts {
    pub states: Track<MasterState>,
    pub resets: BTreeSet<Reset>,
}

/// The database that a secret belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RdsLink<'a> {
    /// Of an instance in a cluster the cluster: it has the master user.
    pub database: &'a RdsDatabase,
    /// The secret is the master user's.
    pub is_master: bool,
}

impl MasterFacts {
    /// Some dozens of rotations.
    const RESETS: usize = 64;

    /// Whether it is news.
    fn learn_reset(&mut self, reset: Reset) -> bool {
        let news = self.resets.insert(reset);
        if self.resets.len() > Self::RESETS {
            self.resets.pop_first();
        }
        news && self.resets.contains(&reset)
    }
}

impl Rds {
    fn all(&self) -> impl Iterator<Item = &RdsDatabase> {
        self.lists.values().flat_map(|(_, list)| list.values())
    }

    fn get(&self, id: &RdsId) -> Option<&RdsDatabase> {
        let (_, list) = self.lists.get(&RdsPart::of(id))?;
        list.get(id)
    }

    /// Whether a database is there, as far as its list tells.
    fn may_have(&self, id: &RdsId) -> bool {
        self.get(id).is_some() || !self.lists.contains_key(&RdsPart::of(id))
    }

    fn is_whole(&self) -> bool {
        RdsPart::LISTS.iter().all(|part| self.lists.contains_key(part))
    }

    /// The database that a login went to: by its endpoint, else (a proxy's, or a name of its own) by the identifier in the
    /// value, which may be older than the endpoint.
    fn login_at(&self, login: DatabaseSeen) -> Option<&RdsDatabase> {
        let by_name = || {
            let (identifier, _) = login.named?;
            self.by_name.get(&identifier)
        };
        self.get(self.by_database.get(&login.database).or_else(by_name)?)
    }

    /// Itself, or the cluster that it belongs to.
    fn owner<'a>(&'a self, database: &'a RdsDatabase) -> &'a RdsDatabase {
        let cluster = database.cluster.as_ref().and_then(|cluster| self.get(cluster));
        cluster.unwrap_or(database)
    }

    fn index(&mut self) {
        let managed = self.all().filter_map(|database| {
            let managed = database.managed.as_ref()?;
            Some((managed.secret.clone(), database.id.clone()))
        });
        let managed = managed.collect();
        let by_name = self.all().map(|database| (database.named, database.id.clone()));
        let by_name = by_name.collect();
        let by_database = self.all().flat_map(|database| {
            let known_by = database.databases.iter();
            known_by.map(|login| (*login, database.id.clone()))
        });
        let by_database = by_database.collect();
        (self.managed, self.by_name, self.by_database) = (managed, by_name, by_database);
    }

    fn link(&mut self, secret: &SecretArn, now: Option<Belongs>) {
        let before = match &now {
            Some(belongs) => self.links.insert(secret.clone(), belongs.clone()),
            None => self.links.remove(secret),
        };
        let secrets = before.and_then(|before| self.secrets.get_mut(&before.database));
        if let Some(secrets) = secrets {
            secrets.remove(secret);
        }
        if let Some(belongs) = now {
            let secrets = self.secrets.entry(belongs.database).or_default();
            secrets.insert(secret.clone());
        }
    }

    /// Secrets of a database, and whether each is the master user's.
    fn secrets_of(&self, id: &RdsId) -> impl Iterator<Item = (&SecretArn, bool)> {
        let secrets = self.secrets.get(id).into_iter().flatten();
        secrets.filter_map(|secret| Some((secret, self.links.get(secret)?.master_user)))
    }
}

impl RdsDatabase {
    /// What leads from a secret to it.
    fn ways(&self) -> impl PartialEq + use<> {
        let managed = self.managed.as_ref().map(|managed| managed.secret.clone());
        let (databases, masters) = (self.databases.clone(), self.masters.clone());
        (self.named, databases, masters, managed, self.cluster.clone())
    }
}

impl State {
    /// A database of the last list.
    pub fn rds_database(&self, id: &RdsId) -> Option<&RdsDatabase> {
        self.rds.get(id)
    }

    /// The databases of the last lists.
    pub fn rds_databases(&self) -> impl Iterator<Item = &RdsDatabase> {
        self.rds.all()
    }

    /// Whom the secrets of a database belong to: itself, or the cluster that it is an instance of.
    pub(crate) fn rds_owner(&self, id: &RdsId) -> Option<&RdsId> {
        self.rds.get(id).map(|database| &self.rds.owner(database).id)
    }

    /// Watched secrets that are known to belong to a database, and whether each is its master user's.
    pub fn secrets_of_rds(&self, id: &RdsId) -> impl Iterator<Item = (&SecretArn, bool)> {
        self.rds.secrets_of(id)
    }

    /// The database of RDS that a watched secret belongs to.
    pub fn rds_of(&self, secret: &SecretArn) -> Option<RdsLink<'_>> {
        let belongs = self.rds.links.get(secret)?;
        Some(RdsLink {
            database: self.rds.get(&belongs.database)?,
            is_master: belongs.master_user,
        })
    }

    /// Whether what happens to a database, or to an instance of it, may be of a watched secret's rotation.
    pub fn has_master_secret(&self, id: &RdsId) -> bool {
        let mut secrets = self
            .rds_owner(id)
            .into_iter()
            .flat_map(|id| self.rds.secrets_of(id));
        secrets.any(|(_, is_master)| is_master)
    }

    /// By RDS's own word, else by the secret's rule, else by where logins with it go.
    fn belongs(&self, secret: &SecretArn) -> Option<(Belongs, Told)> {
        if let Some(id) = self.rds.managed.get(secret) {
            return Some((self.owned(id, true), Told::Again));
        }
        let login = self.databases.of(secret);
        let rule = self.rds.rules.get(secret);
        // A rule that names what is not there has no effect (`idle_databases` tells of it).
        if let Some(rule) = rule.filter(|rule| self.rds.may_have(&rule.database)) {
            let is_master = || self.is_master(secret, &rule.database);
            let by_login = rule.master_user.is_none() && login.is_some();
            let told = if by_login { Told::ByLogin } else { Told::Again };
            let is_master = rule.master_user.unwrap_or_else(is_master);
            return Some((self.owned(&rule.database, is_master), told));
        }
        if let Some(database) = login.and_then(|login| self.rds.login_at(login)) {
            let is_master = self.is_master(secret, &database.id);
            return Some((self.owned(&database.id, is_master), Told::ByLogin));
        }
        // Its logins go elsewhere by now.
        if login.is_some() && self.rds.is_whole() {
            return None;
        }
        let known = self.secret(secret)?.belongs.as_ref()?;
        Some((self.owned(&known.database, known.master_user), Told::Again))
    }

    /// Whether logins, of this life or of one before, say that a secret is the master user's of a database.
    fn is_master(&self, secret: &SecretArn, id: &RdsId) -> bool {
        let database = self.rds.get(id);
        let owners = database.into_iter().map(|database| self.rds.owner(database));
        let mut masters = database
            .into_iter()
            .chain(owners)
            .map(|database| &database.masters);
        let users = self.databases.users(secret);
        if !users.is_empty() {
            return masters.any(|masters| !masters.is_disjoint(&users));
        }
        let known = self.secret(secret).and_then(|facts| facts.belongs.as_ref());
        known.is_some_and(|known| known.master_user && known.database == self.owned(id, true).database)
    }

    fn owned(&self, id: &RdsId, master_user: bool) -> Belongs {
        Belongs {
            database: self.rds_owner(id).unwrap_or(id).clone(),
            master_user,
        }
    }

    /// To be called whenever what leads from a secret to its database may be another.
    pub(crate) fn relink(&mut self, secret: &SecretArn) -> Vec<Fact> {
        let is_watched = self.secret(secret).is_some_and(|facts| !facts.unwatched);
        let belongs = self.belongs(secret).filter(|_| is_watched);
        let link = belongs.as_ref().map(|(belongs, _)| belongs.clone());
        if self.rds.links.get(secret) != link.as_ref() {
            self.rds.link(secret, link);
            self.touched.rds_links = true;
            self.touched.secrets.insert(secret.clone());
        }
        // Only a login test knows it, and the next life may make none for long.
        match belongs {
            Some((belongs, Told::ByLogin)) => self.learn(Fact::Belongs {
                secret: secret.clone(),
                belongs,
            }),
            Some((_, Told::Again)) | None => Vec::new(),
        }
    }

    /// Which secrets are watched has changed: nobody else's belong to anything.
    pub(crate) fn relink_all(&mut self) -> Vec<Fact> {
        let known = self.rds.links.keys().chain(self.rds.managed.keys());
        let known = known.chain(self.rds.rules.keys()).chain(self.databases.secrets());
        let remembered = self.secrets.iter().filter(|(_, facts)| facts.belongs.is_some());
        let all: BTreeSet<SecretArn> = known
            .chain(remembered.map(|(secret, _)| secret))
            .cloned()
            .collect();
        all.iter().flat_map(|secret| self.relink(secret)).collect()
    }

    /// A part of RDS anew. How the master user's password stands is told to the secrets that hold it.
    pub(crate) fn see_rds(&mut self, look: Look, part: RdsPart, databases: Vec<RdsDatabase>) -> Vec<Fact> {
        let known = self.rds.lists.get(&part);
        if known.is_some_and(|(known, _)| known.sent > look.sent) {
            return Vec::new();
        }
        let databases = databases.into_iter();
        let list: BTreeMap<RdsId, RdsDatabase> = databases
            .map(|database| (database.id.clone(), database))
            .collect();
        let before = self.rds.lists.insert(part, (look, list)).map(|(_, list)| list);
        let mut news = self.note_changes(part, before.as_ref());
        for (secret, state) in self.masters_of(part) {
            let seen = self.learn(Fact::Master {
                secret: secret.clone(),
                look,
                state,
            });
            if !seen.is_empty() {
                self.touched.secrets.insert(secret);
            }
            news.extend(seen);
        }
        news
    }

    /// What a new list has changed: secrets may belong to another database, or their database stands otherwise.
    fn note_changes(&mut self, part: RdsPart, before: Option<&BTreeMap<RdsId, RdsDatabase>>) -> Vec<Fact> {
        let Some((_, list)) = self.rds.lists.get(&part) else {
            return Vec::new();
        };
        let ways = |list: &BTreeMap<RdsId, RdsDatabase>| {
            let ways = list.iter().map(|(id, database)| (id.clone(), database.ways()));
            ways.collect::<Vec<_>>()
        };
        if before.is_none_or(|before| ways(before) != ways(list)) {
            self.rds.index();
            self.touched.rds = true;
            return self.relink_all();
        }
        let changed = list.iter().filter(|(id, database)| {
            let known = before.and_then(|before| before.get(*id));
            known != Some(database)
        });
        let changed: Vec<&RdsId> = changed.map(|(id, _)| id).collect();
        self.touched.rds |= !changed.is_empty();
        let secrets = changed.into_iter().flat_map(|id| self.rds.secrets_of(id));
        self.touched
            .secrets
            .extend(secrets.map(|(secret, _)| secret.clone()));
        Vec::new()
    }

    /// The secrets of master users in one list, and how their passwords stand.
    fn masters_of(&self, part: RdsPart) -> Vec<(SecretArn, MasterState)> {
        let mut masters = Vec::new();
        for database in self
            .rds
            .lists
            .get(&part)
            .into_iter()
            .flat_map(|(_, list)| list.values())
        {
            let state = MasterState {
                resetting: database.is_resetting(),
                managed: database.managed.as_ref().map(|managed| managed.status),
            };
            let of_it = self
                .rds
                .secrets_of(&database.id)
                .filter(|(_, is_master)| *is_master);
            masters.extend(of_it.map(|(secret, _)| (secret.clone(), state)));
        }
        masters
    }

    /// Events of RDS. They are asked for again and again: each is told once.
    pub(crate) fn see_rds_events(&mut self, events: &[RdsEvent]) -> Vec<Fact> {
        let mut told: Vec<(SecretArn, Reset)> = Vec::new();
        for RdsEvent { of, reset } in events {
            let secrets = self
                .rds_owner(of)
                .into_iter()
                .flat_map(|id| self.rds.secrets_of(id));
            let masters = secrets.filter(|(_, is_master)| *is_master);
            told.extend(masters.map(|(secret, _)| (secret.clone(), *reset)));
        }
        let mut news = Vec::new();
        for (secret, reset) in told {
            let seen = self.learn(Fact::Reset {
                secret: secret.clone(),
                reset,
            });
            if !seen.is_empty() {
                self.touched.secrets.insert(secret);
            }
            news.extend(seen);
        }
        news
    }

    /// What rules say of secrets and their databases.
    pub(crate) fn see_rds_rules(&mut self, rules: BTreeMap<SecretArn, RdsRule>) {
        self.rds.rules = rules;
    }
}

/// Where it is known from that a secret belongs to a database.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Each life is told it again: by RDS, by a rule, by the journal.
    Again,
    ByLogin,
}

impl SecretFacts {
    /// RDS shows the master user's password on its way: until when that is believed, and longer than RDS needs.
    pub(crate) fn being_set_until(&self) -> Option<Timestamp> {
        let run = self.master.as_deref()?.states.latest()?;
        run.state.resetting.then_some(run.first.arrived + SET_AT_MOST)
    }

    pub(crate) fn is_being_set(&self, now: Timestamp) -> bool {
        self.being_set_until().is_some_and(|until| now < until)
    }

    pub(crate) fn learn_reset(&mut self, reset: Reset) -> bool {
        self.master.get_or_insert_default().learn_reset(reset)
    }
}
