//! `[store]`: the journal.

use std::path::PathBuf;

use jiff::SignedDuration;

use super::reader::Section;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    pub path: PathBuf,
    /// Records of rotations that ended earlier are dropped.
    pub retention: SignedDuration,
}

pub(super) fn read(mut section: Section<'_>) -> Store {
    let store = Store {
        path: PathBuf::from(section.text_or("path", "rotation-watchdog.sqlite")),
        retention: section.duration("retention", SignedDuration::from_hours(90 * 24)),
    };
    if store.retention < SignedDuration::from_hours(48) {
        section.problem(
            "retention",
            "is below 48h: a rotation is watched for a day and must be remembered longer",
            "make it longer",
        );
    }
    section.finish();
    store
}
