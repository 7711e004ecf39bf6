//! Taking in events: what was seen is merged, and what narrows the knowledge comes back as facts to journal.

mod list;
mod rds;
mod secret;
mod seen;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::facts::stages::StageRun;
use crate::facts::state::{Failing, SecretFacts, State};
use crate::facts::track::Track;
use crate::model::{
    AttemptId, Brake, ConsumerId, Decision, Event, Evidence, Fact, LogFact, LogTrouble, Look, LookFailure,
    LookKey, Outcome, SecretArn, SecretSeen, VersionId,
};
use crate::policy::Timing;
use crate::procedures::{resolve_consumer, resolve_secret};

/// Merges one event into the state. Returns the facts that are worth keeping, in order.
pub fn merge(state: &mut State, event: Event, timing: &Timing) -> Vec<Fact> {
    match event {
        Event::Seen { look, evidence } => {
            state.touch(&evidence.key());
            state.see(look, evidence, timing)
        }
        Event::Unseen { look, key, failure } => {
            state.touch(&key);
            state.miss(look, key, failure);
            Vec::new()
        }
        Event::Decided(decision) => {
            state.touch_target(&decision.target());
            state.learn(Fact::Decided(decision))
        }
        Event::Ended { attempt, at, outcome } => {
            if let Some(owner) = state.owners.get(&attempt).cloned() {
                state.touch_target(&owner);
            }
            state.learn(Fact::Ended { attempt, at, outcome })
        }
    }
}

impl State {
    /// Folds one journalled fact back in, at start.
    pub fn recall(&mut self, fact: Fact) {
        let _ = self.learn(fact);
    }

    fn see_log(&mut self, secret: &SecretArn, lines: Vec<LogFact>, trouble: Option<LogTrouble>) -> Vec<Fact> {
        self.secrets.entry(secret.clone()).or_default().log_trouble = trouble;
        let facts = lines.into_iter().flat_map(|fact| {
            let secret = secret.clone();
            self.learn(Fact::Log { secret, fact })
        });
        facts.collect()
    }

    fn see(&mut self, look: Look, evidence: Evidence, timing: &Timing) -> Vec<Fact> {
        let listed = self.looked.get(&LookKey::Sweep).map(|look| look.sent);
        self.note_answer(look, evidence.key());
        match evidence {
            Evidence::Sweep { secrets } => self.see_list(look, secrets, (listed, timing)),
            Evidence::Secret { secret, seen } => {
                let mut news = self.see_doubted(look, &secret, seen, timing);
                news.extend(self.resolve_secret_doubts(&secret, timing));
                news
            }
            Evidence::SecretGone { secret } => {
                self.touch_namesakes(&secret);
                // Whoever still names it is told, and no look at it fails.
                (self.touched.search, self.touched.failing) = (true, true);
                self.secrets.entry(secret).or_default().gone = Some(look);
                Vec::new()
            }
            Evidence::Versions { secret, valued } => self.see_versions(look, &secret, &valued),
            Evidence::Log { secret, lines } => self.see_log(&secret, lines, None),
            Evidence::LogTrouble {
                secret,
                lines,
                trouble,
            } => self.see_log(&secret, lines, Some(trouble)),
            Evidence::Login {
                secret,
                version,
                answer,
                database,
            } => {
                let mut news = self.see_place(look, &secret, &version, database);
                news.extend(self.see_login(look, secret, version, answer));
                news
            }
            Evidence::Service { consumer, seen } => {
                let facts = self.consumers.entry(consumer.clone()).or_default();
                facts.existed |= seen.is_some();
                keep_latest(&mut facts.service, look, seen);
                self.resolve_doubts(&consumer, timing)
            }
            Evidence::Function { consumer, seen } => {
                let facts = self.consumers.entry(consumer.clone()).or_default();
                facts.existed |= seen.is_some();
                keep_latest(&mut facts.function, look, seen);
                self.note_sleep(&consumer);
                self.resolve_doubts(&consumer, timing)
            }
            Evidence::Hints { hints } => {
                self.take_hints(look, &hints, timing);
                Vec::new()
            }
            Evidence::Rds { part, databases } => self.see_rds(look, part, databases),
            Evidence::RdsEvents { events } => self.see_rds_events(&events),
            Evidence::Numbers { measured, seen } => self.see_numbers(look, &measured, seen),
            Evidence::Scope { scope, seen } => {
                self.see_scope(look, scope, seen);
                Vec::new()
            }
        }
    }

    fn note_answer(&mut self, look: Look, key: LookKey) {
        self.touched.failing |= self.failing.remove(&key).is_some();
        let last = self.looked.entry(key).or_insert(look);
        *last = look.max(*last);
    }

    fn miss(&mut self, look: Look, key: LookKey, failure: LookFailure) {
        self.touched.failing = true;
        let is_of_discovery = matches!(key, LookKey::Discovery(_));
        let failing = self.failing.entry(key).or_insert_with(|| Failing {
            since: look.sent,
            last: look.arrived,
            times: 0,
            failure: failure.clone(),
        });
        failing.last = failing.last.max(look.arrived);
        failing.times = failing.times.saturating_add(1);
        failing.failure = failure;
        if is_of_discovery {
            self.note_search();
        }
    }

    fn see_secret(&mut self, look: Look, secret: &SecretArn, seen: SecretSeen) -> Vec<Fact> {
        let labels = seen.labels.clone();
        let dates = seen.dates();
        self.touched.search |= self.is_missing(secret);
        let facts = self.secrets.entry(secret.clone()).or_default();
        let is_first = facts.seen.is_none();
        let is_back = facts.gone.take().is_some();
        (self.touched.search, self.touched.failing) =
            (self.touched.search | is_back, self.touched.failing | is_back);
        facts.see_current(look, &labels);
        let (brake, is_latest) = (
            seen.brake(),
            facts
                .seen
                .as_ref()
                .is_none_or(|(known, _)| known.sent <= look.sent),
        );
        keep_latest(&mut facts.seen, look, Arc::new(seen));
        self.note_rotator(secret);
        self.touch_namesakes(secret);
        if is_first {
            // Suspicions of it are told with it from now on.
            let users: Vec<ConsumerId> = self.users.of(secret).cloned().collect();
            self.touched.consumers.extend(users);
        }
        let mut news = self.learn(Fact::Labels {
            secret: secret.clone(),
            look,
            labels,
            dates,
        });
        if is_latest {
            news.extend(self.learn(Fact::Braked {
                secret: secret.clone(),
                at: look.arrived,
                brake,
            }));
        }
        self.touch_users_of_missing(secret);
        news
    }

    fn see_versions(&mut self, look: Look, secret: &SecretArn, valued: &[VersionId]) -> Vec<Fact> {
        let labelled = self.secrets.entry(secret.clone()).or_default().labels.latest();
        let Some(pending) = labelled.and_then(|run| run.state.in_progress().cloned()) else {
            return Vec::new();
        };
        let present = valued.contains(&pending);
        self.learn(Fact::Valued {
            secret: secret.clone(),
            version: pending,
            look,
            present,
        })
    }

    fn resolve_doubts(&mut self, consumer: &ConsumerId, timing: &Timing) -> Vec<Fact> {
        let facts = self.consumers.get_mut(consumer);
        let resolved = facts
            .map(|facts| resolve_consumer(facts, timing))
            .unwrap_or_default();
        resolved.into_iter().flat_map(|fact| self.learn(fact)).collect()
    }

    fn resolve_secret_doubts(&mut self, secret: &SecretArn, timing: &Timing) -> Vec<Fact> {
        let facts = self.secrets.get_mut(secret);
        let resolved = facts
            .map(|facts| resolve_secret(facts, timing))
            .unwrap_or_default();
        resolved.into_iter().flat_map(|fact| self.learn(fact)).collect()
    }

    /// Merges a fact. Returns it, with what it borders on, if it narrowed the knowledge.
    pub fn learn(&mut self, fact: Fact) -> Vec<Fact> {
        match fact {
            Fact::Labels {
                secret,
                look,
                labels,
                dates,
            } => self.entry(&secret).learn_labels(&secret, look, labels, dates),
            Fact::Valued {
                secret,
                version,
                look,
                present,
            } => {
                let track = track_of(&mut self.entry(&secret).valued, &version);
                see_with_border(track, look, present, |look, present| Fact::Valued {
                    secret: secret.clone(),
                    version: version.clone(),
                    look,
                    present,
                })
            }
            Fact::Login {
                secret,
                version,
                look,
                answer,
            } => {
                let track = track_of(&mut self.entry(&secret).logins, &version);
                see_with_border(track, look, answer, |look, answer| Fact::Login {
                    secret: secret.clone(),
                    version: version.clone(),
                    look,
                    answer,
                })
            }
            Fact::Log { secret, fact } => {
                let news = self.entry(&secret).learn_line(&fact);
                keep_if(news, Fact::Log { secret, fact })
            }
            Fact::Decided(ref decision) => keep_if(self.learn_decision(decision), fact),
            Fact::Ended {
                ref attempt,
                at,
                ref outcome,
            } => keep_if(self.learn_outcome(attempt, at, outcome), fact),
            Fact::Reached {
                rotation,
                consumer,
                stage,
                at,
                why,
                old,
            } => {
                let seen = StageRun::at(at, stage, &why).holding_old(old);
                let secret = self.entry(&rotation.secret);
                secret.learn_reached(&rotation, &consumer, seen)
            }
            Fact::Refused(ref refusal) => keep_if(self.learn_refusal(refusal), fact),
            Fact::WouldAct(ref would) => keep_if(self.entry(&would.rotation.secret).learn_would(would), fact),
            Fact::Paced { ref rotation, pace } => {
                keep_if(self.entry(&rotation.secret).learn_pace(rotation, pace), fact)
            }
            Fact::Braked { secret, at, brake } => self.learn_brake(secret, at, brake),
            Fact::Users {
                ref rotation,
                ref consumers,
                ..
            } => {
                let news = self.entry(&rotation.secret).learn_users(rotation, consumers);
                keep_if(news, fact)
            }
            Fact::Master { secret, look, state } => self.learn_master(&secret, look, state),
            Fact::Reset { secret, reset } => self.learn_reset(secret, reset),
            Fact::Belongs { secret, belongs } => self.learn_belongs(secret, belongs),
            Fact::Finding(ref told) => keep_if(self.lives.learn(told), fact),
        }
    }

    fn entry(&mut self, secret: &SecretArn) -> &mut SecretFacts {
        self.secrets.entry(secret.clone()).or_default()
    }

    fn learn_brake(&mut self, secret: SecretArn, at: Timestamp, brake: Option<Brake>) -> Vec<Fact> {
        let known = std::mem::replace(&mut self.entry(&secret).brake, brake);
        keep_if(known != brake, Fact::Braked { secret, at, brake })
    }

    fn learn_decision(&mut self, decision: &Decision) -> bool {
        if self.owners.contains_key(&decision.attempt) {
            return false;
        }
        let target = decision.target();
        self.owners.insert(decision.attempt.clone(), target.clone());
        let forgotten = self.attempts_of_mut(&target).begin(decision.clone());
        if let Some(forgotten) = forgotten {
            self.owners.remove(&forgotten.decision.attempt);
        }
        self.note_write(&target);
        true
    }

    fn learn_outcome(&mut self, attempt: &AttemptId, at: Timestamp, outcome: &Outcome) -> bool {
        let Some(owner) = self.owners.get(attempt).cloned() else {
            return false;
        };
        let news = self.attempts_of_mut(&owner).end(attempt, at, outcome);
        self.note_write(&owner);
        news
    }
}

/// The track of one version; where there are too many, the one not seen for longest makes room.
fn track_of<'a, T: Clone + Eq>(
    tracks: &'a mut BTreeMap<VersionId, Track<T>>,
    version: &VersionId,
) -> &'a mut Track<T> {
    if !tracks.contains_key(version) && tracks.len() >= SecretFacts::VERSION_LIMIT {
        let oldest = tracks
            .iter()
            .min_by_key(|(_, track)| track.latest().map(|run| run.last.sent));
        if let Some(oldest) = oldest.map(|(version, _)| version.clone()) {
            tracks.remove(&oldest);
        }
    }
    tracks.entry(version.clone()).or_default()
}

/// Takes in an answer; if it is news, the fact of it after the fact of the last look with the other answer,
/// so that the journal alone gives the same interval.
fn see_with_border<T: Clone + Eq>(
    track: &mut Track<T>,
    look: Look,
    state: T,
    fact: impl Fn(Look, T) -> Fact,
) -> Vec<Fact> {
    let border = track.latest().cloned();
    if !track.see(look, state.clone()) {
        return Vec::new();
    }
    border
        .map(|run| fact(run.last, run.state))
        .into_iter()
        .chain([fact(look, state)])
        .collect()
}

fn keep_latest<T>(slot: &mut Option<(Look, T)>, look: Look, seen: T) {
    if slot.as_ref().is_none_or(|(known, _)| known.sent <= look.sent) {
        *slot = Some((look, seen));
    }
}

fn keep_if(news: bool, fact: Fact) -> Vec<Fact> {
    if news { vec![fact] } else { Vec::new() }
}
