//! Moves of AWSCURRENT: who is faster, and who is refused.

use super::*;
use crate::sim::world::Unmoved;

/// A person promotes between finishSecret's look and its call.
#[test]
fn a_compare_and_swap_fails_for_the_function_and_its_retry_returns_at_once() {
    let mut story = Story::of(Code::Template, None).touched(4, Touch::Promote);
    story.scenario.secrets[0].label_takes = SignedDuration::from_millis(400);
    story.manner().retries.most = Some(1);
    let world = story.after(20);
    let last = ends(&world, &version(2)).pop();
    assert_eq!(last, Some((Step::FinishSecret, End::Overtaken)));
    assert_eq!(world.truth().failed_after_set(&secret(), &version(2)), None);
    assert_eq!(moves(&world), [(version(2), Mover::Person)]);
    let lines = log(&story, &world, 5, 20);
    assert!(tells(&lines, "[ERROR] InvalidParameterException: "));
    assert!(!tells(&lines, "[ERROR]\t"), "the function itself logs nothing");

    let world = story.after(60);
    let again = ends(&world, &version(2)).split_off(4);
    let steps = [
        Step::CreateSecret,
        Step::SetSecret,
        Step::TestSecret,
        Step::FinishSecret,
    ];
    assert_eq!(again, steps.map(|step| (step, End::AtOnce)));
    let lines = log(&story, &world, 30, 60);
    assert!(tells(
        &lines,
        "Secret version shop-mysql-v2 already set as AWSCURRENT for secret arn:"
    ));
    assert!(!tells(&lines, "setSecret: "), "nothing is set again");
}

/// The function's call takes effect before a person's, who had looked before it did.
#[test]
fn a_compare_and_swap_fails_for_a_person() {
    let mut story = Story::of(Code::Template, None).touched(4, Touch::Promote);
    story.scenario.secrets[0].label_takes = seconds(2);
    let world = story.after(20);
    assert_eq!(moves(&world), [(version(2), Mover::Function)]);
    assert!(
        world
            .story
            .iter()
            .any(|(_, text)| text.starts_with("a person's call is refused"))
    );
    assert_eq!(
        ends(&world, &version(2)).pop(),
        Some((Step::FinishSecret, End::Well))
    );
}

#[test]
fn a_compare_and_swap_fails_for_the_watchdog() {
    let story = Story::failing_in(Step::TestSecret).touched(10, Touch::Promote);
    let mut world = story.after(9);
    let early = world.promote(&secret(), &version(2), &version(3));
    assert_eq!(early, Err(Unmoved::Elsewhere { on: Some(version(1)) }));
    assert_eq!(world.writes, []);
    let mut other = world.clone();
    assert_eq!(world.promote(&secret(), &version(2), &version(1)), Ok(()));
    assert_eq!(moves(&world), [(version(2), Mover::Watchdog)]);
    assert_eq!(
        world.writes[0].operation,
        "secretsmanager:UpdateSecretVersionStage"
    );
    assert_eq!(
        labels(&world),
        (Some(version(2)), Some(version(2))),
        "AWSPENDING stays"
    );
    other.advance(story.begins + seconds(11));
    let late = other.promote(&secret(), &version(2), &version(1));
    assert_eq!(late, Err(Unmoved::Elsewhere { on: Some(version(2)) }));
    assert_eq!(moves(&other), [(version(2), Mover::Person)]);
}

#[test]
fn a_label_moves_between_its_call_and_its_answer() {
    let mut story = Story::of(Code::Template, None);
    story.scenario.secrets[0].label_takes = seconds(3);
    let world = story.after(7);
    assert_eq!(moves(&world), [(version(2), Mover::Function)]);
    assert_eq!(
        ends(&world, &version(2)).len(),
        3,
        "finishSecret waits for its answer"
    );
    assert_eq!(
        story.after(9).truth().moves(&secret())[0].at,
        story.begins + seconds(5)
    );
}
