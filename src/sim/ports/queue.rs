//! The queue of events of a simulated account.

use async_trait::async_trait;
use jiff::SignedDuration;

use super::SimAccount;
use crate::ports::{EventQueue, Message, QueueAttributes, ReadResult, Receipt};

/// The longest that an answer is waited for, and how often the queue is looked into meanwhile.
const LONG_POLL: SignedDuration = SignedDuration::from_secs(20);
const STEP: SignedDuration = SignedDuration::from_millis(250);

#[async_trait]
impl EventQueue for SimAccount {
    async fn receive(&self) -> ReadResult<Vec<Message>> {
        let until = self.clock.now() + LONG_POLL;
        loop {
            let received = self.world().receive();
            if received.is_empty() && self.clock.now() < until {
                self.clock.sleep(STEP).await;
                continue;
            }
            let messages = received.into_iter().map(|(number, body)| Message {
                receipt: Receipt(number.to_string()),
                body,
                sent: None,
            });
            let messages: Vec<Message> = messages.collect();
            return self.read("sqs:ReceiveMessage", "queue", |_, _| messages).await;
        }
    }

    async fn delete(&self, receipts: &[Receipt]) -> ReadResult<usize> {
        let numbers: Vec<u64> = receipts
            .iter()
            .filter_map(|receipt| receipt.0.parse().ok())
            .collect();
        let (look, ()) = self
            .look("sqs:DeleteMessage", "queue", None, |world, _| {
                world.delete_messages(&numbers)
            })
            .await;
        Ok((look, receipts.len()))
    }

    async fn attributes(&self) -> ReadResult<QueueAttributes> {
        let attributes = QueueAttributes {
            has_redrive: false,
            is_fifo: false,
            waiting: None,
        };
        self.read("sqs:GetQueueAttributes", "queue", |_, _| attributes)
            .await
    }
}
