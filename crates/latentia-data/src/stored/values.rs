//! Stored values, read by position.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::file::{FileState, read_exact_at};
use super::in_memory::InMemory;
use crate::fingerprint::Fingerprint;

/// Bytes that are read at once.
const CHUNK: usize = 1 << 14;

/// Values one after the other; clones share them.
#[derive(Clone)]
pub(crate) struct StoredValues(Arc<Storage>);

struct Storage {
    in_memory: InMemory,
    /// How many values there are.
    values: usize,
    file: File,
    /// Bytes of the file before its first value, and which that is.
    start: u64,
    first: usize,
    /// Its name and its state, where it is a user's, who may change it.
    user_file: Option<(String, FileState)>,
}

impl StoredValues {
    /// All values lie in the file `name` of a user, behind `start` bytes; it was in `state` before they were read for the first
    /// time.
    pub(crate) fn in_file(
        (name, file, state): (&str, File, FileState),
        start: u64,
        values: usize,
        in_memory: InMemory,
    ) -> io::Result<Self> {
        let user_file = Some((name.to_owned(), state));
        let stored = Self(Arc::new(Storage {
            in_memory,
            values,
            file,
            start,
            first: 0,
            user_file,
        }));
        stored.check_unchanged()?;
        Ok(stored)
    }

    /// The values that are not in memory lie in a file that nobody else knows.
    pub(crate) fn in_own_file(file: File, values: usize, in_memory: Vec<f32>) -> Self {
        let (first, in_memory) = (in_memory.len(), InMemory::Floats(in_memory));
        Self(Arc::new(Storage {
            in_memory,
            values,
            file,
            start: 0,
            first,
            user_file: None,
        }))
    }

    /// How many values there are.
    pub(crate) fn values(&self) -> usize {
        self.0.values
    }

    pub(crate) fn is_bytes(&self) -> bool {
        matches!(self.0.in_memory, InMemory::Bytes(_))
    }

    /// Reads rows of `cols` values; those that lie near each other at once.
    pub(crate) fn read(&self, indices: &[u32], cols: usize, out: &mut [f32]) -> io::Result<()> {
        self.check_unchanged()?;
        let in_memory = &self.0.in_memory;
        let mut chunk = [0; CHUNK];
        let (mut indices, mut out) = (indices, out);
        while let [index, ..] = *indices {
            let first = index as usize * cols;
            let near = match first < in_memory.len() {
                true => &indices[..1],
                false => near(indices, CHUNK / (cols * in_memory.size())),
            };
            let (rows, rest) = out.split_at_mut(near.len() * cols);
            match near {
                [_] => self.read_row(first, rows, &mut chunk)?,
                _ => self.read_near(near, cols, rows, &mut chunk)?,
            }
            (indices, out) = (&indices[near.len()..], rest);
        }
        Ok(())
    }

    /// Reads a row, of which some may be in memory.
    fn read_row(&self, first: usize, row: &mut [f32], chunk: &mut [u8; CHUNK]) -> io::Result<()> {
        let in_memory = &self.0.in_memory;
        let count = in_memory.len().saturating_sub(first).min(row.len());
        let (head, tail) = row.split_at_mut(count);
        if count > 0 {
            in_memory.read(first, head);
        }
        let mut first = first + count;
        for values in tail.chunks_mut(CHUNK / in_memory.size()) {
            in_memory.convert(self.bytes(first, values.len(), chunk)?, values);
            first += values.len();
        }
        Ok(())
    }

    /// Reads rows of the file, with those between them in one chunk.
    fn read_near(
        &self,
        indices: &[u32],
        cols: usize,
        rows: &mut [f32],
        chunk: &mut [u8; CHUNK],
    ) -> io::Result<()> {
        let in_memory = &self.0.in_memory;
        let (first, last) = (indices[0], indices[indices.len() - 1]);
        let values = (last - first + 1) as usize * cols;
        let bytes = self.bytes(first as usize * cols, values, chunk)?;
        for (row, index) in rows.chunks_exact_mut(cols).zip(indices) {
            let start = (index - first) as usize * cols * in_memory.size();
            in_memory.convert(&bytes[start..], row);
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
        let storage = &*self.0;
        let size = storage.in_memory.size();
        let offset = storage.start + ((first - storage.first) * size) as u64;
        let bytes = &mut chunk[..values * size];
        match read_exact_at(&storage.file, bytes, offset) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(self.changed()),
            result => result.map(|()| &*bytes),
        }
    }

    /// Adds all values to a fingerprint.
    pub(crate) fn add_to(&self, fingerprint: &mut Fingerprint) -> io::Result<()> {
        let Storage {
            in_memory, values, ..
        } = &*self.0;
        match in_memory {
            InMemory::Bytes(bytes) => fingerprint.update(bytes),
            InMemory::Floats(floats) => fingerprint.update_floats(floats),
        }
        let mut chunk = [0; CHUNK];
        let at_once = CHUNK / in_memory.size();
        for first in (in_memory.len()..*values).step_by(at_once) {
            fingerprint.update(self.bytes(first, at_once.min(values - first), &mut chunk)?);
        }
        self.check_unchanged()
    }

    /// Refuses a file that is no longer what it was when it was loaded.
    fn check_unchanged(&self) -> io::Result<()> {
        match &self.0.user_file {
            Some((_, known)) if FileState::of(&self.0.file)? != *known => Err(self.changed()),
            _ => Ok(()),
        }
    }

    fn changed(&self) -> io::Error {
        let name = self
            .0
            .user_file
            .as_ref()
            .map_or("a temporary file", |(name, _)| name);
        io::Error::other(format!("`{name}` has changed since it was loaded"))
    }
}

/// The first of `indices` and those behind it that ascend in small steps, within `rows` rows.
fn near(indices: &[u32], rows: usize) -> &[u32] {
    const GAP: u32 = 8;
    let apart = indices.windows(2).position(|pair| {
        let (one, next) = (pair[0], pair[1]);
        next <= one || next - one > GAP || (next - indices[0]) as usize >= rows
    });
    &indices[..apart.map_or(indices.len(), |last| last + 1)]
}

/// The same values where they are the same storage.
impl PartialEq for StoredValues {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
