//! Files that appear whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::ModelError;

/// Writes a file under a temporary name in the same folder, then renames it.
///
/// # Errors
/// Names the file when it cannot be written; what stood there before is then unchanged.
pub fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), ModelError> {
    let folder = folder_of(path);
    let attempt = || {
        let mut builder = tempfile::Builder::new();
        let prefix = unfinished_prefix(path);
        builder.prefix(&prefix);
        // The usual rights of a new file, less the umask; a temporary file's own are for its owner alone.
        if let Some(permissions) = new_file() {
            builder.permissions(permissions);
        }
        let file = builder.tempfile_in(folder)?;
        let mut writer = BufWriter::new(file);
        write(&mut writer)?;
        let file = writer.into_inner().map_err(|error| error.into_error())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        sync_folder(folder);
        Ok(())
    };
    attempt().map_err(|source| ModelError::Write {
        path: path.to_path_buf(),
        source,
    })
}

/// Removes what a program that was killed while it wrote `path` has left under temporary names. Nobody may be writing it.
///
/// # Errors
/// Names the file when it cannot be removed.
pub fn remove_unfinished(path: &Path) -> Result<(), ModelError> {
    let prefix = unfinished_prefix(path);
    // A folder that is not there holds nothing.
    let entries = fs::read_dir(folder_of(path)).into_iter().flatten();
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name
            .as_encoded_bytes()
            .starts_with(prefix.as_encoded_bytes())
        {
            let path = entry.path();
            fs::remove_file(&path).map_err(|source| ModelError::Write { path, source })?;
        }
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// How temporary names of `path` begin: hidden, and different for each file.
fn unfinished_prefix(path: &Path) -> OsString {
    let mut prefix = OsString::from(".latentia-");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push("-");
    prefix
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
