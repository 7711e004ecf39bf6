//! What labels, values and logins seen together mean: the rows of aws-facts, Staging labels, and odd histories.

use super::findings::kinds;
use super::rotations::done;
use super::world::{Tale, arn, at, labels};
use crate::findings::{Finding, Severity, of_secret};
use crate::model::{Evidence, SecretSeen, Step, Strategy, When};
use crate::story::phase::Phase;
use crate::story::proof::Works;
use crate::story::rotations::{Ending, Origin};

pub(super) const NOTHING: [&str; 0] = [];
pub(super) const HALF_AN_HOUR: i64 = 1_800;

pub(super) fn told(tale: &Tale, second: i64, kind: &str) -> Finding {
    let found = of_secret(
        &tale.state,
        &arn("db"),
        &tale.judge(second),
        &tale.settings,
        at(second),
    );
    let finding = found.iter().find(|finding| finding.kind.name() == kind);
    finding.unwrap_or_else(|| panic!("{found:?}")).clone()
}

/// The danger window of the latest rotation: none, open, or closed by a second.
pub(super) fn window(tale: &Tale, second: i64) -> Option<Option<When>> {
    let window = tale.latest(second).window;
    window.map(|window| window.closed)
}

/// A rotation to `b` whose AWSPENDING has a value.
pub(super) fn created() -> Tale {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").labels(10, "a b z");
    tale.valued(11, &["a"]).valued(12, &["a", "b"]);
    tale
}

pub(super) fn seen(tale: &mut Tale, second: i64, text: &str, change: impl FnOnce(&mut SecretSeen)) {
    let mut seen = tale.secret_seen("db", labels(text));
    change(&mut seen);
    let secret = arn("db");
    tale.see(second, Evidence::Secret { secret, seen });
}

/// AWSPENDING left behind, and a replica's value, of a secret whose name needs quotes.
pub(super) fn with_odd_names() -> Vec<Finding> {
    let name = "rds!a b'c";
    let of = |name, tale: &Tale| {
        let (secret, judgement) = (arn(name), tale.judge_of(name, 30));
        of_secret(&tale.state, &secret, &judgement, &tale.settings, at(30))
    };
    let mut left = Tale::new();
    left.labels_of(name, 0, "b - a").labels_of(name, 20, "c b b");
    let mut replica = Tale::new();
    for (second, text) in [(0, "a - z"), (20, "b - a")] {
        let mut seen = replica.secret_seen(name, labels(text));
        seen.primary_region = Some("us-east-1".to_owned());
        let secret = arn(name);
        replica.see(second, Evidence::Secret { secret, seen });
    }
    [of(name, &left), of(name, &replica)].concat()
}

/// The rows of the table under Staging labels, in its order: `seen | means`.
#[test]
fn what_is_seen_before_a_promotion_and_what_it_means() {
    let mut idle = Tale::new();
    idle.labels(0, "a - z");
    assert!(idle.judge(1).open().is_none(), "no P: idle");

    let mut finished = Tale::new();
    finished.labels(0, "a a z");
    assert!(
        finished.judge(1).open().is_none(),
        "P = C: finished, the label's clean-up is due"
    );

    let mut empty = Tale::new();
    empty.labels(0, "a - z").labels(10, "a b z").valued(11, &["a"]);
    assert_eq!(empty.latest(12).phase, Phase::Creating, "createSecret runs");
    assert_eq!(
        empty.latest(12 + HALF_AN_HOUR).phase,
        Phase::Stalled,
        "or an earlier failure left it: age decides"
    );

    let mut not_set = created();
    not_set.login(13, "b", false);
    assert_eq!(not_set.latest(14).phase, Phase::Created, "setSecret not yet");

    let mut danger = created();
    danger
        .login(13, "a", true)
        .login(14, "a", false)
        .login(15, "b", true);
    assert_eq!(danger.latest(16).phase, Phase::Exposed);
    assert_eq!(
        window(&danger, 16),
        Some(None),
        "P logs in, C does not: danger window"
    );

    let mut both = created();
    both.login(15, "b", true).login(16, "a", true);
    assert_eq!(window(&both, 17), None, "both log in: no danger window");
    both.login(18, "a", false);
    assert_eq!(window(&both, 19), Some(None), "it was about to finish");

    let mut gone = created();
    gone.labels(20, "a - z").labels(26, "a - z");
    assert_eq!(gone.latest(27).phase, Phase::Abandoned, "P gone, C unchanged");
    assert_eq!(kinds(&gone, 27), NOTHING, "nothing had been set");
}

#[test]
fn what_is_seen_after_a_promotion_and_what_it_means() {
    let mut promoted = created();
    promoted.labels(20, "a b z").labels(21, "b - a");
    assert_eq!(promoted.latest(22).rotation.origin, Origin::Rotation);

    let mut dead = promoted;
    dead.login(23, "b", false).login(24, "a", true);
    assert!(matches!(dead.latest(25).works, Works::No { .. }));
    let finding = told(&dead, 25, "dead-value");
    assert_eq!(finding.severity, Severity::Critical, "restart nobody, page");

    let mut back = created();
    back.labels(20, "b - a").labels(30, "a - b").labels(36, "a - b");
    assert_eq!(back.latest(37).rotation.origin, Origin::Rollback);
}

/// Where a replica's value comes from, nobody here sees.
#[test]
fn e1_a_replica_is_given_its_values_and_nobody_is_restarted_for_one_that_nothing_proves() {
    let mut tale = Tale::new();
    let replica = |seen: &mut SecretSeen| {
        seen.primary_region = Some("us-east-1".to_owned());
        seen.rotation_enabled = false;
    };
    seen(&mut tale, 0, "a - z", replica);
    assert_eq!(kinds(&tale, 1), ["replicated"], "not no-rotation");
    seen(&mut tale, 20, "b - a", replica);
    let view = tale.latest(21);
    assert_eq!(
        (view.rotation.origin, view.works),
        (Origin::Replicated, Works::Unproven)
    );
    let finding = told(&tale, 21, "replicated-promotion");
    assert!(
        finding
            .remedy
            .contains("--region us-east-1 --secret-id arn:aws:secretsmanager:us-east-1:1:secret:db-AbCdEf"),
        "{finding:?}"
    );
    assert_eq!(window(&tale, 21), None, "setSecret was elsewhere");
    tale.login(22, "b", true);
    assert!(matches!(tale.latest(23).works, Works::Yes(_)));
    assert_eq!(kinds(&tale, 23), ["replicated"]);
    let mut primary = Tale::new();
    seen(&mut primary, 0, "a - z", |seen| {
        seen.primary_region = Some("eu-west-1".to_owned())
    });
    seen(&mut primary, 20, "b - a", |seen| {
        seen.primary_region = Some("eu-west-1".to_owned())
    });
    assert_eq!(primary.latest(21).rotation.origin, Origin::Manual);
}

#[test]
fn e2_a_partners_key_is_rotated_by_secrets_manager_itself() {
    let mut tale = Tale::new();
    seen(&mut tale, 0, "a - z", |seen| seen.external = true);
    assert_eq!(tale.judge(1).strategy.0, Strategy::External);
    assert_eq!(kinds(&tale, 1), NOTHING);
}

#[test]
fn e3_a_user_that_keeps_its_password_before_has_no_danger_window() {
    let mut tale = created();
    tale.line(14, Step::SetSecret).line(16, Step::TestSecret);
    assert_eq!(window(&tale, 17), Some(None), "as long as nothing says otherwise");
    tale.labels(20, "b - a").login(22, "b", true).login(23, "a", true);
    assert_eq!(tale.judge(24).strategy.0, Strategy::DualPasswords);
    assert_eq!(window(&tale, 24), None);
}

/// PutSecretValue without VersionStages in createSecret moves AWSCURRENT at once.
#[test]
fn a_function_that_promotes_in_createsecret_proves_nothing_by_its_protocol() {
    let mut tale = Tale::with_lambda();
    tale.labels(0, "a - z").labels(10, "a - z").labels(11, "b b a");
    tale.log(10, done(Step::CreateSecret, "b"));
    assert!(
        matches!(tale.latest(12).works, Works::Yes(_)),
        "nothing tells it yet"
    );
    tale.line(14, Step::SetSecret);
    let view = tale.latest(18);
    assert_eq!(
        (view.rotation.origin, view.works),
        (Origin::Rotation, Works::Unproven)
    );
    let finding = told(&tale, 18, "untested-promotion");
    assert!(finding.text.contains("before setSecret") && finding.remedy.contains("AWSPENDING"));
    tale.line(16, Step::TestSecret);
    assert!(matches!(tale.latest(20).works, Works::Yes(_)), "it works since");
    let mut refused = Tale::new();
    refused.labels(0, "a - z").labels(11, "b b a");
    refused.login(12, "b", false).login(13, "a", true);
    assert_eq!(
        kinds(&refused, 14),
        ["dead-value"],
        "promoted early: restart nobody"
    );
}

#[test]
fn awspending_left_after_a_put_by_hand_is_named_with_what_frees_it() {
    let frees = "`aws secretsmanager update-secret-version-stage --secret-id \
                 arn:aws:secretsmanager:eu-west-1:1:secret:db-AbCdEf --version-stage AWSPENDING \
                 --remove-from-version-id b`";
    let mut before = Tale::new();
    before
        .labels(0, "a - z")
        .labels(10, "a b z")
        .labels(20, "b b a")
        .login(21, "b", true);
    before.labels(100, "c b b").login(101, "c", true);
    let finding = told(&before, 102, "pending-left");
    assert_eq!(finding.severity, Severity::Warning);
    assert!(
        finding.text.contains("left on b") && finding.text.contains("has a value"),
        "{finding:?}"
    );
    assert!(finding.remedy.contains(frees), "{finding:?}");
    before.labels(200, "c - b").labels(210, "c - b");
    assert_eq!(kinds(&before, 211), NOTHING, "freed");

    let mut passed = Tale::new();
    passed.labels(0, "a - z").labels(10, "a b z").valued(11, &["a"]);
    passed.labels(20, "c b a").login(21, "c", true);
    assert_eq!(kinds(&passed, 30), NOTHING, "it may yet go on");
    let finding = told(&passed, 20 + 2 * HALF_AN_HOUR, "pending-left");
    assert!(
        finding.text.contains("has no value") && finding.remedy.contains(frees),
        "{finding:?}"
    );
    assert!(!kinds(&passed, 20 + 2 * HALF_AN_HOUR).contains(&"rotation-stalled"));

    let mut back = created();
    back.labels(20, "b b a").labels(100, "a b b").labels(106, "a b b");
    back.login(107, "a", true);
    assert_eq!(kinds(&back, 110), ["pending-left"], "moved back by hand");
    let mut cleaned = created();
    cleaned.labels(20, "b b a").login(21, "b", true);
    assert_eq!(
        kinds(&cleaned, 30),
        NOTHING,
        "the service takes it away by itself"
    );
}

/// CancelRotateSecret leaves the labels, and nobody goes on.
#[test]
fn a_cancelled_rotation_lies_where_it_is() {
    let cancelled = |tale: &mut Tale| {
        seen(tale, 30, "a b z", |seen| {
            seen.rotation_enabled = false;
            seen.rotation_lambda = Some("arn:aws:lambda:eu-west-1:1:function:rotate".to_owned());
        });
    };
    let mut tale = created();
    cancelled(&mut tale);
    assert_eq!(kinds(&tale, 31), ["rotation-off"]);
    assert_eq!(
        kinds(&tale, 2 * HALF_AN_HOUR),
        ["rotation-off", "rotation-stalled"]
    );
    let text = told(&tale, 2 * HALF_AN_HOUR, "rotation-stalled").text;
    assert!(
        text.ends_with("rotation is switched off, so nobody goes on with it"),
        "{text}"
    );
    let mut failed = created();
    failed.line(14, Step::SetSecret).failure(16, Step::TestSecret);
    cancelled(&mut failed);
    let remedy = told(&failed, 31, "rotation-failed").remedy;
    assert!(!remedy.contains("retries the rotation by itself"), "{remedy}");
}

/// RotateImmediately=false: AWSPENDING comes, testSecret runs, AWSPENDING goes.
#[test]
fn a_test_of_the_rotation_is_none_whether_it_succeeds_or_fails() {
    let tested = |tell: fn(&mut Tale), gone: i64| {
        let mut tale = Tale::new();
        tale.labels(0, "a - z").labels(10, "a b z");
        tell(&mut tale);
        tale.labels(gone - 1, "a b z").labels(gone, "a - z");
        tale.labels(gone + 6, "a - z");
        let ending = tale.latest(gone + 7).rotation.ending.map(|(ending, _)| ending);
        (ending.expect("it ended"), kinds(&tale, gone + 7))
    };
    let none = Vec::<&str>::new();
    assert_eq!(
        tested(
            |tale| {
                tale.line(12, Step::TestSecret);
            },
            14
        ),
        (Ending::OnlyTested, none.clone())
    );
    assert_eq!(
        tested(
            |tale| {
                tale.failure(12, Step::TestSecret);
            },
            14
        ),
        (Ending::OnlyTested, none.clone())
    );
    assert_eq!(tested(|_| (), 14), (Ending::Abandoned, none), "without a log");
    let by_a_person = tested(
        |tale| {
            tale.failure(12, Step::TestSecret);
        },
        600,
    );
    assert_eq!(by_a_person, (Ending::Abandoned, vec!["rotation-abandoned"]));
    let begun = |tale: &mut Tale| {
        tale.log(11, done(Step::CreateSecret, "b"))
            .failure(12, Step::TestSecret);
    };
    assert_eq!(tested(begun, 14), (Ending::Abandoned, vec!["rotation-abandoned"]));
}
