//! The memory of one block of examples on its way through a chain.

use std::ops::Range;

use latentia_tensor::{Matrix, MatrixMut, MatrixRef};

use crate::layer::{Mode, Pass, Terms, Trace};
use crate::{Chain, Likelihood};

/// Rows in a block. Fixed, so that the numbers never depend on how many threads share the blocks; see ARCHITECTURE.md for
/// the measurement behind it.
pub const BLOCK_ROWS: usize = 64;

/// Activations of up to [`BLOCK_ROWS`] examples, and room for their gradients when the chain is trained.
#[derive(Debug)]
pub struct Block {
    rows: usize,
    input: Matrix,
    outputs: Vec<Matrix>,
    saved: Vec<Matrix>,
    /// Loss of each row.
    losses: Vec<f64>,
    /// `gradients[i]` belongs to the output of layer `i`; empty when the chain is only used.
    gradients: Vec<Matrix>,
}

impl Block {
    /// Room to run layers `layers` of `chain` on up to `rows` examples.
    pub fn for_use(chain: &Chain, layers: Range<usize>, rows: usize) -> Self {
        let used = &chain.layers()[layers];
        let room = |width: usize| Matrix::zeros(rows, width);
        Self {
            rows: 0,
            input: room(used.first().map_or(0, |layer| layer.inputs())),
            outputs: used.iter().map(|layer| room(layer.outputs())).collect(),
            saved: used.iter().map(|layer| room(layer.saved())).collect(),
            losses: Vec::new(),
            gradients: Vec::new(),
        }
    }

    /// Room to train `chain` on up to `rows` examples.
    pub fn for_training(chain: &Chain, rows: usize) -> Self {
        let used = Self::for_use(chain, 0..chain.layers().len(), rows);
        Self {
            gradients: used.outputs.clone(),
            losses: vec![0.0; rows],
            ..used
        }
    }

    /// The input, to be filled with `rows` examples.
    pub fn input_mut(&mut self, rows: usize) -> MatrixMut<'_> {
        self.rows = rows;
        self.input.top_mut(rows)
    }

    /// The input.
    pub fn input(&self) -> MatrixRef<'_> {
        self.input.top(self.rows)
    }

    /// The output of the last layer, or the input of an empty chain.
    pub fn output(&self) -> MatrixRef<'_> {
        self.outputs.last().unwrap_or(&self.input).top(self.rows)
    }

    /// Runs layers `layers` of `chain`, for which the block was made. The block's first row is row `first_row` of step
    /// `step` of a run seeded with `seed`: on these its noise depends.
    pub fn forward(&mut self, chain: &Chain, layers: Range<usize>, mode: Mode, place: Place) {
        for (at, layer) in layers.enumerate() {
            let (before, after) = self.outputs.split_at_mut(at);
            let x = before.last().unwrap_or(&self.input).top(self.rows);
            let pass = Pass {
                mode,
                noise: Chain::noise(place.seed, layer, place.step),
                first_row: place.first_row,
            };
            chain.layers()[layer].forward(
                &chain.parameters()[chain.owned(layer)],
                pass,
                x,
                after[0].top_mut(self.rows),
                self.saved[at].top_mut(self.rows),
            );
        }
    }

    /// The layers' own terms of the objective, after a run of the whole chain.
    pub fn penalty(&self, chain: &Chain, terms: Terms) -> f64 {
        let layers = chain.layers().iter().enumerate();
        layers
            .map(|(number, layer)| layer.penalty(self.trace(number), terms))
            .sum()
    }

    /// Computes the loss of the whole chain's output and carries its gradient back to every layer.
    ///
    /// Gives back the block's part of the objective, a mean over the batch.
    pub fn backward(&mut self, chain: &Chain, likelihood: Likelihood, terms: Terms) -> f64 {
        let rows = self.rows;
        let (Some(output), Some(gradient)) = (self.outputs.last(), self.gradients.last_mut())
        else {
            return 0.0;
        };
        let losses = &mut self.losses[..rows];
        likelihood.losses_with_gradient(
            output.top(rows),
            self.input.top(rows),
            1.0 / terms.batch as f32,
            losses,
            gradient.top_mut(rows),
        );
        let loss = losses.iter().sum::<f64>() / terms.batch as f64;
        // Before the first layer that learns, nobody asks for a gradient.
        let first = chain.first_learned();
        for layer in (first..chain.layers().len()).rev() {
            let (before, after) = self.gradients.split_at_mut(layer);
            let dx = before.last_mut().filter(|_| layer > first);
            let trace = trace(&self.input, &self.outputs, &self.saved, layer, rows);
            let parameters = &chain.parameters()[chain.owned(layer)];
            let (dy, dx) = (after[0].top_mut(rows), dx.map(|dx| dx.top_mut(rows)));
            chain.layers()[layer].backward(parameters, terms, trace, dy, dx);
        }
        loss + self.penalty(chain, terms)
    }

    /// What layer `layer` left behind.
    pub fn trace(&self, layer: usize) -> Trace<'_> {
        trace(&self.input, &self.outputs, &self.saved, layer, self.rows)
    }

    /// The gradient that reached layer `layer`.
    pub(crate) fn gradient(&self, layer: usize) -> MatrixRef<'_> {
        self.gradients[layer].top(self.rows)
    }
}

/// What layer `layer` left behind for `rows` rows.
fn trace<'a>(
    input: &'a Matrix,
    outputs: &'a [Matrix],
    saved: &'a [Matrix],
    layer: usize,
    rows: usize,
) -> Trace<'a> {
    let x = match layer {
        0 => input,
        _ => &outputs[layer - 1],
    };
    Trace {
        x: x.top(rows),
        y: outputs[layer].top(rows),
        saved: saved[layer].top(rows),
    }
}

/// Where a block stands in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Seed of the run.
    pub seed: u64,
    /// Step of the run.
    pub step: u64,
    /// Number in the batch of the block's first row.
    pub first_row: u32,
}
