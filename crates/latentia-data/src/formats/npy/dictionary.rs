//! The Python dictionary that a header is.

use crate::error::{DataError, quoted};

/// The part of a header that is not yet parsed.
pub(crate) struct Cursor<'a> {
    pub(crate) subject: &'a str,
    pub(crate) rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn refused(&self, place: &str, seen: String, expected: &str) -> DataError {
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

    pub(crate) fn accept(&mut self, byte: u8) -> bool {
        self.skip_space();
        let rest = self.rest.strip_prefix(&[byte]);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    pub(crate) fn require(&mut self, byte: u8) -> Result<(), DataError> {
        match self.accept(byte) {
            true => Ok(()),
            false => Err(self.unexpected(&format!("`{}`", char::from(byte)))),
        }
    }

    /// A string without escapes, of Python 2 perhaps with its `u`: no key and no type that is read has any.
    pub(crate) fn string(&mut self, expected: &str) -> Result<&'a [u8], DataError> {
        self.skip_space();
        if let [b'u', b'\'' | b'"', ..] = self.rest {
            self.rest = &self.rest[1..];
        }
        if let [quote @ (b'\'' | b'"'), rest @ ..] = self.rest
            && let Some(length) = rest.iter().position(|byte| byte == quote)
        {
            self.rest = &rest[length + 1..];
            return Ok(&rest[..length]);
        }
        Err(self.unexpected(expected))
    }

    pub(crate) fn descr(&mut self) -> Result<String, DataError> {
        self.skip_space();
        if self.rest.starts_with(b"[") {
            let expected = "one type for all columns: convert it with \
                 `numpy.lib.recfunctions.structured_to_unstructured(array, 'float32')`";
            return Err(self.refused("dtype", "a type with named fields".into(), expected));
        }
        let descr = self.string("a plain type such as `'<f4'`")?;
        Ok(String::from_utf8_lossy(descr).into_owned())
    }

    pub(crate) fn boolean(&mut self) -> Result<bool, DataError> {
        self.skip_space();
        for (word, value) in [(b"True".as_slice(), true), (b"False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err(self.unexpected("`True` or `False`"))
    }

    pub(crate) fn tuple(&mut self) -> Result<Vec<u64>, DataError> {
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

    /// A size, of Python 2 perhaps with its `L`.
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
                self.rest = rest.strip_prefix(b"L").unwrap_or(rest);
                Ok(size)
            }
            None => Err(self.unexpected("a size from 0 to 2^64 - 1")),
        }
    }

    pub(crate) fn end(&mut self) -> Result<(), DataError> {
        self.skip_space();
        match self.rest {
            [] => Ok(()),
            _ => Err(self.unexpected("nothing more")),
        }
    }
}
