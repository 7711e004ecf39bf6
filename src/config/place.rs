//! Where a value of the configuration stands.

use std::ops::Range;

/// The place of a value or of a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Bytes of the file.
    File(Range<usize>),
    /// An environment variable, by name.
    Variable(String),
    /// Built in, or missing.
    Nowhere,
}
