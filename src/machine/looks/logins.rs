//! Which version to log in with, and when: each login is one more that may lock an account.

use jiff::{SignedDuration, Timestamp};

use crate::facts::state::SecretFacts;
use crate::facts::track::{Run, Track};
use crate::judge::{Judgement, RotationView};
use crate::model::{LoginAnswer, LookFailure, LookKey, Outcome, SecretArn, Strategy, VersionId};
use crate::policy::Policy;
use crate::procedures::roll_forward::LEAST_PATIENCE;
use crate::story::phase::Phase;
use crate::story::proof::{Proof, Works, verdict};
use crate::story::rotations::{Origin, Rotation, Source};

use super::{Plan, patient};

/// The least wait after a refusal where another version of the secret was refused, too.
const LOCKED_SOONER: SignedDuration = SignedDuration::from_secs(15);
/// Lambda ends an invocation after so long (aws-facts: Lambda).
const LONGEST_FUNCTION: SignedDuration = SignedDuration::from_mins(15);
/// Logins with what was rolled forward, meanwhile.
const SET_BACK_LOOKS: SignedDuration = SignedDuration::from_mins(1);

impl Plan<'_> {
    pub(super) fn logins(
        &mut self,
        secret: &SecretArn,
        facts: &SecretFacts,
        judgement: &Judgement,
        policy: &Policy,
    ) {
        if let Some(view) = judgement.open() {
            self.logins_while_open(secret, facts, view, policy);
        } else if let (Some(view), Some(current)) = (judgement.left_exposed(), facts.current()) {
            // Until AWSCURRENT is seen to work, nobody knows whether its consumers do.
            self.login(secret, facts, &view.rotation, current);
        } else if let Some(view) = judgement.current()
            && view.rotation.origin == Origin::Baseline
        {
            self.login_at_the_baseline(secret, facts, view);
        } else if let Some(view) = judgement.current()
            && view.phase.awaits_proof()
        {
            let proven = matches!(view.works, Works::Yes(Proof::Login(_)));
            match &view.rotation.replaced {
                _ if !proven => {
                    self.login(secret, facts, &view.rotation, &view.rotation.key.version);
                    self.login_with_replaced(secret, view);
                }
                // Whether the old password still works tells how the secret rotates. One try: it may be refused.
                Some(old) if self.is_untold(facts, judgement, view) => {
                    self.once_since(LookKey::Login(secret.clone(), old.clone()), view)
                }
                _ => {
                    self.login_again(secret, view);
                    self.login_with_replaced(secret, view);
                }
            }
        } else if let Some(view) = judgement.current() {
            if view.phase == Phase::Watching {
                self.login_again(secret, view);
                self.login_with_replaced(secret, view);
            }
            self.login_after_silence(secret, facts, view);
        }
    }

    /// A login that had no answer which tells of the password is tried again, seldom, so that its finding can end.
    fn login_after_silence(&mut self, secret: &SecretArn, facts: &SecretFacts, view: &RotationView) {
        let version = &view.rotation.key.version;
        let latest = facts.logins.get(version).and_then(Track::latest);
        if latest.is_some_and(|run| !run.state.tells()) {
            let key = LookKey::Login(secret.clone(), version.clone());
            self.every(key, self.cadence().login_seldom());
        }
    }

    /// A dead value, seldom, for as long as it is watched; and once more what AWSCURRENT was moved back to, or rolled
    /// forward to: it leaves behind a setSecret that may come true later, or a function that may set the database back.
    fn login_again(&mut self, secret: &SecretArn, view: &RotationView) {
        let promoted = view.rotation.promoted.as_ref().map(|seen| seen.when.not_after);
        let verified = promoted.map(|at| at + self.settings.timing.verify_for);
        let interval = match view.works {
            Works::No { .. } => self.cadence().login_seldom(),
            Works::Yes(Proof::Login(at))
                if view.rotation.origin == Origin::Rollback && Some(at) < verified =>
            {
                self.cadence().login_backoff
            }
            Works::Yes(Proof::Login(_)) if self.may_be_set_back(view) => SET_BACK_LOOKS,
            Works::Yes(_) | Works::Unproven => return,
        };
        let key = LookKey::Login(secret.clone(), view.rotation.key.version.clone());
        self.every(key, interval);
    }

    /// Of what was rolled forward: the function that failed may run on, and set the database back at its end.
    fn may_be_set_back(&self, view: &RotationView) -> bool {
        let promoted = view.rotation.rolled_forward().map(|when| when.not_after);
        promoted.is_some_and(|at| self.now < at + LONGEST_FUNCTION)
    }

    /// What was rolled forward and is refused, or was just promoted: does the version before it log in?
    fn login_with_replaced(&mut self, secret: &SecretArn, view: &RotationView) {
        let forwarded = view
            .rotation
            .rolled_forward()
            .and(view.rotation.replaced.as_ref());
        let Some(old) = forwarded else { return };
        let key = LookKey::Login(secret.clone(), old.clone());
        match view.works {
            Works::No { .. } => self.every(key, self.cadence().login_backoff),
            Works::Yes(_) | Works::Unproven => self.once_since(key, view),
        }
    }

    /// One login tells whether what was current at the first look works; a refusal, and a database that was busy or out
    /// of reach, is asked again, seldom; what only a person can mend, more seldom.
    fn login_at_the_baseline(&mut self, secret: &SecretArn, facts: &SecretFacts, view: &RotationView) {
        let version = &view.rotation.key.version;
        let key = LookKey::Login(secret.clone(), version.clone());
        let answer = facts.logins.get(version).and_then(|track| track.latest());
        let is_passing = |answer: &LoginAnswer| match answer {
            LoginAnswer::Busy { .. } | LoginAnswer::Unreachable { .. } | LoginAnswer::Unknown { .. } => true,
            LoginAnswer::Account { .. }
            | LoginAnswer::Tls { .. }
            | LoginAnswer::Unusable { .. }
            | LoginAnswer::Accepted
            | LoginAnswer::Admitted { .. }
            | LoginAnswer::Refused { .. } => false,
        };
        match view.works {
            Works::No { .. } => self.every(key, self.cadence().login_backoff),
            Works::Unproven if answer.is_some_and(|run| is_passing(&run.state)) => {
                self.every(key, self.cadence().login_backoff)
            }
            Works::Unproven if answer.is_none() => self.once(key),
            Works::Unproven => self.login_after_silence(secret, facts, view),
            Works::Yes(_) => {}
        }
    }

    /// Nothing yet tells the secret's strategy, and AWSPREVIOUS can still be read.
    fn is_untold(&self, facts: &SecretFacts, judgement: &Judgement, view: &RotationView) -> bool {
        let previous = facts.labels.latest().and_then(|run| run.state.previous.as_ref());
        let is_untold = match judgement.strategy.0 {
            Strategy::Unknown => true,
            // Its user may keep the password before: one try tells, once and for all.
            Strategy::SingleUser => view.rotation.origin == Origin::Rotation && !was_refused_since(facts),
            Strategy::AlternatingUsers | Strategy::DualPasswords | Strategy::Managed | Strategy::External => {
                false
            }
        };
        is_untold && previous == view.rotation.replaced.as_ref()
    }

    /// The old password shows when the window opens; the new one is tried only with reason, lest an account is locked.
    fn logins_while_open(
        &mut self,
        secret: &SecretArn,
        facts: &SecretFacts,
        view: &RotationView,
        policy: &Policy,
    ) {
        let rotation = &view.rotation;
        let new = &rotation.key.version;
        let old = facts.current();
        let old_refused = old
            .and_then(|old| verdict(facts, old))
            .is_some_and(|(accepted, at)| {
                !accepted
                    && rotation
                        .started
                        .as_ref()
                        .is_none_or(|seen| at >= seen.when.not_after)
            });
        let told = rotation
            .exposed
            .as_ref()
            .is_some_and(|seen| seen.sources.contains(&Source::Log));
        let proven = verdict(facts, new).is_some_and(|(accepted, _)| accepted);
        if rotation.created.is_some()
            && !old_refused
            && !told
            && !proven
            && let Some(old) = old
        {
            self.login(secret, facts, rotation, old);
        }
        // What helps a rotation that does not go on depends on which password the database has.
        if let (Some(old), Some(exposed)) = (old, &rotation.exposed)
            && verdict(facts, old).is_none_or(|(_, at)| at <= exposed.when.not_after)
        {
            let moved = rotation.last_progress().unwrap_or(self.now);
            let stands_still = moved + LEAST_PATIENCE;
            let is_untold = proven && !old_refused;
            if view.phase.has_stopped() || is_untold && self.now >= stands_still {
                self.login(secret, facts, rotation, old);
            } else if is_untold {
                self.at(LookKey::Login(secret.clone(), old.clone()), stands_still);
            }
        }
        self.logins_after_a_guard(secret, facts, view);
        let reason = old_refused || told || (policy.login_pending_early && rotation.created.is_some());
        if reason && !proven {
            self.login(secret, facts, rotation, new);
        }
    }

    /// A guard of roll forward has found other logins than ours, or could not look: what they are now tells whether the
    /// database still is ahead.
    fn logins_after_a_guard(&mut self, secret: &SecretArn, facts: &SecretFacts, view: &RotationView) {
        let last = facts.attempts.serving(&view.rotation.key).last();
        let Some((at, Outcome::NoEffect(_))) = last.and_then(|last| last.outcome.as_ref()) else {
            return;
        };
        for version in facts.current().into_iter().chain([&view.rotation.key.version]) {
            let key = LookKey::Login(secret.clone(), version.clone());
            if self.last(&key).is_none_or(|look| look.sent < *at) {
                self.every(key, self.cadence().login);
            }
        }
    }

    /// A version is read by its label: where that was answered otherwise since the last look, the label has moved.
    pub(super) fn is_label_missed(&self, secret: &SecretArn) -> bool {
        let looked = self.last(&LookKey::Secret(secret.clone())).map(|look| look.sent);
        let logins = LookKey::Login(secret.clone(), VersionId::new(""))..;
        let of_it = self.state.failing.range(logins);
        let mut of_it = of_it.take_while(|(key, _)| matches!(key, LookKey::Login(of, _) if of == secret));
        of_it.any(|(_, failing)| {
            let is_answer = matches!(
                failing.failure,
                LookFailure::NotFound { .. } | LookFailure::Unexpected { .. }
            );
            is_answer && looked < Some(failing.last)
        })
    }

    /// After refusals the wait doubles, so that no account is locked: it is as long as the refusals already last.
    fn login(&mut self, secret: &SecretArn, facts: &SecretFacts, rotation: &Rotation, version: &VersionId) {
        let cadence = self.cadence();
        let still_for = rotation.last_progress().map(|at| self.now.duration_since(at));
        let usual = patient(still_for.unwrap_or_default(), cadence.login, cadence.announced);
        let refusals = facts.logins.get(version).and_then(refused);
        let interval = refusals.map_or(usual, |run| {
            let lasting = run.last.sent.duration_since(run.first.sent);
            let least = if self.others_refused(facts, version) {
                LOCKED_SOONER
            } else {
                usual
            };
            (lasting + usual.max(least)).min(cadence.login_backoff)
        });
        self.every(LookKey::Login(secret.clone(), version.clone()), interval);
    }

    /// Not before the lock-out budget has room for one more that is refused.
    pub(super) fn within_budget(&self, key: &LookKey, due: Timestamp) -> Timestamp {
        let LookKey::Login(secret, version) = key else {
            return due;
        };
        let waits = self.state.login_waits(secret, version, self.settings, self.now);
        waits
            .and_then(|reason| reason.until())
            .map_or(due, |until| until.max(due))
    }

    /// Whether another version was refused again and again within ten minutes: databases count for the account.
    fn others_refused(&self, facts: &SecretFacts, version: &VersionId) -> bool {
        let others = facts.logins.iter().filter(|(other, _)| *other != version);
        let mut refusals = others.filter_map(|(_, track)| refused(track));
        let counted = self.settings.timing.refusals_within;
        refusals.any(|run| run.last.sent > run.first.sent && self.now < run.last.sent + counted)
    }
}

/// Whether a version that had been current was refused after it.
fn was_refused_since(facts: &SecretFacts) -> bool {
    let was_current = |version: &VersionId| {
        let mut runs = facts.labels.runs().iter();
        runs.any(|run| run.state.current.as_ref() == Some(version))
    };
    let refused = |track: &Track<LoginAnswer>| track.runs().iter().any(|run| run.state.is_refused());
    let mut others = facts
        .logins
        .iter()
        .filter(|(version, _)| Some(*version) != facts.current());
    others.any(|(version, track)| was_current(version) && refused(track))
}

/// The latest answers, where they are refusals.
fn refused(track: &Track<LoginAnswer>) -> Option<&Run<LoginAnswer>> {
    track.latest().filter(|run| run.state.is_refused())
}
