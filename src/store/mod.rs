//! The journal: facts that outlive the process.
//!
//! `port` is what the loop sees, `records` what is kept of each fact, `retention` what may be forgotten, `sqlite` the file.
//! `threaded` and `inline` call the file from the loop. A damaged journal stops the start and stays as it is; only one that
//! is absent or empty is a baseline (design rule 9).

mod inline;
mod port;
mod records;
mod retention;
mod sqlite;
mod threaded;

pub use inline::Inline;
pub use port::{JournalPort, Loaded, ReadError, WriteError};
pub use sqlite::{Contents, ContentsError, OpenError, Recorded, Sqlite};
pub use threaded::Threaded;

#[cfg(test)]
mod tests;
