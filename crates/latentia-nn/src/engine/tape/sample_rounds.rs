//! Samples of a posterior that pass the layers behind the code some at a time.

use std::ops::Range;

use crate::engine::chain::{BLOCK_ROWS, Chain};
use crate::layer::Mode;

/// The rounds in which the samples of an example pass the layers from the code on, where they are weighted by importance and are more than
/// fit into a block: a block is then one example, and a round of its samples is all that it holds of them, beside a log-weight of each. Where
/// there are gradients, every round is gone through again when the weights are known: noise is a function of a sample's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleRounds {
    latent: usize,
    samples: usize,
    at_once: usize,
}

impl SampleRounds {
    /// Those of the samples that layer `latent` of `chain` draws, where they do not fit into a block.
    pub(in crate::engine) fn new(chain: &Chain, latent: usize, mode: Mode) -> Option<Self> {
        let samples = chain.samples(latent..latent + 1, mode);
        let fit = chain.rows_that_fit(latent..chain.layers().len());
        (samples > fit).then_some(Self {
            latent,
            samples,
            at_once: BLOCK_ROWS.min(fit),
        })
    }

    /// The layer that draws the samples.
    pub(in crate::engine) fn latent(self) -> usize {
        self.latent
    }

    /// Samples of an example.
    pub(in crate::engine) fn samples(self) -> usize {
        self.samples
    }

    /// Samples in each round but the last.
    pub(in crate::engine) fn at_once(self) -> usize {
        self.at_once
    }

    /// How many rounds there are.
    pub(in crate::engine) fn count(self) -> usize {
        self.samples.div_ceil(self.at_once)
    }

    /// Which samples of an example are those of round `round`.
    pub(in crate::engine) fn of_round(self, round: usize) -> Range<usize> {
        let first = round * self.at_once;
        first..self.samples.min(first + self.at_once)
    }

    /// Number in the batch of the first row that layer `layer` gives for example `example` in round `round`.
    pub(in crate::engine) fn first_row(self, round: usize, layer: usize, example: u32) -> u32 {
        match layer < self.latent {
            true => example,
            false => example * self.samples as u32 + self.of_round(round).start as u32,
        }
    }
}
