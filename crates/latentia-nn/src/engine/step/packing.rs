//! Weights laid out for the products of a step, once for all blocks of examples.

use rayon::prelude::*;

use crate::engine::chain::Chain;
use crate::engine::chain::frozen::Frozen;
use crate::layer::PackedWeight;
use crate::task_times;

/// Examples in a batch from which laying out weights pays.
const WORTH_PACKING: usize = 64;

/// Examples in a block of a step that lays out its weights: products of so few rows are as fast as of more, and a batch feeds more cores.
const BLOCK_EXAMPLES: usize = 16;

/// Elements of all parameters up to which blocks are that small. Beyond, cores that share a cache would read them from memory for every
/// block.
const IN_CACHE: usize = 1 << 22;

/// Memory for the weights of a chain, in its parameters' order, that a step lays out; empty where that does not pay.
#[derive(Debug, Default)]
pub(super) struct PackedWeights(Vec<Option<PackedWeight>>);

impl PackedWeights {
    /// For batches of `rows` examples, or of as many samples of them that come in rounds.
    pub(super) fn new(chain: &Chain, frozen: &Frozen, rows: usize) -> Self {
        if rows < WORTH_PACKING {
            return Self::default();
        }
        let mut weights: Vec<_> = chain.parameters().iter().map(|_| None).collect();
        for (number, layer) in chain.layers().iter().enumerate() {
            if let Some(index) = layer.abilities().multiplied_by {
                let parameter = chain.owned(number).start + index;
                let weight = &chain.parameters()[parameter].value;
                let goes_back = number > frozen.first_learned();
                weights[parameter] = Some(PackedWeight::new(weight, goes_back));
            }
        }
        Self(weights)
    }

    /// Examples in a block, where `most` fit.
    pub(super) fn block_examples(&self, chain: &Chain, most: usize) -> usize {
        let is_fine = !self.0.is_empty() && chain.parameter_count() <= IN_CACHE;
        if is_fine {
            most.min(BLOCK_EXAMPLES)
        } else {
            most
        }
    }

    /// Lays out the weights of `chain`, on all threads, and hands them to it until [`Self::take_back`].
    pub(super) fn hand_out(&mut self, chain: &mut Chain) {
        if self.0.iter().all(Option::is_none) {
            return;
        }
        task_times::begin_loop();
        let parameters = chain.parameters_mut().par_iter_mut();
        parameters.zip(&mut self.0).for_each(|(parameter, own)| {
            if let Some(own) = own {
                own.pack(&parameter.value);
            }
            parameter.packed = own.take();
        });
    }

    /// Takes back what [`Self::hand_out`] gave, before parameters change.
    pub(super) fn take_back(&mut self, chain: &mut Chain) {
        for (own, parameter) in self.0.iter_mut().zip(chain.parameters_mut()) {
            *own = parameter.packed.take();
        }
    }
}
