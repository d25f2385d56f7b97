//! One training step: two parallel loops.
//!
//! 1. For each block of examples: read, forward, loss, backward.
//! 2. For each block of parameters: gradient over the whole batch, then the update.
//!
//! A gradient that must be whole before the update (clipping by its norm) makes the update a third loop. Blocks are fixed by
//! sizes, their sums are added in order, and noise is a function of seed, step, layer and row: the result does not depend
//! on the number of threads. Nothing is allocated.

use std::io;

use latentia_tensor::{Accumulate, Matrix, MatrixMut, Rows, sum_of_squares};
use rayon::prelude::*;

use crate::block::{BLOCK_ROWS, Block, Place};
use crate::chain::Parts;
use crate::{Chain, Likelihood, Mode, Optimizer, Terms};

/// Numbers in a block of parameters: value, gradient and both moments fit a core's cache together.
const BLOCK_NUMBERS: usize = 1 << 16;

/// Multiplications in a step below which one thread is faster than several.
const WORTH_THREADS: usize = 1 << 20;

/// What is the same for every batch of a run.
#[derive(Clone, Copy, Debug)]
pub struct StepOptions {
    /// The loss at the end of the chain.
    pub likelihood: Likelihood,
    /// The rule of the update.
    pub optimizer: Optimizer,
    /// Upper bound of the gradient's norm over all parameters.
    pub clip_norm: Option<f32>,
    /// Seed of the layers' noise.
    pub seed: u64,
}

/// What may change from batch to batch.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// Step size of the optimiser.
    pub learning_rate: f32,
    /// Weight of a code's divergence from its prior.
    pub kl_weight: f32,
}

impl From<f32> for Rates {
    /// A learning rate; divergence counts once.
    fn from(learning_rate: f32) -> Self {
        Self {
            learning_rate,
            kl_weight: 1.0,
        }
    }
}

/// A parameter's gradient and the optimiser's memory of it.
#[derive(Clone, Debug)]
pub struct Moments {
    /// Gradient of the last step.
    pub gradient: Matrix,
    /// First moment.
    pub first: Matrix,
    /// Second moment.
    pub second: Matrix,
}

/// All memory that training a chain needs beside its parameters.
#[derive(Debug)]
pub struct Step {
    options: StepOptions,
    blocks: Vec<(Block, io::Result<f64>)>,
    moments: Vec<Moments>,
    steps: u64,
    parallel: bool,
}

impl Step {
    /// Room to train `chain` with batches of at most `batch_size` examples.
    pub fn new(chain: &Chain, batch_size: usize, options: StepOptions) -> Self {
        let rows = batch_size.clamp(1, BLOCK_ROWS);
        let block = || (Block::for_training(chain, rows), Ok(0.0));
        let zeros = |like: &Matrix| Matrix::zeros(like.rows(), like.cols());
        let moments = |value: &Matrix| Moments {
            gradient: zeros(value),
            first: zeros(value),
            second: zeros(value),
        };
        Self {
            options,
            blocks: (0..batch_size.div_ceil(rows)).map(|_| block()).collect(),
            moments: chain
                .parameters()
                .iter()
                .map(|p| moments(&p.value))
                .collect(),
            steps: 0,
            parallel: batch_size * chain.parameter_count() >= WORTH_THREADS,
        }
    }

    /// Steps taken so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The gradient and the moments of each parameter, in the chain's order.
    pub fn moments(&self) -> &[Moments] {
        &self.moments
    }

    /// Goes on where another run was after `steps` steps, with its moments in the chain's order.
    pub fn resume(&mut self, steps: u64, moments: impl IntoIterator<Item = (Matrix, Matrix)>) {
        self.steps = steps;
        for (own, (first, second)) in self.moments.iter_mut().zip(moments) {
            (own.first, own.second) = (first, second);
        }
    }

    /// Trains `chain` on one batch, the examples `indices` of `examples`, and gives back the loss before the update.
    ///
    /// # Errors
    /// When an example cannot be read; the chain is then unchanged.
    pub fn run(
        &mut self,
        chain: &mut Chain,
        examples: &dyn Rows,
        indices: &[u32],
        rates: Rates,
    ) -> io::Result<f64> {
        let Rates {
            learning_rate,
            kl_weight,
        } = rates;
        let loss = self.examples_loop(chain, examples, indices, kl_weight)?;
        self.steps += 1;
        let used = indices.len().div_ceil(BLOCK_ROWS);
        self.parameters_loop(chain, used, learning_rate);
        if let Some(limit) = self.options.clip_norm {
            self.clipped_update(chain, limit, learning_rate);
        }
        Ok(loss)
    }

    /// The first loop: leaves activations and gradients in the blocks, gives back the loss.
    fn examples_loop(
        &mut self,
        chain: &Chain,
        examples: &dyn Rows,
        indices: &[u32],
        kl_weight: f32,
    ) -> io::Result<f64> {
        let StepOptions {
            likelihood, seed, ..
        } = self.options;
        let (step, share) = (self.steps, self.smallest_share());
        let terms = Terms {
            batch: indices.len(),
            kl_weight,
        };
        self.blocks
            .par_iter_mut()
            .with_min_len(share)
            .zip(indices.par_chunks(BLOCK_ROWS))
            .enumerate()
            .for_each(|(number, ((block, loss), indices))| {
                *loss = examples
                    .read(indices, block.input_mut(indices.len()))
                    .map(|()| {
                        let place = Place {
                            seed,
                            step,
                            first_row: (number * BLOCK_ROWS) as u32,
                        };
                        block.forward(chain, 0..chain.layers().len(), Mode::Train, place);
                        block.backward(chain, likelihood, terms)
                    });
            });
        let used = indices.len().div_ceil(BLOCK_ROWS);
        self.blocks[..used]
            .iter_mut()
            .map(|(_, loss)| std::mem::replace(loss, Ok(0.0)))
            .sum()
    }

    /// The second loop, over the first `used` blocks of examples.
    fn parameters_loop(&mut self, chain: &mut Chain, used: usize, learning_rate: f32) {
        let (optimizer, step) = (self.options.optimizer, self.steps);
        let whole_gradient_first = self.options.clip_norm.is_some();
        let share = self.smallest_share();
        let blocks = &self.blocks[..used];
        let Parts {
            layers,
            owned,
            parameters,
        } = chain.split();
        parameters
            .par_iter_mut()
            .zip(&mut self.moments)
            .with_min_len(share)
            .enumerate()
            .for_each(|(number, (parameter, moments))| {
                let layer = owned.partition_point(|range| range.end <= number);
                let index = number - owned[layer].start;
                let cols = parameter.value.cols();
                let rows = BLOCK_NUMBERS.div_ceil(cols);
                each_block(parameter.value.as_mut_slice(), moments, rows * cols, share).for_each(
                    |(block, (w, g, m, v))| {
                        let first = block * rows;
                        let range = first..first + w.len() / cols;
                        for (at, (examples, _)) in blocks.iter().enumerate() {
                            let (trace, dy) = (examples.trace(layer), examples.gradient(layer));
                            let accumulate = match at {
                                0 => Accumulate::Replace,
                                _ => Accumulate::Add,
                            };
                            let out = MatrixMut::new(g, range.len(), cols);
                            layers[layer].gradient(
                                index,
                                range.clone(),
                                trace,
                                dy,
                                accumulate,
                                out,
                            );
                        }
                        if !whole_gradient_first {
                            optimizer.update(w, g, m, v, learning_rate, step);
                        }
                    },
                );
            });
    }

    /// The third loop: scales the whole gradient to a norm of at most `limit`, then updates.
    fn clipped_update(&mut self, chain: &mut Chain, limit: f32, learning_rate: f32) {
        let (optimizer, step) = (self.options.optimizer, self.steps);
        let share = self.smallest_share();
        let norm = self.gradient_norm() as f32;
        let factor = if norm > limit { limit / norm } else { 1.0 };
        chain
            .parameters_mut()
            .par_iter_mut()
            .zip(&mut self.moments)
            .with_min_len(share)
            .for_each(|(parameter, moments)| {
                each_block(
                    parameter.value.as_mut_slice(),
                    moments,
                    BLOCK_NUMBERS,
                    share,
                )
                .for_each(|(_, (w, g, m, v))| {
                    latentia_tensor::map_in_place(g, |g| factor * g);
                    optimizer.update(w, g, m, v, learning_rate, step);
                });
            });
    }

    /// Norm of the last step's gradient over all parameters.
    pub fn gradient_norm(&self) -> f64 {
        self.moments
            .iter()
            .map(|m| sum_of_squares(m.gradient.as_slice()))
            .sum::<f64>()
            .sqrt()
    }

    /// The least number of blocks that a thread takes: all of them when the step is too small to share.
    fn smallest_share(&self) -> usize {
        if self.parallel { 1 } else { usize::MAX }
    }
}

type BlockOfNumbers<'a> = (&'a mut [f32], &'a mut [f32], &'a mut [f32], &'a mut [f32]);

/// A parameter with its gradient and moments, cut into blocks of `size` numbers.
fn each_block<'a>(
    value: &'a mut [f32],
    moments: &'a mut Moments,
    size: usize,
    share: usize,
) -> impl IndexedParallelIterator<Item = (usize, BlockOfNumbers<'a>)> {
    let size = size.max(1);
    value
        .par_chunks_mut(size)
        .zip(moments.gradient.as_mut_slice().par_chunks_mut(size))
        .zip(moments.first.as_mut_slice().par_chunks_mut(size))
        .zip(moments.second.as_mut_slice().par_chunks_mut(size))
        .with_min_len(share)
        .map(|(((w, g), m), v)| (w, g, m, v))
        .enumerate()
}
