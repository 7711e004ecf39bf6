//! `[store]`: the journal.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;

use super::reader::Section;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    pub path: PathBuf,
    /// Records of rotations that ended earlier are dropped.
    pub retention: SignedDuration,
}

/// `watch_for`: how long a rotation is watched, and its records needed.
pub(super) fn read(mut section: Section<'_>, watch_for: SignedDuration) -> Store {
    let store = Store {
        path: PathBuf::from(section.text_or("path", "rotation-watchdog.sqlite")),
        retention: section.duration("retention", SignedDuration::from_hours(90 * 24)),
    };
    check_path(&section, &store.path);
    if store.retention < SignedDuration::from_hours(48) {
        section.problem(
            "retention",
            "is below 48h: a rotation is watched for a day and must be remembered longer",
            "make it longer",
        );
    } else if store.retention < watch_for * 2 {
        section.problem(
            "retention",
            "is below twice remediation.watch_for: a rotation must be remembered longer than it is watched",
            "make it longer",
        );
    }
    section.finish();
    store
}

/// The folder must be there: a volume that is not mounted would give a journal that the container takes with it.
fn check_path(section: &Section<'_>, path: &Path) {
    let name = path.to_string_lossy();
    if name.contains(":memory:") || name.starts_with("file:") {
        section.problem(
            "path",
            format!("{name:?} is no file: SQLite would not keep it, and a restart would know nothing"),
            "give the path of a file, on a volume that outlives the container",
        );
        return;
    }
    const REMEDY: &str =
        "make the folder or mount the volume, or give another path; it is looked for on this machine";
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    match fs::metadata(folder) {
        Ok(about) if about.is_dir() => {}
        Ok(_) => section.problem("path", format!("{} is no folder", folder.display()), REMEDY),
        Err(error) => {
            let text = format!("the folder {} is not there: {error}", folder.display());
            section.problem("path", text, REMEDY);
        }
    }
    if path.is_dir() {
        section.problem(
            "path",
            format!("{name:?} is a folder"),
            "give the path of a file in it",
        );
    }
}
