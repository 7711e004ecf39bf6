//! What all calls have in common: when they were asked, and what their failure means.

use std::error::Error;

use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::Timestamp;
use machine::model::{Done, Look, Outcome};

use super::attempts::Passage;
use super::clock::AwsClock;
use super::trouble::{SdkError, Trouble, Words};
use crate::ports::{PortError, ReadResult, WriteResult};

/// One question of a port, of one request or more. Operations are named as IAM names the right to them.
pub(super) struct Ask<'a> {
    clock: &'a AwsClock,
    subject: String,
    sent: Timestamp,
}

impl<'a> Ask<'a> {
    pub(super) fn about(clock: &'a AwsClock, subject: impl Into<String>) -> Self {
        Self {
            clock,
            subject: subject.into(),
            sent: clock.local_now(),
        }
    }

    pub(super) fn answered<T>(&self, answer: T) -> ReadResult<T> {
        Ok((self.look(), answer))
    }

    pub(super) fn error<E>(&self, operation: &'static str, error: &SdkError<E>) -> PortError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.failed(operation, Trouble::of(error, Words::Pass))
    }

    pub(super) fn unexpected(&self, operation: &'static str, why: impl Into<String>) -> PortError {
        self.failed(operation, Trouble::Unexpected { why: why.into() })
    }

    pub(super) fn failed(&self, operation: &'static str, trouble: Trouble) -> PortError {
        PortError {
            operation,
            subject: self.subject.clone(),
            look: self.look(),
            failure: trouble.failure(operation, &self.subject),
        }
    }

    /// Both moments by the same offset: the answer itself may have taught it.
    fn look(&self) -> Look {
        Look {
            sent: self.clock.in_aws_time(self.sent),
            arrived: self.clock.now(),
        }
    }
}

/// Whether `error` says that the thing asked for is not there.
pub(super) fn is_absent<E>(error: &SdkError<E>) -> bool
where
    E: ProvideErrorMetadata + Error + 'static,
{
    matches!(Trouble::of(error, Words::Drop), Trouble::NotFound { .. })
}

/// One write, sent once.
pub(super) struct Sending<'a> {
    clock: &'a AwsClock,
    operation: &'static str,
    subject: String,
    words: Words,
    passage: Passage,
}

impl<'a> Sending<'a> {
    pub(super) fn new(clock: &'a AwsClock, operation: &'static str, subject: impl Into<String>) -> Self {
        Self {
            clock,
            operation,
            subject: subject.into(),
            words: Words::Pass,
            passage: Passage::default(),
        }
    }

    /// For a request that holds what must not be shown: of AWS's words only the error's code is kept.
    #[must_use]
    pub(super) fn without_words(mut self) -> Self {
        self.words = Words::Drop;
        self
    }

    /// To be added to the request.
    pub(super) fn watch(&self) -> Passage {
        self.passage.clone()
    }

    pub(super) fn ended<E>(&self, answer: Result<Done, SdkError<E>>) -> WriteResult
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let outcome = match answer {
            Ok(done) if self.passage.is_answered() => Outcome::Done(done),
            // The SDK takes any 200 for success where the operation's answer is empty.
            Ok(_) => self.failed(Trouble::Unexpected {
                why: "a success without AWS's request id: a proxy's answer".to_owned(),
            }),
            Err(error) => self.failed(Trouble::of(&error, self.words)),
        };
        (self.clock.now(), outcome)
    }

    fn failed(&self, trouble: Trouble) -> Outcome {
        let trouble = match trouble {
            Trouble::Timeout if !self.passage.is_transmitted() => Trouble::NotSent {
                why: "no time was left to send it".to_owned(),
            },
            Trouble::Cut { why } | Trouble::Credentials { why } if !self.passage.is_transmitted() => {
                Trouble::NotSent { why }
            }
            trouble => trouble,
        };
        trouble.outcome(self.operation, &self.subject)
    }
}
