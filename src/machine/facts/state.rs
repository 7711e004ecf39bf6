//! Everything the watchdog knows: the facts of each secret, its consumers, and what was decided and done.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::facts::Databases;
use crate::facts::Rds;
use crate::facts::Touched;
use crate::facts::Users;
use crate::facts::attempts::Attempts;
use crate::facts::hints::{Delivery, Hints};
use crate::facts::rds::MasterFacts;
use crate::facts::stages::Reached;
use crate::facts::track::Track;
use crate::findings::Lives;
use crate::model::{
    Attempt, AttemptId, Belongs, Brake, Consumer, ConsumerId, Dates, FunctionSeen, HostId, Labels, LogFact,
    LogReach, LogTrouble, LoginAnswer, Look, LookFailure, LookKey, Pace, Procedure, Reference, ReferenceKind,
    Refusal, RotationKey, Scope, ScopeSeen, SecretArn, SecretSeen, SecretSummary, ServiceSeen,
    ServiceSettings, Target, VersionId,
};
use crate::numbers::Numbers;

#[derive(Clone, Debug, Default)]
pub struct State {
    /// Boxed: among thousands half of the places of a map are free.
    pub secrets: BTreeMap<SecretArn, Box<SecretFacts>>,
    pub consumers: BTreeMap<ConsumerId, ConsumerFacts>,
    pub scopes: BTreeMap<Scope, (Look, ScopeSeen)>,
    /// When a part of discovery last had an answer that left nothing out but functions that cannot be decrypted.
    pub searched: BTreeMap<Scope, Timestamp>,
    /// Not every part of discovery was looked at once since the start: consumers are not known yet.
    pub searching: bool,
    /// RDS Proxies are searched for.
    pub(crate) searches_proxies: bool,
    /// The last answer to each look, with any content.
    pub looked: BTreeMap<LookKey, Look>,
    /// Looks whose last try gave no answer.
    pub failing: BTreeMap<LookKey, Failing>,
    /// What an attempt changes.
    pub owners: BTreeMap<AttemptId, Target>,
    /// When the whole of discovery was last answered with nothing left out; nothing where some of it never was.
    pub(crate) searched_whole: Option<Timestamp>,
    /// Whether events come.
    pub delivery: Delivery,
    /// What people were told, and since when it stands.
    pub lives: Lives,
    pub(crate) users: Users,
    pub(crate) databases: Databases,
    pub(crate) rds: Rds,
    pub(crate) numbers: Numbers,
    pub(crate) touched: Touched,
}

/// What would have been done for a consumer, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Would {
    pub procedure: Procedure,
    pub at: Timestamp,
}

/// For each rotation and consumer, what would have been done had the mode been `act`.
pub type WouldHave = BTreeMap<(RotationKey, ConsumerId), Would>;

/// What is known of one secret. Merging is the same in any order of arrival.
#[derive(Clone, Debug, Default)]
pub struct SecretFacts {
    pub labels: Track<Labels>,
    /// The dates that came with new labels, and each LastRotatedDate: what the latest answer says is of the latest rotation.
    pub dates: Track<Dates>,
    pub valued: BTreeMap<VersionId, Track<bool>>,
    pub logins: BTreeMap<VersionId, Track<LoginAnswer>>,
    pub log: BTreeSet<LogFact>,
    /// Refused logins that may have been of an account of it, for as long as databases count them.
    pub(crate) refused: BTreeSet<Refusal>,
    /// How each consumer came along with each rotation.
    pub reached: Reached,
    /// What only the mode kept from being done.
    pub would: WouldHave,
    /// When DescribeSecret first answered.
    pub first_look: Option<Timestamp>,
    /// What AWSCURRENT is on, and when this process first saw it there; not kept over a restart.
    pub current_seen: Option<(VersionId, Timestamp)>,
    /// The latest answers; not kept over a restart.
    pub seen: Option<(Look, Arc<SecretSeen>)>,
    pub summary: Option<(Look, SecretSummary)>,
    /// When a list first had it; not kept over a restart.
    pub listed_since: Option<Timestamp>,
    pub gone: Option<Look>,
    /// What was decided for the secret itself.
    pub attempts: Attempts,
    /// The brake's tag, as it was last seen.
    pub(crate) brake: Option<Brake>,
    /// Who used what the last promotions brought, oldest first.
    pub(crate) users: Vec<(RotationKey, BTreeSet<ConsumerId>)>,
    /// How long its last good rotations took, oldest first.
    pub paces: Vec<(RotationKey, Pace)>,
    /// What events told of it; not kept over a restart.
    pub hints: Option<Box<Hints>>,
    /// The database of RDS that logins with it went to.
    pub(crate) belongs: Option<Belongs>,
    /// It is listed, and no rule takes it; not kept over a restart.
    pub(crate) unwatched: bool,
    /// What RDS told of its master user's password, where it is one's.
    pub master: Option<Box<MasterFacts>>,
    /// What kept its rotation's log from being read at the last look; not kept over a restart.
    pub log_trouble: Option<LogTrouble>,
}

impl SecretFacts {
    /// Log lines kept for a secret: some dozens of rotations.
    pub const LOG_LIMIT: usize = 512;
    /// Versions whose values and logins are kept.
    pub const VERSION_LIMIT: usize = 32;
    /// Stages of consumers kept for a secret.
    pub const REACHED_LIMIT: usize = 2_000;
}

/// What is known of one consumer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerFacts {
    /// When an event last told that something of it changed; not kept over a restart.
    pub hinted: Option<Timestamp>,
    pub references: Vec<Reference>,
    pub mutable_images: Vec<String>,
    /// How discovery last saw a service deployed.
    pub settings: Option<ServiceSettings>,
    /// Where others log in through an RDS Proxy.
    pub endpoint: Option<HostId>,
    /// Target groups of a load balancer in front of a service.
    pub target_groups: Vec<Arc<str>>,
    /// Discovery or a look has found it; not kept over a restart.
    pub existed: bool,
    pub service: Option<(Look, Option<ServiceSeen>)>,
    pub function: Option<(Look, Option<FunctionSeen>)>,
    pub attempts: Attempts,
}

impl ConsumerFacts {
    /// Whether discovery has described it so already.
    pub(crate) fn is_described(&self, consumer: &Consumer) -> bool {
        self.references == consumer.references
            && self.mutable_images == consumer.mutable_images
            && self.settings == consumer.settings
            && self.endpoint == consumer.endpoint
            && self.target_groups == consumer.target_groups
    }

    pub(crate) fn describe(&mut self, consumer: &Consumer) {
        self.references.clone_from(&consumer.references);
        self.mutable_images.clone_from(&consumer.mutable_images);
        self.settings.clone_from(&consumer.settings);
        self.endpoint = consumer.endpoint;
        self.target_groups.clone_from(&consumer.target_groups);
    }

    /// When a look found nothing by its name, if that was the last.
    pub fn absent(&self) -> Option<&Look> {
        match (&self.service, &self.function) {
            (Some((look, None)), _) | (_, Some((look, None))) => Some(look),
            _ => None,
        }
    }

    /// It was there, and is no more.
    pub fn is_gone(&self) -> bool {
        let was_there = || self.existed || self.attempts.iter().any(|attempt| attempt.written().is_some());
        self.absent().is_some() && was_there()
    }

    /// Discovery has found it: what did not find it before is outdated. Whether that is news.
    pub(crate) fn found(&mut self, listed: &Look) -> bool {
        let is_outdated = self.absent().is_some_and(|look| look.sent < listed.sent);
        if is_outdated {
            (self.service, self.function) = (None, None);
        }
        !std::mem::replace(&mut self.existed, true) || is_outdated
    }

    /// What it uses for certain: a mere suspicion is told, and neither causes nor holds back anything.
    pub fn used(&self) -> impl Iterator<Item = &Reference> {
        self.references
            .iter()
            .filter(|reference| reference.kind != ReferenceKind::Suspected)
    }

    pub fn uses(&self, secret: &SecretArn) -> bool {
        self.used().any(|reference| &reference.secret == secret)
    }

    /// Uses it, or is suspected to.
    pub fn references(&self, secret: &SecretArn) -> bool {
        self.references
            .iter()
            .any(|reference| &reference.secret == secret)
    }
}

/// A look that keeps failing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    pub since: Timestamp,
    pub last: Timestamp,
    pub times: u32,
    pub failure: LookFailure,
}

impl State {
    /// What is known of a secret, if anything.
    pub fn secret(&self, secret: &SecretArn) -> Option<&SecretFacts> {
        self.secrets.get(secret).map(Box::as_ref)
    }

    /// Nothing is known, and nobody was looked for.
    pub fn at_the_start() -> Self {
        Self {
            searching: true,
            ..Self::default()
        }
    }

    /// Whether a look was answered, or failed.
    pub fn is_tried(&self, key: &LookKey) -> bool {
        self.looked.contains_key(key) || self.failing.contains_key(key)
    }

    /// Whether the log of the secret's rotation Lambda cannot be read at all. One that is merely long tells what it has.
    pub(crate) fn is_log_unread(&self, secret: &SecretArn) -> bool {
        let trouble = self.secret(secret).and_then(|facts| facts.log_trouble.as_ref());
        let is_out_of_reach = trouble.is_some_and(|trouble| match trouble.reach {
            LogReach::Absent | LogReach::Refused { .. } => true,
            LogReach::Whole | LogReach::Cut { .. } => false,
        });
        is_out_of_reach || self.failing.contains_key(&LookKey::Log(secret.clone()))
    }

    /// What was decided for a target, if it is known.
    pub fn attempts_of(&self, target: &Target) -> Option<&Attempts> {
        match target {
            Target::Secret(secret) => self.secret(secret).map(|facts| &facts.attempts),
            Target::Consumer(consumer) => self.consumers.get(consumer).map(|facts| &facts.attempts),
        }
    }

    pub(crate) fn attempts_of_mut(&mut self, target: &Target) -> &mut Attempts {
        match target {
            Target::Secret(secret) => &mut self.secrets.entry(secret.clone()).or_default().attempts,
            Target::Consumer(consumer) => &mut self.consumers.entry(consumer.clone()).or_default().attempts,
        }
    }

    /// An attempt, and what it changes.
    pub fn attempt(&self, id: &AttemptId) -> Option<&Attempt> {
        let attempts = self.attempts_of(self.owners.get(id)?)?;
        attempts.iter().find(|attempt| &attempt.decision.attempt == id)
    }

    /// Attempts that nobody has answered: they were under way when the process that sent them ended.
    pub fn unanswered(&self) -> impl Iterator<Item = &Attempt> {
        let of_consumers = self.consumers.values().map(|facts| &facts.attempts);
        let of_secrets = self.secrets.values().map(|facts| &facts.attempts);
        let attempts = of_consumers
            .chain(of_secrets)
            .flat_map(|attempts| attempts.iter());
        attempts.filter(|attempt| attempt.outcome.is_none())
    }

    /// Forgets when things were looked at that nobody asks for any more: versions without a label, consumers gone.
    pub(crate) fn forget_unasked(&mut self) {
        let (secrets, consumers) = (&self.secrets, &self.consumers);
        let is_asked = |key: &LookKey| match key {
            LookKey::Login(secret, version) => secrets
                .get(secret)
                .and_then(|facts| facts.labels.latest())
                .is_some_and(|run| run.state.carries(version)),
            LookKey::Consumer(consumer) => consumers.contains_key(consumer),
            LookKey::Secret(_) | LookKey::Versions(_) | LookKey::Log(_) => true,
            LookKey::Numbers(measured) => self.numbers.get(measured).is_some(),
            LookKey::Sweep | LookKey::Discovery(_) | LookKey::Events | LookKey::Rds(_) => true,
        };
        self.looked.retain(|key, _| is_asked(key));
        let failing = self.failing.len();
        self.failing.retain(|key, _| is_asked(key));
        self.touched.failing |= self.failing.len() < failing;
    }
}

impl SecretFacts {
    pub fn rotation_lambda(&self) -> Option<&str> {
        match (&self.seen, &self.summary) {
            (Some((_, seen)), _) => seen.rotation_lambda.as_deref(),
            (None, Some((_, summary))) => summary.rotation_lambda.as_deref(),
            (None, None) => None,
        }
    }

    /// When it is due to be rotated next: in UTC, to the end of that day.
    pub(crate) fn next_rotation(&self) -> Option<Timestamp> {
        match (&self.seen, &self.summary) {
            (Some((_, seen)), _) => seen.next_rotation,
            (None, Some((_, summary))) => summary.next_rotation,
            (None, None) => None,
        }
    }

    pub fn rotation_lambda_name(&self) -> Option<&str> {
        self.rotation_lambda().map(function_name)
    }

    /// Every LastRotatedDate that was seen.
    pub(crate) fn rotated(&self) -> impl Iterator<Item = Timestamp> {
        self.dates.runs().iter().filter_map(|run| run.state.rotated)
    }

    /// Whether a version was last seen on its way, by DescribeSecret or, where that does not ask, by the sweep.
    pub fn is_pending(&self) -> bool {
        let labels = match (self.labels.latest(), &self.summary) {
            (Some(run), _) => Some(&run.state),
            (None, Some((_, summary))) => Some(&summary.labels),
            (None, None) => None,
        };
        labels.is_some_and(|labels| labels.in_progress().is_some())
    }

    /// Every version that is known to be one of the secret.
    pub fn versions(&self) -> BTreeSet<VersionId> {
        let labelled = self.labels.runs().iter().flat_map(|run| {
            let Labels {
                current,
                pending,
                previous,
                ..
            } = &run.state;
            [current, pending, previous].into_iter().flatten()
        });
        labelled.chain(self.valued.keys()).cloned().collect()
    }

    pub fn current(&self) -> Option<&VersionId> {
        self.labels.latest().and_then(|run| run.state.current.as_ref())
    }
}

/// The function's name in its ARN, which may end in an alias or a version.
pub fn function_name(arn: &str) -> &str {
    let (_, tail) = arn.split_once(":function:").unwrap_or(("", arn));
    tail.split(':').next().unwrap_or(tail)
}
