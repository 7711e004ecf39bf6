//! Writes whose answer never came: what settles whether they happened.

use super::putting_back::{sleep, wake};
use super::standings::{attempt, cycle, orders, promoted, redeploy};
use super::updates::update;
use super::world::{Tale, at, deployment, function, service};
use crate::model::{
    AttemptId, ConsumerId, CycleStep, Done, EnvironmentSeen, FunctionSeen, NoEffect, Outcome, Rollout,
    ServiceSeen, SleepTag,
};

fn in_doubt() -> Option<Outcome> {
    Some(Outcome::InDoubt {
        why: "cut".to_owned(),
    })
}

/// A redeploy decided at second 26, in doubt since 27.
fn redeployed() -> Tale {
    let mut tale = promoted(&orders());
    attempt(&mut tale, &orders(), "x", redeploy(), in_doubt(), 26);
    tale
}

fn outcome(tale: &Tale, consumer: &ConsumerId) -> Outcome {
    let attempt = &tale.state.consumers[consumer].attempts[0];
    attempt.outcome.clone().expect("an outcome").1
}

/// AWS may show the state of before for five seconds; two looks ten seconds apart must agree.
#[test]
fn a_write_did_not_happen_once_two_looks_far_enough_apart_do_not_show_it() {
    let table: [(&[i64], bool); 6] = [
        (&[28, 31, 41], false),
        (&[32, 41], false),
        (&[32, 42], true),
        (&[32, 36, 42], true),
        (&[33, 42], false),
        (&[60], false),
    ];
    for (looks, settled) in table {
        let mut tale = redeployed();
        for second in looks {
            tale.service(*second, &orders(), service(&[-500]));
        }
        let no_effect = matches!(
            outcome(&tale, &orders()),
            Outcome::NoEffect(NoEffect::NotSent { .. })
        );
        assert_eq!(no_effect, settled, "{looks:?}");
    }
}

fn deployed(created: i64) -> ServiceSeen {
    let mut seen = service(&[-500]);
    seen.deployments = vec![deployment("d-9", created, Rollout::InProgress)];
    seen
}

#[test]
fn a_deployment_since_the_decision_is_taken_for_ours() {
    let done = Outcome::Done(Done::Written {
        began: Some("d-9".to_owned()),
    });
    let clocks = "the clocks differ by two seconds at most";
    let table = [
        (28, 27, true, "created after the decision"),
        (28, 24, true, clocks),
        (28, 23, false, clocks),
        (26, 26, true, "a look as late as the decision"),
        (25, 25, false, "an older look shows another's"),
    ];
    for (look, created, happened, why) in table {
        let mut tale = redeployed();
        tale.service(look, &orders(), deployed(created));
        assert_eq!(
            outcome(&tale, &orders()) == done,
            happened,
            "{created} at {look}: {why}"
        );
    }
}

#[test]
fn a_function_shows_what_was_written_to_it() {
    let tag = || SleepTag {
        attempt: AttemptId::new("x"),
        former: Some(7),
        deadline: at(500),
    };
    let other = SleepTag {
        attempt: AttemptId::new("y"),
        ..tag()
    };
    let marked = |marker: &str| {
        let mut seen = function(None);
        let marker = Some(marker.to_owned());
        seen.environment = EnvironmentSeen::Readable { bytes: 100, marker };
        seen
    };
    let noted = |tag: SleepTag| FunctionSeen {
        sleep_tag: Some(tag),
        ..function(Some(7))
    };
    let table = [
        (update(), marked("m"), true),
        (update(), marked("other"), false),
        (update(), function(None), false),
        (cycle(CycleStep::TagSleep { tag: tag() }), noted(tag()), true),
        (cycle(CycleStep::TagSleep { tag: tag() }), noted(other), false),
        (sleep(), function(Some(0)), true),
        (sleep(), function(Some(7)), false),
        (wake(), function(Some(7)), true),
        (wake(), function(Some(0)), false),
        (cycle(CycleStep::Untag), function(Some(7)), true),
        (cycle(CycleStep::Untag), noted(tag()), false),
    ];
    let mailer = ConsumerId::function("mailer");
    for (action, seen, happened) in table {
        let mut tale = promoted(&mailer);
        attempt(&mut tale, &mailer, "x", action.clone(), in_doubt(), 26);
        tale.function(28, &mailer, seen.clone());
        let done = Outcome::Done(Done::Written { began: None });
        assert_eq!(outcome(&tale, &mailer) == done, happened, "{action:?}: {seen:?}");
    }
    let mut early = promoted(&mailer);
    attempt(&mut early, &mailer, "x", cycle(CycleStep::Untag), in_doubt(), 26);
    early.function(25, &mailer, function(Some(7)));
    assert!(
        matches!(outcome(&early, &mailer), Outcome::InDoubt { .. }),
        "a look from before"
    );
}
