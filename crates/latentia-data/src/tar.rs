//! Tar archives, as much of them as data sets need: the content of plain files, in the order of the archive.

use crate::DataError;
use crate::error::quoted;
use crate::input::Input;

/// Headers and contents begin at multiples of this.
const BLOCK: u64 = 512;

/// An archive, read from front to back.
pub(crate) struct Tar<'a> {
    input: Input<'a>,
    /// Bytes of the last file that have not been read, with what fills its last block.
    left: u64,
}

/// A file in an archive.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its name without folders.
    pub(crate) name: String,
    /// Its length in bytes, as the archive claims.
    pub(crate) length: u64,
}

impl<'a> Tar<'a> {
    pub(crate) fn new(input: Input<'a>) -> Self {
        Self { input, left: 0 }
    }

    /// The next file, or `None` behind the last.
    pub(crate) fn next(&mut self) -> Result<Option<Entry>, DataError> {
        let left = std::mem::take(&mut self.left);
        self.input.skip(left)?;
        let mut header = [0; BLOCK as usize];
        self.input
            .header("header of a file in the archive", &mut header)?;
        if header.iter().all(|&byte| byte == 0) {
            return Ok(None);
        }
        let text = |field: &[u8]| {
            let end = field.iter().position(|&byte| byte == 0);
            String::from_utf8_lossy(&field[..end.unwrap_or(field.len())]).into_owned()
        };
        let size = text(&header[124..136]);
        let Ok(length) = u64::from_str_radix(size.trim(), 8) else {
            return Err(DataError::invalid(
                self.input.subject,
                "length of a file in the archive",
                quoted(size.as_bytes()),
                "an octal number, as in a tar archive",
            ));
        };
        self.left = length.next_multiple_of(BLOCK);
        let name = text(&header[..100]);
        let name = name.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(Some(Entry { name, length }))
    }

    /// The content of the file that [`Self::next`] gave last, which `place` names.
    pub(crate) fn content(&mut self, entry: &Entry) -> Result<Vec<u8>, DataError> {
        let place = format!("`{}` in the archive", entry.name);
        self.left -= entry.length;
        self.input.exactly(entry.length, &place)
    }
}
