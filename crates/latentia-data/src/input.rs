//! A file whose content is not trusted.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::error::{DataError, counted};

/// Bytes of a chunk: whole values of every type.
const CHUNK: u64 = 1 << 16;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A file to parse from front to back, with the name that messages give it.
pub(crate) struct Input<'a> {
    pub(crate) subject: &'a str,
    /// Whether it is decompressed.
    pub(crate) is_gzip: bool,
    reader: Box<dyn Read + 'a>,
}

impl<'a> Input<'a> {
    /// Reads an open file as it is.
    pub(crate) fn from_file(file: File, subject: &'a str) -> Self {
        Self::from_reader(BufReader::new(file), subject)
    }

    /// Reads what `reader` gives.
    pub(crate) fn from_reader(reader: impl Read + 'a, subject: &'a str) -> Self {
        Self {
            subject,
            is_gzip: false,
            reader: Box::new(reader),
        }
    }

    /// Opens `path`, and decompresses what begins like gzip.
    pub(crate) fn open_gzip(path: &Path, subject: &'a str) -> Result<Self, DataError> {
        // Larger than the default: inflating is faster in longer runs.
        let mut reader = BufReader::with_capacity(1 << 16, open(path)?);
        let start = reader
            .fill_buf()
            .map_err(|error| DataError::read(path, error))?;
        let is_gzip = start.starts_with(&GZIP_MAGIC);
        let reader: Box<dyn Read> = match is_gzip {
            true => Box::new(MultiGzDecoder::new(reader)),
            false => Box::new(reader),
        };
        Ok(Self {
            subject,
            is_gzip,
            reader,
        })
    }

    /// Reads gzip from memory.
    pub(crate) fn from_gzip(bytes: &'a [u8], subject: &'a str) -> Self {
        Self::from_reader(MultiGzDecoder::new(bytes), subject)
    }

    /// Fills `buffer`, which holds the `place` of the file.
    pub(crate) fn header(&mut self, place: &str, buffer: &mut [u8]) -> Result<(), DataError> {
        let found = self.exactly(buffer.len() as u64, place)?;
        buffer.copy_from_slice(&found);
        Ok(())
    }

    /// The rest of the file, which must be `claim` bytes long as `layout` says.
    ///
    /// Memory grows with the bytes that are really there, and no more than one byte past the claim is read.
    pub(crate) fn body(&mut self, claim: u64, layout: &str) -> Result<Vec<u8>, DataError> {
        let found = self.up_to(claim.saturating_add(1))?;
        if found.len() as u64 == claim {
            return Ok(found);
        }
        Err(self.length_error(claim, found.len() as u64, layout))
    }

    fn length_error(&self, claim: u64, found: u64, layout: &str) -> DataError {
        let seen = match found > claim {
            true => "more".to_owned(),
            false => counted(found, "byte"),
        };
        DataError::invalid(
            self.subject,
            "length after the header",
            seen,
            format!("{} ({layout})", counted(claim, "byte")),
        )
    }

    /// The rest of the file as [`Self::body`] gives it, in chunks of 64 KiB but for the last.
    pub(crate) fn body_in_chunks(
        &mut self,
        claim: u64,
        layout: &str,
        mut visit: impl FnMut(&[u8]) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let mut found = 0;
        loop {
            let chunk = self.up_to(CHUNK.min(claim.saturating_add(1) - found))?;
            found += chunk.len() as u64;
            if found > claim || chunk.is_empty() {
                return match found == claim {
                    true => Ok(()),
                    false => Err(self.length_error(claim, found, layout)),
                };
            }
            visit(&chunk)?;
        }
    }

    /// The next `claim` bytes, which hold the `place` of the file; memory grows with those that are really there.
    pub(crate) fn exactly(&mut self, claim: u64, place: &str) -> Result<Vec<u8>, DataError> {
        let found = self.up_to(claim)?;
        if found.len() as u64 == claim {
            return Ok(found);
        }
        Err(DataError::invalid(
            self.subject,
            place,
            counted(found.len() as u64, "byte"),
            counted(claim, "byte"),
        ))
    }

    /// A reader of the rest of the file.
    pub(crate) fn into_reader(self) -> Box<dyn Read + 'a> {
        self.reader
    }

    fn up_to(&mut self, limit: u64) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        match self.reader.by_ref().take(limit).read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => Err(read_error(self.subject, error)),
        }
    }
}

/// What went wrong where `subject` was read, plain or from gzip.
pub(crate) fn read_error(subject: &str, error: io::Error) -> DataError {
    match error.kind() {
        // What the decompressor says of its input; a plain file does not fail so.
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
            DataError::invalid(
                subject,
                "compressed data",
                error.to_string(),
                "an intact gzip file",
            )
        }
        _ => DataError::read(Path::new(subject), error),
    }
}

/// Opens a file.
pub(crate) fn open(path: &Path) -> Result<File, DataError> {
    File::open(path).map_err(|error| DataError::read(path, error))
}
