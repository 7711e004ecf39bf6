//! Lambda functions: warm environments hold what they fetched when they began (aws-facts: Lambda).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use machine::model::{ConsumerId, SecretArn, VersionId};

use super::{Happening, World};

/// A configuration update takes so long.
const UPDATE: SignedDuration = SignedDuration::from_secs(2);
/// Environments are gone after so long at concurrency 0.
const DRAIN: SignedDuration = SignedDuration::from_secs(8);

#[derive(Clone, Debug)]
pub struct FunctionPlan {
    pub name: String,
    pub secrets: Vec<SecretArn>,
    pub reserved: Option<u32>,
    /// What other people do to it.
    pub touches: Vec<(Timestamp, Touch)>,
}

/// A change by somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    Concurrency(u32),
    Configuration,
}

#[derive(Clone, Debug)]
pub struct Function {
    pub name: String,
    pub secrets: Vec<SecretArn>,
    pub reserved: Option<u32>,
    /// What people set last: what the watchdog does must leave it so.
    pub wanted: Option<u32>,
    pub marker: Option<String>,
    pub tags: BTreeMap<String, String>,
    pub revision: u32,
    pub last_modified: Timestamp,
    pub updating_until: Option<Timestamp>,
    /// What its warm environments hold; nothing where there is none.
    pub holds: Option<BTreeMap<SecretArn, VersionId>>,
    zero_since: Option<Timestamp>,
}

impl Function {
    pub fn is_off(&self) -> bool {
        self.reserved == Some(0)
    }
}

impl World {
    pub fn add_function(&mut self, plan: FunctionPlan) {
        let holds = self.holds_now(&plan.secrets);
        for (at, touch) in plan.touches {
            let name = plan.name.clone();
            self.plan(at, Happening::FunctionTouched { name, touch });
        }
        let function = Function {
            secrets: plan.secrets,
            reserved: plan.reserved,
            wanted: plan.reserved,
            marker: None,
            tags: BTreeMap::new(),
            revision: 1,
            last_modified: self.now - SignedDuration::from_hours(24),
            updating_until: None,
            holds: Some(holds),
            zero_since: None,
            name: plan.name.clone(),
        };
        self.functions.insert(ConsumerId::function(&plan.name), function);
    }

    fn holds_now(&self, secrets: &[SecretArn]) -> BTreeMap<SecretArn, VersionId> {
        let current = |arn: &SecretArn| Some((arn.clone(), self.secrets.get(arn)?.labels.current.clone()?));
        secrets.iter().filter_map(current).collect()
    }

    /// UpdateFunctionConfiguration, guarded by the revision. The present revision where it differs.
    pub fn update_environment(
        &mut self,
        name: &str,
        marker: &str,
        revision: &str,
    ) -> Option<Result<(), String>> {
        let now = self.now;
        let id = ConsumerId::function(name);
        let function = self.functions.get_mut(&id)?;
        if function.revision.to_string() != revision {
            return Some(Err(function.revision.to_string()));
        }
        function.revision += 1;
        function.marker = Some(marker.to_owned());
        function.last_modified = now;
        function.updating_until = Some(now + UPDATE);
        self.plan_in(UPDATE, Happening::FunctionRenewed(name.to_owned()));
        self.note("lambda:UpdateFunctionConfiguration", &id);
        Some(Ok(()))
    }

    pub(super) fn renew_function(&mut self, name: &str) {
        let id = ConsumerId::function(name);
        let Some(secrets) = self.functions.get(&id).map(|function| function.secrets.clone()) else {
            return;
        };
        let holds = self.holds_now(&secrets);
        if let Some(function) = self.functions.get_mut(&id) {
            function.updating_until = None;
            function.holds = Some(holds);
        }
    }

    /// PutFunctionConcurrency, or DeleteFunctionConcurrency with `None`.
    pub fn set_concurrency(&mut self, name: &str, reserved: Option<u32>) -> Option<()> {
        let now = self.now;
        let id = ConsumerId::function(name);
        let secrets = self.functions.get(&id)?.secrets.clone();
        let holds = self.holds_now(&secrets);
        let function = self.functions.get_mut(&id)?;
        function.reserved = reserved;
        function.zero_since = function.is_off().then_some(now);
        if function.is_off() {
            self.plan_in(
                DRAIN,
                Happening::FunctionDrained {
                    name: name.to_owned(),
                    since: now,
                },
            );
        } else if function.holds.is_none() {
            function.holds = Some(holds);
        }
        let operation = if reserved.is_some() {
            "lambda:PutFunctionConcurrency"
        } else {
            "lambda:DeleteFunctionConcurrency"
        };
        self.note(operation, &id);
        Some(())
    }

    pub(super) fn touch_function(&mut self, name: &str, touch: Touch) {
        let id = ConsumerId::function(name);
        let Some(secrets) = self.functions.get(&id).map(|function| function.secrets.clone()) else {
            return;
        };
        let holds = self.holds_now(&secrets);
        let now = self.now;
        let Some(function) = self.functions.get_mut(&id) else {
            return;
        };
        match touch {
            Touch::Concurrency(reserved) => {
                (function.reserved, function.wanted) = (Some(reserved), Some(reserved));
                function.zero_since = None;
                function.holds.get_or_insert(holds);
            }
            Touch::Configuration => {
                function.revision += 1;
                function.last_modified = now;
                function.holds = Some(holds);
            }
        }
    }

    pub(super) fn drain_function(&mut self, name: &str, since: Timestamp) {
        if let Some(function) = self.functions.get_mut(&ConsumerId::function(name))
            && function.zero_since == Some(since)
        {
            function.holds = None;
        }
    }

    /// TagResource, or UntagResource with `None`.
    pub fn set_tag(&mut self, name: &str, key: &str, value: Option<&str>) -> Option<()> {
        let id = ConsumerId::function(name);
        let tags = &mut self.functions.get_mut(&id)?.tags;
        match value {
            Some(value) => tags.insert(key.to_owned(), value.to_owned()),
            None => tags.remove(key),
        };
        self.note(
            if value.is_some() {
                "lambda:TagResource"
            } else {
                "lambda:UntagResource"
            },
            &id,
        );
        Some(())
    }
}
