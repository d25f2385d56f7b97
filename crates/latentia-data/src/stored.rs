//! Values that stay in a file and are read by their position.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

/// Bytes that are read at once.
const CHUNK: usize = 1 << 14;

/// What a value is in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    /// u8
    Byte,
    /// f32, little-endian
    Single,
}

impl Element {
    fn bytes(self) -> usize {
        match self {
            Self::Byte => 1,
            Self::Single => 4,
        }
    }
}

/// Values in a file, one after the other.
#[derive(Clone)]
pub(crate) struct Stored(Arc<Place>);

struct Place {
    file: File,
    /// Bytes before the first value.
    start: u64,
    /// How many values there are.
    values: usize,
    element: Element,
    /// Length and time of the last change, where others may change it.
    state: Option<(u64, Option<SystemTime>)>,
}

impl Stored {
    /// Values in a file of a user.
    pub(crate) fn in_file(
        file: File,
        start: u64,
        values: usize,
        element: Element,
    ) -> io::Result<Self> {
        let state = Some(state(&file)?);
        Ok(Self(Arc::new(Place {
            file,
            start,
            values,
            element,
            state,
        })))
    }

    /// Values in a file that nobody else knows.
    pub(crate) fn in_own_file(file: File, values: usize) -> Self {
        let element = Element::Single;
        Self(Arc::new(Place {
            file,
            start: 0,
            values,
            element,
            state: None,
        }))
    }

    /// How many values there are.
    pub(crate) fn values(&self) -> usize {
        self.0.values
    }

    pub(crate) fn is_bytes(&self) -> bool {
        self.0.element == Element::Byte
    }

    /// Reads rows of `cols` values; rows that follow each other at once.
    pub(crate) fn read(&self, indices: &[u32], cols: usize, out: &mut [f32]) -> io::Result<()> {
        let Place {
            file, state: known, ..
        } = &*self.0;
        if let Some(known) = known
            && state(file)? != *known
        {
            return Err(io::Error::other("the file has changed since it was loaded"));
        }
        let mut bytes = [0; CHUNK];
        let (mut indices, mut out) = (indices, out);
        while let [first, ..] = indices {
            let run = (*first..)
                .zip(indices)
                .take_while(|(next, index)| next == *index)
                .count();
            let (rows, rest) = out.split_at_mut(run * cols);
            self.read_values(*first as usize * cols, rows, &mut bytes)?;
            (indices, out) = (&indices[run..], rest);
        }
        Ok(())
    }

    fn read_values(
        &self,
        first: usize,
        out: &mut [f32],
        bytes: &mut [u8; CHUNK],
    ) -> io::Result<()> {
        let size = self.0.element.bytes();
        let mut offset = self.0.start + (first * size) as u64;
        for out in out.chunks_mut(CHUNK / size) {
            let bytes = &mut bytes[..out.len() * size];
            read_exact_at(&self.0.file, bytes, offset)?;
            offset += bytes.len() as u64;
            match self.0.element {
                Element::Byte => {
                    for (number, &byte) in out.iter_mut().zip(&*bytes) {
                        *number = byte.into();
                    }
                }
                Element::Single => {
                    for (number, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
                        *number = f32::from_le_bytes(*bytes);
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds all bytes of the values to a hash.
    pub(crate) fn hash(&self, mut hash: Sha256) -> io::Result<Sha256> {
        let mut bytes = [0; CHUNK];
        let mut offset = self.0.start;
        let mut left = self.0.values * self.0.element.bytes();
        while left > 0 {
            let bytes = &mut bytes[..left.min(CHUNK)];
            read_exact_at(&self.0.file, bytes, offset)?;
            hash.update(&*bytes);
            offset += bytes.len() as u64;
            left -= bytes.len();
        }
        Ok(hash)
    }
}

/// The same values where they are the same file.
impl PartialEq for Stored {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

fn state(file: &File) -> io::Result<(u64, Option<SystemTime>)> {
    let metadata = file.metadata()?;
    Ok((metadata.len(), metadata.modified().ok()))
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                bytes = &mut bytes[read..];
                offset += read as u64;
            }
        }
    }
    Ok(())
}
