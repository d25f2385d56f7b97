//! A column as it is read, value by value.

use std::fs::File;
use std::ops::Range;

use super::bits::Hybrid;
use super::cell::Cell;
use super::fault::{Fault, Result};
use super::footer::{Chunk, Column, Meaning, Physical};
use super::page::{Content, Header, MOST_BYTES, decompressed};
use super::thrift::Thrift;
use super::values::{Dictionary, Source, Stored, Values};
use crate::stored::read_exact_at;

/// The Julian day that begins at noon of 1 January 1970.
const JULIAN_DAY_OF_1970: i64 = 2_440_588;

/// The most bytes of a value.
const MOST_TEXT: usize = 1 << 20;

/// Bytes of a header that are read first, and at most: it may have the smallest and the largest value.
const HEADER: usize = 512;
const MOST_HEADER: usize = 1 << 20;

/// The values of a column in a group of rows.
pub(super) struct Cursor {
    codec: i64,
    /// Where the next page is in the file, and where the last one ends.
    at: u64,
    end: u64,
    page: Vec<u8>,
    dictionary: Option<Dictionary>,
    /// Values of the page that are left, missing ones too; which are missing, and the others.
    left: u64,
    levels: Option<Hybrid>,
    values: Values,
    joined: Vec<u8>,
    current: Current,
}

/// The value that was read last.
enum Current {
    Missing,
    Number(f64),
    Bool(bool),
    Date(f64),
    Text(Source, Range<usize>),
}

impl Cursor {
    /// At the start of `chunk`, in a file whose pages end at `end`.
    pub(super) fn new(chunk: &Chunk, end: u64) -> Result<Self> {
        match chunk.start.checked_add(chunk.length) {
            Some(last) if last <= end => Ok(Self {
                codec: chunk.codec,
                at: chunk.start,
                end: last,
                page: Vec::new(),
                dictionary: None,
                left: 0,
                levels: None,
                values: Values::None,
                joined: Vec::new(),
                current: Current::Missing,
            }),
            _ => Err(Fault::Broken("values outside of the file")),
        }
    }

    /// Bytes that are in memory for it.
    pub(super) fn held(&self) -> usize {
        self.page.len() + self.dictionary.as_ref().map_or(0, Dictionary::size) + self.joined.len()
    }

    /// Reads the next value; pages may take `memory` bytes.
    pub(super) fn advance(&mut self, file: &File, column: &Column, memory: usize) -> Result<()> {
        while self.left == 0 {
            self.load_page(file, column, memory)?;
        }
        self.left -= 1;
        if let Some(levels) = &mut self.levels
            && levels.next(&self.page)? == 0
        {
            self.current = Current::Missing;
            return Ok(());
        }
        let stored = self.values.next(
            column.physical,
            &self.page,
            self.dictionary.as_ref(),
            &mut self.joined,
        )?;
        self.current = match stored {
            Stored::Bits(bits) => from_bits(bits, column),
            Stored::Bytes(_, range) if range.len() > MOST_TEXT => {
                return Err(Fault::Unsupported(
                    "a text of more than 1 MiB".into(),
                    "shorter ones, or leave the column out",
                ));
            }
            Stored::Bytes(source, range) if column.meaning == Meaning::Text => {
                match std::str::from_utf8(&self.bytes(source)[range.clone()]) {
                    Ok(_) => Current::Text(source, range),
                    Err(_) => {
                        return Err(Fault::Unsupported(
                            "bytes that are not UTF-8".into(),
                            "text in UTF-8, or leave the column out",
                        ));
                    }
                }
            }
            Stored::Bytes(source, range) => from_bytes(&self.bytes(source)[range], column.meaning),
        };
        Ok(())
    }

    /// The value that was read last.
    pub(super) fn cell(&self) -> Cell<'_> {
        match &self.current {
            Current::Missing => Cell::Missing,
            Current::Number(value) => Cell::Number(*value),
            Current::Bool(value) => Cell::Bool(*value),
            Current::Date(days) => Cell::Date(*days),
            Current::Text(source, range) => {
                // It was checked when it was read.
                Cell::Text(
                    std::str::from_utf8(&self.bytes(*source)[range.clone()]).unwrap_or_default(),
                )
            }
        }
    }

    fn bytes(&self, source: Source) -> &[u8] {
        match source {
            Source::Page => &self.page,
            Source::Dictionary => self
                .dictionary
                .as_ref()
                .map_or(&[], |dictionary| &dictionary.bytes),
            Source::Joined => &self.joined,
        }
    }

    /// Reads the next page.
    fn load_page(&mut self, file: &File, column: &Column, memory: usize) -> Result<()> {
        let header = self.header(file)?;
        if header.compressed as u64 > self.end - self.at {
            return Err(Fault::Broken("a page that is longer than its column"));
        }
        if header.compressed + header.uncompressed > memory {
            return Err(Fault::Unsupported(
                "pages of more than 1 GiB in a row".into(),
                "smaller pages, as every writer makes by default",
            ));
        }
        // What is no longer needed goes before there is more.
        self.current = Current::Missing;
        self.page = Vec::new();
        let mut raw = vec![0; header.compressed];
        read_exact_at(file, &mut raw, self.at).map_err(Fault::Io)?;
        self.at += header.compressed as u64;
        let physical = column.physical;
        match header.content {
            Content::Other => Ok(()),
            Content::Dictionary if self.dictionary.is_some() => {
                Err(Fault::Broken("two dictionaries"))
            }
            Content::Dictionary => {
                let bytes = decompressed(self.codec, &raw, header.uncompressed)?;
                self.dictionary = Some(Dictionary::new(bytes, header.values, physical)?);
                Ok(())
            }
            Content::Data => {
                self.page = decompressed(self.codec, &raw, header.uncompressed)?;
                let mut start = 0;
                self.levels = None;
                if column.is_optional {
                    let length = self
                        .page
                        .first_chunk()
                        .map(|bytes| u32::from_le_bytes(*bytes) as usize);
                    let end = length.and_then(|length| length.checked_add(4));
                    start = end.filter(|&end| end <= self.page.len()).ok_or(LEVELS)?;
                    if header.level_encoding != 3 {
                        return Err(Fault::Unsupported(
                            "levels in the encoding of old".into(),
                            "a file of a writer of this decade",
                        ));
                    }
                    self.levels = Some(Hybrid::new(1, 4, start)?);
                }
                self.begin(&header, physical, start)
            }
            Content::DataV2 {
                levels,
                is_compressed,
            } => {
                let (head, body) = raw.split_at_checked(levels).ok_or(LEVELS)?;
                let length = header.uncompressed.checked_sub(levels).ok_or(LEVELS)?;
                let codec = if is_compressed { self.codec } else { 0 };
                let body = decompressed(codec, body, length)?;
                self.page = [head, &body].concat();
                let optional = column.is_optional.then(|| Hybrid::new(1, 0, levels));
                self.levels = optional.transpose()?;
                self.begin(&header, physical, levels)
            }
        }
    }

    fn begin(&mut self, header: &Header, physical: Physical, start: usize) -> Result<()> {
        self.left = header.values;
        self.values = Values::new(header.encoding, physical, &self.page, start, header.values)?;
        Ok(())
    }

    /// Reads the header of the next page, and goes behind it.
    fn header(&mut self, file: &File) -> Result<Header> {
        let (mut most, rest) = (HEADER, self.end - self.at);
        loop {
            let length = (most as u64).min(rest) as usize;
            let mut bytes = vec![0; length];
            read_exact_at(file, &mut bytes, self.at).map_err(Fault::Io)?;
            let mut thrift = Thrift(&bytes);
            match Header::read(&mut thrift) {
                Ok(header) => {
                    self.at += (length - thrift.0.len()) as u64;
                    return Ok(header);
                }
                Err(_) if most < MOST_HEADER && length as u64 != rest => most = MOST_HEADER,
                Err(_) if rest == 0 => return Err(Fault::Broken("fewer values than rows")),
                Err(fault) => return Err(fault),
            }
        }
    }
}

const LEVELS: Fault = Fault::Broken("levels that are longer than their page");

const _: () = assert!(
    MOST_BYTES <= u32::MAX as usize,
    "ends of a dictionary's values are 32 bits"
);

fn from_bits(bits: u64, column: &Column) -> Current {
    let is_short = matches!(column.physical, Physical::Int32 | Physical::Float);
    let signed = if is_short {
        i64::from(bits as u32 as i32)
    } else {
        bits as i64
    };
    match column.meaning {
        Meaning::Boolean => Current::Bool(bits != 0),
        Meaning::Float if is_short => Current::Number(f32::from_bits(bits as u32).into()),
        Meaning::Float => Current::Number(f64::from_bits(bits)),
        Meaning::Unsigned if is_short => Current::Number((bits as u32).into()),
        Meaning::Unsigned => Current::Number(bits as f64),
        Meaning::Decimal(unit) => Current::Number(scaled(signed as f64, unit)),
        Meaning::Days => Current::Date(signed as f64),
        Meaning::Timestamp(day) => Current::Date(signed as f64 / day),
        // Of other types there are no bits.
        Meaning::Signed | Meaning::Half | Meaning::Text | Meaning::Julian => {
            Current::Number(signed as f64)
        }
    }
}

/// `value` times a negative power of ten: divided by a power that f64 holds, 12345 hundredths are 123.45.
fn scaled(value: f64, unit: f64) -> f64 {
    value / (1.0 / unit).round()
}

fn from_bytes(bytes: &[u8], meaning: Meaning) -> Current {
    match meaning {
        Meaning::Half => {
            let bits = bytes
                .first_chunk()
                .map_or(0, |bytes| u16::from_le_bytes(*bytes));
            Current::Number(latentia_tensor::from_half(bits).into())
        }
        Meaning::Julian => {
            let nanoseconds = bytes
                .first_chunk()
                .map_or(0, |bytes| u64::from_le_bytes(*bytes));
            let day = bytes
                .last_chunk()
                .map_or(0, |bytes| i32::from_le_bytes(*bytes));
            let day = i64::from(day) - JULIAN_DAY_OF_1970;
            Current::Date(day as f64 + nanoseconds as f64 / 86_400e9)
        }
        // Two's complement, the first byte the highest: a negative number is one less than the negative of its inverted bits.
        Meaning::Decimal(unit) => {
            let is_negative = bytes.first().is_some_and(|first| first >> 7 == 1);
            let inverted = if is_negative { 0xff } else { 0 };
            let bytes = bytes.iter().map(|byte| f64::from(byte ^ inverted));
            let magnitude = bytes.fold(0.0, |value, byte| 256.0 * value + byte);
            let value = if is_negative {
                -magnitude - 1.0
            } else {
                magnitude
            };
            Current::Number(scaled(value, unit))
        }
        _ => Current::Missing,
    }
}
