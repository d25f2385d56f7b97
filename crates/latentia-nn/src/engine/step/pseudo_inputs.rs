//! Pseudo-inputs of a prior: rows that are learned, on their way through the encoder and back.

use latentia_tensor::{Matrix, MatrixMut};

use super::parallel_loop::each;
use crate::engine::chain::frozen::Frozen;
use crate::engine::chain::{Chain, first_layer};
use crate::engine::tape::{Position, Tape};
use crate::layer::Mode;

/// The pseudo-inputs of a chain that is trained: blocks of them, as the encoder in evaluation left them.
#[derive(Debug)]
pub(super) struct PseudoInputs {
    /// Number of the first layer that they pass.
    first: usize,
    /// Number of the layer with the prior, which they do not pass.
    pub(super) layer: usize,
    /// Pseudo-inputs in each block but the last.
    block: usize,
    pub(super) tapes: Vec<Tape>,
}

impl PseudoInputs {
    /// Those of `chain`, where it has some and their layer is not frozen: a frozen one keeps its prior as it is.
    pub(super) fn new(chain: &Chain, frozen: &Frozen) -> Option<Self> {
        let layers = chain.layers();
        let layer = (0..layers.len()).find(|&layer| first_layer(layers, layer).is_some())?;
        let first = first_layer(layers, layer).filter(|_| !frozen.contains(layer))?;
        let count = chain.parameters_of(layer)[0].value.rows();
        let block = chain.block_examples(first..layer, Mode::Eval).min(count);
        let tape = || Tape::for_pseudo_inputs(chain, frozen, first..layer, block);
        Some(Self {
            first,
            layer,
            block,
            tapes: (0..count.div_ceil(block)).map(|_| tape()).collect(),
        })
    }

    /// Number of the parameter that they are.
    pub(super) fn parameter(&self, chain: &Chain) -> usize {
        chain.owned(self.layer).end - 1
    }

    /// Runs them through the encoder, unless the posteriors of `chain` are what it made of them the last time.
    pub(super) fn refresh(&mut self, chain: &mut Chain, parallel: bool) {
        let posteriors = &chain.parameters_of(self.layer)[0].value;
        let rows = posteriors.as_slice().chunks(self.block * posteriors.cols());
        let made = self.tapes.iter().map(|tape| tape.output().span());
        if !rows.eq(made) {
            self.encode(chain, parallel);
        }
    }

    /// Runs them through the encoder and leaves what it makes of them in `chain`.
    pub(super) fn encode(&mut self, chain: &mut Chain, parallel: bool) {
        let inputs = &chain.parameters()[self.parameter(chain)].value;
        let (cols, block) = (inputs.cols(), self.block);
        let shared = &*chain;
        each(&mut self.tapes, parallel, |at, tape| {
            let own = &inputs.as_slice()[at * block * cols..];
            let rows = block.min(own.len() / cols);
            let mut input = tape.input_mut(rows, &[]);
            input.as_mut_slice().copy_from_slice(&own[..rows * cols]);
            tape.forward(shared, Position::default());
        });
        let first = chain.owned(self.layer).start;
        let posteriors = &mut chain.parameters_mut()[first].value;
        let size = block * posteriors.cols();
        for (to, tape) in posteriors.as_mut_slice().chunks_mut(size).zip(&self.tapes) {
            to.copy_from_slice(tape.output().span());
        }
    }

    /// Carries the gradient with respect to the posteriors, `[K, inputs of the layer]`, back through the encoder, and leaves that with
    /// respect to the pseudo-inputs in `by_inputs`.
    pub(super) fn backward(
        &mut self,
        chain: &Chain,
        by_posteriors: &Matrix,
        by_inputs: &mut Matrix,
        parallel: bool,
    ) {
        let size = self.block * by_posteriors.cols();
        each(&mut self.tapes, parallel, |at, tape| {
            let own = &by_posteriors.as_slice()[at * size..];
            tape.input_gradient(chain, |mut to: MatrixMut<'_>| {
                let rows = to.as_mut_slice();
                rows.copy_from_slice(&own[..rows.len()]);
            });
        });
        let size = self.block * by_inputs.cols();
        let rows = by_inputs.as_mut_slice().chunks_mut(size);
        for (to, tape) in rows.zip(&self.tapes) {
            to.copy_from_slice(tape.last_input_gradient().span());
        }
    }

    /// The blocks, where they pass layer `layer`.
    pub(super) fn passing(&self, layer: usize) -> &[Tape] {
        match (self.first..self.layer).contains(&layer) {
            true => &self.tapes,
            false => &[],
        }
    }
}
