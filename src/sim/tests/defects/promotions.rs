//! Promotions that nobody may make, and one that nobody makes.

use std::sync::Arc;

use async_trait::async_trait;
use machine::admission::admit;
use machine::judge::{Judgement, judge};
use machine::model::{Guard, Outcome, SecretArn, VersionId, Write};
use machine::policy::Policy;
use machine::procedures::{Course, Forward, Obstacle};
use machine::story::rotations::Origin;

use super::caught_by;
use super::deciding::{admitting, judging};
use crate::ports::{SecretWrites, WriteResult};
use crate::runtime::Parts;
use crate::sim::case::Profile;

/// The guards of a promotion are not asked.
pub(in crate::sim::tests) fn unguarded(parts: Parts) -> Parts {
    admitting(parts, |state, judgements, settings, situation| {
        let mut admission = admit(state, judgements, settings, situation);
        for decision in &mut admission.start {
            let is_of_labels =
                |guard: &Guard| matches!(guard, Guard::Promotable { .. } | Guard::Logins { .. });
            decision.guards.retain(|guard| !is_of_labels(guard));
        }
        admission
    })
}

fn wanted(forward: &mut Forward) {
    forward.course = Course::Wanted(Write::Promote {
        secret: forward.rotation.secret.clone(),
        version: forward.rotation.version.clone(),
        from: forward.from.clone(),
    });
}

/// The rotation under way, as if both logins had said that the database is ahead.
fn ahead(judgement: &Judgement) -> Option<Forward> {
    let view = judgement
        .open()
        .filter(|view| !view.rotation.failures.is_empty())?;
    let since = view.rotation.started.as_ref()?.when.not_after;
    let mut forward = Forward {
        rotation: view.rotation.key.clone(),
        from: view.rotation.replaced.clone()?,
        since,
        course: Course::Offered,
    };
    wanted(&mut forward);
    Some(forward)
}

/// A writing client with more than one attempt.
struct Retrying(Arc<dyn SecretWrites>);

#[async_trait]
impl SecretWrites for Retrying {
    async fn promote(&self, secret: &SecretArn, version: &VersionId, from: &VersionId) -> WriteResult {
        match self.0.promote(secret, version, from).await {
            (_, Outcome::InDoubt { .. }) => self.0.promote(secret, version, from).await,
            answer => answer,
        }
    }
}

#[test]
fn repeating_a_promotion_in_doubt() {
    caught_by("promotes-once", Profile::Failures, |mut parts| {
        parts.ports.secret_writes = Arc::new(Retrying(parts.ports.secret_writes));
        parts
    });
}

/// A failed step alone says nothing of the database's password: AWSCURRENT may still log in.
#[test]
fn promoting_without_a_login() {
    caught_by("promotes-only-what-is-ahead", Profile::Failures, |parts| {
        let parts = judging(parts, |state, secret, policy, settings, now| {
            let mut judgement = judge(state, secret, policy, settings, now);
            if policy.roll_forward.acts && judgement.mode == policy.mode {
                judgement.forward = ahead(&judgement).map(Box::new);
            }
            judgement
        });
        unguarded(parts)
    });
}

#[test]
fn promoting_what_the_rule_leaves_to_people() {
    caught_by("promotes-only-where-it-may", Profile::Failures, |parts| {
        judging(parts, |state, secret, policy, settings, now| {
            let mut acting: Policy = policy.clone();
            acting.roll_forward.acts = true;
            judge(state, secret, &acting, settings, now)
        })
    });
}

#[test]
fn promoting_though_an_account_may_not_be_set() {
    caught_by("leaves-no-account-behind", Profile::Failures, |parts| {
        judging(parts, |state, secret, policy, settings, now| {
            let mut one: Policy = policy.clone();
            one.roll_forward.one_account = true;
            judge(state, secret, &one, settings, now)
        })
    });
}

/// The version before the rollback is taken for one that nobody promoted yet.
#[test]
fn undoing_a_persons_rollback() {
    caught_by("undoes-nobodys-rollback", Profile::Failures, |parts| {
        let parts = judging(parts, |state, secret, policy, settings, now| {
            let mut judgement = judge(state, secret, policy, settings, now);
            let current = judgement.current().map(|view| view.rotation.clone());
            let back = current.filter(|rotation| rotation.origin == Origin::Rollback);
            if let Some((rotation, undone)) = back.and_then(|back| Some((back.clone(), back.replaced?)))
                && policy.roll_forward.acts
            {
                let mut key = rotation.key.clone();
                let from = std::mem::replace(&mut key.version, undone);
                let since = rotation.promoted.map_or(now, |seen| seen.when.not_after);
                let mut forward = Forward {
                    rotation: key,
                    from,
                    since,
                    course: Course::Offered,
                };
                wanted(&mut forward);
                judgement.forward = Some(Box::new(forward));
            }
            judgement
        });
        unguarded(parts)
    });
}

#[test]
fn promoting_under_the_brake() {
    caught_by("promotes-nothing-braked", Profile::Failures, |parts| {
        let parts = judging(parts, |state, secret, policy, settings, now| {
            let mut judgement = judge(state, secret, policy, settings, now);
            let braked = Course::LeftToAPerson(Obstacle::Braked);
            if let Some(forward) = judgement
                .forward
                .as_mut()
                .filter(|forward| forward.course == braked)
            {
                wanted(forward);
            }
            judgement
        });
        unguarded(parts)
    });
}

#[test]
fn never_rolling_forward() {
    caught_by("rolls-forward-where-it-can", Profile::Failures, |parts| {
        judging(parts, |state, secret, policy, settings, now| {
            let mut judgement = judge(state, secret, policy, settings, now);
            judgement.forward = None;
            judgement
        })
    });
}
