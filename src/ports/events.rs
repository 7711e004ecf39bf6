//! The queue of events. Receiving and deleting acknowledge messages of our own queue; they change nothing that is watched,
//! so they are no writes (design rules 1 and 2).

use async_trait::async_trait;
use jiff::Timestamp;

use super::ReadResult;

/// Names a message that was received, to delete it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt(pub String);

/// A message as it was received.
#[derive(Clone, Debug)]
pub struct Message {
    pub receipt: Receipt,
    pub body: String,
    /// When the queue got it.
    pub sent: Option<Timestamp>,
}

/// What the queue is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueAttributes {
    /// Messages that nobody could read go to a dead-letter queue after some tries.
    pub has_redrive: bool,
    pub is_fifo: bool,
    /// About how many messages wait.
    pub waiting: Option<u64>,
}

#[async_trait]
pub trait EventQueue: Send + Sync {
    /// ReceiveMessage: up to ten messages; waits up to 20 s for the first. None is an answer, too.
    async fn receive(&self) -> ReadResult<Vec<Message>>;
    /// DeleteMessageBatch of up to ten. What could not be deleted comes again. How many were deleted.
    async fn delete(&self, receipts: &[Receipt]) -> ReadResult<usize>;
    /// GetQueueAttributes.
    async fn attributes(&self) -> ReadResult<QueueAttributes>;
}
