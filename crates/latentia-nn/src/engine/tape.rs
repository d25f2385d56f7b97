//! The memory of one block of examples on its way through a chain: forward and back.

mod memory;
mod non_finite;
mod position;
mod rounds;
mod sample_rounds;
mod statistics;
mod traces;

use std::io;
use std::ops::Range;

use latentia_tensor::{Matrix, MatrixMut, MatrixRef, Rows, map_in_place, update};

use super::chain::Chain;
use crate::layer::{BackwardMemory, ForwardMemory, Mode, Pass, Trace};
pub use non_finite::NonFinite;
pub(super) use non_finite::is_finite;
pub use position::Position;
pub use sample_rounds::SampleRounds;
use statistics::StatisticBuffers;
pub(super) use statistics::Way;
pub(super) use traces::BackwardTrace;
use traces::{of_rows, of_rows_mut, trace_of};

/// Activations of a few examples, and their gradients when the chain is trained. It knows layers, and nothing of what
/// is minimised.
///
/// ```
/// use latentia_nn::layers::Dense;
/// use latentia_nn::{Activation, Chain, Initializer, Layer, Mode, Position, Tape};
///
/// // y = relu(x₀ + x₁), and that twice.
/// let layer = |inputs, outputs, activation| -> Box<dyn Layer> {
///     Box::new(Dense::new(inputs, outputs, activation, Initializer::Ones))
/// };
/// let layers = vec![layer(2, 1, Activation::Relu), layer(1, 2, Activation::Linear)];
/// let chain = Chain::new(layers, 42)?;
///
/// // Memory for blocks of up to 64 rows, of which two are used.
/// let mut tape = Tape::forward_only(&chain, 0..2, Mode::Eval, 64);
/// tape.input_mut(2, &[]).as_mut_slice().copy_from_slice(&[1.0, 2.0, 1.0, -2.0]);
/// tape.forward(&chain, Position::default());
/// assert_eq!(tape.trace(0).y.span(), [3.0, 0.0]);
/// assert_eq!(tape.output().span(), [3.0, 3.0, 0.0, 0.0]);
/// # Ok::<(), latentia_nn::ChainError>(())
/// ```
#[derive(Debug)]
pub struct Tape {
    layers: Range<usize>,
    mode: Mode,
    position: Position,
    labels: Vec<u32>,
    /// Examples in the block.
    rows: usize,
    input: Matrix,
    /// What the examples are to be reconstructed as, where that is not themselves.
    targets: Option<Matrix>,
    outputs: Vec<Matrix>,
    saved: Vec<Matrix>,
    /// Rows of output for each example, layer by layer.
    samples: Vec<usize>,
    /// The rounds in which the samples of the one example come, where they do, and the one that is here.
    rounds: Option<SampleRounds>,
    round: usize,
    /// What each layer sums of its gradients with respect to itself, where it is asked for them.
    partial_sums: Vec<Option<Vec<f32>>>,
    /// Sums of each layer that needs statistics over the batch; empty unless a step trains the chain.
    statistics: Vec<StatisticBuffers>,
    /// `gradients[i]` belongs to the output of layer `i`; empty when nothing goes back.
    gradients: Vec<Matrix>,
    /// Gradients with respect to `ln p(z)` of a layer with a learned prior; empty for others.
    log_prior_gradients: Vec<Vec<f32>>,
    /// Factors on the gradients with respect to the output of each layer on their way on to a posterior; empty where there are none.
    posterior_factors: Vec<Vec<f32>>,
    /// The first layer that is asked for gradients with respect to itself: nothing goes back beyond it, but to the input.
    first_learned: usize,
    /// The gradient with respect to the input, where it is asked for.
    input_gradient: Matrix,
    /// One layer after another uses it.
    workspace: Vec<f32>,
}

impl Tape {
    /// The gradient with respect to the input after a run of [`Self::for_input_gradients`]'s layers, `[rows, inputs]`, where `write` writes
    /// that by the output, `[rows, outputs]`.
    pub fn input_gradient(
        &mut self,
        chain: &Chain,
        write: impl FnOnce(MatrixMut<'_>),
    ) -> MatrixRef<'_> {
        let Some(last) = self.gradients.last_mut() else {
            return self.input_gradient.top(0);
        };
        write(last.top_mut(self.rows));
        for at in (0..self.layers.len()).rev() {
            self.backward(chain, at);
        }
        self.last_input_gradient()
    }

    /// What [`Self::input_gradient`] computed the last time.
    pub(super) fn last_input_gradient(&self) -> MatrixRef<'_> {
        self.input_gradient.top(self.rows)
    }

    /// The input, to be filled with `rows` examples of classes `labels`; empty where they have none.
    pub fn input_mut(&mut self, rows: usize, labels: &[u32]) -> MatrixMut<'_> {
        self.targets = None;
        self.labels.clear();
        self.labels.extend_from_slice(labels);
        self.rows = rows;
        self.input.top_mut(rows)
    }

    /// Reads the examples `indices`, their labels where they have some, and what they are to be reconstructed as.
    ///
    /// # Errors
    /// When an example cannot be read.
    pub fn read(&mut self, examples: &dyn Rows, indices: &[u32]) -> io::Result<()> {
        let targets = self.targets.take();
        examples.read(indices, self.input_mut(indices.len(), &[]))?;
        if examples.has_targets() {
            let mut targets = targets.unwrap_or_else(|| self.input.clone());
            examples.read_targets(indices, targets.top_mut(indices.len()))?;
            self.targets = Some(targets);
        }
        let labels = indices.iter().map_while(|&index| examples.label(index));
        self.labels.extend(labels);
        Ok(())
    }

    /// Examples in the block.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The input.
    pub fn input(&self) -> MatrixRef<'_> {
        self.input.top(self.rows)
    }

    /// What the examples are to be reconstructed as: the input, unless those that were read have others.
    pub fn targets(&self) -> MatrixRef<'_> {
        self.targets.as_ref().unwrap_or(&self.input).top(self.rows)
    }

    /// The class of each example; empty where they have none.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// Where the block stands in a run.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The output of the last layer, or the input of an empty chain.
    pub fn output(&self) -> MatrixRef<'_> {
        match self.outputs.len() {
            0 => self.input(),
            stages => self.trace(stages - 1).y,
        }
    }

    /// Rows of output for each example after layer `at`.
    pub(crate) fn samples(&self, at: usize) -> usize {
        self.samples[at]
    }

    /// Rows of output for each example at the end.
    pub(crate) fn samples_at_end(&self) -> usize {
        self.samples.last().copied().unwrap_or(1)
    }

    /// Runs the layers of `chain` for which the tape was made, at a position on which their noise depends.
    pub fn forward(&mut self, chain: &Chain, position: Position) {
        self.begin_at(position);
        self.forward_through(chain, 0..self.layers.len());
    }

    /// Sets the position on which the noise of the next run depends.
    pub(crate) fn begin_at(&mut self, position: Position) {
        self.position = position;
        self.begin_round(0);
    }

    /// As [`Self::forward`], some of the layers, at the position that the tape has.
    pub(crate) fn forward_through(&mut self, chain: &Chain, layers: Range<usize>) {
        let (position, rows) = (self.position, self.rows);
        let (rounds, round) = (self.rounds, self.round);
        for at in layers {
            let number = self.layers.start + at;
            let (before, after) = self.outputs.split_at_mut(at);
            let samples = &self.samples;
            let input_of = |at: usize| match at {
                0 => self.input.top(rows),
                _ => before[at - 1].top(rows * samples[at - 1]),
            };
            let statistics = self.statistics.get(at);
            let skipped = chain.skip(number).map(|skip| skip - self.layers.start);
            let pass = Pass {
                mode: self.mode,
                noise: Chain::noise(position.seed, number, position.step),
                first_row: match rounds {
                    Some(rounds) => rounds.first_row(round, at, position.first_row),
                    None => position.first_row * samples[at] as u32,
                },
                epochs: position.epochs,
                labels: &self.labels,
                skipped: skipped.map(input_of),
                statistics: statistics.map_or(&[], |buffers| &buffers.batch),
            };
            let rows_after = rows * samples[at];
            chain.layers()[number].forward(
                chain.parameters_of(number),
                pass,
                input_of(at),
                after[0].top_mut(rows_after),
                ForwardMemory {
                    saved: self.saved[at].top_mut(rows_after),
                    workspace: &mut self.workspace,
                },
            );
        }
    }

    /// Sums what layer `layer` must know of the batch before it goes forward.
    pub(super) fn sum_forward(&mut self, chain: &Chain, layer: usize) {
        let mut sums = std::mem::take(&mut self.statistics[layer].block);
        let half = sums.len() / 2;
        if let Some(statistics) = chain.layers()[layer].abilities().batch_statistics {
            statistics.sum_forward(self.input_of(layer), &mut sums[..half]);
        }
        self.statistics[layer].block = sums;
    }

    /// Sums what layer `layer` must know of the batch before it goes backward.
    pub(super) fn sum_backward(&mut self, chain: &Chain, layer: usize) {
        let mut sums = std::mem::take(&mut self.statistics[layer].block);
        let half = sums.len() / 2;
        if let Some(statistics) = chain.layers()[layer].abilities().batch_statistics {
            let BackwardTrace {
                trace, gradient, ..
            } = self.backward_trace(layer);
            statistics.sum_backward(
                chain.parameters_of(layer),
                trace,
                gradient,
                &mut sums[half..],
            );
        }
        self.statistics[layer].block = sums;
    }

    /// The sums of layer `layer`, which needs statistics over the batch.
    pub(super) fn statistics(&mut self, layer: usize) -> &mut StatisticBuffers {
        &mut self.statistics[layer]
    }

    /// Carries the gradient back through layer `at`, and to the input where that is asked for.
    pub(crate) fn backward(&mut self, chain: &Chain, at: usize) {
        let to_input = !self.input_gradient.as_slice().is_empty();
        let first = self.first_learned;
        if at < first {
            return;
        }
        let (layer, rows) = (self.layers.start + at, self.rows);
        let mut partial_sums = self.partial_sums[at].take();
        let rows_before = self.input_of(at).rows();
        let trace = trace_of(
            (&self.input, &self.outputs, &self.saved),
            (rows, &self.samples),
            self.statistics.get(at),
            at,
        );
        let own = (at, trace.y.rows());
        let trace = Trace {
            log_prior_gradients: of_rows(&self.log_prior_gradients, own),
            posterior_factors: of_rows(&self.posterior_factors, own),
            ..trace
        };
        let (before, after) = self.gradients.split_at_mut(at);
        let dx = match before.last_mut() {
            Some(dx) if at > first => Some(dx),
            None if to_input => Some(&mut self.input_gradient),
            _ => None,
        };
        let mut dx = dx.map(|dx| dx.top_mut(rows_before));
        let (dy, later) = after.split_at_mut(1);
        chain.layers()[layer].backward(
            chain.parameters_of(layer),
            trace,
            dy[0].top_mut(trace.y.rows()),
            dx.as_mut().map(MatrixMut::reborrow),
            BackwardMemory {
                partial_sums: partial_sums.as_deref_mut(),
                workspace: &mut self.workspace,
            },
        );
        // The gradient of a skip connection goes to both that it added.
        if let Some(dx) = &mut dx {
            let skips = chain.skips_from(layer);
            for skip in skips.take_while(|&skip| skip < self.layers.end) {
                let skipped = later[skip - layer - 1].top(rows_before).span();
                update(dx.as_mut_slice(), skipped, |dx, skipped| dx + skipped);
            }
        }
        self.partial_sums[at] = partial_sums;
    }

    /// The first layer that learns; the number of layers where none does.
    pub(super) fn first_learned(&self) -> usize {
        self.first_learned
    }

    /// Rows that come out of layer `at`.
    pub(crate) fn rows_after(&self, at: usize) -> usize {
        self.rows * self.samples[at]
    }

    /// The input of layer `at`.
    fn input_of(&self, at: usize) -> MatrixRef<'_> {
        match at {
            0 => self.input.top(self.rows),
            _ => self.outputs[at - 1].top(self.rows_after(at - 1)),
        }
    }

    /// The trace of layer `number` of the chain, and the gradient that reached its output.
    pub(super) fn trace_and_gradient(&self, number: usize) -> (Trace<'_>, MatrixRef<'_>) {
        let at = number - self.layers.start;
        (self.trace(at), self.gradient(at))
    }

    /// What layer `at` of those that the tape was made for left behind.
    pub fn trace(&self, at: usize) -> Trace<'_> {
        let partial_sums = self.partial_sums.get(at).and_then(Option::as_deref);
        Trace {
            partial_sums: partial_sums.unwrap_or_default(),
            ..trace_of(
                (&self.input, &self.outputs, &self.saved),
                (self.rows, &self.samples),
                self.statistics.get(at),
                at,
            )
        }
    }

    /// What layer `at` left behind, with the gradients with respect to what it gave, to write.
    pub(super) fn backward_trace(&mut self, at: usize) -> BackwardTrace<'_> {
        let rows = self.rows_after(at);
        let trace = trace_of(
            (&self.input, &self.outputs, &self.saved),
            (self.rows, &self.samples),
            self.statistics.get(at),
            at,
        );
        BackwardTrace {
            labels: &self.labels,
            trace,
            gradient: self.gradients[at].top_mut(rows),
            log_prior: of_rows_mut(&mut self.log_prior_gradients, (at, rows)),
            posterior_factors: of_rows_mut(&mut self.posterior_factors, (at, rows)),
        }
    }

    /// The gradient that reached the output of layer `layer`.
    pub(crate) fn gradient(&self, layer: usize) -> MatrixRef<'_> {
        self.gradients[layer].top(self.rows_after(layer))
    }

    /// Takes out the buffer of the gradient with respect to the output of layer `layer`, so that it can be written beside the rest;
    /// [`Self::restore_gradient`] puts it back.
    pub(super) fn take_gradient(&mut self, layer: usize) -> Matrix {
        std::mem::take(&mut self.gradients[layer])
    }

    /// Puts back what [`Self::take_gradient`] took.
    pub(super) fn restore_gradient(&mut self, layer: usize, gradient: Matrix) {
        self.gradients[layer] = gradient;
    }

    /// As [`Self::gradient`], to write.
    pub(crate) fn gradient_mut(&mut self, layer: usize) -> MatrixMut<'_> {
        let rows = self.rows_after(layer);
        self.gradients[layer].top_mut(rows)
    }

    /// Scales the gradients with respect to the rows that layer `layer` gives, by a factor each.
    pub(super) fn scale_rows(&mut self, layer: usize, factors: &[f64]) {
        for (row, &factor) in self.gradient_mut(layer).iter_rows_mut().zip(factors) {
            let factor = factor as f32;
            map_in_place(row, |g| factor * g);
        }
    }

    /// The first layer whose output is not finite.
    pub(crate) fn non_finite(&self) -> Option<NonFinite> {
        let broken = |layer: &usize| !is_finite(self.trace(*layer).y.span());
        let layer = (0..self.outputs.len()).find(broken)?;
        Some(NonFinite::Output(self.layers.start + layer))
    }
}

impl AsRef<Tape> for Tape {
    fn as_ref(&self) -> &Tape {
        self
    }
}
