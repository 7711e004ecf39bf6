//! Lambda functions: warm environments hold what they fetched when they began (aws-facts: Lambda).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use machine::model::{ConsumerId, SecretArn, VersionId};

use super::{Happening, World};

/// A configuration update takes so long.
const UPDATE: SignedDuration = SignedDuration::from_secs(2);
/// What functions may reserve together of an account's 1000: 100 are kept for those that reserve none.
const RESERVABLE: u32 = 900;
/// Environments are gone after so long at concurrency 0.
const DRAIN: SignedDuration = SignedDuration::from_secs(8);

/// How its callers reach a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    Latest,
    /// Through an alias on a published version: an update of $LATEST does not reach its environments.
    Alias,
    /// With provisioned concurrency, below which reserved concurrency cannot go.
    Provisioned,
}

#[derive(Clone, Debug)]
pub struct FunctionPlan {
    pub name: String,
    pub secrets: Vec<SecretArn>,
    pub reserved: Option<u32>,
    pub reach: Reach,
    /// What other people do to it.
    pub touches: Vec<(Timestamp, FunctionTouch)>,
    /// When nobody of ours may decrypt its environment.
    pub unreadable: Option<(Timestamp, Timestamp)>,
}

impl FunctionPlan {
    /// The same function without anything that disturbs it.
    pub fn calm(&mut self) {
        self.reach = Reach::Latest;
        self.touches.clear();
        self.unreadable = None;
    }
}

/// A change by somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionTouch {
    Concurrency(u32),
    Configuration,
    Delete,
}

#[derive(Clone, Debug)]
pub struct Function {
    pub name: String,
    pub secrets: Vec<SecretArn>,
    pub reach: Reach,
    pub unreadable: Option<(Timestamp, Timestamp)>,
    pub reserved: Option<u32>,
    /// What people set last: what the watchdog does must leave it so.
    pub wanted: Option<u32>,
    /// When they did.
    set: Option<Timestamp>,
    /// It was written over by somebody who had looked before: Lambda takes a concurrency without any condition.
    pub overwritten: bool,
    pub marker: Option<String>,
    pub tags: BTreeMap<String, String>,
    pub revision: u32,
    pub last_modified: Timestamp,
    pub updating_until: Option<Timestamp>,
    pub deleted: bool,
    /// What its warm environments hold; nothing where there is none.
    pub holds: Option<BTreeMap<SecretArn, VersionId>>,
    /// The same since when, wherever it changed.
    pub held: Vec<(Timestamp, Option<BTreeMap<SecretArn, VersionId>>)>,
    /// When it was switched off by the watchdog, and until when.
    pub asleep: Vec<(Timestamp, Option<Timestamp>)>,
}

/// A write that the service does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    NotFound,
    /// An update is under way, or the function is at another revision.
    Conflict {
        found: String,
    },
    Invalid {
        why: &'static str,
    },
}

impl Function {
    pub fn is_off(&self) -> bool {
        self.reserved == Some(0)
    }

    /// Whether the watchdog had it switched off then.
    pub fn was_asleep(&self, at: Timestamp) -> bool {
        let mut spells = self.asleep.iter();
        spells.any(|(from, to)| *from <= at && to.is_none_or(|to| at < to))
    }

    /// Since when it is switched off.
    fn asleep_since(&self) -> Option<Timestamp> {
        let (since, until) = self.asleep.last()?;
        until.is_none().then_some(*since)
    }

    fn give(&mut self, holds: Option<BTreeMap<SecretArn, VersionId>>, now: Timestamp) {
        self.held.push((now, holds.clone()));
        self.holds = holds;
    }

    fn wake(&mut self, now: Timestamp) {
        if let Some((_, until @ None)) = self.asleep.last_mut() {
            *until = Some(now);
        }
    }

    pub fn is_readable(&self, now: Timestamp) -> bool {
        self.unreadable
            .is_none_or(|(from, to)| !(from..to).contains(&now))
    }
}

impl World {
    pub fn add_function(&mut self, plan: FunctionPlan) {
        for (at, touch) in plan.touches {
            let name = plan.name.clone();
            self.plan(at, Happening::FunctionTouched { name, touch });
        }
        let mut function = Function {
            holds: None,
            held: Vec::new(),
            secrets: plan.secrets,
            reach: plan.reach,
            unreadable: plan.unreadable,
            reserved: plan.reserved,
            wanted: plan.reserved,
            set: None,
            overwritten: false,
            marker: None,
            tags: BTreeMap::new(),
            revision: 1,
            last_modified: self.now - SignedDuration::from_hours(24),
            updating_until: None,
            deleted: false,
            asleep: Vec::new(),
            name: plan.name.clone(),
        };
        function.give(Some(self.current_of(&function.secrets)), self.now);
        self.functions.insert(ConsumerId::function(&plan.name), function);
    }

    fn found(&mut self, id: &ConsumerId) -> Result<&mut Function, Refused> {
        let function = self.functions.get_mut(id);
        function
            .filter(|function| !function.deleted)
            .ok_or(Refused::NotFound)
    }

    /// What it would fetch now.
    fn fetched(&self, id: &ConsumerId) -> BTreeMap<SecretArn, VersionId> {
        let secrets = self.functions.get(id).map(|function| function.secrets.as_slice());
        self.current_of(secrets.unwrap_or_default())
    }

    /// UpdateFunctionConfiguration with another marker, guarded by the revision. `since`: when the caller last looked.
    pub fn update_environment(
        &mut self,
        name: &str,
        marker: &str,
        revision: &str,
        since: Timestamp,
    ) -> Result<(), Refused> {
        let now = self.now;
        let id = ConsumerId::function(name);
        let wrong = self.truth().wrong_with_restart(&id, since);
        let function = self.found(&id)?;
        if !function.is_readable(now) {
            let found = "an environment that cannot be decrypted".to_owned();
            return Err(Refused::Conflict { found });
        }
        if function.updating_until.is_some() || function.revision.to_string() != revision {
            let found = format!("revision {}", function.revision);
            return Err(Refused::Conflict { found });
        }
        function.revision += 1;
        function.marker = Some(marker.to_owned());
        function.last_modified = now;
        function.updating_until = Some(now + UPDATE);
        self.plan_in(UPDATE, Happening::FunctionRenewed(name.to_owned()));
        self.note("lambda:UpdateFunctionConfiguration", &id, wrong);
        Ok(())
    }

    pub(super) fn renew_function(&mut self, name: &str) {
        let id = ConsumerId::function(name);
        let (now, holds) = (self.now, self.fetched(&id));
        let Ok(function) = self.found(&id) else { return };
        function.updating_until = None;
        if function.reach == Reach::Latest {
            function.give(Some(holds), now);
        }
    }

    /// PutFunctionConcurrency, or DeleteFunctionConcurrency with `None`. `since`: when the caller last looked.
    pub fn set_concurrency(
        &mut self,
        name: &str,
        reserved: Option<u32>,
        since: Timestamp,
    ) -> Result<(), Refused> {
        let now = self.now;
        let id = ConsumerId::function(name);
        let is_too_much = self.leaves_too_little(&id, reserved);
        let switches_off = reserved == Some(0);
        let wrong = if switches_off {
            self.truth().wrong_with_restart(&id, since)
        } else {
            Vec::new()
        };
        let holds = self.fetched(&id);
        let function = self.found(&id)?;
        if switches_off && function.reach == Reach::Provisioned {
            let why = "it cannot be below provisioned concurrency";
            return Err(Refused::Invalid { why });
        }
        if is_too_much {
            let why = "it would leave less than 100 unreserved";
            return Err(Refused::Invalid { why });
        }
        function.reserved = reserved;
        function.overwritten |= function.set.is_some_and(|set| set > since);
        function.wake(now);
        if switches_off {
            function.asleep.push((now, None));
            let (name, since) = (name.to_owned(), now);
            self.plan_in(DRAIN, Happening::FunctionDrained { name, since });
        } else if function.holds.is_none() {
            function.give(Some(holds), now);
        }
        let operation = match reserved {
            Some(_) => "lambda:PutFunctionConcurrency",
            None => "lambda:DeleteFunctionConcurrency",
        };
        self.note(operation, &id, wrong);
        self.mark_restoring(!switches_off);
        Ok(())
    }

    /// Whether the account's floor forbids to reserve so much.
    fn leaves_too_little(&self, id: &ConsumerId, reserved: Option<u32>) -> bool {
        let is_full = self
            .account_full
            .iter()
            .any(|(from, to)| (*from..*to).contains(&self.now));
        let others = self.functions.iter().filter(|(other, _)| *other != id);
        let others = others.filter(|(_, function)| !function.deleted);
        let others: u32 = others.filter_map(|(_, function)| function.reserved).sum();
        let before = self.functions.get(id).and_then(|function| function.reserved);
        let together = others.saturating_add(reserved.unwrap_or_default());
        reserved > before && (is_full || together > RESERVABLE)
    }

    pub(super) fn touch_function(&mut self, name: &str, touch: FunctionTouch) {
        let id = ConsumerId::function(name);
        let (now, holds) = (self.now, self.fetched(&id));
        let Ok(function) = self.found(&id) else { return };
        match touch {
            FunctionTouch::Concurrency(reserved) => {
                (function.reserved, function.wanted) = (Some(reserved), Some(reserved));
                (function.set, function.overwritten) = (Some(now), false);
                function.wake(now);
                if function.holds.is_none() {
                    function.give(Some(holds), now);
                }
            }
            FunctionTouch::Configuration => {
                function.revision += 1;
                function.last_modified = now;
                if function.reach == Reach::Latest {
                    function.give(Some(holds), now);
                }
            }
            FunctionTouch::Delete => {
                function.held.push((now, None));
                function.deleted = true;
            }
        }
    }

    pub(super) fn drain_function(&mut self, name: &str, since: Timestamp) {
        let now = self.now;
        if let Ok(function) = self.found(&ConsumerId::function(name))
            && function.asleep_since() == Some(since)
        {
            function.give(None, now);
        }
    }

    /// TagResource, or UntagResource with `None`.
    pub fn set_tag(&mut self, name: &str, key: &str, value: Option<&str>) -> Result<(), Refused> {
        let id = ConsumerId::function(name);
        let tags = &mut self.found(&id)?.tags;
        let operation = match value {
            Some(value) => {
                tags.insert(key.to_owned(), value.to_owned());
                "lambda:TagResource"
            }
            None => {
                tags.remove(key);
                "lambda:UntagResource"
            }
        };
        self.note(operation, &id, Vec::new());
        self.mark_restoring(value.is_none());
        Ok(())
    }
}
