//! What events mean. `tests/corpus/events.json` has one of each shape, as AWS documents it.

use machine::model::SecretArn;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Deserialize)]
struct Row {
    name: String,
    event: Value,
    /// The kind, and what it is about; nothing for what is none of ours.
    means: Vec<String>,
}

fn rows() -> Vec<Row> {
    serde_json::from_str(include_str!("../../../tests/corpus/events.json")).expect("rows")
}

fn shop() -> SecretArn {
    SecretArn::new("arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-AbCdEf")
}

fn means(told: &Told) -> Vec<String> {
    let Told::Hint(EventHint { hint, .. }) = told else {
        return Vec::new();
    };
    let kind = match hint.kind {
        HintKind::RotationFailed { step: Some(step) } => format!("{} {step}", hint.kind.name()),
        kind => kind.name().to_owned(),
    };
    let about = match &hint.about {
        HintAbout::Secret(named) if named.names(&shop()) => "shop/db".to_owned(),
        HintAbout::Secret(named) => format!("{named:?}"),
        HintAbout::Consumer(consumer) => consumer.to_string(),
        HintAbout::Database(id) => id.to_string(),
        HintAbout::Delivery => "events".to_owned(),
    };
    vec![kind, about]
}

#[test]
fn each_event_tells_what_to_look_at() {
    for row in rows() {
        let told = read(&row.event.to_string());
        assert_eq!(means(&told), row.means, "{}", row.name);
        if let Told::Hint(found) = told {
            assert_eq!(found.account.as_deref(), Some("123456789012"), "{}", row.name);
            let at = "2026-11-30T03:00:10Z".parse().expect("a time");
            assert_eq!(found.hint.at, Some(at), "{}", row.name);
        } else {
            let foreign = row.event["source"] == "aws.s3";
            let expected = if foreign { Told::Foreign } else { Told::Nothing };
            assert_eq!(told, expected, "{}", row.name);
        }
    }
}

/// CloudTrail writes `ARN`, `arn` and `aRN`, `SecretId` and `secretId`.
#[test]
fn keys_are_read_in_any_case() {
    fn shouted(value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let fields = fields.iter();
                Value::Object(
                    fields
                        .map(|(key, value)| (key.to_uppercase(), shouted(value)))
                        .collect(),
                )
            }
            other => other.clone(),
        }
    }
    for row in rows() {
        let told = read(&shouted(&row.event).to_string());
        assert_eq!(means(&told), row.means, "{}", row.name);
    }
}

#[test]
fn what_is_no_event_is_told_apart_from_what_is_anothers() {
    assert_eq!(read("not json"), Told::Unreadable);
    assert_eq!(read("[]"), Told::Unreadable);
    assert_eq!(read("{}"), Told::Unreadable);
    assert_eq!(
        read(&format!("{}{}", "[".repeat(1_000), "]".repeat(1_000))),
        Told::Unreadable
    );
    let long = json!({"source": "aws.s3", "detail-type": "x", "detail": "x".repeat(1 << 20)});
    assert_eq!(read(&long.to_string()), Told::Foreign);
    let without = json!({"source": "aws.secretsmanager", "detail-type": "Secret Label Updated"});
    assert_eq!(read(&without.to_string()), Told::Nothing, "it names no secret");
}

#[test]
fn a_label_of_ones_own_is_no_move_of_awscurrent() {
    let row = &rows()[0];
    let own = row.event.to_string().replace("AWSCURRENT", "BLUE");
    assert_eq!(means(&read(&own)), ["secret-call", "shop/db"]);
}

#[test]
fn the_test_event_has_an_id() {
    let event =
        |detail: Value| json!({"source": TEST_SOURCE, "detail-type": "test", "detail": detail}).to_string();
    assert_eq!(
        read(&event(json!({"id": "a1"}))),
        Told::Test { id: "a1".to_owned() }
    );
    assert_eq!(read(&event(json!({}))), Told::Unreadable);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(body in "\\PC{0,200}") {
        let _ = read(&body);
    }

    /// An event that is cut, or whose parts are of other types, is refused or means something; it never fails.
    #[test]
    fn a_broken_event_is_read_or_refused(n in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let rows = rows();
        let text = rows[n.index(rows.len())].event.to_string();
        let end = at.index(text.len());
        let _ = read(text.get(..end).unwrap_or_default());
        let _ = read(&text.replace("\"detail\":{", "\"detail\":[{").replace("}}", "}]}"));
    }
}
