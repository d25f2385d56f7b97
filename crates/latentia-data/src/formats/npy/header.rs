//! The header of an NPY file: a Python dictionary of three known keys.

use crate::error::{DataError, quoted};

/// What a header says of its array.
pub(crate) struct Header {
    pub(crate) kind: Kind,
    /// The type as NumPy writes it, such as `<f4`.
    pub(crate) descr: String,
    pub(crate) fortran_order: bool,
    pub(crate) shape: Vec<u64>,
}

/// The types of values that are read.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Byte,
    SingleLittle,
    SingleBig,
    DoubleLittle,
    DoubleBig,
}

impl Kind {
    fn from_descr(descr: &str) -> Option<Self> {
        match descr {
            "|u1" | "<u1" | ">u1" => Some(Self::Byte),
            "<f4" => Some(Self::SingleLittle),
            ">f4" => Some(Self::SingleBig),
            "<f8" => Some(Self::DoubleLittle),
            ">f8" => Some(Self::DoubleBig),
            _ => None,
        }
    }

    /// Bytes in a value.
    pub(crate) fn bytes(self) -> u64 {
        match self {
            Self::Byte => 1,
            Self::SingleLittle | Self::SingleBig => 4,
            Self::DoubleLittle | Self::DoubleBig => 8,
        }
    }
}

impl Header {
    pub(crate) fn parse(subject: &str, text: &[u8]) -> Result<Self, DataError> {
        let mut cursor = Cursor {
            subject,
            rest: text,
        };
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        cursor.require(b'{')?;
        while !cursor.accept(b'}') {
            let key = cursor.string("a key in quotes")?;
            cursor.require(b':')?;
            match key {
                b"descr" => descr = Some(cursor.descr()?),
                b"fortran_order" => fortran_order = Some(cursor.boolean()?),
                b"shape" => shape = Some(cursor.tuple()?),
                _ => {
                    return Err(cursor.refused(
                        "key in the NPY header",
                        quoted(key),
                        "`descr`, `fortran_order` or `shape`",
                    ));
                }
            }
            if !cursor.accept(b',') {
                cursor.require(b'}')?;
                break;
            }
        }
        cursor.end()?;
        let missing = |key| {
            let expected = "`descr`, `fortran_order` and `shape`";
            cursor.refused("keys in the NPY header", format!("no `{key}`"), expected)
        };
        let descr = descr.ok_or_else(|| missing("descr"))?;
        let kind = Kind::from_descr(&descr).ok_or_else(|| {
            cursor.refused(
                "dtype",
                quoted(descr.as_bytes()),
                "uint8, float32 or float64 (`|u1`, `<f4`, `<f8`); convert it with `.astype('float32')`",
            )
        })?;
        Ok(Self {
            kind,
            descr,
            fortran_order: fortran_order.ok_or_else(|| missing("fortran_order"))?,
            shape: shape.ok_or_else(|| missing("shape"))?,
        })
    }
}

/// The part of a header that is not yet parsed.
struct Cursor<'a> {
    subject: &'a str,
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn refused(&self, place: &str, seen: String, expected: &str) -> DataError {
        DataError::invalid(self.subject, place, seen, expected)
    }

    /// The error that `expected` is not what comes next.
    fn unexpected(&self, expected: &str) -> DataError {
        let seen = if self.rest.is_empty() {
            "its end".to_owned()
        } else {
            quoted(self.rest)
        };
        self.refused("text of the NPY header", seen, expected)
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn accept(&mut self, byte: u8) -> bool {
        self.skip_space();
        let rest = self.rest.strip_prefix(&[byte]);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn require(&mut self, byte: u8) -> Result<(), DataError> {
        match self.accept(byte) {
            true => Ok(()),
            false => Err(self.unexpected(&format!("`{}`", char::from(byte)))),
        }
    }

    /// A string without escapes: no key and no type that is read has any.
    fn string(&mut self, expected: &str) -> Result<&'a [u8], DataError> {
        self.skip_space();
        if let [quote @ (b'\'' | b'"'), rest @ ..] = self.rest
            && let Some(length) = rest.iter().position(|byte| byte == quote)
        {
            self.rest = &rest[length + 1..];
            return Ok(&rest[..length]);
        }
        Err(self.unexpected(expected))
    }

    fn descr(&mut self) -> Result<String, DataError> {
        let descr = self.string("a plain type such as `'<f4'`")?;
        Ok(String::from_utf8_lossy(descr).into_owned())
    }

    fn boolean(&mut self) -> Result<bool, DataError> {
        self.skip_space();
        for (word, value) in [(b"True".as_slice(), true), (b"False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err(self.unexpected("`True` or `False`"))
    }

    fn tuple(&mut self) -> Result<Vec<u64>, DataError> {
        let mut sizes = Vec::new();
        self.require(b'(')?;
        while !self.accept(b')') {
            sizes.push(self.size()?);
            if !self.accept(b',') {
                self.require(b')')?;
                break;
            }
        }
        Ok(sizes)
    }

    fn size(&mut self) -> Result<u64, DataError> {
        self.skip_space();
        let digits = self
            .rest
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let (number, rest) = self.rest.split_at(digits);
        match std::str::from_utf8(number)
            .ok()
            .and_then(|number| number.parse().ok())
        {
            Some(size) => {
                self.rest = rest;
                Ok(size)
            }
            None => Err(self.unexpected("a size from 0 to 2^64 - 1")),
        }
    }

    fn end(&mut self) -> Result<(), DataError> {
        self.skip_space();
        match self.rest {
            [] => Ok(()),
            _ => Err(self.unexpected("nothing more")),
        }
    }
}
