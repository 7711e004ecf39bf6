//! Whatever AWS's answers carry: times, page tokens, errors.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::date_time::DateTime;
use jiff::{SignedDuration, Timestamp};
use machine::model::Outcome;
use proptest::option;
use proptest::prelude::*;

use super::super::attempts::code;
use super::super::clock::{http_date, timestamp};
use super::super::pages::Pages;
use super::super::trouble::Trouble;
use super::NOW;
use crate::aws::AwsClock;

/// 1970 to the year 9000.
const SECONDS: std::ops::Range<i64> = 0..221_845_392_000;

fn response(status: u16, body: impl Into<SdkBody>) -> HttpResponse {
    HttpResponse::new(StatusCode::try_from(status).expect("a status"), body.into())
}

/// What a message and a code make of a failure: one line that is not endless, whatever they are.
fn told(status: u16, code: Option<&str>, message: Option<&str>) -> String {
    let trouble = || Trouble::answered(&response(status, ""), code, message);
    let failure = trouble().failure("ecs:UpdateService", "orders");
    let (Outcome::NoEffect(_) | Outcome::InDoubt { .. }) = trouble().outcome("ecs:UpdateService", "orders")
    else {
        panic!("an error for success");
    };
    failure.to_string()
}

proptest! {
    /// In whichever form of the protocols, and with whatever else.
    #[test]
    fn an_errors_code_is_found_in_its_body(
        name in "[A-Za-z]{1,30}",
        space in "(com\\.amazonaws\\.[a-z]{1,9}#)?",
        address in "(:http://[a-z/.]{1,20})?",
        key in prop::sample::select(vec!["__type", "code"]),
        message in ".{0,40}",
    ) {
        let body = serde_json::json!({ key: format!("{space}{name}{address}"), "message": message });
        prop_assert_eq!(code(&response(400, body.to_string())), Some(name));
    }

    #[test]
    fn any_body_has_a_code_or_none(body in "[{}\\[\\]\":,_a-z#0-9 ]{0,60}|\\{\"(__type|code)\":.{0,20}\\}|.{0,60}") {
        if let Some(code) = code(&response(500, body)) {
            prop_assert!(!code.contains([':', '#']), "{}", code);
        }
    }

    #[test]
    fn any_error_is_told_in_one_line(
        status in 300..600_u16,
        code in option::of("(AccessDeniedException|ThrottlingException|[A-Z][a-zA-Z]{0,20}|.{0,20})"),
        message in option::of("(User x is not authorized to perform: )?.{0,20}( on resource: )?.{0,20}|(.|\n){0,1200}"),
    ) {
        let told = told(status, code.as_deref(), message.as_deref());
        prop_assert!(told.chars().count() < 1_300 && !told.contains('\n'), "{}", told);
    }

    #[test]
    fn a_date_header_reads_back(second in SECONDS) {
        let moment = Timestamp::from_second(second).expect("in range");
        let text = moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        prop_assert_eq!(http_date(&text), Some(moment), "{}", text);
    }

    #[test]
    fn any_date_header_is_a_time_that_can_be_reckoned_with(
        text in "[A-Z][a-z]{2}, [0-9]{1,2} [A-Z][a-z]{2} [0-9]{1,5} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT|.{0,40}",
    ) {
        if let Some(moment) = http_date(&text) {
            prop_assert!(SECONDS.contains(&moment.as_second()), "{}", moment);
        }
    }

    #[test]
    fn a_time_is_within_a_millisecond_or_none(
        seconds in any::<i64>(),
        near in SECONDS,
        is_near in any::<bool>(),
        nanos in 0..1_000_000_000_u32,
    ) {
        let seconds = if is_near { near } else { seconds };
        let found = timestamp(&DateTime::from_secs_and_nanos(seconds, nanos));
        prop_assert!(found.is_some() || !SECONDS.contains(&seconds));
        if let Some(moment) = found {
            let off = moment.as_nanosecond() - (i128::from(seconds) * 1_000_000_000 + i128::from(nanos));
            prop_assert!(off.abs() <= 500_000);
            // The longest wait that can be configured, from there.
            prop_assert!(moment.checked_add(SignedDuration::from_hours(3650 * 24)).is_ok());
        }
    }

    /// Each answer bounds the offset; whatever came before, the last one holds.
    #[test]
    fn aws_time_is_never_outside_of_the_last_answer(
        answers in prop::collection::vec((0..100_000_i64, 0..5_000_i64, SECONDS), 1..6),
    ) {
        let clock = AwsClock::new(std::sync::Arc::new(|| NOW));
        for (sent, took, date) in answers {
            let sent = NOW + SignedDuration::from_millis(sent);
            let arrived = sent + SignedDuration::from_millis(took);
            let date = Timestamp::from_second(date).expect("in range");
            clock.learn(sent, arrived, date);
            prop_assert!(sent + clock.offset() <= date + SignedDuration::from_secs(1));
            prop_assert!(arrived + clock.offset() >= date);
        }
    }

    /// As a list and a set would have it.
    #[test]
    fn pages_are_followed_once_each_and_no_further_than_allowed(
        tokens in prop::collection::vec(option::of("[a-d]{0,2}"), 0..12),
        most in 1..8_usize,
    ) {
        let mut pages = Pages::up_to(most);
        let mut seen: Vec<String> = Vec::new();
        for token in tokens {
            let found = pages.follow(token.clone()).ok();
            let expected = match token.filter(|token| !token.is_empty()) {
                None => Some(false),
                Some(token) if seen.contains(&token) => None,
                Some(token) => {
                    seen.push(token);
                    (seen.len() < most).then_some(true)
                }
            };
            prop_assert_eq!(found, expected);
            if found != Some(true) {
                break;
            }
            prop_assert_eq!(pages.token(), seen.last().cloned());
        }
    }
}

/// So long that a reader which looked at each pair of places would be at it for hours.
#[test]
fn an_error_of_megabytes_is_read_like_any_other() {
    const LONG: usize = 1024 * 1024;
    for part in [
        "{",
        "[",
        "\"",
        "\\",
        "{\"__type\":",
        "{\"__type\":\"a\"},",
        " ",
        "a ",
        "é",
        "#",
        ":",
        "on resource: ",
        "is not authorized to perform: ",
    ] {
        let text = part.repeat(LONG / part.len());
        for body in [
            text.clone(),
            format!("{{\"__type\":\"Throttling\",\"message\":{text:?}}}"),
        ] {
            assert_eq!(code(&response(400, body)), None, "{part}");
        }
        for name in [
            "AccessDeniedException",
            "InvalidParameterException",
            text.as_str(),
        ] {
            let told = told(400, Some(name), Some(&text));
            assert!(told.chars().count() < 1_300, "{part}: {} bytes", told.len());
        }
        assert_eq!(http_date(&text), None, "{part}");
    }
}
