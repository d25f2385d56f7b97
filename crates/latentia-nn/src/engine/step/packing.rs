//! Weights laid out for the products of a step, once for all blocks of examples.

use super::parallel_loop::each_in_turn;
use crate::engine::chain::Chain;
use crate::engine::chain::frozen::Frozen;
use crate::layer::{Mode, PackedWeight, Piece};

/// Examples in a batch from which laying out weights pays.
const WORTH_PACKING: usize = 64;

/// Examples in a block of a step that lays out its weights: products of so few rows are as fast as of more, and a batch feeds more cores.
const BLOCK_EXAMPLES: usize = 16;

/// Multiplications with each parameter for one example from which a block of few examples reads weights no more often than it uses them, as
/// those of convolutions, and what it holds then.
const REUSE: usize = 16;
const FEW_EXAMPLES: usize = 8;

/// The least that a block holds of a batch that is too small for that: each block passes through all weights.
const LEAST_EXAMPLES: usize = 4;
const LEAST_ROWS: usize = 10;
const LEAST_MULTIPLICATIONS: usize = 1 << 20;

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

    /// Examples in a block of a batch of `examples`, where `most` fit.
    pub(super) fn block_examples(&self, chain: &Chain, examples: usize, most: usize) -> usize {
        if chain.parameter_count() > IN_CACHE {
            return most;
        }
        if chain.multiplications() / REUSE >= chain.parameter_count() {
            return most.min(FEW_EXAMPLES);
        }
        if !self.0.is_empty() {
            return most.min(BLOCK_EXAMPLES);
        }
        let rows = examples.saturating_mul(chain.samples(0..chain.layers().len(), Mode::Train));
        let multiplications = examples.saturating_mul(chain.multiplications());
        let worth = (examples / LEAST_EXAMPLES)
            .min(rows / LEAST_ROWS)
            .min(multiplications / LEAST_MULTIPLICATIONS);
        // A power of two is shared evenly by two, four and eight cores.
        let blocks = 1 << worth.max(1).ilog2();
        most.min(examples.div_ceil(blocks))
    }

    /// Lays out the weights of `chain`, on all threads, and hands them to it until [`Self::take_back`].
    pub(super) fn hand_out(&mut self, chain: &mut Chain) {
        if self.0.iter().all(Option::is_none) {
            return;
        }
        let parameters = chain.parameters().iter().zip(&mut self.0);
        let pieces = parameters.flat_map(|(parameter, own)| {
            let own = own.iter_mut();
            own.flat_map(|own| own.pieces(&parameter.value))
        });
        each_in_turn(pieces, true, Piece::pack);
        for (own, parameter) in self.0.iter_mut().zip(chain.parameters_mut()) {
            parameter.packed = own.take();
        }
    }

    /// Takes back what [`Self::hand_out`] gave, before parameters change.
    pub(super) fn take_back(&mut self, chain: &mut Chain) {
        for (own, parameter) in self.0.iter_mut().zip(chain.parameters_mut()) {
            *own = parameter.packed.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::Dense;
    use crate::{Activation, Initializer};

    #[test]
    fn a_small_batch_through_large_layers_is_shared_and_one_through_small_layers_is_not() {
        let block = |width, examples: usize, most| {
            let dense = |inputs, outputs| {
                Box::new(Dense::new(
                    inputs,
                    outputs,
                    Activation::Relu,
                    Initializer::He,
                ))
            };
            let chain = Chain::new(vec![dense(784, width), dense(width, 784)], 1);
            let chain = chain.expect("layers that fit");
            let packed = PackedWeights::new(&chain, &Frozen::new(&chain, &[]), examples);
            packed.block_examples(&chain, examples, most)
        };
        // Powers of two many, of at least 10 rows and 2²⁰ multiplications.
        assert_eq!(block(300, 20, 64), 10);
        assert_eq!(block(300, 50, 64), 13);
        assert_eq!(block(300, 19, 64), 19);
        assert_eq!(block(40, 20, 64), 20);
        assert_eq!(block(40, 60, 64), 30);
        // What fits, where that is less; and 16 where weights are laid out.
        assert_eq!(block(300, 50, 8), 8);
        assert_eq!(block(300, 64, 64), 16);
    }
}
