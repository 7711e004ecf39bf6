//! CloudWatch, as its own documentation shows its answers, in CBOR.

use std::collections::BTreeMap;

use aws_smithy_cbor::Encoder;
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use machine::model::{LookFailure, MetricSource};
use serde_json::{Value, json};

use super::aws;
use super::fake::{Answer, Fake};
use crate::ports::{MetricReads, MetricWanted};

fn answer(status: u16, body: &Value) -> Answer {
    let mut encoder = Encoder::new(Vec::new());
    write(&mut encoder, body);
    Answer::cbor(status, encoder.into_writer())
}

/// JSON has no times: `{"at": SECONDS}` is one.
fn write(encoder: &mut Encoder, value: &Value) {
    match value {
        Value::Object(map) if map.contains_key("at") => {
            let seconds = map["at"].as_i64().expect("seconds");
            encoder.timestamp(&DateTime::from_secs(seconds));
        }
        Value::Object(map) => {
            encoder.map(map.len());
            for (name, value) in map {
                encoder.str(name);
                write(encoder, value);
            }
        }
        Value::Array(items) => {
            encoder.array(items.len());
            items.iter().for_each(|item| write(encoder, item));
        }
        Value::String(text) => drop(encoder.str(text)),
        Value::Number(number) => drop(encoder.double(number.as_f64().expect("a float"))),
        Value::Bool(_) | Value::Null => unreachable!("CloudWatch answers with neither"),
    }
}

fn wanted(id: &str) -> MetricWanted {
    MetricWanted {
        id: id.to_owned(),
        source: MetricSource::Metric {
            namespace: "AWS/Lambda".to_owned(),
            name: "Errors".to_owned(),
            dimensions: BTreeMap::from([("FunctionName".to_owned(), "mailer".to_owned())]),
            statistic: "p99.9".to_owned(),
        },
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

fn found(id: &str, status: &str, minutes: &[i64], values: &[f64]) -> Value {
    let times: Vec<Value> = minutes.iter().map(|at| json!({"at": at})).collect();
    json!({"Id": id, "Label": id, "StatusCode": status, "Timestamps": times, "Values": values})
}

#[tokio::test(start_paused = true)]
async fn points_are_read_to_the_last_page_and_whole_minutes_alone_are_asked_for() {
    let first = json!({
        "MetricDataResults": [found("a", "PartialData", &[60, 120], &[1.0, 2.5])], "NextToken": "more",
    });
    let second = json!({"MetricDataResults": [found("a", "Complete", &[180], &[4.0])]});
    let fake = Fake::answers([answer(200, &first), answer(200, &second)]);
    let (_, answers) = aws(&fake)
        .metrics
        .data(&[wanted("a")], at(95), at(275))
        .await
        .unwrap();
    assert_eq!(answers[0].points, [(at(60), 1.0), (at(120), 2.5), (at(180), 4.0)]);
    assert_eq!(answers[0].why, None);
    let sent = fake.sent();
    assert!(
        sent[0].operation.ends_with("/operation/GetMetricData"),
        "{sent:?}"
    );
    assert!(sent[0].body.contains("p99.9") && !sent[0].body.contains("more"));
    assert!(sent[1].body.contains("more"));
}

/// CloudWatch answers what it can, and says of the others why not.
#[tokio::test(start_paused = true)]
async fn a_metric_that_cannot_be_had_says_why_beside_those_that_can() {
    let mut forbidden = found("b", "Forbidden", &[], &[]);
    forbidden["Messages"] = json!([{"Code": "Denied", "Value": "no right to that account"}]);
    let body = json!({"MetricDataResults": [found("a", "Complete", &[60], &[1.0]), forbidden]});
    let fake = Fake::answers([answer(200, &body)]);
    let asked = [wanted("a"), wanted("b")];
    let (_, answers) = aws(&fake).metrics.data(&asked, at(0), at(120)).await.unwrap();
    let whys: Vec<Option<&str>> = answers.iter().map(|answer| answer.why.as_deref()).collect();
    assert_eq!(whys, [None, Some("no right to that account")]);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_expression_is_told_in_the_words_of_cloudwatch() {
    let body =
        json!({"__type": "com.amazonaws.cloudwatch#ValidationError", "message": "Error in expression 'e1'"});
    let fake = Fake::answers([answer(400, &body)]);
    let error = aws(&fake)
        .metrics
        .data(&[wanted("a")], at(0), at(60))
        .await
        .expect_err("refused");
    assert_eq!(error.operation, "cloudwatch:GetMetricData");
    let LookFailure::Unexpected { why } = &error.failure else {
        panic!("{error:?}");
    };
    assert!(why.contains("Error in expression 'e1'"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn the_balancer_of_a_target_group_is_asked_for_once() {
    let dimensions = json!([
        {"Name": "TargetGroup", "Value": "targetgroup/orders/1"}, {"Name": "LoadBalancer", "Value": "app/front/2"},
    ]);
    let known = json!({"Metrics": [{"Namespace": "AWS/ApplicationELB", "Dimensions": dimensions}]});
    let none = || answer(200, &json!({"Metrics": []}));
    let fake = Fake::answers([none(), none(), answer(200, &known)]);
    let aws = aws(&fake);
    let ask = || aws.metrics.load_balancer("targetgroup/orders/1");
    assert_eq!(ask().await.unwrap().1, None, "it has had no requests yet");
    for _ in 0..2 {
        assert_eq!(ask().await.unwrap().1.as_deref(), Some("app/front/2"));
    }
    let sent = fake.sent();
    assert_eq!(sent.len(), 3);
    let lately: Vec<bool> = sent.iter().map(|sent| sent.body.contains("PT3H")).collect();
    assert_eq!(
        lately,
        [true, false, true],
        "its balancer of today before one that was replaced"
    );
}

/// SEARCH finds many series, and gives each under the id of the expression.
#[tokio::test(start_paused = true)]
async fn an_expression_with_several_series_is_told_and_not_mixed() {
    let mut other = found("a", "Complete", &[60], &[9.0]);
    other["Label"] = json!("another");
    let body = json!({"MetricDataResults": [found("a", "Complete", &[60], &[1.0]), other]});
    let fake = Fake::answers([answer(200, &body)]);
    let (_, answers) = aws(&fake)
        .metrics
        .data(&[wanted("a")], at(0), at(120))
        .await
        .unwrap();
    assert_eq!(answers[0].points, []);
    assert!(
        answers[0]
            .why
            .as_deref()
            .is_some_and(|why| why.contains("SUM or MAX"))
    );
}

/// What CloudWatch could not compute now is asked for again, not taken for missing.
#[tokio::test(start_paused = true)]
async fn a_metric_that_cloudwatch_could_not_compute_fails_the_look() {
    let body = json!({"MetricDataResults": [found("a", "InternalError", &[], &[])]});
    let fake = Fake::answers([answer(200, &body)]);
    let error = aws(&fake).metrics.data(&[wanted("a")], at(0), at(60)).await;
    let error = error.expect_err("it could not be computed");
    assert!(
        matches!(error.failure, LookFailure::Unreachable { .. }),
        "{error:?}"
    );
}
