//! CloudWatch Logs (aws-facts: The rotation Lambda's log).

use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata;
use aws_sdk_cloudwatchlogs::operation::filter_log_events::{FilterLogEventsError, FilterLogEventsOutput};
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use machine::model::LogReach;

use super::call::{Ask, is_absent};
use super::clock::{AwsClock, from_millisecond};
use super::pages::{Next, Pages};
use super::trouble::{SdkError, Trouble, Words};
use crate::ports::{LogEvent, LogRead, LogReads, LogWanted, ReadResult};

const FILTER: &str = "logs:FilterLogEvents";

/// With the bound on pages, the most events that are read at once is their product.
const PAGE: i32 = 1000;
/// Empty pages with a token are normal and count too.
const MOST_PAGES: usize = 100;
/// The most text that is held at once.
const MOST_TEXT: usize = 32 << 20;

pub(super) struct Logs {
    pub(super) reader: Client,
    pub(super) clock: AwsClock,
}

#[async_trait]
impl LogReads for Logs {
    async fn events(&self, wanted: &LogWanted) -> ReadResult<LogRead> {
        let ask = Ask::about(&self.clock, &wanted.group);
        let mut pages = Pages::up_to(MOST_PAGES);
        let mut found = Found::default();
        loop {
            let page = match self.page(wanted, pages.token()).await {
                Ok(page) => page,
                Err(error) if is_absent(&error) => return ask.answered(unread(LogReach::Absent)),
                Err(error) => match refusal(&error) {
                    Some(why) => return ask.answered(unread(LogReach::Refused { why })),
                    None => return Err(ask.error(FILTER, &error)),
                },
            };
            found.take(page.events.unwrap_or_default(), wanted);
            let is_whole = match pages.next(page.next_token) {
                Next::Page if found.text < MOST_TEXT => continue,
                Next::Page | Next::TooMany => false,
                // FilterLogEvents does that now and then; there is nothing more.
                Next::End | Next::Again => true,
            };
            return ask.answered(found.read(is_whole, wanted));
        }
    }
}

impl Logs {
    async fn page(
        &self,
        wanted: &LogWanted,
        token: Option<String>,
    ) -> Result<FilterLogEventsOutput, SdkError<FilterLogEventsError>> {
        let request = self.reader.filter_log_events().log_group_name(&wanted.group);
        let request = request.limit(PAGE).start_time(wanted.since.as_millisecond());
        request.set_next_token(token).send().await
    }
}

fn unread(reach: LogReach) -> LogRead {
    LogRead {
        reach,
        events: Vec::new(),
    }
}

/// Why the group can never be filtered as it is: its class, or a key that is out of reach of CloudWatch Logs itself.
fn refusal(error: &SdkError<FilterLogEventsError>) -> Option<String> {
    let (code, message) = (error.code()?, error.message().unwrap_or_default());
    let by_class = code == "InvalidOperationException";
    let by_key = code != "AccessDeniedException" && message.contains("KMS");
    match Trouble::of(error, Words::Pass) {
        Trouble::Rejected { why } if by_class || by_key => Some(why),
        _ => None,
    }
}

#[derive(Default)]
struct Found {
    events: Vec<LogEvent>,
    text: usize,
    last: Option<jiff::Timestamp>,
}

impl Found {
    fn take(&mut self, events: Vec<FilteredLogEvent>, wanted: &LogWanted) {
        for event in events {
            let at = event.timestamp.and_then(from_millisecond);
            self.last = self.last.max(at);
            let stream = event.log_stream_name.unwrap_or_default();
            let (Some(at), true) = (at, wanted.takes(&stream)) else {
                continue;
            };
            let message = event.message.unwrap_or_default();
            self.text += stream.len() + message.len();
            self.events.push(LogEvent { at, stream, message });
        }
    }

    fn read(mut self, is_whole: bool, wanted: &LogWanted) -> LogRead {
        self.events.sort_by_key(|event| event.at);
        let until = self.last.unwrap_or(wanted.since);
        let reach = if is_whole {
            LogReach::Whole
        } else {
            LogReach::Cut { until }
        };
        LogRead {
            reach,
            events: self.events,
        }
    }
}
