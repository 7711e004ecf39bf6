//! Whatever is read back: ids, notes, intervals.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::option;
use proptest::prelude::*;

use super::{AttemptId, ConsumerId, RotationKey, SecretArn, SleepTag, VersionId};

/// 1970 to 9999.
const SECONDS: std::ops::Range<i64> = 0..253_402_207_200;

fn consumer() -> impl Strategy<Value = ConsumerId> {
    // ECS and Lambda name things with letters, digits, `-` and `_`; a function may be named by its ARN.
    prop_oneof![
        ("[a-zA-Z0-9_-]{1,255}", "[a-zA-Z0-9_-]{1,255}")
            .prop_map(|(cluster, name)| ConsumerId::service(cluster, name)),
        "[a-zA-Z0-9_:-]{1,170}".prop_map(ConsumerId::function),
        ".{1,80}".prop_map(ConsumerId::declared),
    ]
}

fn tag() -> impl Strategy<Value = SleepTag> {
    ("[0-9a-f]{12}", option::of(any::<u32>()), SECONDS).prop_map(|(attempt, former, deadline)| SleepTag {
        attempt: AttemptId::new(attempt),
        former,
        deadline: Timestamp::from_second(deadline).expect("in range"),
    })
}

proptest! {
    #[test]
    fn a_consumer_reads_back(id in consumer()) {
        prop_assert_eq!(ConsumerId::parse(&id.to_string()), Some(id));
    }

    #[test]
    fn what_names_a_consumer_is_how_it_is_written(
        text in "(ecs|lambda|declared|x)?:?[a-z/: ]{0,12}|.{0,30}",
    ) {
        if let Some(id) = ConsumerId::parse(&text) {
            prop_assert_eq!(id.to_string(), text);
        }
    }

    /// AWS: letters, spaces, digits and `_ . : / = + - @`, up to 256 of them.
    #[test]
    fn a_note_reads_back_and_fits_a_tag(tag in tag()) {
        let value = tag.to_value();
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_.:/=+-@ ".contains(c);
        prop_assert!(value.len() <= 256 && value.chars().all(is_allowed), "{}", value);
        prop_assert_eq!(SleepTag::parse(&value), Some(tag));
    }

    /// Whoever wrote it: it means one thing, which can be written again.
    #[test]
    fn a_note_of_another_hand_means_one_thing(
        text in "[0-9a-f]{0,3}/(none|[+-]?[0-9]{0,11})/[+-]?[0-9]{0,20}/?|.{0,40}",
    ) {
        if let Some(tag) = SleepTag::parse(&text) {
            prop_assert_eq!(SleepTag::parse(&tag.to_value()), Some(tag));
        }
    }

    #[test]
    fn a_name_is_the_arn_without_what_aws_adds(
        name in "[a-zA-Z0-9/_+=.@!-]{1,60}",
        random in "[a-zA-Z0-9]{6}",
        other in ".{0,60}",
    ) {
        let arn = SecretArn::new(format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-{random}"));
        prop_assert_eq!(arn.name(), name);
        let foreign = SecretArn::new(&other);
        prop_assert!(other.contains(foreign.name()));
    }

    #[test]
    fn an_id_is_short_and_each_rotations_own(
        parts in prop::collection::btree_set(("[a-c:]{0,4}", "[a-c:]{0,4}", 0..3_u32), 0..20),
    ) {
        let ids: BTreeSet<String> = parts.iter().map(|(secret, version, n)| {
            let key = RotationKey { secret: SecretArn::new(secret), version: VersionId::new(version), n: *n };
            key.id().to_string()
        }).collect();
        prop_assert_eq!(ids.len(), parts.len());
        prop_assert!(ids.iter().all(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_hexdigit())));
    }
}

/// So long that a reader which looked at each pair of places would be at it for hours.
#[test]
fn megabytes_are_read_like_anything_else() {
    const LONG: usize = 8 * 1024 * 1024;
    for part in [
        "-", ":", "/", "a", "-AbCdEf", ":secret:", "arn:aws:", "ecs:", "none/", "1/", "é", " ",
    ] {
        let text = part.repeat(LONG / part.len());
        for before in [
            "",
            "arn:aws:secretsmanager:eu-west-1:1:secret:",
            "ecs:a/",
            "lambda:",
            "0123456789ab/",
        ] {
            let text = format!("{before}{text}");
            let secret = SecretArn::new(&text);
            assert!(text.contains(secret.name()), "{before}{part}");
            if let Some(id) = ConsumerId::parse(&text) {
                assert!(id.to_string() == text, "{before}{part}");
            }
            assert_eq!(SleepTag::parse(&text), None, "{before}{part}");
        }
    }
}
