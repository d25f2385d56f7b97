//! Numbers of a few bits each.

use super::fault::{Fault, Result};
use super::thrift::Thrift;

/// The `width` bits from bit `at` on, the lowest first; 64 at most.
pub(super) fn bits(bytes: &[u8], at: usize, width: u8) -> Option<u64> {
    let (first, shift) = (at / 8, at % 8);
    let length = (shift + usize::from(width)).div_ceil(8);
    let bytes = bytes.get(first..first.checked_add(length)?)?;
    let mut whole = [0; 16];
    whole[..length].copy_from_slice(bytes);
    let value = u128::from_le_bytes(whole) >> shift;
    Some((value & ((1 << width) - 1)) as u64)
}

/// Runs of one value and runs of packed values, in turn, as levels, booleans and indices into dictionaries are written.
pub(super) struct Hybrid {
    width: u8,
    /// Where the next run begins, and where the runs end.
    at: usize,
    end: usize,
    run: Run,
    /// Values left of it.
    left: u64,
}

enum Run {
    Of(u32),
    /// Packed, from this bit on.
    Packed(usize),
}

impl Hybrid {
    /// Runs of values of `width` bits in bytes `at` to `end` of a page.
    pub(super) fn new(width: u8, at: usize, end: usize) -> Result<Self> {
        match width <= 32 {
            true => Ok(Self {
                width,
                at,
                end,
                run: Run::Of(0),
                left: 0,
            }),
            false => Err(Fault::Broken("values of more than 32 bits")),
        }
    }

    pub(super) fn next(&mut self, page: &[u8]) -> Result<u32> {
        const ENDS: Fault = Fault::Broken("a page that ends before its values");
        let page = page.get(..self.end).ok_or(ENDS)?;
        while self.left == 0 {
            let rest = page.get(self.at..).ok_or(ENDS)?;
            let mut thrift = Thrift(rest);
            let header = thrift.varint()?;
            self.at += rest.len() - thrift.0.len();
            let length = match header & 1 {
                0 => {
                    let length = usize::from(self.width).div_ceil(8);
                    let value = bits(page, 8 * self.at, 8 * length as u8).ok_or(ENDS)?;
                    self.run = Run::Of(value as u32);
                    self.left = header >> 1;
                    length as u64
                }
                _ => {
                    self.run = Run::Packed(8 * self.at);
                    self.left = (header >> 1).checked_mul(8).ok_or(ENDS)?;
                    // Runs that end behind the page are found when they are read.
                    (header >> 1).saturating_mul(self.width.into())
                }
            };
            self.at = self
                .at
                .saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
        }
        self.left -= 1;
        match &mut self.run {
            Run::Of(value) => Ok(*value),
            Run::Packed(at) => {
                let value = bits(page, *at, self.width).ok_or(ENDS)?;
                *at += usize::from(self.width);
                Ok(value as u32)
            }
        }
    }
}

/// Integers as differences that are packed in blocks.
pub(super) struct Deltas {
    /// Values of a small block, and small blocks of a block.
    small: usize,
    smalls: usize,
    /// Values left.
    left: u64,
    value: i64,
    least: i64,
    /// Where the widths of a block's small blocks are, which of them is next, values left of the one before, and its width.
    widths: usize,
    next_small: usize,
    in_small: usize,
    width: u8,
    /// The next bit, and the byte at which the next small block begins.
    bit: usize,
    at: usize,
    is_first: bool,
}

impl Deltas {
    const BROKEN: Fault = Fault::Broken("differences that are cut off or out of bounds");

    /// `most` values at most, from byte `at` of a page on.
    pub(super) fn new(page: &[u8], at: usize, most: u64) -> Result<Self> {
        let rest = page.get(at..).ok_or(Self::BROKEN)?;
        let mut thrift = Thrift(rest);
        let (block, smalls) = (thrift.varint()?, thrift.varint()?);
        let (left, value) = (thrift.varint()?, thrift.integer()?);
        let is_valid = (1..=1 << 16).contains(&block) && (1..=block).contains(&smalls);
        if !is_valid || block % (8 * smalls) != 0 || left > most {
            return Err(Self::BROKEN);
        }
        Ok(Self {
            small: (block / smalls) as usize,
            smalls: smalls as usize,
            left,
            value,
            least: 0,
            widths: 0,
            next_small: smalls as usize,
            in_small: 0,
            width: 0,
            bit: 0,
            at: at + rest.len() - thrift.0.len(),
            is_first: true,
        })
    }

    /// Goes to the next small block.
    fn begin_small(&mut self, page: &[u8]) -> Result<()> {
        if self.next_small == self.smalls {
            let rest = page.get(self.at..).ok_or(Self::BROKEN)?;
            let mut thrift = Thrift(rest);
            self.least = thrift.integer()?;
            self.widths = self.at + rest.len() - thrift.0.len();
            self.at = self.widths + self.smalls;
            self.next_small = 0;
        }
        self.width = *page
            .get(self.widths + self.next_small)
            .ok_or(Self::BROKEN)?;
        if self.width > 64 {
            return Err(Self::BROKEN);
        }
        self.next_small += 1;
        self.in_small = self.small;
        self.bit = 8 * self.at;
        self.at += self.small / 8 * usize::from(self.width);
        Ok(())
    }

    pub(super) fn next(&mut self, page: &[u8]) -> Result<i64> {
        self.left = self.left.checked_sub(1).ok_or(Self::BROKEN)?;
        if std::mem::replace(&mut self.is_first, false) {
            return Ok(self.value);
        }
        if self.in_small == 0 {
            self.begin_small(page)?;
        }
        self.in_small -= 1;
        let delta = bits(page, self.bit, self.width).ok_or(Self::BROKEN)?;
        self.bit += usize::from(self.width);
        self.value = self
            .value
            .wrapping_add(self.least)
            .wrapping_add(delta as i64);
        Ok(self.value)
    }

    /// The byte behind all values, when none has been read.
    pub(super) fn end(mut self, page: &[u8]) -> Result<usize> {
        let mut left = self.left.saturating_sub(1);
        while left > 0 {
            self.begin_small(page)?;
            left = left.saturating_sub(self.small as u64);
        }
        // Of a block that is not full, the other small blocks have widths and no values.
        match self.at <= page.len() {
            true => Ok(self.at),
            false => Err(Self::BROKEN),
        }
    }
}
