//! Why a read gave no answer.

use machine::model::{Look, LookFailure};

/// A read that failed: what was asked, of what, when, and why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{operation} {subject}: {failure}")]
pub struct PortError {
    pub operation: &'static str,
    pub subject: String,
    pub look: Look,
    pub failure: LookFailure,
}

/// An answer with the time it was asked and came.
pub type ReadResult<T> = Result<(Look, T), PortError>;
