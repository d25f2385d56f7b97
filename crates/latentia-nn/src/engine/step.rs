//! One training step: two parallel loops.
//!
//! 1. For each block of examples: read, forward, loss, backward. Where something couples the examples of a batch, the loop is
//!    cut in two: at the code by a term of the objective, on both ways at a layer that normalises by the batch.
//! 2. For each block of parameters: gradient over the whole batch, then the update.
//!
//! A gradient that must be whole before the update (clipping by its norm) makes the update a third loop. Blocks are fixed by
//! sizes, their sums are added in order, and noise is a function of seed, step, layer and row: the result does not depend
//! on the number of threads. Nothing is allocated.

use std::io;

use latentia_tensor::{Accumulate, Matrix, MatrixMut, Rows, sum_of_squares};

use super::activations::Sums;
use super::batch_codes::Codes;
use super::block::{Block, Place};
use super::chain::Parts;
use super::loops::{Numbers, each, each_block};
use super::non_finite::finite;
use crate::engine::objective::{Objective, State};
use crate::layer::Batch;
use crate::{Chain, Mode, Optimizer, Origin};

/// Multiplications in a step below which one thread is faster than several.
const WORTH_THREADS: usize = 1 << 20;

/// What is the same for every batch of a run.
#[derive(Debug)]
pub struct StepOptions {
    /// What is minimised.
    pub objective: Objective,
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
    /// Epochs trained so far, whole and begun: weights that warm up depend on it.
    pub epochs: f64,
}

impl From<f32> for Rates {
    /// A learning rate, with every weight of the objective the full one.
    fn from(learning_rate: f32) -> Self {
        Self {
            learning_rate,
            epochs: f64::INFINITY,
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

/// A block of examples, and what became of it in the first loop.
#[derive(Debug)]
pub(crate) struct WorkedBlock {
    pub(crate) block: Block,
    loss: io::Result<f64>,
}

/// All memory that training a chain needs beside its parameters.
#[derive(Debug)]
pub struct Step {
    options: StepOptions,
    blocks: Vec<WorkedBlock>,
    /// Examples in each block but the last.
    block_examples: usize,
    codes: Option<Codes>,
    /// Layers that couple the examples of a batch.
    coupled: Vec<usize>,
    /// Where the way back is cut, last layer first: before it goes through these.
    cuts: Vec<usize>,
    moments: Vec<Moments>,
    /// Steps so far, on which noise depends.
    steps: u64,
    /// Updates that the moments remember.
    updates: u64,
    /// Blocks that the last batch filled.
    used: usize,
    parallel: bool,
}

impl Step {
    /// Room to train `chain` with batches of at most `batch_size` examples.
    pub fn new(chain: &Chain, batch_size: usize, options: StepOptions) -> Self {
        let all = 0..chain.layers().len();
        let block_examples = chain
            .block_examples(all, Mode::Train)
            .min(batch_size.max(1));
        let block = || WorkedBlock {
            block: Block::for_training(chain, &options.objective, block_examples),
            loss: Ok(0.0),
        };
        let zeros = |like: &Matrix| Matrix::zeros(like.rows(), like.cols());
        let moments = |value: &Matrix| Moments {
            gradient: zeros(value),
            first: zeros(value),
            second: zeros(value),
        };
        let codes = Codes::new(chain, &options.objective, batch_size);
        let at_code = codes.is_some().then_some(options.objective.code);
        let mut cuts: Vec<usize> = chain.coupled().chain(at_code).collect();
        cuts.sort_unstable_by(|a, b| b.cmp(a));
        cuts.dedup();
        Self {
            blocks: (0..batch_size.div_ceil(block_examples))
                .map(|_| block())
                .collect(),
            block_examples,
            coupled: chain.coupled().collect(),
            cuts,
            codes,
            moments: chain
                .parameters()
                .iter()
                .map(|p| moments(&p.value))
                .collect(),
            steps: 0,
            updates: 0,
            used: 0,
            parallel: batch_size.saturating_mul(chain.work()) >= WORTH_THREADS,
            options,
        }
    }

    /// Steps taken so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Updates that the moments remember: those since the run began, or since they were forgotten.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// The gradient and the moments of each parameter, in the chain's order.
    pub fn moments(&self) -> &[Moments] {
        &self.moments
    }

    /// Goes on where another run was after `steps` steps, with its moments, which remember `updates` updates, in the chain's
    /// order.
    pub fn resume(
        &mut self,
        steps: u64,
        updates: u64,
        moments: impl IntoIterator<Item = (Matrix, Matrix)>,
    ) {
        (self.steps, self.updates) = (steps, updates);
        for (own, (first, second)) in self.moments.iter_mut().zip(moments) {
            (own.first, own.second) = (first, second);
        }
    }

    /// Forgets every gradient, as for a chain that is new. Steps go on counting, so that no noise is met twice.
    pub fn forget(&mut self) {
        self.updates = 0;
        for moments in &mut self.moments {
            for numbers in [
                &mut moments.gradient,
                &mut moments.first,
                &mut moments.second,
            ] {
                numbers.as_mut_slice().fill(0.0);
            }
        }
    }

    /// Trains `chain` on one batch, the examples `indices` of `examples`, and gives back the loss before the update. A loss
    /// that is not finite stops the step before it changes `chain`; [`Self::origin`] then says where it began.
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
        self.used = indices.len().div_ceil(self.block_examples);
        let loss = self.examples_loop(chain, examples, indices, rates.epochs)?;
        self.steps += 1;
        if !loss.is_finite() {
            return Ok(loss);
        }
        self.updates += 1;
        self.parameters_loop(chain, rates.learning_rate);
        if let Some(limit) = self.options.clip_norm {
            self.clipped_update(chain, limit, rates.learning_rate);
        }
        self.renew_statistics(chain);
        Ok(loss)
    }

    /// Where the last step stopped being finite, when something of it or of the parameters that it left behind is not.
    pub fn origin(&self, chain: &Chain) -> Origin {
        if let Some(first) = chain.first_not_finite() {
            let broken = |layer: &usize| {
                let mut moments = self.moments[chain.owned(*layer)].iter();
                !moments.all(|moments| finite(moments.gradient.as_slice()))
            };
            // A gradient comes from behind.
            let last = (0..chain.layers().len()).rev().find(broken);
            return last.map_or(Origin::Parameters(first), Origin::Gradient);
        }
        let blocks = self.blocks[..self.used].iter();
        let origins = blocks.filter_map(|worked| worked.block.origin());
        origins.min().unwrap_or(Origin::Terms)
    }

    /// The first loop: leaves activations and gradients in the blocks, gives back the objective.
    fn examples_loop(
        &mut self,
        chain: &Chain,
        examples: &dyn Rows,
        indices: &[u32],
        epochs: f64,
    ) -> io::Result<f64> {
        let (step, size, parallel) = (self.steps, self.block_examples, self.parallel);
        let StepOptions {
            objective, seed, ..
        } = &self.options;
        let (batch, seed, layers) = (indices.len(), *seed, chain.layers().len());
        let used = &mut self.blocks[..self.used];
        // Forward, up to each layer that couples examples, and then to the end and back to the first cut.
        let lowest = self.cuts.first().map_or(0, |cut| cut + 1);
        let mut begin = 0;
        for number in 0..=self.coupled.len() {
            let end = self.coupled.get(number).copied();
            each(used, parallel, |at, WorkedBlock { block, loss }| {
                if number == 0 {
                    let first = at * size;
                    let indices = &indices[first..batch.min(first + size)];
                    let place = Place {
                        seed,
                        step,
                        first_row: first as u32,
                        epochs,
                    };
                    block.begin_at(place);
                    *loss = block.read(examples, indices).map(|()| 0.0);
                }
                let Ok(loss) = loss else { return };
                block.forward_through(chain, begin..end.unwrap_or(layers));
                match end {
                    Some(layer) => block.couple(chain, layer),
                    None => {
                        *loss = block.turn_back(chain, objective, batch);
                        *loss += block.backward_through(chain, objective, batch, lowest..layers);
                    }
                }
            });
            if let Some(layer) = end {
                share_sums(used, layer, Half::Forward);
                begin = layer;
            }
        }
        if let Some(broken) = used.iter_mut().find(|worked| worked.loss.is_err()) {
            return std::mem::replace(&mut broken.loss, Ok(0.0));
        }
        // Back from one cut to the next.
        let mut terms = 0.0;
        for (number, &cut) in self.cuts.iter().enumerate() {
            if let Some(codes) = self.codes.as_mut().filter(|_| cut == objective.code) {
                let state = State {
                    share: 1.0,
                    epochs,
                    noise: Chain::noise(seed, layers, step),
                    first_row: 0,
                };
                terms = codes.apply(objective, used, state);
            }
            if self.coupled.contains(&cut) {
                each(used, parallel, |_, worked| {
                    worked.block.couple_back(chain, cut);
                });
                share_sums(used, cut, Half::Back);
            }
            let below = self.cuts.get(number + 1).map_or(0, |next| next + 1);
            each(used, parallel, |_, WorkedBlock { block, loss }| {
                let terms = block.backward_through(chain, objective, batch, below..cut + 1);
                *loss = loss.as_ref().map_or(Ok(0.0), |loss| Ok(loss + terms));
            });
        }
        let losses = used
            .iter()
            .map(|worked| *worked.loss.as_ref().unwrap_or(&0.0));
        Ok(losses.sum::<f64>() + terms)
    }

    /// The second loop.
    fn parameters_loop(&mut self, chain: &mut Chain, learning_rate: f32) {
        let update = self.options.optimizer.at_step(self.updates, learning_rate);
        let whole_gradient_first = self.options.clip_norm.is_some();
        let blocks = &self.blocks[..self.used];
        let Parts {
            layers,
            owned,
            parameters,
        } = chain.split();
        each_block(
            parameters,
            &mut self.moments,
            self.parallel,
            |number, numbers| {
                let Numbers {
                    learned,
                    cols,
                    first,
                    w,
                    g,
                    m,
                    v,
                } = numbers;
                let layer = owned.partition_point(|range| range.end <= number);
                let index = number - owned[layer].start;
                let range = first..first + w.len() / cols;
                for (at, WorkedBlock { block, .. }) in blocks.iter().enumerate() {
                    let (trace, dy) = (block.trace(layer), block.gradient(layer));
                    let accumulate = match at {
                        0 => Accumulate::Replace,
                        _ => Accumulate::Add,
                    };
                    let out = MatrixMut::new(g, range.len(), cols);
                    layers[layer].gradient(index, range.clone(), trace, dy, accumulate, out);
                }
                if learned && !whole_gradient_first {
                    update.apply(w, g, m, v);
                }
            },
        );
    }

    /// The third loop: scales the whole gradient to a norm of at most `limit`, then updates.
    fn clipped_update(&mut self, chain: &mut Chain, limit: f32, learning_rate: f32) {
        let update = self.options.optimizer.at_step(self.updates, learning_rate);
        let norm = self.gradient_norm(chain) as f32;
        let factor = if norm > limit { limit / norm } else { 1.0 };
        let parameters = chain.parameters_mut();
        each_block(
            parameters,
            &mut self.moments,
            self.parallel,
            |_, numbers| {
                if numbers.learned {
                    latentia_tensor::map_in_place(numbers.g, |g| factor * g);
                    update.apply(numbers.w, numbers.g, numbers.m, numbers.v);
                }
            },
        );
    }

    /// Lets the layers that keep statistics bring them up to date.
    fn renew_statistics(&mut self, chain: &mut Chain) {
        let seed = self.options.seed;
        let step = self.steps - 1;
        let Parts {
            layers,
            owned,
            parameters,
        } = chain.split();
        for (layer, own) in owned.iter().enumerate() {
            let parameters = &mut parameters[own.clone()];
            if parameters.iter().any(|parameter| !parameter.learned) {
                let batch = Batch {
                    blocks: &self.blocks[..self.used],
                    layer,
                    noise: Chain::noise(seed, layer, step),
                };
                layers[layer].renew(parameters, &self.moments[own.clone()], batch);
            }
        }
    }

    /// Norm of the last step's gradient over all parameters that are learned.
    pub fn gradient_norm(&self, chain: &Chain) -> f64 {
        let learned = chain.parameters().iter().zip(&self.moments);
        learned
            .filter(|(parameter, _)| parameter.learned)
            .map(|(_, m)| sum_of_squares(m.gradient.as_slice()))
            .sum::<f64>()
            .sqrt()
    }
}

/// Which sums of a layer that couples examples.
#[derive(Clone, Copy)]
enum Half {
    Forward,
    Back,
}

/// Adds up what the blocks summed for layer `layer`, in order, and lets each of them know.
fn share_sums(blocks: &mut [WorkedBlock], layer: usize, half: Half) {
    let Some((first, others)) = blocks.split_first_mut() else {
        return;
    };
    let Sums { block, batch } = first.block.coupled(layer);
    let middle = block.len() / 2;
    let half = match half {
        Half::Forward => 0..middle,
        Half::Back => middle..block.len(),
    };
    batch[half.clone()].copy_from_slice(&block[half.clone()]);
    for other in &mut *others {
        let own = &other.block.coupled(layer).block[half.clone()];
        let sums = batch[half.clone()].iter_mut();
        sums.zip(own).for_each(|(sum, own)| *sum += own);
    }
    for other in others {
        other.block.coupled(layer).batch[half.clone()].copy_from_slice(&batch[half.clone()]);
    }
}
