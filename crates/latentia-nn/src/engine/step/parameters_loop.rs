//! The second loop of a step: over blocks of parameters, gradient and update.

use std::ops::Range;

use latentia_tensor::{Accumulate, MatrixMut, MatrixRef, map_in_place, sum_matmul_tn};

use super::Step;
use super::parameter_blocks::{ParameterBlock, each_block, each_block_of, message_rows};
use super::pseudo_inputs::PseudoInputs;
use crate::engine::chain::{Chain, SplitChain};
use crate::engine::collective::Shares;
use crate::engine::tape::Tape;
use crate::layer::Layer;
use crate::optim::Update;

impl Step {
    /// Sums each gradient over the whole batch and updates its parameter.
    pub(super) fn parameters_loop(
        &mut self,
        chain: &mut Chain,
        shares: Shares<'_>,
        update: &Update<'_>,
    ) {
        let is_alone = shares.collective.ranks() == 1;
        let all = 0..chain.parameters().len();
        self.pseudo_inputs_backward(chain, shares);
        match (is_alone, self.options.clip_norm) {
            (true, None) => self.gradients(chain, all, Summed::Whole, Some(update)),
            _ => self.sum_gradients(chain, all, shares, Summed::Whole),
        }
        if !is_alone || self.options.clip_norm.is_some() {
            self.update(chain, update);
        }
    }

    /// Sums the gradient of the posteriors of pseudo-inputs, and carries it back through the encoder.
    fn pseudo_inputs_backward(&mut self, chain: &mut Chain, shares: Shares<'_>) {
        let Some(mut pseudo_inputs) = self.pseudo_inputs.take() else {
            return;
        };
        let posteriors = chain.owned(pseudo_inputs.layer).start;
        let own = posteriors..posteriors + 1;
        self.sum_gradients(chain, own, shares, Summed::Whole);
        let (before, by_inputs) = self.moments.split_at_mut(pseudo_inputs.parameter(chain));
        let by_posteriors = &before[posteriors].gradient;
        let by_inputs = &mut by_inputs[0].gradient;
        pseudo_inputs.backward(chain, by_posteriors, by_inputs, self.parallel);
        self.pseudo_inputs = Some(pseudo_inputs);
    }

    /// Sums the gradients of parameters `numbers`, and updates nothing.
    pub(super) fn sum_gradients(
        &mut self,
        chain: &mut Chain,
        numbers: Range<usize>,
        shares: Shares<'_>,
        summed: Summed,
    ) {
        match shares.collective.ranks() {
            1 => self.gradients(chain, numbers, summed, None),
            _ => self.gradients_across(chain, numbers, shares, summed),
        }
    }

    /// The parameters whose gradients are there before they are summed over the blocks as they are.
    fn complete(&self, chain: &Chain, summed: Summed) -> Complete {
        let pseudo_inputs = self.pseudo_inputs.as_ref();
        Complete {
            pseudo_inputs: pseudo_inputs.map(|own| own.parameter(chain)),
            from: match (summed, self.rounds) {
                (Summed::Whole, Some(rounds)) => chain.owned(rounds.latent()).start,
                _ => usize::MAX,
            },
        }
    }

    /// The gradients of parameters `numbers` in a process alone, and each update as soon as its gradient is whole.
    fn gradients(
        &mut self,
        chain: &mut Chain,
        numbers: Range<usize>,
        summed: Summed,
        update: Option<&Update<'_>>,
    ) {
        let (blocks, frozen) = (&self.blocks[..self.used], &self.frozen);
        let complete = self.complete(chain, summed);
        let pseudo_inputs = self.pseudo_inputs.as_ref();
        let SplitChain {
            layers,
            owned,
            parameters,
        } = chain.split();
        let (parallel, first) = (self.parallel, numbers.start);
        let parameters = &mut parameters[numbers.clone()];
        let moments = &mut self.moments[numbers];
        each_block(parameters, moments, parallel, |number, own| {
            let number = first + number;
            let ParameterBlock {
                learned,
                cols,
                first,
                w,
                g,
                m,
                v,
            } = own;
            let layer = owned.partition_point(|range| range.end <= number);
            if frozen.contains(layer) {
                return;
            }
            let gradient = Gradient {
                layer: &*layers[layer],
                layer_number: layer,
                index: number - owned[layer].start,
                cols,
            };
            if !complete.has(number) {
                gradient.sum(blocks, summed.begin(), first, g);
                gradient.sum(passing(pseudo_inputs, layer), Accumulate::Add, first, g);
            }
            if let Some(update) = update.filter(|_| learned) {
                update(w, g, m, v);
            }
        });
    }

    /// The gradients of parameters `numbers` in processes that have blocks of the batch each. Every sum goes from process to process in the order of the blocks, a
    /// part of a parameter at a time, so that all work at once; the last one hands out the totals.
    fn gradients_across(
        &mut self,
        chain: &mut Chain,
        numbers: Range<usize>,
        shares: Shares<'_>,
        summed: Summed,
    ) {
        let complete = self.complete(chain, summed);
        let pseudo_inputs = self.pseudo_inputs.as_ref();
        let collective = shares.collective;
        let own = shares.own_blocks();
        let before = own
            .start
            .checked_sub(1)
            .and_then(|block| shares.rank_of(block));
        let after = shares.rank_of(own.end);
        let SplitChain {
            layers,
            owned,
            parameters,
        } = chain.split();
        let (blocks, parallel) = (&self.blocks[..self.used], self.parallel);
        let moments = &mut self.moments[numbers.clone()];
        for (number, moments) in numbers.zip(&mut *moments) {
            let layer = owned.partition_point(|range| range.end <= number);
            if self.frozen.contains(layer) || complete.has(number) {
                continue;
            }
            let parameter = &parameters[number];
            let (rows, cols) = (parameter.value.rows(), parameter.value.cols());
            let gradient = Gradient {
                layer: &*layers[layer],
                layer_number: layer,
                index: number - owned[layer].start,
                cols,
            };
            let begin = match before {
                Some(_) => Accumulate::Add,
                None => summed.begin(),
            };
            let message = message_rows(rows, cols, self.message_threads);
            let parts = moments
                .gradient
                .as_mut_slice()
                .chunks_mut((message * cols).max(1));
            for (part, sum) in parts.enumerate().filter(|_| !own.is_empty()) {
                if let Some(before) = before {
                    collective.receive(before, bytemuck::cast_slice_mut(sum));
                }
                let sizes = [part * message, rows, cols];
                each_block_of(sum, sizes, parallel, |first, own| {
                    gradient.sum(blocks, begin, first, own);
                    // All processes have them; they stand behind the last block of examples.
                    if after.is_none() {
                        gradient.sum(passing(pseudo_inputs, layer), Accumulate::Add, first, own);
                    }
                });
                if let Some(after) = after {
                    collective.send(after, bytemuck::cast_slice(sum));
                }
            }
        }
        for moments in moments {
            let total = bytemuck::cast_slice_mut(moments.gradient.as_mut_slice());
            collective.broadcast(collective.ranks() - 1, total);
        }
    }

    /// The update where every gradient is whole before it: scales the gradient to a norm of at most the limit.
    fn update(&mut self, chain: &mut Chain, update: &Update<'_>) {
        let factor = self.options.clip_norm.map_or(1.0, |limit| {
            let norm = self.gradient_norm(chain) as f32;
            if norm > limit { limit / norm } else { 1.0 }
        });
        let (parallel, frozen) = (self.parallel, &self.frozen);
        let clips = self.options.clip_norm.is_some();
        let SplitChain {
            owned, parameters, ..
        } = chain.split();
        each_block(parameters, &mut self.moments, parallel, |number, own| {
            let layer = owned.partition_point(|range| range.end <= number);
            if own.learned && !frozen.contains(layer) {
                if clips {
                    map_in_place(own.g, |g| factor * g);
                }
                update(own.w, own.g, own.m, own.v);
            }
        });
    }
}

/// What a pass over the blocks sums of gradients.
#[derive(Clone, Copy, Debug)]
pub(super) enum Summed {
    /// All of those that are not there already.
    Whole,
    /// A round of samples: the first that there is, or beside what others have left.
    Round(Accumulate),
}

impl Summed {
    fn begin(self) -> Accumulate {
        match self {
            Self::Whole => Accumulate::Replace,
            Self::Round(begin) => begin,
        }
    }
}

/// Parameters whose gradients are there already.
#[derive(Clone, Copy, Debug)]
struct Complete {
    /// The one that are pseudo-inputs.
    pseudo_inputs: Option<usize>,
    /// The first of those whose samples came in rounds.
    from: usize,
}

impl Complete {
    fn has(self, number: usize) -> bool {
        self.pseudo_inputs == Some(number) || number >= self.from
    }
}

/// The gradient of one parameter.
struct Gradient<'a> {
    layer: &'a dyn Layer,
    layer_number: usize,
    /// Which of the layer's parameters it is.
    index: usize,
    cols: usize,
}

/// The blocks of pseudo-inputs that pass layer `layer`.
fn passing(pseudo_inputs: Option<&PseudoInputs>, layer: usize) -> &[Tape] {
    pseudo_inputs.map_or(&[], |own| own.passing(layer))
}

impl Gradient<'_> {
    /// Sums rows of the gradient from row `first` on over `blocks`, one after another; `begin` says whether a sum is there already.
    fn sum<B: AsRef<Tape>>(&self, blocks: &[B], begin: Accumulate, first: usize, sum: &mut [f32]) {
        let rows: Range<usize> = first..first + sum.len() / self.cols.max(1);
        let number = self.layer_number;
        let product = self.layer.abilities().multiplied_by;
        if product == Some(self.index) {
            return sum_products(blocks, number, rows, begin, sum);
        }
        let mut accumulate = begin;
        for block in blocks {
            let (trace, dy) = block.as_ref().trace_and_gradient(number);
            let out = MatrixMut::new(sum, rows.len(), self.cols);
            self.layer
                .gradient(self.index, rows.clone(), trace, dy, accumulate, out);
            accumulate = Accumulate::Add;
        }
    }
}

/// Sums `xᵀ · dy` of layer `layer` over `blocks`, for columns `columns` of `x`. Several blocks at a time, so that a tile of the sum stays in
/// registers from one to the next.
fn sum_products<B: AsRef<Tape>>(
    blocks: &[B],
    layer: usize,
    columns: Range<usize>,
    mut accumulate: Accumulate,
    sum: &mut [f32],
) {
    /// Blocks at a time.
    const SOME: usize = 8;
    let nothing = MatrixRef::new(&[], 0, 0);
    for blocks in blocks.chunks(SOME) {
        let mut products = [(nothing, nothing); SOME];
        for (product, block) in products.iter_mut().zip(blocks) {
            let (trace, dy) = block.as_ref().trace_and_gradient(layer);
            *product = (trace.x.columns(columns.clone()), dy);
        }
        let (rows, cols) = (columns.len(), sum.len() / columns.len().max(1));
        let out = MatrixMut::new(sum, rows, cols);
        sum_matmul_tn(out, accumulate, &products[..blocks.len()]);
        accumulate = Accumulate::Add;
    }
}
