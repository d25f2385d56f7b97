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

    /// Values from the first bytes.
    fn convert(self, bytes: &[u8], values: &mut [f32]) {
        match self {
            Self::Byte => {
                for (value, &byte) in values.iter_mut().zip(bytes) {
                    *value = byte.into();
                }
            }
            Self::Single => {
                for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
                    *value = f32::from_le_bytes(*bytes);
                }
            }
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

    /// Reads rows of `cols` values; those that lie near each other at once.
    pub(crate) fn read(&self, indices: &[u32], cols: usize, out: &mut [f32]) -> io::Result<()> {
        let Place {
            file,
            state: known,
            element,
            start,
            ..
        } = &*self.0;
        if let Some(known) = known
            && state(file)? != *known
        {
            return Err(io::Error::other("the file has changed since it was loaded"));
        }
        let width = cols * element.bytes();
        let offset = |index: u32| start + u64::from(index) * width as u64;
        let mut bytes = [0; CHUNK];
        let (mut indices, mut out) = (indices, out);
        while let [first, ..] = *indices {
            let near = near(indices, CHUNK / width);
            let (rows, rest) = out.split_at_mut(near.len().max(1) * cols);
            match near.last() {
                Some(last) => {
                    let bytes = &mut bytes[..(last - first + 1) as usize * width];
                    read_exact_at(file, bytes, offset(first))?;
                    for (row, index) in rows.chunks_exact_mut(cols).zip(near) {
                        element.convert(&bytes[(index - first) as usize * width..], row);
                    }
                }
                // Not even one row is as short as what is read at once.
                None => {
                    let mut offset = offset(first);
                    for values in rows.chunks_mut(CHUNK / element.bytes()) {
                        let bytes = &mut bytes[..values.len() * element.bytes()];
                        read_exact_at(file, bytes, offset)?;
                        element.convert(bytes, values);
                        offset += bytes.len() as u64;
                    }
                }
            }
            (indices, out) = (&indices[near.len().max(1)..], rest);
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

/// The first of `indices` that rise by little, within `rows` rows.
fn near(indices: &[u32], rows: usize) -> &[u32] {
    const GAP: u32 = 8;
    let Some(&first) = indices.first().filter(|_| rows > 0) else {
        return &[];
    };
    let apart = indices.windows(2).position(|pair| {
        let (one, next) = (pair[0], pair[1]);
        next <= one || next - one > GAP || (next - first) as usize >= rows
    });
    &indices[..apart.map_or(indices.len(), |last| last + 1)]
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
