//! One training step: two parallel loops.
//!
//! 1. For each block of examples: read, forward, loss, backward. Where the examples of a batch depend on each other, the loop is
//!    cut in two: at the code by a penalty, on both ways at a layer with batch statistics.
//! 2. For each block of parameters: gradient over the whole batch, then the update.
//!
//! A gradient that must be whole before the update (clipping by its norm) makes the update a third loop. Blocks are fixed by
//! sizes, their sums are added in order, and noise is a function of seed, step, layer and row: the result does not depend
//! on the number of threads. Nothing is allocated.

use std::io;

use latentia_tensor::{Accumulate, Matrix, MatrixMut, Noise, Rows, map_in_place, sum_of_squares};

use super::batch_codes::BatchCodes;
use super::block::Block;
use super::chain::{Chain, SplitChain};
use super::frozen::Frozen;
use super::loops::{ParameterBlock, each, each_block};
use super::non_finite::{NonFinite, is_finite};
use super::objective::Objective;
use super::position::Position;
use super::statistics::{Way, share_sums};
use crate::layer::{Batch, Mode, Trace};
use crate::optim::{Moments, Optimizer, Update};
use crate::penalty::PenaltyContext;

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
    /// Numbers of the layers that are not trained. Their parameters have no gradient, no update and no part in the norm that is
    /// clipped, and nothing goes back beyond the first layer that learns. They work as in evaluation where they need statistics
    /// of the batch, and keep those that they have; what is random in them stays so, as in Keras. Where all layers are frozen, a
    /// step learns nothing and gives the loss alone: [`Step::learns`].
    pub frozen: Vec<usize>,
}

/// What may change from batch to batch.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// Step size of the optimiser.
    pub learning_rate: f32,
    /// Epochs trained so far, fractional within an epoch: weights that warm up depend on it.
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

/// All memory that training a chain needs beside its parameters. The crate begins with an example, [`crate::engine`] with one
/// of a frozen layer.
#[derive(Debug)]
pub struct Step {
    options: StepOptions,
    /// The most examples in a batch.
    batch_size: usize,
    blocks: Vec<Block>,
    /// Examples in each block but the last.
    block_examples: usize,
    codes: Option<BatchCodes>,
    frozen: Frozen,
    /// Layers that need statistics over the batch.
    with_statistics: Vec<usize>,
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
    /// The memory to train `chain` with batches of at most `batch_size` examples.
    pub fn new(chain: &Chain, batch_size: usize, options: StepOptions) -> Self {
        let all = 0..chain.layers().len();
        let frozen = Frozen::new(chain, &options.frozen);
        let block_examples = chain
            .block_examples(all, Mode::Train)
            .min(batch_size.max(1));
        let block = || Block::new(chain, &options.objective, &frozen, block_examples);
        let codes = BatchCodes::new(chain, &options.objective, batch_size);
        let at_code = codes.is_some().then_some(options.objective.latent);
        let with_statistics = frozen.with_batch_statistics(chain);
        let mut cuts: Vec<usize> = with_statistics.iter().copied().chain(at_code).collect();
        cuts.sort_unstable_by(|a, b| b.cmp(a));
        cuts.dedup();
        let parameters = chain.parameters().iter();
        let work = batch_size.saturating_mul(chain.multiplications());
        Self {
            blocks: (0..batch_size.div_ceil(block_examples))
                .map(|_| block())
                .collect(),
            batch_size,
            block_examples,
            with_statistics,
            cuts,
            codes,
            moments: parameters.map(|p| Moments::new(&p.value)).collect(),
            steps: 0,
            updates: 0,
            used: 0,
            parallel: work >= WORTH_THREADS,
            frozen,
            options,
        }
    }

    /// Steps taken so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Updates that the moments remember: those since the run began, or since the last reset.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// What is minimised.
    pub(crate) fn objective(&self) -> &Objective {
        &self.options.objective
    }

    /// Whether layer `layer` is not trained.
    pub fn is_frozen(&self, layer: usize) -> bool {
        self.frozen.contains(layer)
    }

    /// Whether some layer learns.
    pub fn learns(&self, chain: &Chain) -> bool {
        self.frozen.first_learned() < chain.layers().len()
    }

    /// The gradient and the moments of each parameter, in the chain's order; those of frozen layers stay as they are.
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

    /// Forgets every gradient and moment, as for a chain that is new. Steps go on counting, so that no noise is met twice.
    pub fn reset(&mut self) {
        self.updates = 0;
        self.moments.iter_mut().for_each(Moments::reset);
    }

    /// Trains `chain` on one batch, the examples `indices` of `examples`, and returns the loss before the update. A loss
    /// that is not finite stops the step before it changes `chain`; [`Self::non_finite`] then says where it began.
    ///
    /// # Errors
    /// When an example cannot be read, or there are none or more than a batch may have; the chain and the step are then unchanged.
    pub fn run(
        &mut self,
        chain: &mut Chain,
        examples: &dyn Rows,
        indices: &[u32],
        rates: Rates,
    ) -> io::Result<f64> {
        if !(1..=self.batch_size).contains(&indices.len()) {
            let (seen, most) = (indices.len(), self.batch_size);
            let message =
                format!("a batch of {seen} examples for a step that takes from 1 to {most}");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        self.used = indices.len().div_ceil(self.block_examples);
        let loss = self.examples_loop(chain, examples, indices, rates.epochs)?;
        self.steps += 1;
        if !loss.is_finite() {
            return Ok(loss);
        }
        self.updates += 1;
        let (optimizer, step) = (self.options.optimizer, self.updates);
        optimizer.at_step(step, rates.learning_rate, &mut |update| {
            self.parameters_loop(chain, update);
            if let Some(limit) = self.options.clip_norm {
                self.clipped_update(chain, limit, update);
            }
        });
        self.update_statistics(chain);
        Ok(loss)
    }

    /// Where the last step stopped being finite, when something of it or of the parameters that it left behind is not.
    pub fn non_finite(&self, chain: &Chain) -> NonFinite {
        if let Some(first) = chain.first_not_finite() {
            let broken = |layer: &usize| {
                let mut moments = self.moments[chain.owned(*layer)].iter();
                !moments.all(|moments| is_finite(moments.gradient.as_slice()))
            };
            // A gradient comes from behind.
            let last = (0..chain.layers().len()).rev().find(broken);
            return last.map_or(NonFinite::Parameters(first), NonFinite::Gradient);
        }
        let objective = &self.options.objective;
        let blocks = self.blocks[..self.used].iter();
        let origins = blocks.filter_map(|block| objective.non_finite(&block.tape, &block.buffers));
        origins.min().unwrap_or(NonFinite::Penalties)
    }

    /// The first loop: leaves activations and gradients in the blocks, returns the objective.
    fn examples_loop(
        &mut self,
        chain: &Chain,
        examples: &dyn Rows,
        indices: &[u32],
        epochs: f64,
    ) -> io::Result<f64> {
        let (step, size) = (self.steps, self.block_examples);
        let (batch, seed) = (indices.len(), self.options.seed);
        let read = |at: usize, block: &mut Block| {
            let first = at * size;
            let indices = &indices[first..batch.min(first + size)];
            block.tape.begin_at(Position {
                seed,
                step,
                first_row: first as u32,
                epochs,
            });
            block.loss = block.tape.read(examples, indices).map(|()| 0.0);
        };
        self.forward(chain, batch, read);
        let used = &mut self.blocks[..self.used];
        if let Some(broken) = used.iter_mut().find(|block| block.loss.is_err()) {
            return std::mem::replace(&mut broken.loss, Ok(0.0));
        }
        let context = PenaltyContext {
            share: 1.0,
            epochs,
            noise: Chain::noise(seed, chain.layers().len(), step),
            first_row: 0,
        };
        let penalties = self.backward(chain, batch, context);
        let losses = self.blocks[..self.used].iter();
        let losses = losses.map(|block| *block.loss.as_ref().unwrap_or(&0.0));
        Ok(losses.sum::<f64>() + penalties)
    }

    /// Reads and goes forward, up to each layer with batch statistics, and then to the end and back to the first cut.
    fn forward(&mut self, chain: &Chain, batch: usize, read: impl Fn(usize, &mut Block) + Sync) {
        let (objective, layers) = (&self.options.objective, chain.layers().len());
        let used = &mut self.blocks[..self.used];
        let lowest = self.cuts.first().map_or(0, |cut| cut + 1);
        let mut begin = 0;
        for number in 0..=self.with_statistics.len() {
            let end = self.with_statistics.get(number).copied();
            each(used, self.parallel, |at, block| {
                if number == 0 {
                    read(at, block);
                }
                let Block {
                    tape,
                    buffers,
                    loss: Ok(loss),
                } = block
                else {
                    return;
                };
                tape.forward_through(chain, begin..end.unwrap_or(layers));
                match end {
                    Some(layer) => tape.sum_forward(chain, layer),
                    None => {
                        *loss = objective.loss_backward(chain, tape, buffers, batch);
                        let layers = lowest..layers;
                        *loss += objective.backward_through(chain, tape, buffers, batch, layers);
                    }
                }
            });
            if let Some(layer) = end {
                share_sums(used, Way::Forward, |block| block.tape.statistics(layer));
                begin = layer;
            }
        }
    }

    /// Goes back from one cut to the next. Returns the penalties that need the whole batch.
    fn backward(&mut self, chain: &Chain, batch: usize, context: PenaltyContext) -> f64 {
        let (objective, parallel) = (&self.options.objective, self.parallel);
        let used = &mut self.blocks[..self.used];
        let mut penalties = 0.0;
        for (number, &cut) in self.cuts.iter().enumerate() {
            if let Some(codes) = self.codes.as_mut().filter(|_| cut == objective.latent) {
                penalties = codes.apply(objective, used, context);
            }
            if self.with_statistics.contains(&cut) {
                each(used, parallel, |_, block| {
                    block.tape.sum_backward(chain, cut);
                });
                share_sums(used, Way::Back, |block| block.tape.statistics(cut));
            }
            let below = self.cuts.get(number + 1).map_or(0, |next| next + 1);
            each(used, parallel, |_, block| {
                let Block {
                    tape,
                    buffers,
                    loss,
                } = block;
                let layers = below..cut + 1;
                let own = objective.backward_through(chain, tape, buffers, batch, layers);
                *loss = loss.as_ref().map_or(Ok(0.0), |loss| Ok(loss + own));
            });
        }
        penalties
    }

    /// The second loop.
    fn parameters_loop(&mut self, chain: &mut Chain, update: &Update<'_>) {
        let whole_gradient_first = self.options.clip_norm.is_some();
        let (blocks, frozen) = (&self.blocks[..self.used], &self.frozen);
        let SplitChain {
            layers,
            owned,
            parameters,
        } = chain.split();
        let parallel = self.parallel;
        each_block(parameters, &mut self.moments, parallel, |number, own| {
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
            let index = number - owned[layer].start;
            let range = first..first + w.len() / cols;
            for (at, Block { tape, .. }) in blocks.iter().enumerate() {
                let (trace, dy) = (tape.trace(layer), tape.gradient(layer));
                let accumulate = match at {
                    0 => Accumulate::Replace,
                    _ => Accumulate::Add,
                };
                let out = MatrixMut::new(g, range.len(), cols);
                layers[layer].gradient(index, range.clone(), trace, dy, accumulate, out);
            }
            if learned && !whole_gradient_first {
                update(w, g, m, v);
            }
        });
    }

    /// The third loop: scales the whole gradient to a norm of at most `limit`, then updates.
    fn clipped_update(&mut self, chain: &mut Chain, limit: f32, update: &Update<'_>) {
        let norm = self.gradient_norm(chain) as f32;
        let factor = if norm > limit { limit / norm } else { 1.0 };
        let (parallel, frozen) = (self.parallel, &self.frozen);
        let SplitChain {
            owned, parameters, ..
        } = chain.split();
        each_block(parameters, &mut self.moments, parallel, |number, own| {
            let layer = owned.partition_point(|range| range.end <= number);
            if own.learned && !frozen.contains(layer) {
                map_in_place(own.g, |g| factor * g);
                update(own.w, own.g, own.m, own.v);
            }
        });
    }

    /// Lets the layers that keep running statistics bring them up to date.
    fn update_statistics(&mut self, chain: &mut Chain) {
        let (seed, step) = (self.options.seed, self.steps - 1);
        let SplitChain {
            layers,
            owned,
            parameters,
        } = chain.split();
        let trained = |(layer, _): &(usize, _)| !self.frozen.contains(*layer);
        for (layer, own) in owned.iter().enumerate().filter(trained) {
            if let Some(statistics) = layers[layer].abilities().running_statistics {
                let batch = LayerBatch {
                    blocks: &self.blocks[..self.used],
                    layer,
                    noise: Chain::noise(seed, layer, step),
                };
                let (parameters, sums) = (&mut parameters[own.clone()], &self.moments[own.clone()]);
                statistics.update(parameters, sums, &batch);
            }
        }
    }

    /// Norm of the last step's gradient over all parameters that are learned.
    pub fn gradient_norm(&self, chain: &Chain) -> f64 {
        let learned = chain.parameters().iter().zip(&self.moments);
        learned
            .filter(|(parameter, _)| parameter.is_learned())
            .map(|(_, moments)| sum_of_squares(moments.gradient.as_slice()))
            .sum::<f64>()
            .sqrt()
    }
}

/// What one layer met in a step.
struct LayerBatch<'a> {
    blocks: &'a [Block],
    layer: usize,
    noise: Noise,
}

impl Batch for LayerBatch<'_> {
    fn blocks(&self) -> usize {
        self.blocks.len()
    }

    fn trace(&self, block: usize) -> Trace<'_> {
        self.blocks[block].tape.trace(self.layer)
    }

    fn noise(&self) -> Noise {
        self.noise
    }
}
