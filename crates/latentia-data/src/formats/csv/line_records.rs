//! The records of a table whose lines come one by one.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use csv::ByteRecord;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use crate::error::{DataError, grouped};

/// Bytes that are read at once, where so many are there.
const BUFFER: usize = 1 << 16;

/// The most bytes of a line.
const MOST_BYTES: usize = 1 << 26;

/// The most lines of a record, and bytes beyond which no line is added to it.
const MOST_LINES: usize = 1_000;
const MOST_ADDED: usize = 1 << 24;

/// The records of a table whose lines come one by one: each is given as soon as its end has come.
pub(super) struct LineRecords<R> {
    subject: String,
    input: BufReader<R>,
    parser: Reader,
    /// Whole lines.
    text: Vec<u8>,
    /// Where in it the last record began, where the next one does, and what the parser has seen of that.
    last: usize,
    start: usize,
    seen: usize,
    /// The line, from 1, of `last`, and of `start`.
    last_line: u64,
    line: u64,
    /// The next record's fields, one after the other, and where each ends, as far as they are known.
    fields: Vec<u8>,
    ends: Vec<usize>,
    known: (usize, usize),
    /// Whether a field may go on in another line, by its place; all may while nothing is said.
    may_span: Option<Vec<bool>>,
    /// Whether the last record's line was ended by `\r`, and `\n` may follow.
    has_return: bool,
    /// Empty lines before the last record, and before the next one.
    last_empty_lines: u64,
    empty_lines: u64,
    has_ended: bool,
}

/// What comes next.
pub(super) enum Step {
    /// A record.
    Record,
    /// A line with a quote that is not closed.
    Unclosed,
    /// More lines are needed, and none behind the last.
    Line,
}

impl<R: Read> LineRecords<R> {
    /// The records of `input`, which messages call `subject`.
    pub(super) fn new(input: R, subject: &str) -> Self {
        Self {
            subject: subject.to_owned(),
            input: BufReader::with_capacity(BUFFER, input),
            parser: Reader::new(),
            text: Vec::new(),
            last: 0,
            start: 0,
            seen: 0,
            last_line: 1,
            line: 1,
            fields: vec![0; 1 << 10],
            ends: vec![0; 1 << 5],
            known: (0, 0),
            may_span: None,
            has_return: false,
            last_empty_lines: 0,
            empty_lines: 0,
            has_ended: false,
        }
    }

    /// The first line that is not empty; nothing where there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn first_line(&mut self) -> Result<&[u8], DataError> {
        while self.start == self.text.len() && self.fill()? {
            if self.line == 1 && self.text.starts_with(b"\xef\xbb\xbf") {
                self.text.drain(..3);
            }
            self.skip_empty_lines();
        }
        Ok(&self.text[self.start..])
    }

    /// Fields are parted by `delimiter`.
    pub(super) fn part_by(&mut self, delimiter: u8) {
        self.parser = ReaderBuilder::new().delimiter(delimiter).build();
    }

    /// Which fields of a record may go on in other lines.
    pub(super) fn let_span(&mut self, may_span: Vec<bool>) {
        self.may_span = Some(may_span);
    }

    /// The line, from 1, that the last record began on.
    pub(super) fn last_line(&self) -> u64 {
        self.last_line
    }

    /// The last record as it came.
    pub(super) fn last_text(&self) -> &[u8] {
        &self.text[self.last..self.start]
    }

    /// The last record is the next one again.
    pub(super) fn unread(&mut self) {
        (self.start, self.seen, self.line) = (self.last, self.last, self.last_line);
        self.has_return = false;
    }

    /// Empty lines before the last record.
    pub(super) fn last_empty_lines(&self) -> u64 {
        self.last_empty_lines
    }

    /// Reads a line more, or gives `false` where there is none.
    ///
    /// # Errors
    /// When the input cannot be read, or a line is too long.
    pub(super) fn fill(&mut self) -> Result<bool, DataError> {
        if self.has_ended {
            return Ok(false);
        }
        self.text.drain(..self.start);
        self.seen -= self.start;
        (self.last, self.start) = (0, 0);
        let mut line = self.input.by_ref().take(MOST_BYTES as u64);
        let count = line.read_until(b'\n', &mut self.text);
        let count = count.map_err(|error| DataError::read(Path::new(&self.subject), error))?;
        if !self.text.ends_with(b"\n") || count == 0 {
            if count == MOST_BYTES {
                return Err(DataError::invalid(
                    &*self.subject,
                    format!("line {}", self.line),
                    "a line that does not end",
                    format!("at most {} bytes", grouped(MOST_BYTES as u64)),
                ));
            }
            self.has_ended = true;
            if count > 0 {
                self.text.push(b'\n');
            }
        }
        Ok(count > 0)
    }

    /// Whether [`Self::fill`] has what it reads without waiting for it.
    pub(super) fn has_line(&self) -> bool {
        self.input.buffer().contains(&b'\n')
    }

    /// What the lines that are here have next.
    pub(super) fn step(&mut self, record: &mut ByteRecord) -> Step {
        if self.seen == self.start {
            self.skip_empty_lines();
        }
        while self.seen < self.text.len() {
            let (fields, ends) = self.known;
            let (result, read, written, ended) = self.parser.read_record(
                &self.text[self.seen..],
                &mut self.fields[fields..],
                &mut self.ends[ends..],
            );
            self.seen += read;
            self.known = (fields + written, ends + ended);
            match result {
                ReadRecordResult::OutputFull => self.fields.resize(2 * self.fields.len(), 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
                ReadRecordResult::Record => {
                    self.take(record);
                    return Step::Record;
                }
                ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
            }
        }
        match self.start < self.seen && self.is_unclosed() {
            true => {
                self.leave_line();
                Step::Unclosed
            }
            false => Step::Line,
        }
    }

    fn take(&mut self, record: &mut ByteRecord) {
        record.clear();
        let mut first = 0;
        for &end in &self.ends[..self.known.1] {
            record.push_field(&self.fields[first..end]);
            first = end;
        }
        self.known = (0, 0);
        let text = &self.text[self.start..self.seen];
        let lines = text.iter().filter(|&&byte| byte == b'\n').count();
        (self.last, self.last_line) = (self.start, self.line);
        self.last_empty_lines = std::mem::take(&mut self.empty_lines);
        self.has_return = text.ends_with(b"\r");
        self.start = self.seen;
        self.line += lines as u64;
    }

    /// Whether a field that goes on to the end of all lines that are here goes on for ever, as far as that can be known.
    fn is_unclosed(&self) -> bool {
        let text = &self.text[self.start..];
        let lines = || text.iter().filter(|&&byte| byte == b'\n').count();
        let may_span = self.may_span.as_ref();
        let may_span = may_span.map(|fields| fields.get(self.known.1) == Some(&true));
        self.has_ended
            || may_span == Some(false)
            || text.len() > MOST_ADDED
            || lines() >= MOST_LINES
    }

    /// Goes on behind the first line of the record.
    fn leave_line(&mut self) {
        let text = &self.text[self.start..];
        let end = text.iter().position(|&byte| byte == b'\n');
        let end = end.map_or(self.text.len(), |end| self.start + end + 1);
        (self.last, self.last_line) = (self.start, self.line);
        (self.start, self.seen) = (end, end);
        self.line += 1;
        self.known = (0, 0);
        self.has_return = false;
        self.parser.reset();
    }

    fn skip_empty_lines(&mut self) {
        while let Some(&byte @ (b'\r' | b'\n')) = self.text.get(self.start) {
            if byte == b'\n' {
                self.line += 1;
                self.empty_lines += u64::from(!self.has_return);
                self.has_return = false;
            }
            self.start += 1;
        }
        self.seen = self.start;
    }
}
