//! When something becomes true by time alone, to the second, and when the loop is to look again.

use jiff::{SignedDuration, Timestamp};

use super::rotations::done;
use super::staleness::dated;
use super::standings::{orders, standing};
use super::world::{Tale, arn, at, millis, service};
use crate::judge::{Reason, judge};
use crate::model::{ConsumerId, Fact, Stage, Step};
use crate::story::phase::Phase;

const DAY: i64 = 24 * 3_600;

/// A promotion at second 20, which nothing but the protocol proves, and a stale service.
fn by_protocol() -> Tale {
    let mut tale = Tale::new();
    tale.uses(&orders(), &["db"])
        .labels(0, "a - z")
        .labels(10, "a b z");
    tale.labels(20, "a b z").labels(21, "b - a");
    tale.log(20, done(Step::FinishSecret, "b"));
    tale.service(25, &orders(), service(&[-500]));
    tale
}

/// What the service waits for at a second; nothing where it is wanted.
fn waits(tale: &Tale, second: i64) -> Option<Reason> {
    waits_at(tale, at(second))
}

fn waits_at(tale: &Tale, now: Timestamp) -> Option<Reason> {
    let judgement = judge(&tale.state, &arn("db"), &tale.policy, &tale.settings, now);
    assert_eq!(judgement.waits.len() + judgement.wants.len(), 1, "{judgement:?}");
    judgement.waits.into_iter().next().map(|(_, reason)| reason)
}

#[test]
fn a_restart_is_wanted_once_the_margin_is_over() {
    let mut tale = by_protocol();
    tale.login(22, "b", true);
    assert_eq!(waits(&tale, 20), Some(Reason::Margin { until: at(21) }));
    assert_eq!(tale.judge(20).wake, Some(at(21)));
    assert_eq!(waits(&tale, 21), None);
    assert_eq!(tale.judge(21).wants[0].not_before, at(21));
}

/// For twenty seconds from the look that first showed the promotion, which arrived at second 21.02.
#[test]
fn a_proof_is_waited_for_where_one_may_come() {
    let until = millis(41_020);
    let proof = Some(Reason::Proof { until });
    let tale = by_protocol();
    assert_eq!(waits(&tale, 21), None, "nobody would tell");
    let mut with_login = by_protocol();
    with_login.policy.login_test = true;
    with_login.login_fails("db", 22, "b");
    let mut with_login_just_then = by_protocol();
    with_login_just_then.policy.login_test = true;
    with_login_just_then.login_fails("db", 20, "b");
    let mut with_log = by_protocol();
    with_log.rotation_lambda = Some("arn:aws:lambda:eu-west-1:1:function:rotate".to_owned());
    with_log.labels(26, "b - a");
    for tale in [with_login, with_login_just_then, with_log] {
        assert_eq!(waits_at(&tale, millis(41_019)), proof);
        assert_eq!(tale.judge(41).wake, Some(until));
        assert_eq!(waits_at(&tale, until), None);
    }
}

#[test]
fn what_a_restart_for_another_secret_must_not_give_is_withheld() {
    let tale = dated(&orders());
    assert_eq!(tale.judge(20).withheld, Some(Reason::Margin { until: at(21) }));
    assert_eq!(tale.judge(21).withheld, None);

    let mut found = Tale::new();
    found.labels(0, "a - z");
    assert_eq!(found.judge(1).withheld, None, "nobody would log in");
    found.policy.login_test = true;
    assert_eq!(found.judge(19).withheld, Some(Reason::Proof { until: at(20) }));
    assert_eq!(found.judge(19).wake, Some(at(20)));
    assert_eq!(found.judge(20).withheld, None);
}

/// Five minutes from the promotion or from the last consumer, whichever is later; a day from the promotion.
#[test]
fn phases_after_the_promotion_end_on_time() {
    let mut tale = dated(&orders());
    tale.service(60, &orders(), service(&[40]));
    let (verified, watched) = (millis(360_020), at(20 + DAY));
    let table = [
        (360, Phase::Verifying, Some(verified)),
        (361, Phase::Watching, Some(watched)),
        (19 + DAY, Phase::Watching, Some(watched)),
        (20 + DAY, Phase::Settled, None),
    ];
    for is_noted in [false, true] {
        for (second, phase, wake) in table {
            let judgement = tale.judge(second);
            let current = judgement.current().map(|view| view.phase);
            assert_eq!(current, Some(phase), "{second}, {is_noted}");
            assert_eq!(judgement.wake, wake, "{second}, {is_noted}");
        }
        remember(&mut tale, 60);
    }
}

fn remember(tale: &mut Tale, second: i64) {
    for fact in tale.judge(second).reached {
        let learned = tale.state.learn(fact);
        tale.journal.extend(learned);
    }
}

#[test]
fn a_rotation_stalls_on_time() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .line(12, Step::CreateSecret);
    assert_eq!(tale.judge(1_811).wake, Some(at(1_812)));
    assert_eq!(tale.latest(1_811).phase, Phase::Created);
    assert_eq!(tale.latest(1_812).phase, Phase::Stalled);
    assert_eq!(tale.judge(1_812).wake, None);
}

/// A look with news is journalled with its time; one without lengthens what is known.
#[test]
fn stages_are_noted_as_looks_show_them() {
    let shown = |tale: &Tale, second: i64| {
        let reached = tale.judge(second).reached;
        let noted = |fact: Fact| match fact {
            Fact::Reached { stage, at, .. } => Some((stage, at)),
            Fact::Paced { .. } | Fact::Users { .. } => None,
            other => panic!("{other:?}"),
        };
        reached.into_iter().filter_map(noted).collect::<Vec<_>>()
    };
    let look = |second| at(second) + SignedDuration::from_millis(20);
    let mut tale = dated(&orders());
    assert_eq!(shown(&tale, 24), [], "not looked at yet");
    tale.service(25, &orders(), service(&[-500]));
    assert_eq!(shown(&tale, 26), [(Stage::Stale, look(25))]);
    remember(&mut tale, 26);
    assert_eq!(shown(&tale, 27), []);
    tale.service(30, &orders(), service(&[-500]));
    assert_eq!(shown(&tale, 31), [(Stage::Stale, look(30))]);
    tale.service(40, &orders(), service(&[35]));
    assert_eq!(shown(&tale, 41), [(Stage::Fresh, look(40))]);
}

/// For a day: then its cluster may have been taken out of the configuration.
#[test]
fn what_only_the_journal_knows_of_counts_for_a_day() {
    let mut tale = dated(&orders());
    tale.service(25, &orders(), service(&[-500]));
    remember(&mut tale, 26);
    let later = tale.restarted();
    assert_eq!(later.latest(19 + DAY).phase, Phase::Propagating);
    assert_eq!(later.latest(20 + DAY).phase, Phase::Settled);
}

#[test]
fn who_was_found_again_is_not_remembered_beside() {
    let other = ConsumerId::service("prod", "other");
    let mut tale = dated(&orders());
    tale.service(25, &orders(), service(&[-500]));
    tale.uses(&other, &["db"]).service(25, &other, service(&[-500]));
    remember(&mut tale, 26);
    let mut later = tale.restarted();
    later
        .uses(&orders(), &["db"])
        .service(30, &orders(), service(&[28]));
    let consumers = later.latest(31).consumers;
    let stages: Vec<_> = consumers
        .iter()
        .map(|(id, standing)| (id.clone(), standing.stage))
        .collect();
    assert_eq!(stages, [(orders(), Stage::Fresh), (other, Stage::Unknown)]);
}

#[test]
fn only_the_promotion_that_stands_has_consumers() {
    let mut tale = dated(&orders());
    tale.labels(100, "b - a")
        .labels(110, "b c a")
        .labels(120, "c - b");
    let judgement = tale.judge(121);
    let consumers = judgement.rotations.iter().map(|view| view.consumers.len());
    assert_eq!(
        consumers.collect::<Vec<_>>(),
        [0, 0, 1],
        "a baseline, a superseded one, the last"
    );
    assert_eq!(standing(&tale, 121).stage, Stage::Unknown);
    assert_eq!(judgement.rotations[1].rotation.key.secret, arn("db"));
}
