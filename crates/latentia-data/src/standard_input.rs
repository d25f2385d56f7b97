//! Data that come through a pipe.

use std::io::{self, IsTerminal, Read, StdinLock, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::DataError;
use crate::float_buffer::{disk_error, temporary_folder};

/// What messages call it.
pub(crate) const NAME: &str = "standard input";

/// Standard input.
///
/// # Errors
/// When it is a terminal.
pub(crate) fn open() -> Result<StdinLock<'static>, DataError> {
    let input = io::stdin().lock();
    if input.is_terminal() {
        return Err(DataError::invalid(
            NAME,
            "kind of file",
            "a terminal",
            "a file or another program's output, `cat table.csv | latentia … -`",
        ));
    }
    Ok(input)
}

/// All of `input` as a file, for formats that look at it twice; it is gone when it is dropped, but for those who have opened it.
///
/// # Errors
/// When it cannot be read or does not fit onto the disk.
pub(crate) fn spool(mut input: impl Read) -> Result<NamedTempFile, DataError> {
    let failed = |error| disk_error(NAME, error);
    let mut file = NamedTempFile::new_in(temporary_folder()).map_err(failed)?;
    let mut chunk = vec![0; 1 << 16];
    loop {
        match input.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => file.write_all(&chunk[..count]).map_err(failed)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(DataError::read(Path::new(NAME), error)),
        }
    }
    Ok(file)
}
