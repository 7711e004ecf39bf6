//! AWS's time from the `Date` header.

use jiff::{SignedDuration, Timestamp};

use super::fake::{Answer, Fake};
use super::{NOW, aws};
use crate::aws::AwsClock;
use crate::ports::{EcsWrites, SecretReads};

fn at(second: i64) -> Timestamp {
    NOW + SignedDuration::from_secs(second)
}

fn clock() -> AwsClock {
    AwsClock::new(std::sync::Arc::new(|| NOW))
}

#[test]
fn a_date_that_fits_moves_nothing() {
    let clock = clock();
    clock.learn(at(0), at(2), at(0));
    assert_eq!(clock.offset(), SignedDuration::ZERO);
}

#[test]
fn a_date_that_contradicts_moves_just_far_enough() {
    let clock = clock();
    clock.learn(at(0), at(2), at(60));
    assert_eq!(clock.offset(), SignedDuration::from_secs(58));
    // Written between 30 and 31 s before a request of no time: the offset is within that second.
    clock.learn(at(0), at(0), at(-31));
    assert_eq!(clock.offset(), SignedDuration::from_secs(-30));
}

#[test]
fn later_answers_narrow_the_offset() {
    let clock = clock();
    clock.learn(at(0), at(0), at(10));
    let (sent, arrived) = (at(0), at(0) + SignedDuration::from_millis(20));
    clock.learn(
        sent - SignedDuration::from_millis(600),
        arrived,
        at(11) - SignedDuration::from_secs(1),
    );
    assert_eq!(clock.offset(), SignedDuration::from_secs(10));
    clock.learn(at(0), at(0), at(11));
    assert_eq!(clock.offset(), SignedDuration::from_secs(11));
}

#[test]
fn an_answer_that_took_a_negative_time_does_not_panic() {
    let clock = clock();
    clock.learn(at(100), at(0), at(0));
    assert_eq!(clock.offset(), SignedDuration::ZERO);
}

fn dated(date: &str) -> Answer {
    Answer::json(&serde_json::json!({ "SecretList": [] })).with("date", date)
}

const AN_HOUR_LATER: &str = "Thu, 01 Jan 2026 01:00:00 GMT";

#[tokio::test(start_paused = true)]
async fn looks_and_writes_are_in_awss_time() {
    let fake = Fake::answers([dated(AN_HOUR_LATER).with("x-amzn-requestid", "1")]);
    let aws = aws(&fake);
    assert_eq!(aws.clock().now(), NOW);
    let (look, _) = aws.secrets.list().await.unwrap();
    assert_eq!((look.sent, look.arrived), (at(3600), at(3600)));
    assert_eq!(aws.clock().now(), at(3600));
    let (answered, _) = aws.ecs.force_deployment("prod", "orders").await;
    assert_eq!(answered, at(3600));
}

#[tokio::test(start_paused = true)]
async fn a_date_that_is_none_or_not_awss_is_passed_over() {
    let answers = [dated("soon").with("x-amzn-requestid", "1"), dated(AN_HOUR_LATER)];
    let aws = aws(&Fake::answers(answers));
    aws.secrets.list().await.unwrap();
    aws.secrets.list().await.unwrap();
    assert_eq!(aws.clock().offset(), SignedDuration::ZERO);
}
