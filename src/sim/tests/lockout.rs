//! No account is locked by us: over crashes, and where several secrets have one user.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use machine::facts::merge::merge;
use machine::model::{Event, Evidence, Fact, Mode, SecretArn, SecretSeen, SecretSummary, VersionId};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{live, trial};
use crate::ports::{ReadResult, SecretReads};
use crate::runtime::Parts;
use crate::sim::scenario::arn;
use crate::sim::world::Kind;
use crate::sim::{Scenario, Trial};

const FIRST: &str = "shop/mysql";
const SECOND: &str = "shop/reports";

/// The database takes the new password ten minutes after setSecret: until then it refuses AWSPENDING.
fn late(names: &[&str]) -> Scenario {
    let mut scenario = Scenario::empty(1);
    for name in names {
        scenario.secret(name, Kind::SingleUser { engine: "MySQL" }, &[60]);
        let plan = scenario.secrets.last_mut().expect("a secret");
        plan.rotations[0].comes_true_after = SignedDuration::from_mins(10);
    }
    scenario
}

/// Lives of half a minute, each killed without a word, until ten minutes after the rotation began.
fn lives(scenario: &Scenario, change: fn(Parts) -> Parts, refusals: usize) -> Trial {
    let mut trial = trial(scenario, Mode::Act);
    trial.change = change;
    trial.options.settings.limits.refusals = refusals;
    for n in 1..=22 {
        live(&trial, scenario.start + SignedDuration::from_secs(30 * n));
    }
    trial
}

/// How many logins the first secret's database refused within ten minutes at most, and whether it locked the account.
fn refused(trial: &Trial) -> (usize, bool) {
    let world = trial.world();
    let secret = &world.secrets[&arn(FIRST)];
    let all: Vec<_> = secret.refused.values().flatten().copied().collect();
    let within = |from: Timestamp| {
        let until = from + SignedDuration::from_mins(10);
        all.iter().filter(|at| (from..until).contains(at)).count()
    };
    let most = all.iter().map(|from| within(*from)).max();
    let mut users = secret.refused.keys();
    (most.unwrap_or(0), users.any(|user| secret.was_locked(user)))
}

/// What was refused is forgotten with the process.
fn forgetful(mut parts: Parts) -> Parts {
    parts.decide.merge = |state, event, timing| {
        let mut facts = merge(state, event, timing);
        facts.retain(|fact| !matches!(fact, Fact::Refused(_)));
        facts
    };
    parts
}

#[test]
fn over_crashes_the_journal_keeps_an_account_from_being_locked() {
    let scenario = late(&[FIRST]);
    let (count, locked) = refused(&lives(&scenario, |parts| parts, 10));
    assert!(!locked && (8..=10).contains(&count), "{count} refused");
    let (count, locked) = refused(&lives(&scenario, forgetful, 10));
    assert!(locked, "{count} refused");
}

/// The second secret is for the first one's user, and its password is wrong.
struct OneUser(Arc<dyn SecretReads>);

impl OneUser {
    fn of(mut parts: Parts) -> Parts {
        parts.ports.secrets = Arc::new(Self(parts.ports.secrets));
        parts
    }
}

#[async_trait]
impl SecretReads for OneUser {
    async fn list(&self) -> ReadResult<Vec<SecretSummary>> {
        self.0.list().await
    }

    async fn describe(&self, secret: &SecretArn) -> ReadResult<Option<SecretSeen>> {
        self.0.describe(secret).await
    }

    async fn valued_versions(&self, secret: &SecretArn) -> ReadResult<Vec<VersionId>> {
        self.0.valued_versions(secret).await
    }

    async fn value(
        &self,
        secret: &SecretArn,
        version: &VersionId,
        stage: &str,
    ) -> ReadResult<Option<SecretString>> {
        let (look, value) = self.0.value(secret, version, stage).await?;
        let moved = value.map(|value| {
            let mut json: Value = serde_json::from_str(value.expose_secret()).expect("JSON");
            json["host"] = arn(FIRST).as_str().into();
            SecretString::from(json.to_string())
        });
        Ok((look, moved))
    }
}

/// Where each value logs in is not told.
fn apart(parts: Parts) -> Parts {
    let mut parts = OneUser::of(parts);
    parts.decide.merge = |state, mut event, timing| {
        if let Event::Seen {
            evidence: Evidence::Login { database, .. },
            ..
        } = &mut event
        {
            *database = None;
        }
        merge(state, event, timing)
    };
    parts
}

#[test]
fn secrets_of_one_user_have_one_budget() {
    let scenario = late(&[FIRST, SECOND]);
    let (count, locked) = refused(&lives(&scenario, OneUser::of, 15));
    assert!(!locked && (13..=15).contains(&count), "{count} refused");
    let (count, locked) = refused(&lives(&scenario, apart, 15));
    assert!(locked, "{count} refused");
}
