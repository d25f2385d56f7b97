//! The part of stored values that is in memory.

/// The values that are in memory, from the first on, and so the type of all.
pub(crate) enum InMemory {
    Bytes(Vec<u8>),
    Floats(Vec<f32>),
}

impl InMemory {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Floats(floats) => floats.len(),
        }
    }

    /// Bytes of a value in the file: those of u8, or of f32, little-endian.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Bytes(_) => 1,
            Self::Floats(_) => 4,
        }
    }

    /// Values of the file, from its bytes.
    pub(crate) fn convert(&self, bytes: &[u8], values: &mut [f32]) {
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
    pub(crate) fn read(&self, first: usize, values: &mut [f32]) {
        match self {
            Self::Bytes(bytes) => self.convert(&bytes[first..], values),
            Self::Floats(floats) => values.copy_from_slice(&floats[first..][..values.len()]),
        }
    }
}
