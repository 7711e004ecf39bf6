//! What is known: every answer of the world is merged into it, and it keeps what later turns need.

pub mod attempts;
mod databases;
pub mod hints;
pub mod merge;
pub mod rds;
mod scopes;
pub mod stages;
pub mod state;
mod touched;
pub mod track;
mod users;
pub mod watched;

pub(crate) use databases::Databases;
pub(crate) use rds::Rds;
pub(crate) use touched::Touched;
pub(crate) use users::Users;
