//! What the loop shows to the outside: immutable, shared, one `Arc` for each secret, so that publishing costs what changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use machine::facts::attempts::Attempts;
use machine::facts::stages::Reached;
use machine::facts::state::{ConsumerFacts, State, WouldHave};
use machine::facts::track::Track;
use machine::findings::{Ended, Finding, Life, Severity, Standing, Unwatched};
use machine::judge::outlook::Outlook;
use machine::judge::{Judgement, Reason};
use machine::model::{ConsumerId, LoginAnswer, Measured, RdsDatabase, SecretArn, SecretSeen, VersionId};
use machine::numbers::Taken;
use rpds::RedBlackTreeMapSync;

use super::totals::Totals;

/// A map whose copies share all that has not changed.
pub(super) type Shared<K, V> = RedBlackTreeMapSync<K, Arc<V>>;

/// Everything the HTTP API, the metrics and the command line may show. No secret value can be in it.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub at: Timestamp,
    pub started: Timestamp,
    /// The account is a simulated one.
    pub simulated: bool,
    pub draining: bool,
    /// What is still missing before the watchdog is ready, in words; empty when it is.
    pub missing: Vec<String>,
    pub secrets: Shared<SecretArn, SecretView>,
    /// The secrets in numbers.
    pub totals: Totals,
    pub consumers: Shared<ConsumerId, ConsumerFacts>,
    /// Why something wanted waits, for each secret and consumer.
    pub waits: Arc<BTreeMap<(SecretArn, ConsumerId), Reason>>,
    /// Why secrets wait that are to be rolled forward.
    pub promotions: Arc<BTreeMap<SecretArn, Reason>>,
    /// Findings that belong to no watched secret.
    pub findings: Arc<Vec<Arc<Life>>>,
    /// Findings that ended, the last one first.
    pub ended: Arc<Vec<Arc<Ended>>>,
    /// Where secrets are listed.
    pub region: Option<String>,
    /// The account that the listed secrets belong to; nothing where none is listed.
    pub account: Option<String>,
    /// Listed secrets that no rule takes.
    pub unwatched: Arc<Vec<Unwatched>>,
    /// Where the journal lies, and whether nothing in it is from before this start.
    pub journal: Arc<str>,
    pub journal_is_new: bool,
    /// Nothing where no queue of events is configured.
    pub events: Option<EventsView>,
    /// Bytes of the journal.
    pub journal_bytes: u64,
    /// When ListSecrets last answered.
    pub last_list: Option<Timestamp>,
    /// Databases of RDS, in the order of their ids.
    pub databases: Arc<Vec<DatabaseView>>,
    /// What is measured just now, in order.
    pub numbers: Arc<Vec<MeasuredView>>,
}

/// An application or a database that is measured.
#[derive(Clone, Debug)]
pub struct MeasuredView {
    pub measured: Measured,
    pub taken: Arc<Taken>,
    /// For whose rotations, and when each began.
    pub secrets: Vec<(SecretArn, Timestamp)>,
}

impl MeasuredView {
    pub fn all(state: &State) -> Vec<Self> {
        let numbers = state.numbers();
        let views = numbers.iter().map(|(measured, taken)| Self {
            measured: measured.clone(),
            taken: taken.clone(),
            secrets: numbers
                .wanted_by(measured)
                .map(|(secret, since)| (secret.clone(), since))
                .collect(),
        });
        views.collect()
    }
}

/// A database of RDS.
#[derive(Clone, Debug)]
pub struct DatabaseView {
    pub database: RdsDatabase,
    /// Secrets that are known to belong to it, and whether each is the master user's.
    pub secrets: Vec<(SecretArn, bool)>,
}

impl DatabaseView {
    /// In the order of their ids.
    pub fn all(state: &State) -> Vec<Self> {
        let views = state.rds_databases().map(|database| Self {
            database: database.clone(),
            secrets: state
                .secrets_of_rds(&database.id)
                .map(|(secret, is_master)| (secret.clone(), is_master))
                .collect(),
        });
        let mut views: Vec<Self> = views.collect();
        views.sort_by(|a, b| a.database.id.cmp(&b.database.id));
        views
    }
}

/// Whether events come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventsView {
    pub working: bool,
    /// When the last one came.
    pub heartbeat: Option<Timestamp>,
    /// The last event of `check-events`.
    pub test: Option<TestEvent>,
}

/// An event that `check-events` waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestEvent {
    pub id: Arc<str>,
    /// When the queue got it, where that is told.
    pub sent: Option<Timestamp>,
    pub came: Timestamp,
}

/// One secret, judged.
#[derive(Clone, Debug)]
pub struct SecretView {
    pub arn: SecretArn,
    pub name: Arc<str>,
    /// The rule it got, in words.
    pub rule: Arc<str>,
    pub judgement: Arc<Judgement>,
    pub findings: Arc<[Arc<Life>]>,
    /// The latest answer of DescribeSecret.
    pub seen: Option<Arc<SecretSeen>>,
    /// When DescribeSecret last answered.
    pub last_look: Option<Timestamp>,
    /// What logins with its versions answered.
    pub logins: BTreeMap<VersionId, Track<LoginAnswer>>,
    /// How the consumers came along with each rotation.
    pub reached: Reached,
    /// What was decided for the secret itself.
    pub attempts: Attempts,
    /// What only the mode kept from being done.
    pub would: WouldHave,
    /// What the next rotation would do to each consumer.
    pub outlook: Arc<[Outlook]>,
    /// Who is known to use it.
    pub users: Vec<ConsumerId>,
}

impl Snapshot {
    pub fn empty(at: Timestamp, simulated: bool) -> Self {
        Self {
            at,
            started: at,
            simulated,
            draining: false,
            missing: vec!["the loop has not turned yet".to_owned()],
            secrets: Shared::new_sync(),
            totals: Totals::default(),
            consumers: Shared::new_sync(),
            waits: Arc::default(),
            promotions: Arc::default(),
            findings: Arc::default(),
            ended: Arc::default(),
            region: None,
            account: None,
            unwatched: Arc::default(),
            journal: Arc::from(""),
            journal_is_new: false,
            events: None,
            journal_bytes: 0,
            last_list: None,
            databases: Arc::default(),
            numbers: Arc::default(),
        }
    }

    /// Shows a secret, in place of how it was shown before.
    pub fn put(&mut self, view: SecretView) {
        if let Some(before) = self.secrets.get(&view.arn) {
            self.totals.remove(before);
        }
        self.totals.add(&view);
        self.secrets.insert_mut(view.arn.clone(), Arc::new(view));
    }

    /// Shows a secret no more.
    pub fn remove(&mut self, secret: &SecretArn) {
        if let Some(before) = self.secrets.get(secret) {
            self.totals.remove(before);
        }
        self.secrets.remove_mut(secret);
    }

    /// All findings, the gravest first; of equal ones those of the fleet come first, then by secret. Whoever takes a few
    /// pays for a few.
    pub fn by_gravity(&self) -> impl Iterator<Item = &Arc<Life>> {
        let severities = [Severity::Critical, Severity::Warning, Severity::Info];
        severities.into_iter().flat_map(|severity| {
            let having = self.totals.having.get(&severity).into_iter().flatten();
            let views = having.filter_map(|secret| self.secrets.get(secret));
            let of_secrets = views.flat_map(|view| &*view.findings);
            let all = self.findings.iter().chain(of_secrets);
            all.filter(move |life| life.finding.severity == severity)
        })
    }

    pub fn is_ready(&self) -> bool {
        self.missing.is_empty() && !self.draining
    }

    /// All findings, the gravest first.
    pub fn all_findings(&self) -> Vec<Arc<Life>> {
        let of_secrets = self.secrets.values().flat_map(|view| view.findings.iter());
        let mut all: Vec<Arc<Life>> = of_secrets.chain(self.findings.iter()).cloned().collect();
        all.sort_by(|a, b| a.finding.by_gravity(&b.finding));
        all
    }

    /// Those whose cause this life has seen, and that is there.
    pub fn open_findings(&self) -> Vec<Finding> {
        let all = self.all_findings().into_iter();
        let open = all.filter(|life| life.standing == Standing::Open);
        open.map(|life| life.finding.clone()).collect()
    }
}
