//! The values of a page, one after the other.

use std::ops::Range;

use super::bits::{Deltas, Hybrid, bits};
use super::fault::{Fault, Result};
use super::footer::Physical;

const ENDS: Fault = Fault::Broken("a page that ends before its values");

/// A value as it is stored: its bits, little-endian, or where its bytes are.
pub(super) enum Stored {
    Bits(u64),
    Bytes(Source, Range<usize>),
}

/// Where bytes are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Page,
    Dictionary,
    /// Put together from several places.
    Joined,
}

/// The values of a dictionary.
pub(super) struct Dictionary {
    pub(super) bytes: Vec<u8>,
    /// Where values end that have lengths of their own.
    ends: Vec<u32>,
    count: usize,
}

impl Dictionary {
    /// Of a page of `count` plain values.
    pub(super) fn new(bytes: Vec<u8>, count: u64, physical: Physical) -> Result<Self> {
        let (mut ends, mut at) = (Vec::new(), 0);
        let count = match (physical, physical.size()) {
            (Physical::Bytes, _) => {
                // Four bytes of the page for each: the claim alone takes no memory.
                for _ in 0..count {
                    at = prefixed(&bytes, at)?.end;
                    ends.push(at as u32);
                }
                ends.len()
            }
            (_, Some(size))
                if count
                    .checked_mul(size as u64)
                    .is_some_and(|all| all <= bytes.len() as u64) =>
            {
                count as usize
            }
            _ => return Err(ENDS),
        };
        Ok(Self { bytes, ends, count })
    }

    /// Bytes that it takes.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + size_of::<u32>() * self.ends.len()
    }

    fn get(&self, index: u32, physical: Physical) -> Result<Stored> {
        let index = index as usize;
        if index >= self.count {
            return Err(Fault::Broken("an index that is not in the dictionary"));
        }
        match physical.size() {
            Some(size) => fixed(&self.bytes, index * size, size, Source::Dictionary),
            None => {
                let start = index
                    .checked_sub(1)
                    .map_or(0, |before| self.ends[before] as usize);
                Ok(Stored::Bytes(
                    Source::Dictionary,
                    start + 4..self.ends[index] as usize,
                ))
            }
        }
    }
}

/// The bytes behind their length in four.
fn prefixed(bytes: &[u8], at: usize) -> Result<Range<usize>> {
    let length = bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .ok_or(ENDS)?;
    let start = at + 4;
    let end = start
        .checked_add(u32::from_le_bytes(*length) as usize)
        .ok_or(ENDS)?;
    match end <= bytes.len() {
        true => Ok(start..end),
        false => Err(ENDS),
    }
}

/// A value of `size` bytes.
fn fixed(bytes: &[u8], at: usize, size: usize, source: Source) -> Result<Stored> {
    let found = bytes.get(at..at + size).ok_or(ENDS)?;
    match size {
        4 | 8 if source != Source::Joined => {
            let mut whole = [0; 8];
            whole[..size].copy_from_slice(found);
            Ok(Stored::Bits(u64::from_le_bytes(whole)))
        }
        _ => Ok(Stored::Bytes(source, at..at + size)),
    }
}

/// How the values of a page are written, and how far they have been read.
pub(super) enum Values {
    None,
    /// The next byte, or for booleans the next bit.
    Plain(usize),
    Booleans(Hybrid),
    Indices(Hybrid),
    Deltas(Deltas),
    /// Lengths, and where the next bytes begin.
    Lengths(Deltas, usize),
    /// Bytes shared with the value before, then lengths of the rest, and where that begins.
    Prefixes(Deltas, Deltas, usize),
    /// Every first byte, then every second: where they begin, how many values there are, and which is next.
    Split {
        start: usize,
        count: usize,
        next: usize,
    },
}

impl Values {
    /// The values from byte `at` of a page on, `most` at most, by the format's number of their encoding.
    pub(super) fn new(
        encoding: i64,
        physical: Physical,
        page: &[u8],
        at: usize,
        most: u64,
    ) -> Result<Self> {
        let is_integer = matches!(physical, Physical::Int32 | Physical::Int64);
        Ok(match (encoding, physical) {
            (0, Physical::Boolean) => Self::Plain(at.checked_mul(8).ok_or(ENDS)?),
            (0, _) => Self::Plain(at),
            // Without values there is no width either.
            (2 | 8, _) if at == page.len() => Self::None,
            (2 | 8, _) => Self::Indices(Hybrid::new(page[at], at + 1, page.len())?),
            (3, Physical::Boolean) => {
                let runs = prefixed(page, at)?;
                Self::Booleans(Hybrid::new(1, runs.start, runs.end)?)
            }
            (5, _) if is_integer => Self::Deltas(Deltas::new(page, at, most)?),
            (6, Physical::Bytes) => {
                let start = Deltas::new(page, at, most)?.end(page)?;
                Self::Lengths(Deltas::new(page, at, most)?, start)
            }
            (7, Physical::Bytes | Physical::Fixed(_)) => {
                let lengths = Deltas::new(page, at, most)?.end(page)?;
                let start = Deltas::new(page, lengths, most)?.end(page)?;
                Self::Prefixes(
                    Deltas::new(page, at, most)?,
                    Deltas::new(page, lengths, most)?,
                    start,
                )
            }
            (9, _) => Self::Split {
                start: at,
                count: (page.len() - at) / physical.size().filter(|&size| size > 0).ok_or(ENDS)?,
                next: 0,
            },
            _ => {
                return Err(Fault::Unsupported(
                    format!("encoding {encoding}"),
                    "an encoding of version 2.12 of the format that fits the type",
                ));
            }
        })
    }

    /// The next value. `joined` is what was put together last, and is overwritten.
    pub(super) fn next(
        &mut self,
        physical: Physical,
        page: &[u8],
        dictionary: Option<&Dictionary>,
        joined: &mut Vec<u8>,
    ) -> Result<Stored> {
        match self {
            Self::None => Err(ENDS),
            Self::Plain(at) => match (physical, physical.size()) {
                (Physical::Boolean, _) => {
                    let value = bits(page, *at, 1).ok_or(ENDS)?;
                    *at += 1;
                    Ok(Stored::Bits(value))
                }
                (_, Some(size)) => {
                    let value = fixed(page, *at, size, Source::Page)?;
                    *at += size;
                    Ok(value)
                }
                (_, None) => {
                    let bytes = prefixed(page, *at)?;
                    *at = bytes.end;
                    Ok(Stored::Bytes(Source::Page, bytes))
                }
            },
            Self::Booleans(runs) => Ok(Stored::Bits(runs.next(page)?.into())),
            Self::Indices(runs) => {
                let index = runs.next(page)?;
                let dictionary = dictionary.ok_or(Fault::Broken("indices without a dictionary"))?;
                dictionary.get(index, physical)
            }
            Self::Deltas(deltas) => Ok(Stored::Bits(deltas.next(page)? as u64)),
            Self::Lengths(lengths, at) => {
                let range = following(at, lengths.next(page)?, page)?;
                Ok(Stored::Bytes(Source::Page, range))
            }
            Self::Prefixes(prefixes, lengths, at) => {
                let shared = usize::try_from(prefixes.next(page)?);
                let shared = shared.ok().filter(|&shared| shared <= joined.len());
                joined.truncate(shared.ok_or(ENDS)?);
                let range = following(at, lengths.next(page)?, page)?;
                joined.extend_from_slice(&page[range]);
                if let Physical::Fixed(size) = physical
                    && joined.len() != size
                {
                    return Err(ENDS);
                }
                Ok(Stored::Bytes(Source::Joined, 0..joined.len()))
            }
            Self::Split { start, count, next } => {
                let size = physical.size().ok_or(ENDS)?;
                if *next >= *count {
                    return Err(ENDS);
                }
                joined.clear();
                joined.extend((0..size).map(|byte| page[*start + byte * *count + *next]));
                *next += 1;
                match size {
                    4 | 8 => fixed(joined, 0, size, Source::Page),
                    _ => fixed(joined, 0, size, Source::Joined),
                }
            }
        }
    }
}

/// The next `length` bytes from `at` on.
fn following(at: &mut usize, length: i64, page: &[u8]) -> Result<Range<usize>> {
    let length = usize::try_from(length).map_err(|_| ENDS)?;
    let end = at
        .checked_add(length)
        .filter(|&end| end <= page.len())
        .ok_or(ENDS)?;
    Ok(std::mem::replace(at, end)..end)
}
