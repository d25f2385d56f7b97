//! Thrift's compact protocol, in which footers and headers of pages are written.
//!
//! Nothing is allocated for a list but what its elements, of a byte or more each, are read into.

use super::fault::{Fault, Result};

/// Nested values that are skipped.
const DEPTH: u8 = 32;

const BROKEN: Fault = Fault::Broken("a header that is cut off or no Thrift");

/// The type of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    True,
    False,
    Byte,
    Integer,
    Double,
    Binary,
    List,
    Map,
    Struct,
    Uuid,
}

impl Kind {
    fn of(code: u8) -> Result<Self> {
        Ok(match code {
            1 => Self::True,
            2 => Self::False,
            3 => Self::Byte,
            4..=6 => Self::Integer,
            7 => Self::Double,
            8 => Self::Binary,
            9 | 10 => Self::List,
            11 => Self::Map,
            12 => Self::Struct,
            13 => Self::Uuid,
            _ => return Err(BROKEN),
        })
    }
}

/// What is left of some bytes.
pub(super) struct Thrift<'a>(pub(super) &'a [u8]);

impl<'a> Thrift<'a> {
    /// Calls `field` with the number and the type of each field of a structure; it says whether it has read the value.
    pub(super) fn structure(
        &mut self,
        mut field: impl FnMut(&mut Self, i16, Kind) -> Result<bool>,
    ) -> Result<()> {
        self.fields(DEPTH, &mut field)
    }

    fn fields(
        &mut self,
        depth: u8,
        field: &mut dyn FnMut(&mut Self, i16, Kind) -> Result<bool>,
    ) -> Result<()> {
        let depth = depth.checked_sub(1).ok_or(BROKEN)?;
        let mut number = 0_i16;
        loop {
            let byte = self.byte()?;
            if byte == 0 {
                return Ok(());
            }
            number = match byte >> 4 {
                0 => self.integer()? as i16,
                step => number.checked_add(step.into()).ok_or(BROKEN)?,
            };
            let kind = Kind::of(byte & 0xf)?;
            if !field(self, number, kind)? {
                self.skip(kind, depth, false)?;
            }
        }
    }

    /// Calls `element` for each element of a list, with its type.
    pub(super) fn list(
        &mut self,
        mut element: impl FnMut(&mut Self, Kind) -> Result<()>,
    ) -> Result<()> {
        let byte = self.byte()?;
        let count = match byte >> 4 {
            15 => self.varint()?,
            count => count.into(),
        };
        // Some writers give a list of nothing no type.
        if count == 0 {
            return Ok(());
        }
        let kind = Kind::of(byte & 0xf)?;
        for _ in 0..count {
            element(self, kind)?;
        }
        Ok(())
    }

    /// Skips a value; booleans in a list have a byte of their own.
    fn skip(&mut self, kind: Kind, depth: u8, in_list: bool) -> Result<()> {
        match kind {
            Kind::True | Kind::False if !in_list => Ok(()),
            Kind::True | Kind::False | Kind::Byte => self.take(1).map(drop),
            Kind::Integer => self.varint().map(drop),
            Kind::Double => self.take(8).map(drop),
            Kind::Uuid => self.take(16).map(drop),
            Kind::Binary => self.binary().map(drop),
            Kind::Struct => self.fields(depth, &mut |_, _, _| Ok(false)),
            Kind::List => {
                let depth = depth.checked_sub(1).ok_or(BROKEN)?;
                self.list(|thrift, kind| thrift.skip(kind, depth, true))
            }
            Kind::Map => {
                let depth = depth.checked_sub(1).ok_or(BROKEN)?;
                let count = self.varint()?;
                if count == 0 {
                    return Ok(());
                }
                let kinds = self.byte()?;
                let (key, value) = (Kind::of(kinds >> 4)?, Kind::of(kinds & 0xf)?);
                for _ in 0..count {
                    self.skip(key, depth, true)?;
                    self.skip(value, depth, true)?;
                }
                Ok(())
            }
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(BROKEN)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    /// Seven bits a byte, the lowest first.
    pub(super) fn varint(&mut self) -> Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(BROKEN)
    }

    /// An integer of any size: 0, -1, 1, -2, 2 and so on.
    pub(super) fn integer(&mut self) -> Result<i64> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    pub(super) fn binary(&mut self) -> Result<&'a [u8]> {
        let length = usize::try_from(self.varint()?).map_err(|_| BROKEN)?;
        self.take(length)
    }

    /// Reads an integer field into `out`.
    pub(super) fn integer_into(&mut self, kind: Kind, out: &mut Option<i64>) -> Result<bool> {
        *out = Some(match kind {
            Kind::Integer => self.integer()?,
            Kind::Byte => i64::from(self.byte()?.cast_signed()),
            Kind::True => 1,
            Kind::False => 0,
            _ => return Err(BROKEN),
        });
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether all of some bytes can be skipped as a structure.
    fn is_skipped(bytes: &[u8]) -> bool {
        let mut thrift = Thrift(bytes);
        thrift.structure(|_, _, _| Ok(false)).is_ok() && thrift.0.is_empty()
    }

    #[test]
    fn every_type_is_skipped() {
        // A field of each type, the last two a map of a number to a boolean and a list of two booleans; then a field far away.
        let fields = [
            &[
                0x11, 0x12, 0x13, 0x7f, 0x14, 0x80, 0x01, 0x15, 0x03, 0x16, 0x00,
            ][..],
            &[
                0x17, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x18, 2, b'a', b'b', 0x1c, 0x11, 0x00,
            ],
            &[
                0x1b, 1, 0x51, 0x04, 0x01, 0x1b, 0, 0x19, 0x21, 1, 2, 0x05, 0x90, 0x4e, 0x02, 0x00,
            ],
        ];
        let fields = fields.concat();
        assert!(is_skipped(&fields));
        for length in 0..fields.len() {
            assert!(!is_skipped(&fields[..length]), "{length}");
        }
    }

    #[test]
    fn claims_and_depths_are_not_followed() {
        // Structures, lists and maps in one another, a million deep.
        for nested in [&[0x1c][..], &[0x19, 0x19], &[0x1b, 0x01, 0x5b, 0x00]] {
            assert!(!is_skipped(&nested.repeat(1_000_000)));
        }
        // Lists of four thousand million structures, numbers, texts; a text as long.
        for kind in [0xfc, 0xf5, 0xf8] {
            assert!(!is_skipped(&[
                0x19, kind, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x00
            ]));
        }
        assert!(!is_skipped(&[0x18, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00]));
        assert!(!is_skipped(&[0x15; 30]));
    }

    #[test]
    fn integers_are_those_of_the_specification() {
        for (bytes, value) in [
            (&[0][..], Some(0)),
            (&[1], Some(-1)),
            (&[2], Some(1)),
            (&[0xfe, 0xff, 0xff, 0xff, 0x0f], Some(i64::from(i32::MAX))),
            (&[0xff; 11], None),
        ] {
            let read = Thrift(bytes).integer().ok();
            assert_eq!(read, value);
        }
    }
}
