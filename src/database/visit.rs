//! One login, and what it told.

use std::fmt;
use std::net::SocketAddr;

use machine::model::LoginAnswer;

use super::secret::Access;
use crate::ports::Writer;

/// As whom, where, and what for.
pub(super) struct Visit<'a> {
    pub(super) access: &'a Access,
    pub(super) addresses: &'a [SocketAddr],
    /// Whether the server is asked, after `SELECT 1`, if it takes writes.
    pub(super) asks_for_writer: bool,
}

/// What a login told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) answer: LoginAnswer,
    pub(super) writer: Writer,
}

/// Nothing but the answer.
impl From<LoginAnswer> for Told {
    fn from(answer: LoginAnswer) -> Self {
        let writer = not_asked();
        Self { answer, writer }
    }
}

/// Where the login did not come to it, or nobody wants to know.
pub(super) fn not_asked() -> Writer {
    not_told("it was not asked")
}

pub(super) fn not_told(why: impl Into<String>) -> Writer {
    Writer::NotTold { why: why.into() }
}

/// Why a server did not tell, by its own code.
pub(super) fn asked_in_vain(code: impl fmt::Display) -> String {
    format!("the question failed with error {code}")
}
