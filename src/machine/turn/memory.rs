//! What a life of the watchdog before this one told. It stands until this life tells it too, or has looked and does not.

use jiff::{SignedDuration, Timestamp};

use super::Machine;
use crate::findings::{FindingId, Kind};
use crate::model::{ConsumerId, LookKey, Measured, Part, RdsPart, Scope, Subject};

/// What this life may not see for a while is held against what it has seen so often.
const EVERY: SignedDuration = SignedDuration::from_secs(30);
/// After so long nobody waits for a look that is not taken any more.
const AT_MOST: SignedDuration = SignedDuration::from_mins(30);

/// When that is done.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// When everything had been looked at once.
    looked: Option<Timestamp>,
    pub(super) wake: Option<Timestamp>,
}

impl Machine {
    /// What is remembered and would be told by now, were its cause still there, begins to end.
    pub(super) fn compare_with_memory(&mut self, now: Timestamp) {
        if !self.state.lives.has_remembered() || !self.has_looked() {
            // What is still to be looked at brings a turn of its own.
            self.memory.wake = None;
            return;
        }
        if self.memory.wake.is_some_and(|at| now < at) {
            return;
        }
        let looked = *self.memory.looked.get_or_insert(now);
        let is_over = now >= looked + AT_MOST;
        let remembered = self.state.lives.remembered();
        let missed = remembered.filter(|id| self.would_show(id) || is_over && !self.is_out_of_reach(id));
        for id in missed.cloned().collect::<Vec<_>>() {
            self.state.lives.miss(&id, now);
        }
        self.memory.wake = self.state.lives.has_remembered().then_some(now + EVERY);
    }

    /// Whether all that the cause of a finding rests on was answered in this life. A look that fails tells nothing.
    fn would_show(&self, id: &FindingId) -> bool {
        let state = &self.state;
        let has_answered = |key: LookKey| state.looked.contains_key(&key);
        let has_listed_rds = || RdsPart::LISTS.map(LookKey::Rds).into_iter().all(has_answered);
        match &id.subject {
            Subject::Watchdog(Part::Look(key)) => has_answered(key.clone()),
            Subject::Watchdog(Part::Events) => state.delivery.works,
            Subject::Watchdog(Part::Journal | Part::RollForward) => true,
            Subject::Watchdog(Part::Rule(_)) => {
                self.has_searched() && (!state.searches_proxies || has_listed_rds())
            }
            Subject::Watchdog(Part::Rules | Part::DatabaseHost(_)) => self.has_searched(),
            Subject::Application(_) if id.kind == Kind::Unmatched => self.has_searched(),
            Subject::Application(name) => {
                self.has_searched() && self.has_measured(&Measured::Application(name.clone()))
            }
            Subject::Database(database) if id.kind == Kind::Unmeasured => {
                has_listed_rds() && self.has_measured(&Measured::Database(database.clone()))
            }
            // Somebody may still name it: then it is looked at, too.
            Subject::Database(id) => {
                let has_secrets = |owner| state.secrets_of_rds(owner).next().is_some();
                // A database that is gone has no owner.
                has_answered(LookKey::Rds(RdsPart::of(id))) && state.rds_owner(id).is_none_or(has_secrets)
            }
            Subject::Secret(secret) if !self.watched.contains_key(secret) => {
                let is_asked = || state.is_missing(secret) && state.users_of(secret).next().is_some();
                self.has_searched() && !is_asked()
            }
            Subject::Secret(_) if id.kind == Kind::MasterSecretImpaired => has_listed_rds(),
            Subject::Secret(secret) => {
                has_answered(LookKey::Secret(secret.clone()))
                    && self.has_searched()
                    && self.has_read_the_log(id)
            }
            Subject::Consumer(consumer) => {
                let is_asked =
                    state.consumers.contains_key(consumer) && !is_found_by_search(id.kind, consumer);
                self.has_searched()
                    && self.has_read_the_log(id)
                    && (!is_asked || has_answered(LookKey::Consumer(consumer.clone())))
            }
        }
    }

    /// What is measured no more has nothing to be told of.
    fn has_measured(&self, measured: &Measured) -> bool {
        let is_measured = self.state.numbers.get(measured).is_some();
        !is_measured
            || self
                .state
                .looked
                .contains_key(&LookKey::Numbers(measured.clone()))
    }

    /// Whether the log was read that a finding waits for, if it waits for one.
    fn has_read_the_log(&self, id: &FindingId) -> bool {
        let log = id
            .secret
            .clone()
            .filter(|_| rests_on_the_log(id.kind))
            .map(LookKey::Log);
        log.is_none_or(|log| self.state.looked.contains_key(&log))
    }

    /// What it is about is looked at, and the look fails.
    fn is_out_of_reach(&self, id: &FindingId) -> bool {
        let fails = |key: LookKey| self.state.failing.contains_key(&key);
        let look = match &id.subject {
            Subject::Secret(_) if id.kind == Kind::MasterSecretImpaired => {
                return RdsPart::LISTS.map(LookKey::Rds).into_iter().any(fails);
            }
            Subject::Secret(secret) => LookKey::Secret(secret.clone()),
            Subject::Consumer(consumer) => LookKey::Consumer(consumer.clone()),
            Subject::Database(database) if id.kind == Kind::Unmeasured => {
                LookKey::Numbers(Measured::Database(database.clone()))
            }
            Subject::Database(id) => LookKey::Rds(RdsPart::of(id)),
            Subject::Application(name) => LookKey::Numbers(Measured::Application(name.clone())),
            Subject::Watchdog(_) => return false,
        };
        fails(look)
    }

    fn has_searched(&self) -> bool {
        let is_known = |scope: &Scope| self.state.scopes.contains_key(scope);
        let is_searched = |scope: &Scope| is_known(scope) || self.state.is_done_without(scope);
        self.scopes().iter().all(is_searched)
    }
}

/// What waits for the rotation function's log before it is told.
fn rests_on_the_log(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::LogAbsent
            | Kind::LogUnreadable
            | Kind::ManualPromotion
            | Kind::MayBeStale
            | Kind::UntestedPromotion
    )
}

/// What discovery alone tells of a consumer. One that is only declared is never looked at.
fn is_found_by_search(kind: Kind, consumer: &ConsumerId) -> bool {
    match (kind, consumer) {
        (_, ConsumerId::Declared { .. } | ConsumerId::Proxy { .. }) => true,
        (Kind::BeyondNext, ConsumerId::Service { .. }) => true,
        (kind, ConsumerId::Service { .. } | ConsumerId::Function { .. }) => matches!(
            kind,
            Kind::DefinitionUnread
                | Kind::EnvironmentUnreadable
                | Kind::MutableImage
                | Kind::Pinned
                | Kind::SuspectedConsumer
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::facts::merge::merge;
    use crate::facts::watched::Watch;
    use crate::model::{Event, Look, LookFailure, RdsId, SecretArn};
    use crate::policy::Timing;
    use crate::turn::Decide;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    /// It watches nothing yet, so nothing is left to be searched.
    fn machine() -> Machine {
        let watch = Watch {
            rules: Arc::new(|_| None),
            rule_list: Vec::new(),
            region: None,
            clusters: None,
            rds: true,
            database_hosts: BTreeMap::new(),
        };
        Machine::new(watch, Decide::default(), at(0))
    }

    fn id(kind: Kind, subject: Subject) -> FindingId {
        FindingId {
            kind,
            subject,
            secret: None,
        }
    }

    fn shop() -> RdsId {
        RdsId::instance("shop")
    }

    fn lists() -> Vec<LookKey> {
        RdsPart::LISTS.map(LookKey::Rds).into()
    }

    /// What was told before the start ends only when what it rests on was answered in this life.
    #[test]
    fn what_rds_and_the_configuration_tell_waits_for_their_own_answers() {
        let secret = SecretArn::new("arn:aws:secretsmanager:eu-west-1:1:secret:db-AbCdEf");
        let rule = Subject::Watchdog(Part::Rule("rule 1".into()));
        let application = Subject::Application("front".into());
        for (id, awaited) in [
            (
                id(Kind::DatabaseUnwell, Subject::Database(shop())),
                vec![LookKey::Rds(RdsPart::Instances)],
            ),
            (id(Kind::Unmeasured, Subject::Database(shop())), lists()),
            (id(Kind::Unmatched, rule), lists()),
            (id(Kind::Unmatched, application.clone()), Vec::new()),
            (id(Kind::Unmeasured, application), Vec::new()),
        ] {
            let mut machine = machine();
            assert_eq!(machine.would_show(&id), awaited.is_empty(), "{id:?}");
            for key in awaited {
                machine.state.looked.insert(key, Look::at(at(1)));
            }
            assert!(machine.would_show(&id), "{id:?}");
        }
        let mut machine = machine();
        machine.watched.insert(secret.clone(), Arc::default());
        let impaired = id(Kind::MasterSecretImpaired, Subject::Secret(secret));
        assert!(!machine.would_show(&impaired));
        for key in lists() {
            machine.state.looked.insert(key, Look::at(at(1)));
        }
        assert!(
            machine.would_show(&impaired),
            "whatever else is not looked at yet"
        );
    }

    #[test]
    fn what_is_measured_waits_for_its_numbers() {
        let mut machine = machine();
        let measured = Measured::Application("front".into());
        let of_front = id(Kind::Unmeasured, Subject::Application("front".into()));
        let secret = SecretArn::new("arn:aws:secretsmanager:eu-west-1:1:secret:db-AbCdEf");
        machine
            .state
            .measure_for(&secret, BTreeMap::from([(measured.clone(), at(0))]));
        assert!(!machine.would_show(&of_front));
        let key = LookKey::Numbers(measured);
        let unseen = Event::Unseen {
            look: Look::at(at(1)),
            key: key.clone(),
            failure: LookFailure::Timeout,
        };
        merge(&mut machine.state, unseen, &Timing::default());
        assert!(machine.is_out_of_reach(&of_front));
        machine.state.looked.insert(key, Look::at(at(2)));
        assert!(machine.would_show(&of_front));
    }
}
