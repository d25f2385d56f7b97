//! Lossless coding by any model: its reconstruction, and what that errs by.

use latentia_models::Autoencoder;
use latentia_tensor::{Matrix, Rows};

use crate::CodecError;
use crate::chunk::{ChunkCoder, Coded, checked, read_all, split_checksum, with_checksum};
use crate::lossy::Lossy;
use crate::quantiser::Quantiser;
use crate::stack::{Distribution, Interval, Stack, TOTAL};

/// Codes examples as [`Lossy`] does, and behind it the difference of every value from the reconstruction, by how often
/// differences were met so far under like circumstances.
pub(crate) struct Residual<'a> {
    lossy: Lossy<'a>,
    width: usize,
    /// How far back in an example the values on the left and above lie; 0 where there are none.
    left: usize,
    above: usize,
}

impl<'a> Residual<'a> {
    pub(crate) fn new(model: &'a Autoencoder, quantiser: Quantiser, step: u16) -> Self {
        let (left, above) = match model.shape().picture() {
            Some(picture) => {
                let beside = picture.elements_beside();
                (beside, picture.width * beside)
            }
            None => (1, 0),
        };
        Self {
            lossy: Lossy::new(model, quantiser, step, true),
            width: model.width(),
            left,
            above,
        }
    }

    /// The circumstances of value `at` of an example, of which those before are known.
    fn context(&self, x: &[u8], guess: &[u8], at: usize) -> usize {
        let error = |back: usize| match back > 0 && at >= back {
            true => u32::from(x[at - back].abs_diff(guess[at - back])),
            false => 0,
        };
        let near = match error(self.left) + error(self.above) {
            0 => 0,
            1..4 => 1,
            4..16 => 2,
            16..48 => 3,
            48..128 => 4,
            128.. => 5,
        };
        let level = match guess[at] {
            0 => 0,
            1..4 => 1,
            4..16 => 2,
            16..64 => 3,
            64..192 => 4,
            192..252 => 5,
            252.. => 6,
        };
        near * LEVELS + level
    }
}

const LEVELS: usize = 7;
const CONTEXTS: usize = 6 * LEVELS;

/// How often each difference was met.
#[derive(Clone)]
struct AdaptiveCounts {
    counts: [u16; 256],
    total: u32,
}

/// What one difference adds to its count, and the total at which all counts are halved.
const GAIN: u16 = 24;
const MOST: u32 = 1 << 14;

impl AdaptiveCounts {
    fn new() -> Self {
        Self {
            counts: [1; 256],
            total: 256,
        }
    }

    fn add(&mut self, difference: u8) {
        self.counts[usize::from(difference)] += GAIN;
        self.total += u32::from(GAIN);
        if self.total >= MOST {
            self.total = 0;
            for count in &mut self.counts {
                *count = count.div_ceil(2);
                self.total += u32::from(*count);
            }
        }
    }

    /// The share of the whole that lies below `count` of the total.
    fn share(&self, count: u32) -> u32 {
        (u64::from(count) * u64::from(TOTAL) / u64::from(self.total)) as u32
    }
}

impl Distribution for AdaptiveCounts {
    fn interval(&self, difference: u32) -> Interval {
        let at = difference as usize;
        let below: u32 = self.counts[..at].iter().map(|&n| u32::from(n)).sum();
        let own = u32::from(self.counts[at]);
        Interval::between(self.share(below), self.share(below + own))
    }

    fn find(&self, quantile: u32) -> u32 {
        let mut below = 0;
        for (difference, &count) in (0..255).zip(&self.counts) {
            below += u32::from(count);
            if self.share(below) > quantile {
                return difference;
            }
        }
        255
    }
}

impl ChunkCoder for Residual<'_> {
    fn encode(&self, examples: &dyn Rows) -> Result<Coded, CodecError> {
        let symbols = self.lossy.symbols(examples)?;
        let codes = self.lossy.push(&symbols);
        let guesses = bytes(&self.lossy.reconstruct(&symbols)?);
        let values = bytes(&read_all(examples)?);
        let mut counts = vec![AdaptiveCounts::new(); CONTEXTS];
        let mut shares = Vec::with_capacity(values.len());
        for (x, guess) in values.chunks(self.width).zip(guesses.chunks(self.width)) {
            for at in 0..self.width {
                let counts = &mut counts[self.context(x, guess, at)];
                let difference = x[at].wrapping_sub(guess[at]);
                shares.push(counts.interval(difference.into()));
                counts.add(difference);
            }
        }
        let mut stack = Stack::new();
        for &share in shares.iter().rev() {
            stack.push(share);
        }
        let mut coded = (codes.len() as u32).to_le_bytes().to_vec();
        coded.extend(codes);
        coded.extend(stack.into_bytes());
        Ok(with_checksum(&values, coded).into())
    }

    fn decode(&self, coded: &[u8], examples: usize) -> Result<Matrix, CodecError> {
        let damaged = || CodecError::Damaged("a chunk does not hold whole examples".into());
        let (checksum, rest) = split_checksum(coded)?;
        let (length, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
        let codes = rest.split_at_checked(u32::from_le_bytes(*length) as usize);
        let (codes, rest) = codes.ok_or_else(damaged)?;
        let symbols = self.lossy.pop(codes, examples)?;
        let guesses = bytes(&self.lossy.reconstruct(&symbols)?);
        let mut stack = Stack::from_bytes(rest).ok_or_else(damaged)?;
        let mut values = vec![0; guesses.len()];
        let mut counts = vec![AdaptiveCounts::new(); CONTEXTS];
        for (x, guess) in values
            .chunks_mut(self.width)
            .zip(guesses.chunks(self.width))
        {
            for at in 0..self.width {
                let counts = &mut counts[self.context(x, guess, at)];
                let difference = stack.pop(counts) as u8;
                counts.add(difference);
                x[at] = guess[at].wrapping_add(difference);
            }
        }
        if !stack.is_empty() {
            return Err(damaged());
        }
        checked(values, checksum, self.width, 1.0)
    }
}

fn bytes(values: &Matrix) -> Vec<u8> {
    values.as_slice().iter().map(|&x| x as u8).collect()
}
