//! Labels that seem to go back: a stale answer, until they were seen so for five seconds.

use super::cadence::wait;
use super::world::{Tale, arn, at, labels, millis};
use crate::model::{Event, Evidence, Labels, Look, LookKey};
use crate::story::stale_labels::{is_settling, on_its_way_to};

/// DescribeSecret, sent and answered at these milliseconds.
fn look(tale: &mut Tale, sent: i64, arrived: i64, text: &str) {
    let seen = tale.secret_seen("db", labels(text));
    let secret = arn("db");
    tale.event(Event::Seen {
        look: Look {
            sent: millis(sent),
            arrived: millis(arrived),
        },
        evidence: Evidence::Secret { secret, seen },
    });
}

fn settling(tale: &Tale) -> bool {
    is_settling(&tale.state.secrets[&arn("db")], &tale.settings.timing)
}

/// The labels that are believed to be current at the end.
fn believed(tale: &Tale) -> String {
    let judgement = tale.judge(100);
    let current = judgement.current().expect("a promotion");
    current.rotation.key.version.to_string()
}

#[test]
fn what_was_seen_for_five_seconds_is_believed() {
    for (arrived, is_believed) in [(34_999, false), (35_000, true)] {
        let mut tale = Tale::new();
        tale.labels(0, "a - z").labels(10, "b - a").labels(30, "a - b");
        look(&mut tale, 34_900, arrived, "a - b");
        assert_eq!(settling(&tale), !is_believed, "{arrived}");
        assert_eq!(believed(&tale), if is_believed { "a" } else { "b" }, "{arrived}");
    }
}

/// What was seen before, and the labels of one look after it.
#[test]
fn what_seems_to_go_back() {
    let table: [(&[&str], &str, bool); 10] = [
        (&["a - z"], "b - a", false),
        (&["a - z"], "z - a", true),
        (&["a - z", "b - a", "c - b"], "a - c", true),
        (&["a - z", "b - a", "c - b"], "d - c", false),
        (&["a - z", "a - y"], "a - z", true),
        (&["a b z"], "a - z", true),
        (&["a b z"], "a c z", false),
        (&["a b z"], "b - a", false),
        (&["a b z"], "b b a", false),
        (&["a b z", "b b a"], "b - a", false),
    ];
    for (before, last, goes_back) in table {
        let mut tale = Tale::new();
        for (text, second) in before.iter().zip(0..) {
            tale.labels(second * 10, text);
        }
        tale.labels(50, last);
        assert_eq!(settling(&tale), goes_back, "{before:?}, {last}");
        let closely = wait(&tale, 50, &LookKey::Secret(arn("db"))) == Some(500);
        assert_eq!(
            closely,
            goes_back || Labels::in_progress(&labels(last)).is_some(),
            "{last}"
        );
    }
}

/// Also where a single look says that it is not any more.
#[test]
fn what_a_secret_is_on_its_way_to() {
    let to = |looks: &[&str]| {
        let mut tale = Tale::new();
        for (text, second) in looks.iter().zip(0..) {
            tale.labels(second * 10, text);
        }
        let facts = &tale.state.secrets[&arn("db")];
        on_its_way_to(facts, &tale.settings.timing).map(|version| version.to_string())
    };
    assert_eq!(to(&["a - z"]), None);
    assert_eq!(to(&["a - z", "a b z"]).as_deref(), Some("b"));
    assert_eq!(
        to(&["a - z", "a b z", "a - z"]).as_deref(),
        Some("a"),
        "back, or stale"
    );
    assert_eq!(to(&["a - z", "a b z", "a - z", "a - z"]), None);
}

/// Between them lay a stale answer.
#[test]
fn an_answer_that_was_stale_leaves_no_gap() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").labels(10, "a b z").labels(20, "b - a");
    tale.labels(21, "a b z")
        .labels(22, "b - a")
        .labels(30, "b - a")
        .labels(40, "c - b");
    let rotations = tale.judge(41).rotations;
    let versions = rotations.iter().map(|view| view.rotation.key.version.to_string());
    assert_eq!(versions.collect::<Vec<_>>(), ["a", "b", "c"]);
    let promoted = rotations[2].rotation.promoted.clone().expect("promoted").when;
    assert_eq!(promoted.not_before, Some(at(25)));
}
