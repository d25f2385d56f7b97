//! What processes do together that train one model.

use std::fmt::Debug;
use std::ops::Range;

/// What processes do together that train one model: each works its own blocks of every batch, and all have the same
/// parameters after every step, to the bit those of one process alone.
///
/// All processes call the same operations in the same order, each time from one thread, and an operation returns when its part is done.
/// Bytes are handed over as they are: processes run on machines of one kind. There is no error to return: whoever implements this ends
/// all processes when one of them is lost.
pub trait Collective: Debug + Send + Sync {
    /// Number of this process, from 0.
    fn rank(&self) -> usize;

    /// How many processes there are.
    fn ranks(&self) -> usize;

    /// Makes `bytes` those of process `from`, in all of them.
    fn broadcast(&self, from: usize, bytes: &mut [u8]);

    /// Hands `bytes` to process `to`, which [receives](Self::receive) as many.
    fn send(&self, to: usize, bytes: &[u8]);

    /// Takes what process `from` [sends](Self::send).
    fn receive(&self, from: usize, bytes: &mut [u8]);
}

/// One process alone.
#[derive(Clone, Copy, Debug)]
pub struct Alone;

impl Collective for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn ranks(&self) -> usize {
        1
    }

    fn broadcast(&self, _from: usize, _bytes: &mut [u8]) {}

    fn send(&self, _to: usize, _bytes: &[u8]) {}

    fn receive(&self, _from: usize, _bytes: &mut [u8]) {}
}

/// Which blocks of a batch are whose: consecutive ones, in the order of the ranks, as many for each as can be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shares<'a> {
    pub(super) collective: &'a dyn Collective,
    /// Examples in the batch.
    pub(super) examples: usize,
    /// Examples in each block but the last.
    pub(super) block_examples: usize,
}

impl Shares<'_> {
    /// Blocks of the batch.
    pub(super) fn blocks(&self) -> usize {
        self.examples.div_ceil(self.block_examples)
    }

    /// The blocks of process `rank`.
    pub(super) fn blocks_of(&self, rank: usize) -> Range<usize> {
        let (blocks, ranks) = (self.blocks(), self.collective.ranks());
        blocks * rank / ranks..blocks * (rank + 1) / ranks
    }

    /// The blocks of this process.
    pub(super) fn own_blocks(&self) -> Range<usize> {
        self.blocks_of(self.collective.rank())
    }

    /// The examples of process `rank`.
    pub(super) fn examples_of(&self, rank: usize) -> Range<usize> {
        let end = |blocks: usize| (blocks * self.block_examples).min(self.examples);
        let blocks = self.blocks_of(rank);
        end(blocks.start)..end(blocks.end)
    }

    /// The examples of this process.
    pub(super) fn own_examples(&self) -> Range<usize> {
        self.examples_of(self.collective.rank())
    }

    /// Which process has block `block`; none that is not of the batch.
    pub(super) fn rank_of(&self, block: usize) -> Option<usize> {
        (0..self.collective.ranks()).find(|&rank| self.blocks_of(rank).contains(&block))
    }

    /// Gives every process all of `all`, `each` elements a block, of which it has its own blocks'.
    pub(super) fn gather_blocks<T: bytemuck::Pod>(&self, all: &mut [T], each: usize) {
        self.gather(all, each, |rank| self.blocks_of(rank));
    }

    /// Gives every process all of `all`, `each` elements an example, of which it has its own examples'.
    pub(super) fn gather_examples<T: bytemuck::Pod>(&self, all: &mut [T], each: usize) {
        self.gather(all, each, |rank| self.examples_of(rank));
    }

    fn gather<T: bytemuck::Pod>(
        &self,
        all: &mut [T],
        each: usize,
        of: impl Fn(usize) -> Range<usize>,
    ) {
        for rank in 0..self.collective.ranks() {
            let Range { start, end } = of(rank);
            let own = &mut all[start * each..end * each];
            if !own.is_empty() {
                self.collective
                    .broadcast(rank, bytemuck::cast_slice_mut(own));
            }
        }
    }
}
