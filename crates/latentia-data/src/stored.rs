//! Values of which the first are in memory and the others in a file, read by their position.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use crate::fingerprint::Fingerprint;

/// Bytes that are read at once.
const CHUNK: usize = 1 << 14;

/// The first values, as they are.
pub(crate) enum Kept {
    Bytes(Vec<u8>),
    Floats(Vec<f32>),
}

impl Kept {
    fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Floats(floats) => floats.len(),
        }
    }

    /// Bytes of a value in the file: those of u8, or of f32, little-endian.
    fn size(&self) -> usize {
        match self {
            Self::Bytes(_) => 1,
            Self::Floats(_) => 4,
        }
    }

    /// Values of the file, from its bytes.
    fn convert(&self, bytes: &[u8], values: &mut [f32]) {
        match self {
            Self::Bytes(_) => {
                for (value, &byte) in values.iter_mut().zip(bytes) {
                    *value = byte.into();
                }
            }
            Self::Floats(_) => {
                for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
                    *value = f32::from_le_bytes(*bytes);
                }
            }
        }
    }

    /// Values from the first on.
    fn read(&self, first: usize, values: &mut [f32]) {
        match self {
            Self::Bytes(bytes) => self.convert(&bytes[first..], values),
            Self::Floats(floats) => values.copy_from_slice(&floats[first..][..values.len()]),
        }
    }
}

/// Values one after the other.
#[derive(Clone)]
pub(crate) struct Stored(Arc<Place>);

struct Place {
    kept: Kept,
    /// How many values there are.
    values: usize,
    file: File,
    /// Bytes of the file before its first value, and which that is.
    start: u64,
    first: usize,
    /// Its name and its state, where others may change the file.
    others: Option<(String, State)>,
}

/// Length and time of the last change of a file.
pub(crate) type State = (u64, Option<SystemTime>);

impl Stored {
    /// All values lie in the file `name` of a user, behind `start` bytes; it was in `state` before they were read for the first
    /// time.
    pub(crate) fn in_file(
        (name, file, state): (&str, File, State),
        start: u64,
        values: usize,
        kept: Kept,
    ) -> io::Result<Self> {
        let others = Some((name.to_owned(), state));
        let stored = Self(Arc::new(Place {
            kept,
            values,
            file,
            start,
            first: 0,
            others,
        }));
        stored.check_unchanged()?;
        Ok(stored)
    }

    /// The values that are not kept lie in a file that nobody else knows.
    pub(crate) fn in_own_file(file: File, values: usize, kept: Vec<f32>) -> Self {
        let (first, kept) = (kept.len(), Kept::Floats(kept));
        Self(Arc::new(Place {
            kept,
            values,
            file,
            start: 0,
            first,
            others: None,
        }))
    }

    /// How many values there are.
    pub(crate) fn values(&self) -> usize {
        self.0.values
    }

    pub(crate) fn is_bytes(&self) -> bool {
        matches!(self.0.kept, Kept::Bytes(_))
    }

    /// Reads rows of `cols` values; those that lie near each other at once.
    pub(crate) fn read(&self, indices: &[u32], cols: usize, out: &mut [f32]) -> io::Result<()> {
        self.check_unchanged()?;
        let kept = &self.0.kept;
        let mut bytes = [0; CHUNK];
        let (mut indices, mut out) = (indices, out);
        while let [index, ..] = *indices {
            let first = index as usize * cols;
            let in_memory = kept.len().saturating_sub(first).min(cols);
            let near = match in_memory {
                0 => near(indices, CHUNK / (cols * kept.size())),
                _ => &indices[..1],
            };
            let (rows, rest) = out.split_at_mut(near.len() * cols);
            if near.len() > 1 {
                let span = (near[near.len() - 1] - index + 1) as usize * cols;
                let bytes = self.bytes(first, span, &mut bytes)?;
                for (row, other) in rows.chunks_exact_mut(cols).zip(near) {
                    kept.convert(&bytes[(other - index) as usize * cols * kept.size()..], row);
                }
            } else {
                let (head, tail) = rows.split_at_mut(in_memory);
                if in_memory > 0 {
                    kept.read(first, head);
                }
                let mut first = first + in_memory;
                for values in tail.chunks_mut(CHUNK / kept.size()) {
                    kept.convert(self.bytes(first, values.len(), &mut bytes)?, values);
                    first += values.len();
                }
            }
            (indices, out) = (&indices[near.len()..], rest);
        }
        Ok(())
    }

    /// The bytes of some values of the file.
    fn bytes<'a>(
        &self,
        first: usize,
        values: usize,
        chunk: &'a mut [u8; CHUNK],
    ) -> io::Result<&'a [u8]> {
        let place = &*self.0;
        let size = place.kept.size();
        let offset = place.start + ((first - place.first) * size) as u64;
        let bytes = &mut chunk[..values * size];
        match read_exact_at(&place.file, bytes, offset) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(self.changed()),
            result => result.map(|()| &*bytes),
        }
    }

    /// Adds all values to a fingerprint.
    pub(crate) fn add_to(&self, fingerprint: &mut Fingerprint) -> io::Result<()> {
        let Place { kept, values, .. } = &*self.0;
        match kept {
            Kept::Bytes(bytes) => fingerprint.update(bytes),
            Kept::Floats(floats) => fingerprint.update_floats(floats),
        }
        let mut chunk = [0; CHUNK];
        let at_once = CHUNK / kept.size();
        for first in (kept.len()..*values).step_by(at_once) {
            fingerprint.update(self.bytes(first, at_once.min(values - first), &mut chunk)?);
        }
        self.check_unchanged()
    }

    /// Refuses a file that is no longer what it was when it was loaded.
    fn check_unchanged(&self) -> io::Result<()> {
        match &self.0.others {
            Some((_, known)) if state(&self.0.file)? != *known => Err(self.changed()),
            _ => Ok(()),
        }
    }

    fn changed(&self) -> io::Error {
        let name = self
            .0
            .others
            .as_ref()
            .map_or("a temporary file", |(name, _)| name);
        io::Error::other(format!("`{name}` has changed since it was loaded"))
    }
}

/// The first of `indices` and those behind it that rise by little, within `rows` rows.
fn near(indices: &[u32], rows: usize) -> &[u32] {
    const GAP: u32 = 8;
    let apart = indices.windows(2).position(|pair| {
        let (one, next) = (pair[0], pair[1]);
        next <= one || next - one > GAP || (next - indices[0]) as usize >= rows
    });
    &indices[..apart.map_or(indices.len(), |last| last + 1)]
}

/// The same values where they are the same place.
impl PartialEq for Stored {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

pub(crate) fn state(file: &File) -> io::Result<State> {
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
