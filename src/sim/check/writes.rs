//! Each write to the account, against what was so at that moment.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use machine::model::{ConsumerId, Mode, SecretArn, VersionId};

use super::{Checks, Lived, is_forgotten};
use crate::sim::case::{Case, Disk};
use crate::sim::world::{Service, World, Write, Wrong};

/// What happened so shortly before may not have been seen: labels and clusters are looked at from time to time.
const UNSEEN: SignedDuration = SignedDuration::from_mins(1);
/// How long a login and the turn after it take.
const A_LOGIN: SignedDuration = SignedDuration::from_secs(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Redeploys of a service within an hour (`Limits::redeploys_per_service_and_hour`).
const CAP: usize = 3;
/// A deployment that was rolled back is repeated once, then people are called (design rule 5).
const REPEATED: usize = 2;
/// Promotions older than this when a journal begins are its baseline (design rule 9), and LastRotatedDate's own delay.
pub(super) const BASELINE: SignedDuration = SignedDuration::from_mins(16);

impl Checks {
    /// Each write to the account. `log`: what the lives logged, a line each that begins with its time.
    pub fn writes(&mut self, case: &Case, world: &World, lives: &[Lived], log: &str) {
        for write in &world.writes {
            self.made_in_mode(write, lives);
            self.nothing_was_wrong(case, world, write, log);
        }
        for (id, service) in &world.services {
            self.restarts(case, world, (id, service), log);
        }
        self.one_goes_first(world);
        self.own_service_comes_last(case, world, log);
        let read = world
            .reads
            .iter()
            .find(|(_, operation)| *operation == "secretsmanager:GetSecretValue");
        self.holds(
            "values-are-read-for-logins-alone",
            case.login_test || read.is_none(),
            || format!("login tests are off: {read:?}"),
        );
        // Whoever forgets what was refused asks again.
        for secret in world.secrets.values().filter(|_| !is_forgotten(case)) {
            let locked = secret.refused.keys().find(|user| secret.was_locked(user));
            self.holds("no-account-locked", locked.is_none(), || {
                format!("{locked:?} of {}: {:?}", secret.name(), secret.refused)
            });
        }
    }

    fn made_in_mode(&mut self, write: &Write, lives: &[Lived]) {
        let life = lives
            .iter()
            .find(|life| (life.from..=life.to).contains(&write.at));
        let observes = life.is_some_and(|life| life.mode == Mode::Observe);
        self.holds("observe-writes-nothing", !observes || write.restores, || {
            format!("in mode observe: {write:?}")
        });
    }

    fn nothing_was_wrong(&mut self, case: &Case, world: &World, write: &Write, log: &str) {
        let told = || format!("{write:?}; {}", believed(log, write));
        let dead = write.wrong.iter().any(|wrong| {
            matches!(wrong, Wrong::Dead(arn) if !self.is_baseline_without_login(world, arn, write.at))
        });
        self.holds("no-restart-onto-a-dead-password", !dead, told);
        let mut rule = |rule, is: fn(&Wrong) -> bool| {
            let wrong = write.wrong.iter().any(is);
            self.holds(rule, !wrong, told);
        };
        rule("no-restart-between-set-and-finish", |wrong| {
            matches!(wrong, Wrong::Moving(_))
        });
        if case.is_away() {
            rule("no-restart-of-the-fresh", |wrong| *wrong == Wrong::Needless);
        } else {
            rule("no-restart-of-the-fresh", |wrong| {
                matches!(wrong, Wrong::Needless | Wrong::Returned)
            });
        }
        rule("the-brake-holds", |wrong| *wrong == Wrong::Braked);
        rule("decided-before-written", |wrong| *wrong == Wrong::Undecided);
    }

    /// What was current when the journal began is taken as it is found where no login with it was answered since: its
    /// secret does not tell how to log in, or the database is busy or out of reach.
    fn is_baseline_without_login(&self, world: &World, arn: &SecretArn, at: Timestamp) -> bool {
        let began = self.began_empty.iter().filter(|began| **began <= at).max();
        let (Some(began), Some(secret)) = (began, world.secrets.get(arn)) else {
            return false;
        };
        let promoted = secret.promoted.iter().filter(|moved| **moved <= at).max();
        let current = secret.as_of(at).labels.current.as_ref();
        let history = current.and_then(|current| secret.history.get(current));
        let mut answered = history.into_iter().flat_map(|history| &history.answered);
        promoted.is_some_and(|promoted| promoted < began)
            && !answered.any(|login| (*began..=at).contains(login))
    }

    /// A promotion that nothing proves is trusted by protocol (design rule 3), and one service tries it.
    fn one_goes_first(&mut self, world: &World) {
        let mut tried: BTreeMap<&VersionId, Vec<&Write>> = BTreeMap::new();
        for write in &world.writes {
            for wrong in &write.wrong {
                if let Wrong::Untold(_, version) = wrong {
                    tried.entry(version).or_default().push(write);
                }
            }
        }
        for (version, writes) in tried {
            let last = writes
                .iter()
                .map(|write| write.at)
                .max()
                .unwrap_or(Timestamp::MAX);
            let subjects = writes.iter().map(|write| write.subject.as_str());
            let consumers: BTreeSet<&str> = subjects.filter(|subject| runs(world, subject, last)).collect();
            self.holds("one-goes-first", consumers.len() <= 1, || {
                format!("{version} was tried by {consumers:?}, and no login was answered")
            });
        }
    }

    /// Services that were as stale as the one the watchdog runs in, and are refreshed later, should have been before.
    fn own_service_comes_last(&mut self, case: &Case, world: &World, log: &str) {
        let Some(own) = &case.own_service else { return };
        for write in redeploys(world, own) {
            let passed = write.beside.iter().find_map(|other| passed(world, write, other));
            self.holds("own-service-last", passed.is_none(), || {
                format!("{write:?} came before {passed:?}; {}", believed(log, write))
            });
        }
    }

    fn restarts(&mut self, case: &Case, world: &World, (id, service): (&ConsumerId, &Service), log: &str) {
        let promoted = promotions(world, id);
        let of_service = redeploys(world, id);
        // Of a deployment that failed before nobody knows with another journal.
        let lost = case
            .crashes
            .iter()
            .filter(|crash| crash.disk != Disk::Kept)
            .count();
        for (n, write) in of_service.iter().enumerate() {
            let last = promoted.iter().filter(|at| **at <= write.at).max();
            let last = last.copied().unwrap_or(Timestamp::MIN);
            // What was written before that could be known was written for an earlier one.
            let before = of_service[..n].iter().filter(|other| other.told >= last).count();
            let mut failed = service.deployments.iter().filter(|one| one.created > last);
            let is_repeated = failed.any(|one| one.fails.is_some_and(|at| at <= write.at));
            let allowed = if is_repeated { REPEATED + lost } else { 1 };
            self.holds("one-restart-for-a-rotation", before < allowed, || {
                format!(
                    "restart {} of {id} for what was promoted at {last}, at {}; a deployment of it failed: {is_repeated}; {}",
                    before + 1,
                    write.at,
                    believed(log, write)
                )
            });
            let is_recent = |at: Timestamp| at > write.at - HOUR;
            let hour = of_service[..n].iter().filter(|other| is_recent(other.at)).count();
            // One whose answer was lost, and that was rolled back before anybody looked, is not known to have been.
            let rolled_back = service
                .deployments
                .iter()
                .filter(|one| one.fails.is_some_and(|at| at <= write.at) && is_recent(one.created));
            let unseen = if case.is_disturbed() {
                rolled_back.count()
            } else {
                0
            };
            let is_capped = hour < CAP + unseen || is_forgotten(case);
            self.holds("no-more-than-the-cap", is_capped, || {
                let believed = believed(log, write);
                format!(
                    "restart {} of {id} within an hour, at {}; {believed}",
                    hour + 1,
                    write.at
                )
            });
        }
    }

    /// Of a journal that began empty at `since`: nobody was restarted for a promotion that is its baseline.
    pub fn baseline(&mut self, world: &World, since: Timestamp) {
        self.began_empty.push(since);
        for id in world.services.keys() {
            let promoted = promotions(world, id);
            for write in redeploys(world, id).into_iter().filter(|write| write.at >= since) {
                let last = promoted.iter().filter(|at| **at <= write.at).max();
                let is_recent = last.is_some_and(|at| *at >= since - BASELINE);
                self.holds("a-first-start-restarts-nobody", is_recent, || {
                    format!("{write:?}, promoted {last:?}, the journal began {since}")
                });
            }
        }
    }
}

/// What the watchdog had logged last of a consumer before it wrote.
fn believed<'a>(log: &'a str, write: &Write) -> &'a str {
    let (at, consumer) = (format!("{:.3}", write.at), format!("consumer={}", write.subject));
    let before = log
        .lines()
        .take_while(|line| line.get(..at.len()).is_some_and(|time| time <= at.as_str()));
    let last = before.filter(|line| line.contains(&consumer)).last();
    last.unwrap_or("nothing was logged of it before")
}

/// The redeploy of another service that should have come before this one: the service was there and stale, seen so, and
/// neither held, capped nor given anything else meanwhile. A login that it waits for may let it go a moment later.
fn passed<'a>(world: &'a World, write: &Write, other: &ConsumerId) -> Option<&'a Write> {
    let later = redeploys(world, other)
        .into_iter()
        .find(|later| later.at > write.at + A_LOGIN)?;
    let seen = write.told - UNSEEN;
    let moved = promotions(world, other)
        .iter()
        .any(|at| (seen..=later.at).contains(at));
    let is_new = world
        .services
        .get(other)?
        .plan
        .created
        .is_some_and(|at| at > seen);
    let is_held = [seen, write.told]
        .iter()
        .any(|at| world.truth().was_held(other, *at));
    let is_excused = moved || is_new || is_held || is_capped(world, other, write.at);
    (!is_excused).then_some(later)
}

/// Whether a service was redeployed as often as it may be within the hour before: a person was called.
fn is_capped(world: &World, id: &ConsumerId, at: Timestamp) -> bool {
    let recent = redeploys(world, id)
        .into_iter()
        .filter(|write| (at - HOUR..at).contains(&write.at));
    recent.count() >= CAP
}

/// When AWSCURRENT of any secret of a consumer moved.
fn promotions(world: &World, id: &ConsumerId) -> Vec<Timestamp> {
    let secrets = world.truth().secrets_of(id).iter();
    let secrets = secrets.filter_map(|arn| world.secrets.get(arn));
    secrets.flat_map(|secret| secret.promoted.clone()).collect()
}

pub(super) fn redeploys<'a>(world: &'a World, id: &ConsumerId) -> Vec<&'a Write> {
    let subject = id.to_string();
    let writes = world.writes.iter();
    writes
        .filter(|write| write.operation == "ecs:UpdateService" && write.subject == subject)
        .collect()
}

/// Of one that was deleted or scaled to nothing meanwhile nobody learns whether it is healthy.
fn runs(world: &World, subject: &str, at: Timestamp) -> bool {
    let mut services = world.services.iter();
    let mut functions = world.functions.iter();
    services.any(|(id, service)| id.to_string() == subject && service.wanted_tasks(at).next().is_some())
        || functions.any(|(id, function)| id.to_string() == subject && !function.deleted)
}
