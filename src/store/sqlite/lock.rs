//! One process per journal: an operating system lock on a file beside it, which a kill -9 releases too.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::OpenError;

/// Held as long as it lives.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "holding the file open holds the lock")] File);

impl Lock {
    /// Takes the lock of `journal`, and writes down who holds it, where there is room.
    pub(super) fn take(journal: &Path) -> Result<Self, OpenError> {
        let unusable = |error: std::io::Error| OpenError::Unusable {
            path: journal.to_owned(),
            why: why(journal, &error),
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(lock_path(journal))
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::Locked {
                    path: journal.to_owned(),
                    holder: holder(&mut file),
                });
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        // On a full disk the lock holds without a name: what sleeps must still be put back.
        write_holder(&mut file).ok();
        Ok(Self(file))
    }
}

fn lock_path(journal: &Path) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

fn write_holder(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "process {}", std::process::id())?;
    file.flush()
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.take(200).read_to_string(&mut text) {
        Ok(_) if !text.is_empty() => text,
        _ => "another process".to_owned(),
    }
}

fn why(journal: &Path, error: &std::io::Error) -> String {
    let folder = journal.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder {
        Some(folder) if !folder.exists() => {
            format!("the folder {} does not exist: create it", folder.display())
        }
        _ => format!("{error}: the process must be able to write there"),
    }
}
