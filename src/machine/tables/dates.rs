//! What dates and lines say of a promotion, and what they do not: those of one rotation are not another's.

use super::findings::kinds;
use super::histories::{NOTHING, told};
use super::rotations::done;
use super::standings::orders;
use super::world::{Tale, at, millis, service, version};
use crate::model::Step;
use crate::story::phase::Phase;
use crate::story::rotations::Origin;

/// The dates of a past promotion are those that came with it: the next rotation moves the secret's on.
#[test]
fn g5_the_next_rotation_does_not_change_what_the_one_before_was() {
    let mut tale = Tale::new();
    (tale.last_changed, tale.last_rotated) = (Some(at(-100)), Some(at(-101)));
    tale.labels(0, "b - a");
    let before = tale.latest(1).rotation;
    assert_eq!(before.origin, Origin::Rotation);
    let origins = |tale: &Tale, second: i64| -> Vec<Origin> {
        let views = tale.judge(second).rotations;
        views.into_iter().map(|view| view.rotation.origin).collect()
    };
    tale.labels(200, "b - a");
    tale.last_changed = Some(at(210));
    tale.labels(210, "b c a");
    assert_eq!(origins(&tale, 211), [Origin::Rotation; 2], "AWSPENDING came");
    assert_eq!(kinds(&tale, 211), NOTHING);
    tale.labels(214, "b c a");
    (tale.last_changed, tale.last_rotated) = (Some(at(215)), Some(at(215)));
    tale.labels(215, "c - b").labels(216, "c - b");
    assert_eq!(origins(&tale, 217), [Origin::Rotation; 2], "and was promoted");
    assert_eq!(tale.judge(217).rotations[0].rotation.promoted, before.promoted);
    let restarted = tale.restarted();
    assert_eq!(
        origins(&restarted, 217),
        [Origin::Rotation; 2],
        "the journal keeps it"
    );
}

/// LastRotatedDate tells of a rotation that nobody saw; after the next one it is another date.
#[test]
fn g5_a_rotation_that_ran_unseen_stays_one_after_the_next() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z");
    (tale.last_changed, tale.last_rotated) = (Some(at(500)), Some(at(500)));
    tale.labels(3_600, "b - a");
    let before = tale.latest(3_601).rotation;
    assert_eq!(before.origin, Origin::Rotation);
    tale.labels(7_000, "b - a");
    (tale.last_changed, tale.last_rotated) = (Some(at(7_100)), Some(at(7_101)));
    tale.labels(7_200, "c - b");
    for tale in [&tale, &tale.restarted()] {
        let rotation = &tale.judge(7_201).rotations[1].rotation;
        assert_eq!(
            (rotation.origin, &rotation.promoted),
            (Origin::Rotation, &before.promoted)
        );
    }
}

/// The next rotation's AWSPENDING has changed the secret: of the rotation just before the first look nothing is claimed.
#[test]
fn g5_in_the_middle_of_a_rotation_the_first_look_calls_nothing_a_change_by_hand() {
    let mut tale = Tale::new();
    (tale.last_changed, tale.last_rotated) = (Some(at(-1)), Some(at(-300)));
    tale.labels(0, "b c a");
    assert_eq!(tale.judge(1).rotations[0].rotation.origin, Origin::Baseline);
    assert_eq!(kinds(&tale, 1), NOTHING);
    let mut changed = Tale::new();
    (changed.last_changed, changed.last_rotated) = (Some(at(-1)), Some(at(-300)));
    changed.labels(0, "b - a");
    let text = told(&changed, 1, "manual-promotion").text;
    assert!(
        text.starts_with("the secret was changed after its last rotation"),
        "{text}"
    );
}

/// A LastChangedDate that no label's move had changed bounds the promotion from before it was.
#[test]
fn g6_a_promotion_is_never_told_earlier_than_a_later_line_or_date_says() {
    let late = |tell: fn(&mut Tale)| {
        let mut tale = Tale::new();
        tale.labels(0, "a - z");
        tale.last_changed = Some(at(44));
        tell(&mut tale);
        tale.labels(60, "b b a");
        tale.latest(61).rotation.promoted.expect("promoted").when
    };
    let by_its_line = late(|tale| {
        tale.log(47, done(Step::FinishSecret, "b"));
    });
    assert_eq!(by_its_line.not_after, at(47));
    let by_the_test = late(|tale| {
        tale.log(40, done(Step::CreateSecret, "b"))
            .line(47, Step::TestSecret);
    });
    assert_eq!(by_the_test.not_after, millis(60_020), "it was seen by then");
    let by_its_date = late(|tale| tale.last_rotated = Some(at(48)));
    assert_eq!(by_its_date.not_after, at(49), "rounded up to whole seconds");
    assert_eq!(late(|_| ()).not_after, at(45), "nothing contradicts it");
}

/// A promotion takes the next one's place before consumers were refreshed, or long after.
#[test]
fn g8_a_rotation_that_was_overtaken_is_not_called_settled() {
    let overtaken = |second: i64| {
        let mut tale = Tale::new();
        tale.labels(0, "a - z").labels(10, "b - a");
        tale.labels(second, "b - a").labels(second + 1, "c - b");
        let views = tale.judge(second + 2).rotations;
        let phase = |id: &str| {
            let view = views.iter().find(|view| view.rotation.key.version == version(id));
            view.expect(id).phase
        };
        (phase("a"), phase("b"))
    };
    assert_eq!(
        overtaken(100),
        (Phase::Settled, Phase::Superseded),
        "before it was verified"
    );
    assert_eq!(overtaken(1_000), (Phase::Settled, Phase::Settled));
}

/// Until everybody was looked for once since the start, nobody knows who holds the old value: what the journal knows stands.
#[test]
fn g8_before_consumers_are_known_a_rotation_is_where_the_journal_saw_it() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").labels(10, "a b z").labels(20, "b - a");
    assert_eq!(tale.latest(30).phase, Phase::Verifying, "nobody uses it");
    tale.state.searching = true;
    assert_eq!(tale.latest(30).phase, Phase::Propagating, "that is not known yet");

    let mut watched = super::standings::promoted(&orders());
    watched.service(40, &orders(), service(&[30]));
    let reached = watched.judge(40).reached;
    assert_eq!(watched.latest(400).phase, Phase::Watching);
    for fact in &reached {
        watched.state.recall(fact.clone());
    }
    watched.journal.extend(reached);
    let mut restarted = watched.restarted();
    restarted.state.searching = true;
    assert_eq!(restarted.latest(400).phase, Phase::Watching);
    restarted.uses(&orders(), &["db"]);
    restarted.state.searching = false;
    assert_eq!(
        restarted.latest(400).phase,
        Phase::Watching,
        "found, and not looked at"
    );
}
