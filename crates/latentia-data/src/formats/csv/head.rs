//! The first bytes of a table, by which it is known how to read the rest.

use std::io::{self, Chain, Cursor, Read};

use super::super::table::NOT_UTF8;
use crate::error::DataError;
use crate::input::{Input, read_error};
use crate::others;

/// Bytes that are looked at before the first row is read, and more of them where they do not have [`LINES`] lines.
const HEAD: u64 = 1 << 16;
const MOST: u64 = 1 << 24;

/// Lines that tell how a table is written.
const LINES: usize = 20;

/// The text of a file without its byte order mark, its lines ended by `\n`; it remembers the bytes that it gave last.
pub(super) struct Text<'a> {
    input: Chain<Cursor<Vec<u8>>, Box<dyn Read + 'a>>,
    /// Whether lines are ended by `\r` alone.
    has_returns: bool,
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
        let mut wanted = HEAD;
        let is_whole = loop {
            let rest = wanted - start.len() as u64;
            let read = input.by_ref().take(rest).read_to_end(&mut start);
            read.map_err(|error| read_error(subject, error))?;
            let is_whole = (start.len() as u64) < wanted;
            let ends = start.iter().filter(|byte| matches!(byte, b'\n' | b'\r'));
            if is_whole || wanted == MOST || ends.take(LINES).count() == LINES {
                break is_whole;
            }
            wanted = (4 * wanted).min(MOST);
        };
        if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
            return Err(DataError::invalid(subject, "text", "UTF-16", NOT_UTF8));
        }
        if let Some(error) = others::refused(subject, &start) {
            return Err(error);
        }
        if start.contains(&0) {
            let expected = "a table as text in UTF-8";
            return Err(DataError::invalid(subject, "text", "bytes of 0", expected));
        }
        // The reader would skip the mark too, but then its positions would not count it.
        if start.starts_with(b"\xef\xbb\xbf") {
            start.drain(..3);
        }
        let has_returns = start.contains(&b'\r') && !start.contains(&b'\n');
        if has_returns {
            to_newlines(&mut start);
        }
        let lines = match start.iter().rposition(|&byte| byte == b'\n') {
            Some(last) if !is_whole => start[..=last].to_vec(),
            _ => start.clone(),
        };
        let text = Self {
            input: Cursor::new(start).chain(input),
            has_returns,
            last: Vec::new(),
            before: 0,
        };
        Ok((text, lines))
    }

    pub(super) fn byte_before(&self, position: u64) -> Option<u8> {
        let at = position.checked_sub(self.before + 1)?;
        self.last.get(at as usize).copied()
    }

    /// The last byte that was read and is no space.
    pub(super) fn last_byte(&self) -> Option<u8> {
        self.last.trim_ascii_end().last().copied()
    }
}

fn to_newlines(bytes: &mut [u8]) {
    let ends = bytes.iter_mut().filter(|byte| **byte == b'\r');
    ends.for_each(|byte| *byte = b'\n');
}

impl Read for Text<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        if self.has_returns {
            to_newlines(&mut buffer[..count]);
        }
        if count > 0 {
            self.before += self.last.len() as u64;
            self.last.clear();
            self.last.extend_from_slice(&buffer[..count]);
        }
        Ok(count)
    }
}
