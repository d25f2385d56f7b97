//! The memory of one block of examples on its way through a chain.

use std::io;
use std::ops::Range;

use latentia_tensor::{Matrix, MatrixMut, MatrixRef, Rows, update};

use super::activations::{Activations, Sums};
use super::importance;
use super::non_finite::finite;
use crate::engine::objective::{Objective, Slopes, State};
use crate::layer::{Mode, Parameter, Pass, Trace};
use crate::{Chain, Origin};

/// Rows in a block. Fixed, so that the numbers never depend on how many threads share the blocks; see ARCHITECTURE.md for
/// the measurement behind it.
pub const BLOCK_ROWS: usize = 64;

/// Activations of a few examples, and room for their gradients when the chain is trained.
#[derive(Debug)]
pub struct Block {
    layers: Range<usize>,
    mode: Mode,
    place: Place,
    labels: Vec<u8>,
    activations: Activations,
    /// The input, a row for each row of output, where an example has several.
    targets: Matrix,
    /// Loss of each row of output; then, where samples are weighed by importance, its weight.
    losses: Vec<f64>,
    /// `gradients[i]` belongs to the output of layer `i`; empty when the chain is only used.
    gradients: Vec<Matrix>,
    /// The gradient by the input, where it is asked for.
    input_gradient: Matrix,
    /// Slopes by the input of the code's layer, where a term reaches it.
    reached: Matrix,
    /// For the terms of the objective.
    scratch: Vec<f32>,
    /// Lent to one layer after another.
    lent: Vec<f32>,
}

impl Block {
    /// Room to run layers `layers` of `chain` on up to `rows` examples.
    pub fn for_use(chain: &Chain, layers: Range<usize>, mode: Mode, rows: usize) -> Self {
        let used = &chain.layers()[layers.clone()];
        let copies: Vec<usize> = layers
            .clone()
            .map(|layer| chain.copies(layers.start..layer + 1, mode))
            .collect();
        let room = |width: fn(&dyn crate::Layer) -> usize| -> Vec<Matrix> {
            let stages = used.iter().zip(&copies);
            stages
                .map(|(layer, copies)| Matrix::zeros(rows * copies, width(&**layer)))
                .collect()
        };
        let inputs = used.first().map_or(0, |layer| layer.inputs());
        let last = copies.last().copied().unwrap_or(1);
        Self {
            mode,
            place: Place::default(),
            labels: Vec::with_capacity(rows),
            activations: Activations {
                rows: 0,
                input: Matrix::zeros(rows, inputs),
                outputs: room(|layer| layer.outputs()),
                saved: room(|layer| layer.saved()),
                copies,
                sums: Vec::new(),
                coupled: Vec::new(),
            },
            targets: Matrix::zeros(if last > 1 { rows * last } else { 0 }, inputs),
            losses: vec![0.0; rows * last],
            gradients: Vec::new(),
            input_gradient: Matrix::default(),
            reached: Matrix::default(),
            scratch: Vec::new(),
            lent: vec![0.0; used.iter().map(|l| l.scratch()).max().unwrap_or(0)],
            layers,
        }
    }

    /// Room to train `chain` for `objective` on up to `rows` examples.
    pub fn for_training(chain: &Chain, objective: &Objective, rows: usize) -> Self {
        let mut block = Self::for_use(chain, 0..chain.layers().len(), Mode::Train, rows);
        let layers = chain.layers().iter();
        block.activations.sums = layers.clone().map(|l| vec![0.0; l.sums()]).collect();
        block.activations.coupled = layers
            .map(|layer| Sums {
                block: vec![0.0; 2 * layer.couples()],
                batch: vec![0.0; 2 * layer.couples()],
            })
            .collect();
        let code = objective.code;
        let reached = match objective.reaches_input() {
            true => Matrix::zeros(
                rows * chain.copies(0..code, Mode::Train),
                chain.layers()[code].inputs(),
            ),
            false => Matrix::default(),
        };
        Self {
            gradients: block.activations.outputs.clone(),
            reached,
            ..block
        }
    }

    /// Room for gradients by the input of layers `layers` of `chain`, in use, on up to `rows` examples.
    pub fn for_input_gradients(chain: &Chain, layers: Range<usize>, rows: usize) -> Self {
        let mut block = Self::for_use(chain, layers.clone(), Mode::Use, rows);
        let used = chain.layers()[layers].iter();
        block.activations.sums = used.map(|layer| vec![0.0; layer.sums()]).collect();
        Self {
            gradients: block.activations.outputs.clone(),
            input_gradient: block.activations.input.clone(),
            ..block
        }
    }

    /// The gradient by the input after a run of [`Self::for_input_gradients`]'s layers, `[rows, inputs]`, where `slopes` writes
    /// that by the output, `[rows, outputs]`.
    pub fn input_gradient(
        &mut self,
        chain: &Chain,
        slopes: impl FnOnce(MatrixMut<'_>),
    ) -> MatrixRef<'_> {
        let rows = self.activations.rows;
        let Some(last) = self.gradients.last_mut() else {
            return self.input_gradient.top(0);
        };
        slopes(last.top_mut(rows));
        for at in (0..self.layers.len()).rev() {
            self.backward(chain, at);
        }
        self.input_gradient.top(rows)
    }

    /// The input, to be filled with `rows` examples of classes `labels`; empty where they have none.
    pub fn input_mut(&mut self, rows: usize, labels: &[u8]) -> MatrixMut<'_> {
        self.labels.clear();
        self.labels.extend_from_slice(labels);
        self.activations.rows = rows;
        self.activations.input.top_mut(rows)
    }

    /// Reads the examples `indices`, and their labels where they have some.
    ///
    /// # Errors
    /// When an example cannot be read.
    pub fn read(&mut self, examples: &dyn Rows, indices: &[u32]) -> io::Result<()> {
        examples.read(indices, self.input_mut(indices.len(), &[]))?;
        let labels = indices.iter().map_while(|&index| examples.label(index));
        self.labels.extend(labels);
        Ok(())
    }

    /// The input.
    pub fn input(&self) -> MatrixRef<'_> {
        self.activations.input.top(self.activations.rows)
    }

    /// The class of each example; empty where they have none.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The output of the last layer, or the input of an empty chain.
    pub fn output(&self) -> MatrixRef<'_> {
        match self.activations.outputs.len() {
            0 => self.input(),
            stages => self.activations.trace(stages - 1).y,
        }
    }

    /// Runs the layers of `chain` for which the block was made, at a place on which their noise depends.
    pub fn forward(&mut self, chain: &Chain, place: Place) {
        self.begin_at(place);
        self.forward_through(chain, 0..self.layers.len());
    }

    /// Sets the place on which the noise of the next run depends.
    pub(crate) fn begin_at(&mut self, place: Place) {
        self.place = place;
    }

    /// As [`Self::forward`], some of the layers, at the place that the block has.
    pub(crate) fn forward_through(&mut self, chain: &Chain, layers: Range<usize>) {
        let place = self.place;
        let Activations {
            rows,
            input,
            outputs,
            saved,
            copies,
            coupled,
            ..
        } = &mut self.activations;
        for at in layers {
            let layer = &chain.layers()[self.layers.start + at];
            let (before, after) = outputs.split_at_mut(at);
            let input_of = |at: usize| match at {
                0 => input.top(*rows),
                _ => before[at - 1].top(*rows * copies[at - 1]),
            };
            let rows_after = *rows * copies[at];
            let pass = Pass {
                mode: self.mode,
                noise: Chain::noise(place.seed, self.layers.start + at, place.step),
                first_row: place.first_row * copies[at] as u32,
                epochs: place.epochs,
                labels: &self.labels,
                joined: layer.joins().map(|layers| input_of(at - layers)),
                batch: coupled.get(at).map_or(&[], |sums| &sums.batch),
            };
            layer.forward(
                own(chain, self.layers.start + at),
                pass,
                input_of(at),
                after[0].top_mut(rows_after),
                saved[at].top_mut(rows_after),
                &mut self.lent,
            );
        }
    }

    /// Sums what layer `layer` must know of the batch before it goes forward.
    pub(crate) fn couple(&mut self, chain: &Chain, layer: usize) {
        let mut sums = std::mem::take(&mut self.activations.coupled[layer].block);
        let half = sums.len() / 2;
        let x = self.activations.before(layer);
        chain.layers()[layer].couple(x, &mut sums[..half]);
        self.activations.coupled[layer].block = sums;
    }

    /// Sums what layer `layer` must know of the batch before it goes backward.
    pub(crate) fn couple_back(&mut self, chain: &Chain, layer: usize) {
        let mut sums = std::mem::take(&mut self.activations.coupled[layer].block);
        let half = sums.len() / 2;
        let trace = self.activations.trace(layer);
        let dy = self.gradients[layer].top_mut(trace.y.rows());
        chain.layers()[layer].couple_back(own(chain, layer), trace, dy, &mut sums[half..]);
        self.activations.coupled[layer].block = sums;
    }

    /// The sums of layer `layer`, which couples examples.
    pub(crate) fn coupled(&mut self, layer: usize) -> &mut Sums {
        &mut self.activations.coupled[layer]
    }

    /// The block's part of the objective after a run of the whole chain: a mean over `batch` examples, every weight the full
    /// one. A term that couples examples takes the block for a batch.
    pub fn objective(&mut self, chain: &Chain, objective: &Objective, batch: usize) -> f64 {
        let mut sum = self.loss(objective, batch, false);
        if !objective.terms.is_empty() {
            let state = self.state(chain, objective, batch, f64::INFINITY);
            let codes = self.activations.trace(objective.code);
            for coupling in [false, true] {
                sum += objective.apply(coupling, codes, state, None, &mut self.scratch);
            }
        }
        sum
    }

    /// The block's part of the likelihood's loss; with `slopes`, its gradient by the outputs too.
    fn loss(&mut self, objective: &Objective, batch: usize, slopes: bool) -> f64 {
        let examples = self.activations.rows;
        let Some(copies) = self.activations.copies.last().copied() else {
            return 0.0;
        };
        let rows = examples * copies;
        let input = &self.activations.input;
        let targets = match copies {
            1 => input.top(rows),
            _ => {
                let mut targets = self.targets.top_mut(rows);
                for (row, target) in targets.iter_rows_mut().enumerate() {
                    target.copy_from_slice(input.row(row / copies));
                }
                self.targets.top(rows)
            }
        };
        let losses = &mut self.losses[..rows];
        // Weights by importance sum to one over the samples of an example; without them, all count alike.
        let weighed = objective.importance_weighted;
        let count = if weighed { batch } else { batch * copies } as f64;
        let output = self.activations.outputs[self.layers.len() - 1].top(rows);
        let likelihood = objective.likelihood;
        let mut gradient = self.gradients.last_mut().filter(|_| slopes);
        match &mut gradient {
            Some(gradient) => {
                let (scale, gradient) = ((1.0 / count) as f32, gradient.top_mut(rows));
                likelihood.losses_with_gradient(output, targets, scale, losses, gradient);
            }
            None => likelihood.losses(output, targets, losses),
        }
        if !weighed {
            return losses.iter().sum::<f64>() / count;
        }
        let bound = importance::weigh(self.activations.trace(objective.code), losses);
        if let Some(gradient) = gradient {
            for (row, weight) in gradient.top_mut(rows).iter_rows_mut().zip(losses) {
                let weight = *weight as f32;
                latentia_tensor::map_in_place(row, |g| weight * g);
            }
        }
        bound / count
    }

    /// What stopped being finite first between the input and the likelihood's loss; nothing where all is finite.
    pub fn origin(&self) -> Option<Origin> {
        let broken = |layer: &usize| !finite(self.activations.trace(*layer).y.span());
        let layer = (0..self.activations.outputs.len()).find(broken);
        let rows = self.output().rows();
        let loss = || !self.losses[..rows].iter().all(|loss| loss.is_finite());
        match layer {
            Some(layer) => Some(Origin::Output(self.layers.start + layer)),
            None => loss().then_some(Origin::Likelihood),
        }
    }

    /// The loss and its gradient by the outputs. Gives back the block's part of a mean over `batch` examples.
    pub(crate) fn turn_back(&mut self, chain: &Chain, objective: &Objective, batch: usize) -> f64 {
        let sum = self.loss(objective, batch, true);
        match objective.code + 1 == self.layers.len() {
            true => sum + self.terms(chain, objective, batch),
            false => sum,
        }
    }

    /// Carries gradients back through some layers. Behind the code's layer, the terms that do not couple examples add theirs:
    /// gives back their sum, the block's part of a mean over `batch` examples.
    pub(crate) fn backward_through(
        &mut self,
        chain: &Chain,
        objective: &Objective,
        batch: usize,
        layers: Range<usize>,
    ) -> f64 {
        let mut sum = 0.0;
        for layer in layers.rev() {
            self.backward(chain, layer);
            if layer == objective.code {
                self.add_reached(chain, layer);
            }
            if layer == objective.code + 1 {
                sum += self.terms(chain, objective, batch);
            }
        }
        sum
    }

    /// The terms that do not couple examples, with their slopes.
    fn terms(&mut self, chain: &Chain, objective: &Objective, batch: usize) -> f64 {
        let state = self.state(chain, objective, batch, self.place.epochs);
        let codes = self.activations.trace(objective.code);
        let rows = self.reached_rows();
        self.reached.as_mut_slice().fill(0.0);
        let mut slopes = Slopes {
            dx: self.reached.top_mut(rows),
            dy: self.gradients[objective.code].top_mut(codes.y.rows()),
        };
        if objective.importance_weighted {
            importance::add_slopes(codes, &self.losses, batch, &mut slopes);
        }
        match objective.terms.is_empty() {
            true => 0.0,
            false => objective.apply(false, codes, state, Some(slopes), &mut self.scratch),
        }
    }

    /// Adds the slopes by the input of the code's layer to those that went through it.
    fn add_reached(&mut self, chain: &Chain, code: usize) {
        let rows = self.reached_rows();
        if rows > 0 && code > chain.first_learned() {
            let mut gradient = self.gradients[code - 1].top_mut(rows);
            let slopes = self.reached.top(rows).span();
            update(gradient.as_mut_slice(), slopes, |g, slope| g + slope);
        }
    }

    /// Carries gradients back through layer `at`, and to the input where that is asked for.
    fn backward(&mut self, chain: &Chain, at: usize) {
        let to_input = !self.input_gradient.as_slice().is_empty();
        // Before the first layer that learns, nobody else asks for a gradient.
        let first = if to_input { 0 } else { chain.first_learned() };
        if at < first {
            return;
        }
        let layer = self.layers.start + at;
        let mut sums = std::mem::take(&mut self.activations.sums[at]);
        let trace = self.activations.trace(at);
        let rows = trace.x.rows();
        let (before, after) = self.gradients.split_at_mut(at);
        let dx = match before.last_mut() {
            Some(dx) if at > first => Some(dx),
            None if to_input => Some(&mut self.input_gradient),
            _ => None,
        };
        let mut dx = dx.map(|dx| dx.top_mut(rows));
        let (dy, later) = after.split_at_mut(1);
        chain.layers()[layer].backward(
            own(chain, layer),
            trace,
            dy[0].top_mut(trace.y.rows()),
            dx.as_mut().map(MatrixMut::reborrow),
            &mut self.lent,
            &mut sums,
        );
        // The gradient of a join goes to both that it added.
        let behind = &chain.layers()[layer + 1..self.layers.end];
        for (number, (joining, gradient)) in behind.iter().zip(later).enumerate() {
            if let Some(dx) = dx.as_mut().filter(|_| joining.joins() == Some(number + 1)) {
                let joined = gradient.top(rows).span();
                update(dx.as_mut_slice(), joined, |dx, joined| dx + joined);
            }
        }
        self.activations.sums[at] = sums;
    }

    /// Where the terms of the objective are computed.
    fn state(&self, chain: &Chain, objective: &Objective, batch: usize, epochs: f64) -> State {
        let Place {
            seed,
            step,
            first_row,
            ..
        } = self.place;
        State {
            share: self.activations.rows as f64 / batch as f64,
            epochs,
            // Behind the layers, whose noise has the numbers before.
            noise: Chain::noise(seed, chain.layers().len(), step),
            first_row: first_row * self.activations.copies[objective.code] as u32,
        }
    }

    /// Rows of [`Self::reached`] in use.
    fn reached_rows(&self) -> usize {
        let examples = self.activations.input.rows().max(1);
        self.reached.rows() / examples * self.activations.rows
    }

    /// What layer `layer` of the whole chain left behind.
    pub fn trace(&self, layer: usize) -> Trace<'_> {
        self.activations.trace(layer)
    }

    /// The gradient that reached layer `layer`.
    pub(crate) fn gradient(&self, layer: usize) -> MatrixRef<'_> {
        self.gradients[layer].top(self.activations.rows_after(layer))
    }

    /// Where terms on the code of the whole batch add their slopes.
    pub(crate) fn slopes(&mut self, objective: &Objective) -> Slopes<'_> {
        let (reached, codes) = (
            self.reached_rows(),
            self.activations.rows_after(objective.code),
        );
        Slopes {
            dx: self.reached.top_mut(reached),
            dy: self.gradients[objective.code].top_mut(codes),
        }
    }
}

/// The parameters of layer `layer`.
fn own(chain: &Chain, layer: usize) -> &[Parameter] {
    &chain.parameters()[chain.owned(layer)]
}

/// Where a block stands in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    /// Seed of the run.
    pub seed: u64,
    /// Step of the run.
    pub step: u64,
    /// Number in the batch of the block's first example.
    pub first_row: u32,
    /// Epochs trained so far, whole and begun.
    pub epochs: f64,
}
