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
    let name = store.path.to_string_lossy();
    if name.contains(":memory:") || name.starts_with("file:") {
        section.problem(
            "path",
            format!("{name:?} is no file: SQLite would not keep it, and a restart would know nothing"),
            "give the path of a file, on a volume that outlives the container",
        );
    }
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
