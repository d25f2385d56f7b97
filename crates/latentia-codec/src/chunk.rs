//! Examples that are coded together.

use std::io;

use latentia_tensor::{Matrix, MatrixMut, Rows};

use crate::CodecError;

/// Values in a chunk, or one example where that has more.
const VALUES: usize = 1 << 20;

/// Examples in a chunk, at most.
const EXAMPLES: usize = 1 << 14;

/// Some examples as bytes: a part of a compressed file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Coded {
    /// Without length and checksum.
    pub bytes: Vec<u8>,
    /// Bits among them that bits back would have got back, had there been any before the first example.
    pub initial_bits: f64,
}

impl Coded {
    /// What another process has coded.
    #[must_use]
    pub fn new(bytes: Vec<u8>, initial_bits: f64) -> Self {
        Self {
            bytes,
            initial_bits,
        }
    }
}

impl From<Vec<u8>> for Coded {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            initial_bits: 0.0,
        }
    }
}

/// How one chunk becomes bytes, and comes back.
pub(crate) trait ChunkCoder: Sync {
    /// The bytes of some examples.
    fn encode(&self, examples: &dyn Rows) -> Result<Coded, CodecError>;

    /// Raw values of `examples` examples, `[examples, width]`.
    fn decode(&self, bytes: &[u8], examples: usize) -> Result<Matrix, CodecError>;
}

/// Examples in a chunk, for examples of `width` values.
pub(crate) fn examples_in_chunk(width: usize) -> usize {
    (VALUES / width).clamp(1, EXAMPLES)
}

/// Some rows that follow each other.
pub(crate) struct Chunk<'a> {
    rows: &'a dyn Rows,
    first: u32,
    count: usize,
}

impl<'a> Chunk<'a> {
    /// All of `rows`, cut into chunks.
    pub(crate) fn all(rows: &'a dyn Rows) -> impl Iterator<Item = Self> {
        let (all, size) = (rows.rows(), examples_in_chunk(rows.cols()));
        (0..all).step_by(size).map(move |first| Self {
            rows,
            first: first as u32,
            count: size.min(all - first),
        })
    }
}

impl Rows for Chunk<'_> {
    fn rows(&self) -> usize {
        self.count
    }

    fn cols(&self) -> usize {
        self.rows.cols()
    }

    fn full_scale(&self) -> f32 {
        self.rows.full_scale()
    }

    fn label(&self, index: u32) -> Option<u32> {
        self.rows.label(self.first + index)
    }

    fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        let indices: Vec<u32> = indices.iter().map(|index| self.first + index).collect();
        self.rows.read(&indices, out)
    }
}

/// All rows of a chunk.
pub(crate) fn read_all(rows: &dyn Rows) -> io::Result<Matrix> {
    let mut all = Matrix::zeros(rows.rows(), rows.cols());
    let indices: Vec<u32> = (0..rows.rows() as u32).collect();
    rows.read(&indices, all.view_mut())?;
    Ok(all)
}

/// The values of a lossless chunk with a checksum before what codes them: that they came back is seen, whatever machine or
/// program decoded them.
pub(crate) fn with_checksum(values: &[u8], coded: Vec<u8>) -> Vec<u8> {
    let mut bytes = crc32fast::hash(values).to_le_bytes().to_vec();
    bytes.extend(coded);
    bytes
}

/// The checksum, and the rest.
pub(crate) fn split_checksum(bytes: &[u8]) -> Result<(u32, &[u8]), CodecError> {
    let (checksum, rest) = bytes
        .split_first_chunk()
        .ok_or_else(|| CodecError::Damaged("a chunk is shorter than its checksum".into()))?;
    Ok((u32::from_le_bytes(*checksum), rest))
}

/// Values that came back, as a matrix, if they are those of the checksum.
pub(crate) fn checked(
    values: Vec<u8>,
    checksum: u32,
    width: usize,
    scale: f32,
) -> Result<Matrix, CodecError> {
    if crc32fast::hash(&values) != checksum {
        return Err(CodecError::Damaged(
            "the values of a chunk do not match their checksum".into(),
        ));
    }
    let values: Vec<f32> = values
        .iter()
        .map(|&value| scale * f32::from(value))
        .collect();
    Ok(Matrix::from_vec(values.len() / width, width, values))
}
