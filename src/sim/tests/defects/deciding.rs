//! The machine with a defect.

use jiff::{SignedDuration, Timestamp};
use machine::admission::{Admission, Situation, admit};
use machine::consumers::Why;
use machine::facts::{merge::merge, state::State, track::Track};
use machine::judge::{Judgement, Judgements, Want, judge};
use machine::model::{
    ConsumerId, CycleStep, Event, Evidence, Fact, LoginAnswer, Look, Mode, RotationKey, SecretArn, Stage,
    Write,
};
use machine::policy::{Policy, Settings, Timing};
use machine::story::rotations::Origin;
use machine::turn::Decide;

use super::caught_by;
use crate::runtime::Parts;
use crate::sim::case::Profile;

type Judge = fn(&State, &SecretArn, &Policy, &Settings, Timestamp) -> Judgement;
type Merge = fn(&mut State, Event, &Timing) -> Vec<Fact>;
type Admit = fn(&State, &Judgements, &Settings, Situation) -> Admission;

pub(super) fn judging(parts: Parts, judge: Judge) -> Parts {
    let decide = Decide {
        judge,
        ..parts.decide
    };
    Parts { decide, ..parts }
}

pub(super) fn merging(parts: Parts, merge: Merge) -> Parts {
    let decide = Decide {
        merge,
        ..parts.decide
    };
    Parts { decide, ..parts }
}

pub(super) fn admitting(parts: Parts, admit: Admit) -> Parts {
    let decide = Decide {
        admit,
        ..parts.decide
    };
    Parts { decide, ..parts }
}

fn without_margin(settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    settings.timing.margin = SignedDuration::ZERO;
    settings
}

#[test]
fn sending_before_the_margin() {
    caught_by("fresh-is-fresh", Profile::None, |parts| {
        let parts = judging(parts, |state, secret, policy, settings, now| {
            judge(state, secret, policy, &without_margin(settings), now)
        });
        admitting(parts, |state, judgements, settings, situation| {
            admit(state, judgements, &without_margin(settings), situation)
        })
    });
}

fn restaged(mut judgement: Judgement, from: Stage, to: Stage) -> Judgement {
    for (_, standing) in judgement
        .rotations
        .iter_mut()
        .flat_map(|view| &mut view.consumers)
    {
        if standing.stage == from {
            standing.stage = to;
        }
    }
    judgement
}

#[test]
fn an_answer_taken_for_success() {
    caught_by("fresh-is-fresh", Profile::None, |parts| {
        judging(parts, |state, secret, policy, settings, now| {
            let judgement = judge(state, secret, policy, settings, now);
            restaged(judgement, Stage::Refreshing, Stage::Fresh)
        })
    });
}

#[test]
fn unknown_taken_for_fresh() {
    caught_by("fresh-is-fresh", Profile::None, |parts| {
        judging(parts, |state, secret, policy, settings, now| {
            let judgement = judge(state, secret, policy, settings, now);
            restaged(judgement, Stage::Unknown, Stage::Fresh)
        })
    });
}

#[test]
fn a_first_start_that_acts_on_old_promotions() {
    caught_by("a-first-start-restarts-nobody", Profile::Crash, |parts| {
        judging(parts, |state, secret, policy, settings, now| {
            let mut settings = settings.clone();
            settings.timing.baseline_age = SignedDuration::from_hours(24);
            judge(state, secret, policy, &settings, now)
        })
    });
}

#[test]
fn an_absent_concurrency_restored_as_0() {
    caught_by("concurrency-as-it-was", Profile::None, |parts| {
        admitting(parts, |state, judgements, settings, situation| {
            let mut admission = admit(state, judgements, settings, situation);
            for decision in &mut admission.start {
                if let Write::Cycle {
                    step:
                        CycleStep::Restore {
                            former: former @ None,
                        },
                    ..
                } = &mut decision.write
                {
                    *former = Some(0);
                }
            }
            admission
        })
    });
}

pub(super) fn forgetting(parts: Parts) -> Parts {
    admitting(parts, |state, judgements, settings, situation| {
        let mut admission = admit(state, judgements, settings, situation);
        admission.start.retain(|decision| !decision.write.restores());
        admission
    })
}

/// The harm that it does counts, too.
#[test]
fn forgetting_to_restore() {
    for rule in ["concurrency-as-it-was", "never-worse-than-nobody"] {
        caught_by(rule, Profile::None, forgetting);
    }
}

#[test]
fn a_cap_ignored() {
    caught_by("no-more-than-the-cap", Profile::None, |parts| {
        admitting(parts, |state, judgements, settings, situation| {
            let mut settings = settings.clone();
            settings.limits.redeploys_per_service_and_hour = usize::MAX;
            admit(state, judgements, &settings, situation)
        })
    });
}

#[test]
fn its_own_service_like_any_other() {
    caught_by("own-service-last", Profile::None, |parts| {
        let parts = judging(parts, |state, secret, policy, settings, now| {
            judge(state, secret, policy, &without_own_service(settings), now)
        });
        admitting(parts, |state, judgements, settings, situation| {
            admit(state, judgements, &without_own_service(settings), situation)
        })
    });
}

fn without_own_service(settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    settings.limits.own_service = None;
    settings
}

pub(super) fn seen(event: Event, change: impl FnOnce(Evidence) -> Evidence) -> Event {
    match event {
        Event::Seen { look, evidence } => Event::Seen {
            look,
            evidence: change(evidence),
        },
        other => other,
    }
}

/// Labels that the service has yet to clean up, read as a rotation that is still under way.
fn unpromoted(evidence: Evidence) -> Evidence {
    match evidence {
        Evidence::Secret { secret, mut seen } if seen.labels.pending == seen.labels.current => {
            seen.labels.current = seen.labels.previous.take();
            Evidence::Secret { secret, seen }
        }
        other => other,
    }
}

#[test]
fn awspending_on_awscurrent_taken_for_a_running_rotation() {
    caught_by("intervals-contain-the-truth", Profile::None, |parts| {
        merging(parts, |state, event, timing| {
            merge(state, seen(event, unpromoted), timing)
        })
    });
}

fn refused(evidence: Evidence) -> Evidence {
    match evidence {
        Evidence::Login {
            secret,
            version,
            answer: LoginAnswer::Unreachable { .. } | LoginAnswer::Busy { .. } | LoginAnswer::Account { .. },
            database,
        } => Evidence::Login {
            secret,
            version,
            answer: LoginAnswer::Refused {
                code: "1045".to_owned(),
            },
            database,
        },
        other => other,
    }
}

#[test]
fn any_login_error_taken_for_refused() {
    caught_by("a-dead-value-is-dead", Profile::Network, |parts| {
        merging(parts, |state, event, timing| {
            merge(state, seen(event, refused), timing)
        })
    });
}

/// What was put or moved by hand passes for proven.
fn trusting(state: &State, secret: &SecretArn, judgement: &Judgement) -> State {
    let mut state = state.clone();
    let manual = judgement
        .current()
        .filter(|view| view.rotation.origin == Origin::Manual);
    if let (Some(view), Some(facts)) = (manual, state.secrets.get_mut(secret)) {
        let promoted = view.rotation.promoted.as_ref().map(|seen| seen.when.not_after);
        let mut answers = Track::default();
        answers.see(Look::at(promoted.unwrap_or_default()), LoginAnswer::Accepted);
        facts.logins.insert(view.rotation.key.version.clone(), answers);
    }
    state
}

#[test]
fn a_manual_promotion_trusted() {
    caught_by("no-restart-onto-a-dead-password", Profile::None, |parts| {
        judging(parts, |state, secret, policy, settings, now| {
            let judgement = judge(state, secret, policy, settings, now);
            let state = trusting(state, secret, &judgement);
            judge(&state, secret, policy, settings, now)
        })
    });
}

#[test]
fn acting_while_it_should_observe() {
    caught_by("observe-writes-nothing", Profile::None, |parts| {
        judging(parts, |state, secret, policy, settings, now| {
            let mut policy = policy.clone();
            policy.mode = Mode::Act;
            judge(state, secret, &policy, settings, now)
        })
    });
}

/// Functions sleep far longer than they may.
fn asleep_too_long(settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    settings.timing.sleep_for += SignedDuration::from_mins(10);
    settings.timing.sleep_deadline += SignedDuration::from_mins(10);
    settings
}

#[test]
fn restoring_too_late() {
    caught_by("awake-by-the-deadline", Profile::None, |parts| {
        let parts = judging(parts, |state, secret, policy, settings, now| {
            judge(state, secret, policy, &asleep_too_long(settings), now)
        });
        admitting(parts, |state, judgements, settings, situation| {
            admit(state, judgements, &asleep_too_long(settings), situation)
        })
    });
}

#[test]
fn an_evidence_time_of_the_reader() {
    caught_by("intervals-contain-the-truth", Profile::None, |parts| {
        merging(parts, |state, event, timing| {
            let event = match event {
                Event::Seen {
                    mut look,
                    evidence: evidence @ Evidence::Secret { .. },
                } => {
                    look.sent += SignedDuration::from_secs(20);
                    look.arrived += SignedDuration::from_secs(20);
                    Event::Seen { look, evidence }
                }
                other => other,
            };
            merge(state, event, timing)
        })
    });
}

/// Those of whom nobody knows what they hold.
fn wanting_unknown(state: &State, judgement: &mut Judgement, now: Timestamp) {
    let Some(view) = judgement.current().cloned() else {
        return;
    };
    let unknown = view
        .consumers
        .iter()
        .filter(|(_, standing)| standing.stage == Stage::Unknown);
    for (consumer, _) in unknown {
        let is_wanted = judgement.wants.iter().any(|want| &want.consumer == consumer);
        let attempts = &state.consumers[consumer];
        if is_wanted || attempts.attempts.serving(&view.rotation.key).next().is_some() {
            continue;
        }
        let want = want(judgement, &view.rotation.key, consumer, now);
        judgement.wants.extend(want);
    }
}

/// A redeploy at once; nothing for what is no service.
pub(super) fn want(
    judgement: &Judgement,
    rotation: &RotationKey,
    consumer: &ConsumerId,
    now: Timestamp,
) -> Option<Want> {
    let ConsumerId::Service { cluster, name } = consumer else {
        return None;
    };
    Some(Want {
        secret: rotation.secret.clone(),
        rotation: rotation.clone(),
        consumer: consumer.clone(),
        write: Write::Redeploy {
            cluster: cluster.clone(),
            service: name.clone(),
            fresh_after: now,
        },
        mode: judgement.mode,
        not_before: now,
        database: judgement.database.clone(),
        awaits_login: None,
    })
}

#[test]
fn unknown_taken_for_stale() {
    caught_by("no-restart-of-the-fresh", Profile::Crash, |parts| {
        judging(parts, |state, secret, policy, settings, now| {
            let mut judgement = judge(state, secret, policy, settings, now);
            wanting_unknown(state, &mut judgement, now);
            judgement
        })
    });
}

/// Services of which ECS has rolled back two deployments already.
fn wanting_again(judgement: &mut Judgement, now: Timestamp) {
    let Some(view) = judgement.current() else { return };
    let given_up = view
        .consumers
        .iter()
        .filter(|(_, standing)| standing.why == Why::RolledBackTwice);
    let wants = given_up.filter_map(|(consumer, _)| want(judgement, &view.rotation.key, consumer, now));
    let wants: Vec<Want> = wants.collect();
    judgement.wants.extend(wants);
}

#[test]
fn a_third_try_after_two_rollbacks() {
    caught_by("one-restart-for-a-rotation", Profile::Moments, |parts| {
        judging(parts, |state, secret, policy, settings, now| {
            let mut judgement = judge(state, secret, policy, settings, now);
            wanting_again(&mut judgement, now);
            judgement
        })
    });
}

#[test]
fn panicking() {
    caught_by("nothing-panics", Profile::None, |parts| {
        merging(parts, |state, event, timing| match event {
            Event::Ended { attempt, .. } => panic!("{attempt} ended"),
            other => merge(state, other, timing),
        })
    });
}
