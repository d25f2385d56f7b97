//! The first bytes of a table, by which it is known how to read the rest.

use std::io::{self, Chain, Cursor, Read};

use crate::error::DataError;
use crate::input::{Input, read_error};
use crate::others;

/// Bytes that are looked at before the first row is read.
const HEAD: u64 = 1 << 16;

/// The text of a file without its byte order mark; it remembers the bytes that it gave last.
pub(super) struct Text<'a> {
    input: Chain<Cursor<Vec<u8>>, Box<dyn Read + 'a>>,
    last: Vec<u8>,
    /// Bytes before `last`.
    before: u64,
}

impl<'a> Text<'a> {
    /// The text of `input`, and the whole lines that it begins with.
    ///
    /// # Errors
    /// When it cannot be read, or is no text in UTF-8.
    pub(super) fn new(input: Input<'a>) -> Result<(Self, Vec<u8>), DataError> {
        let subject = input.subject;
        let mut input = input.into_reader();
        let mut start = Vec::new();
        let read = input.by_ref().take(HEAD).read_to_end(&mut start);
        read.map_err(|error| read_error(subject, error))?;
        let is_whole = (start.len() as u64) < HEAD;
        if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
            let expected = "text in UTF-8: save the table as `CSV UTF-8`";
            return Err(DataError::invalid(subject, "text", "UTF-16", expected));
        }
        if start.contains(&0) {
            let no_text = || {
                let expected = "a table as text in UTF-8";
                DataError::invalid(subject, "text", "bytes of 0", expected)
            };
            return Err(others::refused(subject, &start).unwrap_or_else(no_text));
        }
        // The reader would skip the mark too, but then its positions would not count it.
        if start.starts_with(b"\xef\xbb\xbf") {
            start.drain(..3);
        }
        let lines = match start.iter().rposition(|&byte| byte == b'\n') {
            Some(last) if !is_whole => start[..=last].to_vec(),
            _ => start.clone(),
        };
        let text = Self {
            input: Cursor::new(start).chain(input),
            last: Vec::new(),
            before: 0,
        };
        Ok((text, lines))
    }

    pub(super) fn byte_before(&self, position: u64) -> Option<u8> {
        let at = position.checked_sub(self.before + 1)?;
        self.last.get(at as usize).copied()
    }
}

impl Read for Text<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        if count > 0 {
            self.before += self.last.len() as u64;
            self.last.clear();
            self.last.extend_from_slice(&buffer[..count]);
        }
        Ok(count)
    }
}
