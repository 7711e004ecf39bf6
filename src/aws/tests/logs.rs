//! A log group, within bounds, and what keeps it from being read.

use machine::model::{LogReach, LookFailure};
use serde_json::json;

use super::fake::{Answer, Fake};
use super::{NOW, aws};
use crate::ports::{LogRead, LogReads, LogWanted, PortError};

async fn read(fake: &Fake) -> Result<LogRead, PortError> {
    let wanted = LogWanted {
        group: "group".to_owned(),
        function: "rotator".to_owned(),
        since: NOW,
    };
    Ok(aws(fake).logs.events(&wanted).await?.1)
}

fn event(at: i64) -> serde_json::Value {
    json!({ "timestamp": at, "message": format!("line {at}"), "logStreamName": "2026/11/01/[$LATEST]0a1b" })
}

fn times(read: &LogRead) -> Vec<i64> {
    read.events
        .iter()
        .map(|event| event.at.as_millisecond())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn empty_pages_go_on() {
    let fake = Fake::answers([
        Answer::json(&json!({ "events": [], "nextToken": "1" })),
        Answer::json(&json!({ "events": [event(20), event(10)], "nextToken": "2" })),
        Answer::json(&json!({ "events": [event(5)] })),
    ]);
    let read = read(&fake).await.unwrap();
    assert_eq!((&read.reach, times(&read)), (&LogReach::Whole, vec![5, 10, 20]));
    assert_eq!(fake.sent()[0].json()["startTime"], NOW.as_millisecond());
}

#[tokio::test(start_paused = true)]
async fn b10_an_absent_group_is_an_answer_of_its_own() {
    let fake = Fake::answers([Answer::error(400, "ResourceNotFoundException", "no group")]);
    let read = read(&fake).await.unwrap();
    assert_eq!((read.reach, read.events.len()), (LogReach::Absent, 0));
}

/// For ever: the class of a group cannot be changed.
#[tokio::test(start_paused = true)]
async fn b8_a_group_that_refuses_to_be_filtered_is_an_answer_of_its_own() {
    for (code, message) in [
        (
            "InvalidOperationException",
            "The operation is not valid on the specified log class",
        ),
        (
            "InvalidParameterException",
            "The KMS key of this log group is disabled",
        ),
    ] {
        let fake = Fake::answers([Answer::error(400, code, message)]);
        let read = read(&fake).await.unwrap();
        let LogReach::Refused { why } = &read.reach else {
            panic!("{read:?}")
        };
        assert!(why.contains(message), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_a_failure() {
    let denied = "User: arn:aws:sts::1:assumed-role/watchdog/1 is not authorized to perform: logs:FilterLogEvents on \
                  resource: arn:aws:logs:eu-west-1:1:log-group:group";
    let fake = Fake::answers([Answer::error(400, "AccessDeniedException", denied)]);
    let failure = read(&fake).await.unwrap_err().failure;
    assert!(matches!(failure, LookFailure::Denied { .. }), "{failure}");
    let fake = Fake::answers([Answer::error(400, "InvalidParameterException", "bad token")]);
    let failure = read(&fake).await.unwrap_err().failure;
    assert!(matches!(failure, LookFailure::Unexpected { .. }), "{failure}");
}

/// AWS gives the token of the last page again, now and then.
#[tokio::test(start_paused = true)]
async fn a_token_that_comes_twice_ends_the_log() {
    let fake = Fake::answers([Answer::json(&json!({ "events": [event(1)], "nextToken": "x" }))]);
    let read = read(&fake).await.unwrap();
    assert_eq!((&read.reach, times(&read)), (&LogReach::Whole, vec![1, 1]));
    assert_eq!(fake.sent().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_never_ends_is_read_up_to_the_bound_and_says_so() {
    let page = |n: i64| Answer::json(&json!({ "events": [event(n)], "nextToken": n.to_string() }));
    let fake = Fake::answers((0..500).map(page));
    let read = read(&fake).await.unwrap();
    assert_eq!((fake.sent().len(), read.events.len()), (100, 100));
    let until = jiff::Timestamp::from_millisecond(99).unwrap();
    assert_eq!(read.reach, LogReach::Cut { until });
}

/// Each event may have 256 KiB.
#[tokio::test(start_paused = true)]
async fn a_log_of_long_lines_is_read_up_to_the_bound() {
    let long = "x".repeat(256 * 1024);
    let page = |n: i64| {
        let events: Vec<_> = (0..4)
            .map(|_| json!({ "timestamp": n, "message": long }))
            .collect();
        Answer::json(&json!({ "events": events, "nextToken": n.to_string() }))
    };
    let fake = Fake::answers((0..90).map(page));
    let read = read(&fake).await.unwrap();
    let text: usize = read.events.iter().map(|event| event.message.len()).sum();
    assert!((32 << 20..34 << 20).contains(&text), "{text}");
    assert!(matches!(read.reach, LogReach::Cut { .. }));
}

#[tokio::test(start_paused = true)]
async fn b4_streams_of_other_functions_are_left_out() {
    let streams = [
        ("2026/07/01/rotator[$LATEST]0a1b", true),
        ("2026/07/01/rotator[$LATEST][0a1b-2c3d]", true),
        ("2026/07/01/rotator[12]0a1b", true),
        ("2026/07/01/[$LATEST]0a1b", true),
        ("2026/07/01/rotator-two[$LATEST]0a1b", false),
        ("2026/07/01/other[$LATEST]0a1b", false),
        ("any/stream", true),
    ];
    for (stream, ours) in streams {
        let event = json!({ "timestamp": 1, "message": "line", "logStreamName": stream });
        let fake = Fake::answers([Answer::json(&json!({ "events": [event] }))]);
        assert_eq!(
            read(&fake).await.unwrap().events.len(),
            usize::from(ours),
            "{stream}"
        );
    }
}
