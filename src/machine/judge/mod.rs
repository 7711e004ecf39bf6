//! One secret judged: its rotations with their phases, its consumers with their standings, and what is wanted.

pub(crate) mod judgements;
pub mod outlook;
mod wants;
pub mod would;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::consumers::{Promotion, Standing, Why, stand, tenures_before};
pub use crate::judge::judgements::Judgements;
use crate::looks::lockout::login_put_off;
use crate::model::{Brake, ConsumerId, Fact, Mode, RotationKey, Scope, SecretArn, Stage, Strategy, Write};
use crate::policy::mode::lower;
pub use crate::policy::mode::{Lowered, LoweredBy};
use crate::policy::{Policy, Settings};
use crate::story::passages::Passages;
use crate::story::phase::{Consumers, Phase, phase};
use crate::story::proof::{Works, works};

use crate::procedures::Forward;

pub use crate::admission::reason::Reason;
use crate::facts::state::{SecretFacts, State};
use crate::story::danger_window::DangerWindow;
use crate::story::rotations::{Ending, Origin, Rotation, rotations};
use crate::story::strategy::strategy;

/// A rotation with what it means now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationView {
    pub rotation: Rotation,
    pub phase: Phase,
    pub works: Works,
    /// For the promotion that stands: how each consumer stands with it.
    pub consumers: Vec<(ConsumerId, Standing)>,
    /// Nothing where nobody can be locked out.
    pub window: Option<DangerWindow>,
}

/// What the machine would like changed; the fleet admits it or says why it waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    pub secret: SecretArn,
    pub rotation: RotationKey,
    pub consumer: ConsumerId,
    pub write: Write,
    pub mode: Mode,
    /// Sent no earlier, or a task created meanwhile would be stale by our own rule.
    pub not_before: Timestamp,
    /// The wave it belongs to.
    pub database: String,
    /// The login that it rests on is too old, and another one is waited for until then.
    pub awaits_login: Option<Timestamp>,
}

/// Everything concluded about a secret at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The rule it goes by, in words.
    pub rule: Arc<str>,
    pub mode: Mode,
    /// Where the rule allows more than the mode.
    pub lowered: Option<Lowered>,
    pub held: bool,
    /// Whether the rule switches the login test on.
    pub login_test: bool,
    /// The wave its consumers belong to.
    pub database: String,
    pub strategy: (Strategy, &'static str),
    /// Oldest first.
    pub rotations: Vec<RotationView>,
    pub wants: Vec<Want>,
    /// Wants of this secret that wait for a reason of its own.
    pub waits: Vec<(ConsumerId, Reason)>,
    /// The rotation under way is ahead of AWSCURRENT: the database has its password alone.
    pub forward: Option<Box<Forward>>,
    /// Why a restart for another secret must not give a consumer this one's value just now.
    pub withheld: Option<Reason>,
    /// Why no login is made with what nothing has proven yet, where it is for the lock-out budget.
    pub login_waits: Option<Reason>,
    /// To whom promotions have come, not yet among the facts.
    pub reached: Vec<Fact>,
    /// When time alone may change this.
    pub wake: Option<Timestamp>,
}

impl Judgement {
    /// The rotation under way, if any.
    pub fn open(&self) -> Option<&RotationView> {
        self.rotations.iter().rev().find(|view| view.rotation.is_open())
    }

    /// The promotion that stands.
    pub fn current(&self) -> Option<&RotationView> {
        self.rotations
            .iter()
            .rev()
            .find(|view| view.rotation.is_current())
    }

    /// A rotation that was given up with its danger window open: nothing shows since that AWSCURRENT works.
    pub fn left_exposed(&self) -> Option<&RotationView> {
        self.rotations.iter().rev().find(|view| {
            let is_given_up = matches!(view.rotation.ending, Some((Ending::Abandoned, _)));
            is_given_up && view.window.is_some_and(|window| window.closed.is_none())
        })
    }

    /// The rotation that matters most: the one under way, else the last promotion.
    pub fn latest(&self) -> Option<&RotationView> {
        self.open().or_else(|| self.rotations.last())
    }
}

/// Judges one secret. Pure: the same facts, policy and time give the same judgement.
pub fn judge(
    state: &State,
    secret: &SecretArn,
    policy: &Policy,
    settings: &Settings,
    now: Timestamp,
) -> Judgement {
    let empty = SecretFacts::default();
    let facts = state.secret(secret).unwrap_or(&empty);
    let brake = match &facts.seen {
        Some((_, seen)) => seen.brake(),
        None => facts.brake,
    };
    let (mode, lowered) = lower(policy.mode, settings.limits.at_most, brake);
    let mut judgement = Judgement {
        rule: Arc::clone(&policy.rule),
        mode,
        lowered,
        held: brake == Some(Brake::Hold),
        login_test: policy.login_test,
        database: wave(state, secret, policy),
        strategy: strategy(facts, None),
        rotations: Vec::new(),
        wants: Vec::new(),
        waits: Vec::new(),
        forward: None,
        withheld: None,
        login_waits: None,
        reached: Vec::new(),
        wake: None,
    };
    let rotations = rotations(secret, facts, &settings.timing);
    judgement.rotations.reserve_exact(rotations.len());
    for rotation in rotations {
        let view = judgement.view(state, facts, rotation, policy, settings, now);
        judgement.rotations.push(view);
    }
    let latest = judgement.latest().map(|view| &view.rotation);
    judgement.strategy = strategy(facts, latest);
    judgement.show_windows(state, facts, settings, now);
    judgement.doubt_what_was_left_exposed();
    judgement.want(state, facts, policy, settings, now);
    judgement.roll_forward(facts, state.is_log_unread(secret), policy, settings, now);
    judgement.login_waits = login_put_off(state, &judgement, settings, now);
    judgement.wake_at(judgement.login_waits.as_ref().and_then(Reason::until), now);
    judgement
}

impl Judgement {
    fn view(
        &mut self,
        state: &State,
        facts: &SecretFacts,
        rotation: Rotation,
        policy: &Policy,
        settings: &Settings,
        now: Timestamp,
    ) -> RotationView {
        let mut consumers = match &rotation.promoted {
            Some(promoted) if rotation.is_current() && rotation.origin != Origin::Baseline => {
                let towards = Promotion {
                    rotation: &rotation.key,
                    promoted: promoted.when.not_after,
                    not_before: promoted.when.not_before,
                    tenures: tenures_before(&self.rotations, &rotation, &settings.timing),
                    reached: &facts.reached,
                    last_login: state.last_login(&rotation.key.secret, &rotation.key.version),
                    policy,
                    timing: &settings.timing,
                    now,
                };
                let mut found = standings(state, &rotation.key.secret, &towards);
                // For a day: a cluster may have been taken out of the configuration.
                if now < towards.promoted + settings.timing.watch_for {
                    found.extend(remembered(state, facts, &rotation.key, &found));
                }
                found
            }
            _ => Vec::new(),
        };
        let is_judged = rotation.is_current() && rotation.origin != Origin::Baseline;
        let promoted = rotation.promoted.as_ref().map(|seen| seen.when.not_after);
        let promoted = promoted.filter(|_| is_judged && !state.searching);
        // Who comes or goes after its day is no matter of this promotion.
        if promoted
            .is_some_and(|at| users(facts, &rotation.key).is_none() || now < at + settings.timing.watch_for)
        {
            self.note_users(facts, &rotation.key, &consumers, now);
        }
        self.note_stages(facts, &rotation, &consumers, now);
        // One that is gone ends what is told of it, and is no consumer any more.
        let clock = (settings.timing.verify_for, now);
        let (settled, late) = settled(state, facts, &rotation, &consumers, clock);
        self.wake_at(late, now);
        consumers.retain(|(_, standing)| standing.why != Why::Gone);
        let together = settled.map_or(Consumers::Pending, |since| Consumers::Over { since });
        let (phase, wake) = phase(&rotation, together, now, &settings.timing);
        self.wake_at(wake, now);
        consumers
            .iter()
            .for_each(|(_, standing)| self.wake_at(standing.wake, now));
        RotationView {
            works: works(&rotation, facts, settings),
            rotation,
            phase,
            consumers,
            window: None,
        }
    }

    /// Told when all rotations are known: what becomes of one that was given up, the next tells.
    fn show_windows(&mut self, state: &State, facts: &SecretFacts, settings: &Settings, now: Timestamp) {
        let clock = (settings.timing.verify_for, now);
        let windows: Vec<_> = (0..self.rotations.len())
            .map(|i| DangerWindow::of(self, i, state, facts, clock))
            .collect();
        for (view, window) in self.rotations.iter_mut().zip(windows) {
            view.window = window;
        }
        let open = self.open().and_then(|view| view.window);
        if let Some(since) = open.map(|window| window.opened.not_after) {
            self.wake_at(Some(since + settings.timing.open_window_warning), now);
            self.wake_at(Some(since + settings.timing.open_window_critical), now);
        }
    }

    /// Whoever holds AWSCURRENT was well with it before setSecret of a rotation that was given up.
    fn doubt_what_was_left_exposed(&mut self) {
        let Some(version) = self.left_exposed().map(|view| view.rotation.key.version.clone()) else {
            return;
        };
        let Some(view) = self.rotations.iter_mut().rfind(|view| view.rotation.is_current()) else {
            return;
        };
        for (_, standing) in &mut view.consumers {
            if matches!(standing.stage, Stage::Fresh | Stage::Presumed) {
                let why = Why::LeftExposed {
                    version: version.clone(),
                };
                *standing = Standing::of(Stage::Unknown, why);
            }
        }
    }

    /// A time that has passed changes nothing any more: whoever waited for it would turn for ever.
    fn wake_at(&mut self, at: Option<Timestamp>, now: Timestamp) {
        self.wake = match (self.wake, at.filter(|at| *at > now)) {
            (Some(known), Some(at)) => Some(known.min(at)),
            (known, at) => known.or(at),
        };
    }

    /// Whom a promotion has to come to, so that a journal that is folded anew waits for all of them.
    fn note_users(
        &mut self,
        facts: &SecretFacts,
        rotation: &RotationKey,
        consumers: &[(ConsumerId, Standing)],
        now: Timestamp,
    ) {
        let found: BTreeSet<&ConsumerId> = consumers.iter().map(|(id, _)| id).collect();
        let is_known = users(facts, rotation).is_some_and(|known| known.iter().eq(found.iter().copied()));
        if !is_known {
            self.reached.push(Fact::Users {
                rotation: rotation.clone(),
                at: now,
                consumers: found.into_iter().cloned().collect(),
            });
        }
    }

    fn note_stages(
        &mut self,
        facts: &SecretFacts,
        rotation: &Rotation,
        consumers: &[(ConsumerId, Standing)],
        now: Timestamp,
    ) {
        for (consumer, standing) in consumers {
            let Some(looked) = standing.as_of.filter(|_| standing.stage != Stage::Unknown) else {
                continue;
            };
            let known = facts.reached.get(&(rotation.key.clone(), consumer.clone()));
            if known.is_none() && standing.why == Why::Gone {
                continue;
            }
            let at = match known.and_then(|runs| runs.last()) {
                Some(run) if run.stage == standing.stage && run.last >= looked => continue,
                // No look has changed it: a decision or a deadline has, just now.
                Some(run) if run.stage != standing.stage && run.last >= looked => now,
                _ => looked,
            };
            self.reached.push(Fact::Reached {
                rotation: rotation.key.clone(),
                consumer: consumer.clone(),
                stage: standing.stage,
                at,
                why: standing.why.to_string(),
                old: standing.old,
            });
        }
    }
}

/// The rule's word; else the first of the secrets that are known to share its database; else its own name.
fn wave(state: &State, secret: &SecretArn, policy: &Policy) -> String {
    let first = || state.first_of_database(secret).unwrap_or(secret).name();
    policy.database.clone().unwrap_or_else(|| first().to_owned())
}

/// When a promotion had come to all its consumers, and when time alone may change that. Until everybody was looked for
/// once since the start, whom the journal does not name may yet be found.
fn settled(
    state: &State,
    facts: &SecretFacts,
    rotation: &Rotation,
    consumers: &[(ConsumerId, Standing)],
    clock: (SignedDuration, Timestamp),
) -> (Option<Timestamp>, Option<Timestamp>) {
    let Some(promoted) = rotation.promoted.as_ref().map(|seen| seen.when) else {
        return (None, None);
    };
    if rotation.ending.is_some() {
        let told = Passages::told(&rotation.key, &facts.reached, promoted, clock.0);
        return (told.settled(), None);
    }
    let passages = Passages::of(state, facts, (&rotation.key, promoted), consumers, clock);
    let is_reached = || facts.reached.keys().any(|(of, _)| *of == rotation.key);
    let is_told = || users(facts, &rotation.key).is_some() || is_reached();
    let is_known = !state.searching || is_told();
    (passages.settled().filter(|_| is_known), passages.late_at())
}

/// Who is known to use what was promoted; nothing before everything was searched.
fn users<'a>(facts: &'a SecretFacts, rotation: &RotationKey) -> Option<&'a BTreeSet<ConsumerId>> {
    let users = facts.users.iter().find(|(of, _)| of == rotation);
    users.map(|(_, consumers)| consumers)
}

fn standings(state: &State, secret: &SecretArn, promotion: &Promotion<'_>) -> Vec<(ConsumerId, Standing)> {
    state
        .users_of(secret)
        .map(|(id, facts)| (id.clone(), stand(id, facts, promotion)))
        .collect()
}

/// Consumers of this rotation that the journal names and that discovery has not come to again since the start.
fn remembered(
    state: &State,
    facts: &SecretFacts,
    rotation: &RotationKey,
    found: &[(ConsumerId, Standing)],
) -> Vec<(ConsumerId, Standing)> {
    let reached = facts.reached.keys().filter(|(of, _)| of == rotation);
    let named: BTreeSet<&ConsumerId> = match users(facts, rotation) {
        Some(users) => users.iter().collect(),
        None => reached.map(|(_, id)| id).collect(),
    };
    let unseen = named.into_iter().filter(|id| {
        let known = found.iter().any(|(other, _)| other == *id);
        !known && !state.scopes.contains_key(&Scope::of(id))
    });
    unseen
        .map(|id| (id.clone(), Standing::of(Stage::Unknown, Why::NotLookedYet)))
        .collect()
}

/// When the consumer came to its present stage.
pub(crate) fn since(
    facts: &SecretFacts,
    rotation: &RotationKey,
    id: &ConsumerId,
    standing: &Standing,
) -> Option<Timestamp> {
    let runs = facts.reached.get(&(rotation.clone(), id.clone()))?;
    runs.iter()
        .rev()
        .find(|run| run.stage == standing.stage)
        .map(|run| run.first)
}
