//! The types of elements that are read.

use std::ops::RangeInclusive;

use latentia_tensor::from_half;

use crate::error::counted;

/// The type of an array's elements.
#[derive(Clone, Copy)]
pub(crate) struct ElementType {
    kind: Kind,
    is_big_endian: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F16,
    F32,
    F64,
}

impl ElementType {
    /// Those that are read, for messages.
    pub(crate) const NAMES: &str = "integers, floats or booleans, such as `<i8`, `<f4` or `|b1`";

    /// The type that NumPy writes as `descr`: the order of its bytes, then kind and size.
    pub(crate) fn from_descr(descr: &str) -> Option<Self> {
        let (order, kind) = descr.split_at_checked(1)?;
        let kind = match kind {
            "b1" => Kind::Bool,
            "i1" => Kind::I8,
            "i2" => Kind::I16,
            "i4" => Kind::I32,
            "i8" => Kind::I64,
            "u1" => Kind::U8,
            "u2" => Kind::U16,
            "u4" => Kind::U32,
            "u8" => Kind::U64,
            "f2" => Kind::F16,
            "f4" => Kind::F32,
            "f8" => Kind::F64,
            _ => return None,
        };
        let element_type = Self {
            kind,
            is_big_endian: order == ">",
        };
        let is_ordered = order == "<" || order == ">";
        (is_ordered || order == "|" && element_type.bytes() == 1).then_some(element_type)
    }

    /// Bytes of an element.
    pub(crate) fn bytes(self) -> u64 {
        match self.kind {
            Kind::Bool | Kind::I8 | Kind::U8 => 1,
            Kind::I16 | Kind::U16 | Kind::F16 => 2,
            Kind::I32 | Kind::U32 | Kind::F32 => 4,
            Kind::I64 | Kind::U64 | Kind::F64 => 8,
        }
    }

    /// Whether elements are bytes, from 0 to 255.
    pub(crate) fn is_byte(self) -> bool {
        self.kind == Kind::U8
    }

    /// Whether elements are integers, or true and false.
    pub(crate) fn is_integer(self) -> bool {
        !matches!(self.kind, Kind::F16 | Kind::F32 | Kind::F64)
    }

    /// Whether elements are of the type in which stored floats are: `<f4`.
    pub(crate) fn is_single_little_endian(self) -> bool {
        self.kind == Kind::F32 && !self.is_big_endian
    }

    /// Appends elements of this type to `floats`; true is 1. What lies beyond the range of f32 becomes infinite, and is refused as
    /// such; `rounded` counts the whole numbers that f32 does not hold.
    pub(crate) fn convert(self, bytes: &[u8], floats: &mut Vec<f32>, rounded: &mut Rounded) {
        match self.kind {
            Kind::Bool => floats.extend(bytes.iter().map(|&byte| f32::from(byte != 0))),
            Kind::U8 => floats.extend(bytes.iter().map(|&byte| f32::from(byte))),
            Kind::I8 => floats.extend(bytes.iter().map(|&byte| f32::from(byte.cast_signed()))),
            Kind::I16 => self.extend(floats, bytes, |bytes| i16::from_le_bytes(bytes).into()),
            Kind::U16 => self.extend(floats, bytes, |bytes| u16::from_le_bytes(bytes).into()),
            Kind::F16 => self.extend(floats, bytes, |bytes| from_half(u16::from_le_bytes(bytes))),
            Kind::F32 => self.extend(floats, bytes, f32::from_le_bytes),
            Kind::I32 => self.extend(floats, bytes, |bytes| {
                let value = i32::from_le_bytes(bytes);
                rounded.integer(value.into(), value as f32)
            }),
            Kind::U32 => self.extend(floats, bytes, |bytes| {
                let value = u32::from_le_bytes(bytes);
                rounded.integer(value.into(), value as f32)
            }),
            Kind::I64 => self.extend(floats, bytes, |bytes| {
                let value = i64::from_le_bytes(bytes);
                rounded.integer(value.into(), value as f32)
            }),
            Kind::U64 => self.extend(floats, bytes, |bytes| {
                let value = u64::from_le_bytes(bytes);
                rounded.integer(value.into(), value as f32)
            }),
            Kind::F64 => self.extend(floats, bytes, |bytes| {
                let value = f64::from_le_bytes(bytes);
                match Rounded::SUSPECT.contains(&value.abs()) && value.fract() == 0.0 {
                    true => rounded.integer(value as i128, value as f32),
                    false => value as f32,
                }
            }),
        }
    }

    /// Appends elements, `element` of their little-endian bytes each.
    fn extend<const N: usize>(
        self,
        floats: &mut Vec<f32>,
        bytes: &[u8],
        mut element: impl FnMut([u8; N]) -> f32,
    ) {
        let elements = bytes.as_chunks().0.iter();
        match self.is_big_endian {
            false => floats.extend(elements.map(|&bytes| element(bytes))),
            true => floats.extend(elements.map(|&bytes: &[u8; N]| {
                let mut bytes = bytes;
                bytes.reverse();
                element(bytes)
            })),
        }
    }
}

/// The whole numbers of an array that f32 does not hold, and rounds.
#[derive(Default)]
pub(crate) struct Rounded {
    count: u64,
    first: i128,
}

impl Rounded {
    /// Where f64 holds every whole number and f32 does not; beyond, every f64 is whole, whatever it measures.
    const SUSPECT: RangeInclusive<f64> = (1_u64 << 24) as f64..=(1_u64 << 53) as f64;

    /// Counts `value` where it is not what it becomes, which is returned.
    fn integer(&mut self, value: i128, becomes: f32) -> f32 {
        if value.unsigned_abs() > 1 << 24 && becomes as i128 != value {
            if self.count == 0 {
                self.first = value;
            }
            self.count += 1;
        }
        becomes
    }

    /// What there is to say of them.
    pub(crate) fn note(&self) -> Option<String> {
        (self.count > 0).then(|| {
            format!(
                "{} beyond 2^24 rounded to f32, {} to {} first: where small differences matter, subtract what is common to all \
                 before saving",
                counted(self.count, "whole number"),
                self.first,
                f64::from(self.first as f32)
            )
        })
    }
}
