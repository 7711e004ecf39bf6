//! `[events]`: the queue that EventBridge sends to.

use super::reader::Section;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// Nothing: everything is polled.
    pub queue_url: Option<String>,
}

pub(super) fn read(mut section: Section<'_>) -> Events {
    let events = Events {
        queue_url: section.text("queue_url"),
    };
    if let Some(url) = &events.queue_url {
        check(&section, url);
    }
    section.finish();
    events
}

fn check(section: &Section<'_>, url: &str) {
    let behind = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let has_name = behind.is_some_and(|rest| rest.split('/').filter(|part| !part.is_empty()).count() >= 3);
    if !has_name {
        section.problem(
            "queue_url",
            format!("{url:?} is no address of a queue"),
            "give what `aws sqs get-queue-url --queue-name NAME` prints, as https://sqs.REGION.amazonaws.com/ACCOUNT/NAME",
        );
    } else if url.ends_with(".fifo") {
        section.problem(
            "queue_url",
            format!("{url:?} is a FIFO queue"),
            "give a standard queue: the order of events does not matter here, and a FIFO queue drops repeated ones",
        );
    }
}
