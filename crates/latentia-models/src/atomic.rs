//! Files that appear whole or not at all.

use std::fs::Permissions;
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
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let attempt = || {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".latentia-");
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
        Ok(())
    };
    attempt().map_err(|source| ModelError::Write {
        path: path.to_path_buf(),
        source,
    })
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
