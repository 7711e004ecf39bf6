//! CloudWatch Logs (aws-facts: The rotation Lambda's log).

use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use jiff::Timestamp;

use super::call::{Ask, is_absent};
use super::clock::{AwsClock, from_millisecond};
use super::pages::Pages;
use crate::ports::{LogEvent, LogReads, ReadResult};

const FILTER: &str = "logs:FilterLogEvents";

/// With the bound on pages, the most events that are held at once is their product.
const PAGE: i32 = 1000;
/// Empty pages with a token are normal and count too.
const MOST_PAGES: usize = 100;

pub(super) struct Logs {
    pub(super) reader: Client,
    pub(super) clock: AwsClock,
}

#[async_trait]
impl LogReads for Logs {
    async fn events(&self, group: &str, since: Timestamp) -> ReadResult<(bool, Vec<LogEvent>)> {
        let ask = Ask::about(&self.clock, group);
        let mut pages = Pages::up_to(MOST_PAGES);
        let mut events = Vec::new();
        loop {
            let request = self.reader.filter_log_events().log_group_name(group).limit(PAGE);
            let request = request.start_time(since.as_millisecond());
            let page = match request.set_next_token(pages.token()).send().await {
                Ok(page) => page,
                Err(error) if is_absent(&error) => return ask.answered((false, Vec::new())),
                Err(error) => return Err(ask.error(FILTER, &error)),
            };
            events.extend(page.events.unwrap_or_default().into_iter().filter_map(event));
            let more = pages.follow(page.next_token);
            if !more.map_err(|trouble| ask.failed(FILTER, trouble))? {
                events.sort_by_key(|event| event.at);
                return ask.answered((true, events));
            }
        }
    }
}

fn event(event: FilteredLogEvent) -> Option<LogEvent> {
    Some(LogEvent {
        at: from_millisecond(event.timestamp?)?,
        message: event.message.unwrap_or_default(),
    })
}
