//! What comes too late for a look to tell of it: the check right before the write does.

use std::sync::Arc;
use std::time::Duration;

use machine::model::{
    AtRest, AttemptId, Decision, Guard, NoEffect, Outcome, RotationKey, ServiceGuard, VersionId, Write,
};

use super::*;
use crate::remediation::{LoginAs, send};
use crate::runtime::Clock;
use crate::sim::arn;
use crate::sim::ports::{OpenGate, SimAccount};

/// The outcome of a redeploy for the sake of the secret's current version, after a change to the account.
fn redeploy_after(change: impl FnOnce(&mut World)) -> Outcome {
    redeploy(SignedDuration::ZERO, change)
}

/// The same of one that was decided by a clock that is ahead of AWS's by so much.
fn redeploy(ahead: SignedDuration, change: impl FnOnce(&mut World)) -> Outcome {
    let mut world = Scenario::one_service(1).world();
    let secret = arn("shop/mysql");
    let version = world.secrets[&secret].labels.current.clone().expect("a version");
    change(&mut world);
    world.show();
    let now = world.now();
    let key = RotationKey {
        secret: secret.clone(),
        version,
        n: 1,
    };
    let fresh_after = now + ahead;
    let (cluster, service): (Arc<str>, Arc<str>) = ("prod".into(), "orders".into());
    let at_rest = AtRest {
        current: Some(key.version.clone()),
        must_exist: true,
        is_served: true,
    };
    let decision = Decision {
        attempt: AttemptId::new("a"),
        guards: vec![
            Guard::Service {
                cluster: Arc::clone(&cluster),
                service: Arc::clone(&service),
                expects: ServiceGuard { fresh_after },
            },
            Guard::Secret {
                secret,
                expects: at_rest,
            },
        ],
        write: Write::Redeploy {
            cluster,
            service,
            fresh_after,
        },
        serves: vec![key],
        at: now,
        deadline: now + SignedDuration::from_secs(10),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let clock = Clock::scaled(now, 1);
        let account = SimAccount::new(Arc::new(world.into()), clock, Arc::new(OpenGate));
        let login = LoginAs::default();
        send(&account.ports(), &decision, &login, Duration::from_secs(10)).await
    })
}

#[test]
fn nothing_is_sent_after_what_no_look_has_seen() {
    assert!(matches!(redeploy_after(|_| {}), Outcome::Done(_)));
    let secret = arn("shop/mysql");
    let change = |change: fn(&mut crate::sim::world::Secret)| {
        let outcome = redeploy_after(|world| change(world.secrets.get_mut(&secret).expect("the secret")));
        assert!(
            matches!(outcome, Outcome::NoEffect(NoEffect::Conflict { .. })),
            "{outcome:?}"
        );
    };
    change(|secret| secret.labels.pending = Some(VersionId::new("next")));
    change(|secret| secret.labels.current = Some(VersionId::new("put by hand")));
    change(|secret| {
        drop(
            secret
                .tags
                .insert("rotation-watchdog".to_owned(), "hold".to_owned()),
        )
    });
    change(|secret| secret.deleted = Some(secret.last_changed));
}

#[test]
fn nothing_is_sent_within_the_margin_by_aws_time() {
    let outcome = redeploy(SignedDuration::from_secs(1), |_| {});
    assert!(
        matches!(&outcome, Outcome::NoEffect(NoEffect::NotSent { why }) if why.contains("AWS's time")),
        "{outcome:?}"
    );
}
