//! One training step: two parallel loops.
//!
//! 1. For each block of examples: read, forward, loss, backward. Where the examples of a batch depend on each other, the loop is
//!    cut in two: at the code by a penalty, on both ways at a layer with batch statistics.
//! 2. For each block of parameters: gradient over the whole batch, then the update.
//!
//! The samples of an importance-weighted bound come in rounds where they are many: the first loop then goes back through one round
//! after another, and sums the gradients of the layers from the code on over each.
//!
//! A gradient that must be whole before the update (clipping by its norm) makes the update a third loop. Pseudo-inputs of a prior
//! pass the encoder after the update, and the gradient goes back through them before the second loop. Blocks are fixed by
//! sizes, their sums are added in order, and noise is a function of seed, step, layer and row: the result does not depend
//! on the number of threads. Nothing is allocated.

pub(super) mod adversary_step;
mod batch_codes;
mod block;
mod examples_loop;
mod met;
mod packing;
pub(super) mod parallel_loop;
mod parameter_blocks;
mod parameters_loop;
mod pseudo_inputs;
mod rounds_loop;
mod running_statistics;

use std::io;
use std::sync::Arc;

use latentia_tensor::{Matrix, Rows, sum_of_squares};

use super::chain::Chain;
use super::chain::frozen::Frozen;
use super::collective::{Alone, Collective, Shares};
use super::objective::Objective;
use super::tape::{NonFinite, SampleRounds, is_finite};
use crate::layer::Mode;
use crate::optim::{Moments, Optimizer};
use batch_codes::BatchCodes;
use block::Block;
use met::Met;
use packing::PackedWeights;
use pseudo_inputs::PseudoInputs;

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
    collective: Arc<dyn Collective>,
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
    /// Examples of the last batch.
    examples: usize,
    /// Blocks of the last batch that are this process's.
    used: usize,
    /// Buffer for numbers of every block of a batch: losses, penalties, sums over the batch.
    of_blocks: Vec<f64>,
    /// Each penalty of the last batch.
    penalties: Vec<f64>,
    /// Threads of the first process, by which all measure the messages between them.
    message_threads: usize,
    /// What layers with running statistics met of a whole batch, where other processes have a part of it.
    met: Vec<Option<Met>>,
    parallel: bool,
    packed: PackedWeights,
    pseudo_inputs: Option<PseudoInputs>,
    /// The rounds in which the samples of an example come, where they do.
    rounds: Option<SampleRounds>,
}

impl Step {
    /// The memory to train `chain` with batches of at most `batch_size` examples.
    pub fn new(chain: &Chain, batch_size: usize, options: StepOptions) -> Self {
        let all = 0..chain.layers().len();
        let frozen = Frozen::new(chain, &options.frozen);
        let rounds = options.objective.sample_rounds(chain, Mode::Train);
        let rows = batch_size.saturating_mul(rounds.map_or(1, SampleRounds::samples));
        let parallel = rows.saturating_mul(chain.multiplications()) >= WORTH_THREADS;
        let packed = match parallel {
            true => PackedWeights::new(chain, &frozen, rows),
            false => PackedWeights::default(),
        };
        let block_examples = match rounds {
            Some(_) => 1,
            None => chain.block_examples(all, Mode::Train),
        };
        let block_examples = match parallel {
            true => packed.block_examples(chain, batch_size, block_examples),
            false => block_examples,
        };
        let block_examples = block_examples.min(batch_size.max(1));
        let block = || Block::new(chain, &options.objective, &frozen, block_examples);
        let codes = BatchCodes::new(chain, &options.objective, batch_size);
        let at_code = codes.is_some().then_some(options.objective.latent);
        let with_statistics = frozen.with_batch_statistics(chain);
        let mut cuts: Vec<usize> = with_statistics.iter().copied().chain(at_code).collect();
        cuts.sort_unstable_by(|a, b| b.cmp(a));
        cuts.dedup();
        let parameters = chain.parameters().iter();
        let blocks = batch_size.div_ceil(block_examples);
        let sums = with_statistics
            .iter()
            .map(|&layer| frozen.sums(chain, layer));
        let penalties = options.objective.penalties.len();
        let numbers = sums.max().unwrap_or(0).max(penalties).max(1);
        Self {
            collective: Arc::new(Alone),
            blocks: (0..blocks).map(|_| block()).collect(),
            of_blocks: vec![0.0; blocks * numbers],
            penalties: vec![0.0; penalties],
            message_threads: 1,
            met: Vec::new(),
            examples: 0,
            batch_size,
            block_examples,
            with_statistics,
            cuts,
            codes,
            moments: parameters.map(|p| Moments::new(&p.value)).collect(),
            steps: 0,
            updates: 0,
            used: 0,
            parallel,
            packed,
            pseudo_inputs: PseudoInputs::new(chain, &frozen),
            rounds,
            frozen,
            options,
        }
    }

    /// Shares every batch with other processes that train the same chain: all are given the same indices, each works its own blocks, and
    /// all have the chain of one process alone after every step. An error ends a step in one process alone. It is an operation of all
    /// processes, as their messages are measured by the threads of the first one's current pool.
    pub fn share(&mut self, chain: &Chain, collective: Arc<dyn Collective>) {
        let blocks = self.blocks.len();
        self.blocks.truncate(blocks.div_ceil(collective.ranks()));
        let met = |layer| Met::new(chain, layer, self.batch_size);
        self.met = match collective.ranks() {
            1 => Vec::new(),
            _ => (0..chain.layers().len()).map(met).collect(),
        };
        let mut threads = [rayon::current_num_threads() as u64];
        collective.broadcast(0, bytemuck::cast_slice_mut(&mut threads));
        self.message_threads = threads[0] as usize;
        self.collective = collective;
    }

    /// What processes do together that train the chain.
    pub fn collective(&self) -> &Arc<dyn Collective> {
        &self.collective
    }

    /// Steps taken so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Updates that the moments remember: those since the run began, or since the last reset.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// What each penalty of the objective has added to the loss of the last batch, in their order.
    pub fn penalties(&self) -> &[f64] {
        &self.penalties
    }

    /// What is minimised.
    pub fn objective(&self) -> &Objective {
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
        self.examples = indices.len();
        let collective = Arc::clone(&self.collective);
        let shares = self.shares(&*collective);
        self.used = shares.own_blocks().len();
        if let Some(pseudo_inputs) = &mut self.pseudo_inputs {
            pseudo_inputs.refresh(chain, self.parallel);
        }
        self.packed.hand_out(chain);
        let loss = self.examples_loop(chain, examples, indices, rates.epochs, shares);
        self.packed.take_back(chain);
        let loss = loss?;
        self.steps += 1;
        if !loss.is_finite() {
            return Ok(loss);
        }
        self.updates += 1;
        let (optimizer, step) = (self.options.optimizer, self.updates);
        optimizer.at_step(step, rates.learning_rate, &mut |update| {
            self.parameters_loop(chain, shares, update);
        });
        self.update_statistics(chain, shares);
        if let Some(pseudo_inputs) = &mut self.pseudo_inputs {
            pseudo_inputs.encode(chain, self.parallel);
        }
        Ok(loss)
    }

    /// Which examples of the last batch are whose.
    fn shares<'a>(&self, collective: &'a dyn Collective) -> Shares<'a> {
        Shares {
            collective,
            examples: self.examples,
            block_examples: self.block_examples,
        }
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
        let own = origins.min().unwrap_or(NonFinite::Penalties);
        own.first_of(&*self.collective)
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
