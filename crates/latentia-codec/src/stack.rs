//! The entropy coder: a stack of symbols, each with as many bits as its probability needs.

use std::borrow::Borrow;
use std::num::NonZeroU32;

use constriction::stream::model::{DecoderModel, EncoderModel, EntropyModel};
use constriction::stream::stack::AnsCoder;
use constriction::stream::{Decode, Encode};

/// Bits of a probability: probabilities are whole numbers over 2²⁴.
pub(crate) const PRECISION: usize = 24;

/// The whole, of which symbols have their shares.
pub(crate) const TOTAL: u32 = 1 << PRECISION;

/// A symbol's share of `0..TOTAL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) left: u32,
    pub(crate) width: u32,
}

impl Interval {
    /// Bits of a symbol with this share.
    pub(crate) fn bits(self) -> f64 {
        PRECISION as f64 - f64::from(self.width).log2()
    }

    /// From `left` to before `right`.
    pub(crate) fn between(left: u32, right: u32) -> Self {
        Self {
            left,
            width: right.saturating_sub(left),
        }
    }
}

/// A distribution over symbols that count from 0, whose shares are integers: what encodes and what decodes must compute the
/// same ones, to the last unit.
pub(crate) trait Distribution {
    /// The share of a symbol.
    fn interval(&self, symbol: u32) -> Interval;

    /// The symbol whose share holds `quantile`, which is less than [`TOTAL`].
    fn find(&self, quantile: u32) -> u32;
}

/// Asymmetric numeral systems (Duda 2009), on 64 bits of state and words of 32: what is pushed last is popped first. Popping
/// by a distribution that nothing was pushed by draws a symbol of it, and pushing that back restores the bits.
pub(crate) struct Stack(AnsCoder<u32, u64>);

impl Stack {
    pub(crate) fn new() -> Self {
        Self(AnsCoder::new())
    }

    /// Whether all that was pushed has been popped.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Pushes a symbol that has this share; `false`, with nothing done, where it has none.
    pub(crate) fn push(&mut self, interval: Interval) -> bool {
        self.0.encode_symbol((), interval).is_ok()
    }

    /// Pops a symbol of `distribution`.
    pub(crate) fn pop(&mut self, distribution: &impl Distribution) -> u32 {
        let Ok(symbol) = self.0.decode_symbol(Search(distribution));
        symbol
    }

    /// All that is on the stack, without zeros at its end.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        let Ok(words) = self.0.into_compressed();
        let mut bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
        while bytes.last() == Some(&0) {
            bytes.pop();
        }
        bytes
    }

    /// The stack that [`Self::into_bytes`] wrote; `None` where it would have ended them otherwise.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let word = |bytes: &[u8]| {
            let mut word = [0; 4];
            word[..bytes.len()].copy_from_slice(bytes);
            u32::from_le_bytes(word)
        };
        if bytes.last() == Some(&0) {
            return None;
        }
        let words = bytes.chunks(4).map(word).collect();
        AnsCoder::from_compressed(words).ok().map(Self)
    }
}

impl EntropyModel<PRECISION> for Interval {
    type Symbol = ();
    type Probability = u32;
}

impl EncoderModel<PRECISION> for Interval {
    fn left_cumulative_and_probability(&self, _: impl Borrow<()>) -> Option<(u32, NonZeroU32)> {
        Some((self.left, NonZeroU32::new(self.width)?))
    }
}

/// A distribution as a model of the coder.
struct Search<'a, D>(&'a D);

impl<D: Distribution> EntropyModel<PRECISION> for Search<'_, D> {
    type Symbol = u32;
    type Probability = u32;
}

impl<D: Distribution> DecoderModel<PRECISION> for Search<'_, D> {
    fn quantile_function(&self, quantile: u32) -> (u32, u32, NonZeroU32) {
        let symbol = self.0.find(quantile);
        let Interval { left, width } = self.0.interval(symbol);
        (
            symbol,
            left,
            NonZeroU32::new(width).unwrap_or(NonZeroU32::MIN),
        )
    }
}
