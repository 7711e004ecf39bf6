//! SQS (aws-facts: Events).

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message as SqsMessage, MessageSystemAttributeName, QueueAttributeName,
};
use jiff::Timestamp;

use super::call::Ask;
use super::clock::AwsClock;
use crate::ports::{EventQueue, Message, QueueAttributes, ReadResult, Receipt};

const RECEIVE: &str = "sqs:ReceiveMessage";
const DELETE: &str = "sqs:DeleteMessage";
const ATTRIBUTES: &str = "sqs:GetQueueAttributes";

/// The most that one call receives or deletes.
const BATCH: i32 = 10;
/// The longest that SQS waits for a message.
pub(super) const LONG_POLL: Duration = Duration::from_secs(20);
/// A message that was received, and not deleted, is received again after so long: a turn and its transaction take far less.
const HIDDEN_SECONDS: i32 = 60;

pub(super) struct Queue {
    pub(super) client: Client,
    pub(super) url: String,
    pub(super) clock: AwsClock,
}

#[async_trait]
impl EventQueue for Queue {
    async fn receive(&self) -> ReadResult<Vec<Message>> {
        let ask = Ask::about(&self.clock, &self.url);
        let wait = i32::try_from(LONG_POLL.as_secs()).unwrap_or(BATCH);
        let request = self.client.receive_message().queue_url(&self.url);
        let request = request
            .max_number_of_messages(BATCH)
            .wait_time_seconds(wait)
            .visibility_timeout(HIDDEN_SECONDS)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp);
        let answer = request.send().await.map_err(|error| ask.error(RECEIVE, &error))?;
        let messages = answer.messages.unwrap_or_default();
        ask.answered(messages.into_iter().filter_map(message).collect())
    }

    async fn delete(&self, receipts: &[Receipt]) -> ReadResult<usize> {
        let ask = Ask::about(&self.clock, &self.url);
        let mut request = self.client.delete_message_batch().queue_url(&self.url);
        for (n, Receipt(handle)) in receipts.iter().enumerate() {
            let entry = DeleteMessageBatchRequestEntry::builder();
            let entry = entry.id(n.to_string()).receipt_handle(handle).build();
            let entry = entry.map_err(|error| ask.unexpected(DELETE, error.to_string()))?;
            request = request.entries(entry);
        }
        let answer = request.send().await.map_err(|error| ask.error(DELETE, &error))?;
        ask.answered(answer.successful.len())
    }

    async fn attributes(&self) -> ReadResult<QueueAttributes> {
        let ask = Ask::about(&self.clock, &self.url);
        let request = self.client.get_queue_attributes().queue_url(&self.url);
        let request = request
            .attribute_names(QueueAttributeName::RedrivePolicy)
            .attribute_names(QueueAttributeName::FifoQueue)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessages);
        let answer = request
            .send()
            .await
            .map_err(|error| ask.error(ATTRIBUTES, &error))?;
        let found = answer.attributes.unwrap_or_default();
        let waiting = found.get(&QueueAttributeName::ApproximateNumberOfMessages);
        ask.answered(QueueAttributes {
            has_redrive: found.contains_key(&QueueAttributeName::RedrivePolicy),
            is_fifo: found
                .get(&QueueAttributeName::FifoQueue)
                .is_some_and(|is| is == "true"),
            waiting: waiting.and_then(|count| count.parse().ok()),
        })
    }
}

/// One without a receipt or a body cannot be dealt with.
fn message(message: SqsMessage) -> Option<Message> {
    let sent = message.attributes.as_ref();
    let sent = sent.and_then(|attributes| attributes.get(&MessageSystemAttributeName::SentTimestamp));
    let sent = sent.and_then(|text| Timestamp::from_millisecond(text.parse().ok()?).ok());
    Some(Message {
        receipt: Receipt(message.receipt_handle?),
        body: message.body?,
        sent,
    })
}
