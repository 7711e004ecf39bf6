//! `[login]`: what all login tests share.

use std::path::PathBuf;

use jiff::SignedDuration;

use super::reader::Section;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// For the whole of one login test.
    pub timeout: SignedDuration,
    /// Authorities in PEM, instead of RDS's and the system's.
    pub ca_file: Option<PathBuf>,
}

pub(super) fn read(mut section: Section<'_>) -> Login {
    let login = Login {
        timeout: section.duration("timeout", SignedDuration::from_secs(5)),
        ca_file: section.text("ca_file").map(PathBuf::from),
    };
    section.finish();
    login
}
