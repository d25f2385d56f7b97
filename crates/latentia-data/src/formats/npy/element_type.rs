//! The types of elements that are read.

/// The type of an array's elements.
#[derive(Clone, Copy)]
pub(crate) enum ElementType {
    Byte,
    SingleLittle,
    SingleBig,
    DoubleLittle,
    DoubleBig,
}

impl ElementType {
    pub(crate) fn from_descr(descr: &str) -> Option<Self> {
        match descr {
            "|u1" | "<u1" | ">u1" => Some(Self::Byte),
            "<f4" => Some(Self::SingleLittle),
            ">f4" => Some(Self::SingleBig),
            "<f8" => Some(Self::DoubleLittle),
            ">f8" => Some(Self::DoubleBig),
            _ => None,
        }
    }

    /// Bytes of an element.
    pub(crate) fn bytes(self) -> u64 {
        match self {
            Self::Byte => 1,
            Self::SingleLittle | Self::SingleBig => 4,
            Self::DoubleLittle | Self::DoubleBig => 8,
        }
    }

    /// Appends elements of this type to `floats`. What lies beyond the range of f32 becomes infinite, and is refused as such.
    pub(crate) fn convert(self, bytes: &[u8], floats: &mut Vec<f32>) {
        match self {
            Self::Byte => floats.extend(bytes.iter().map(|&byte| f32::from(byte))),
            Self::SingleLittle => extend(floats, bytes, f32::from_le_bytes),
            Self::SingleBig => extend(floats, bytes, f32::from_be_bytes),
            Self::DoubleLittle => extend(floats, bytes, |bytes| f64::from_le_bytes(bytes) as f32),
            Self::DoubleBig => extend(floats, bytes, |bytes| f64::from_be_bytes(bytes) as f32),
        }
    }
}

fn extend<const N: usize>(floats: &mut Vec<f32>, bytes: &[u8], element: impl Fn([u8; N]) -> f32) {
    floats.extend(bytes.as_chunks().0.iter().map(|&bytes| element(bytes)));
}
