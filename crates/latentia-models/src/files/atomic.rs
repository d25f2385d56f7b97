//! Files that appear whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::ModelError;

/// Writes a file under a temporary name in the same folder, then renames it. A link to a file stays one.
/// What is no regular file, as a pipe or a device, is written as it is.
///
/// A temporary file that a killed program has left of the same name is removed.
///
/// # Errors
/// Names the file when it cannot be written; what stood there before is then unchanged. An error of `write` that is a
/// [`ModelError`] within is handed on.
pub fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), ModelError> {
    attempt(path, write).map_err(|error| match error.downcast::<ModelError>() {
        Ok(error) => error,
        Err(source) => ModelError::Write {
            path: path.to_path_buf(),
            source,
        },
    })
}

fn attempt(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let link = path.is_symlink().then(|| fs::canonicalize(path).ok());
    let target = link.flatten().unwrap_or_else(|| path.to_path_buf());
    let before = fs::metadata(&target).ok();
    if before
        .as_ref()
        .is_some_and(|file| !file.is_file() && !file.is_dir())
    {
        let mut writer = BufWriter::new(File::options().write(true).open(&target)?);
        write(&mut writer)?;
        return writer.flush();
    }
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut prefix = OsString::from(".latentia-");
    prefix.push(target.file_name().unwrap_or_default());
    prefix.push("-");
    remove_left_behind(folder, &prefix);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix);
    // The usual rights of a new file, less the umask; a temporary file's own are for its owner alone.
    if let Some(permissions) = new_file() {
        builder.permissions(permissions);
    }
    // While it is locked, somebody writes it. Who looked before it was may have taken it away. Not every file system has locks.
    let file = loop {
        let file = builder.tempfile_in(folder)?;
        let is_lost = matches!(file.as_file().try_lock(), Err(TryLockError::WouldBlock));
        if !is_lost && file.path().exists() {
            break file;
        }
    };
    if let Some(before) = before {
        file.as_file().set_permissions(before.permissions())?;
    }
    let mut writer = BufWriter::new(file);
    write(&mut writer)?;
    let file = writer.into_inner().map_err(|error| error.into_error())?;
    file.as_file().sync_all()?;
    file.persist(&target)?;
    sync_folder(folder);
    Ok(())
}

/// Removes the files of that prefix that nobody writes any more, as far as that is possible.
fn remove_left_behind(folder: &Path, prefix: &OsString) {
    let of_prefix = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default();
        name.as_encoded_bytes()
            .starts_with(prefix.as_encoded_bytes())
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()).filter(of_prefix) {
        if File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(&path);
        }
    }
}

/// Makes a new name outlive a loss of power, where the system can.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

#[cfg(unix)]
fn new_file() -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Some(Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn new_file() -> Option<Permissions> {
    None
}
