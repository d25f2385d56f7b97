//! The codes of a batch in one place.

use latentia_tensor::{Matrix, MatrixMut, MatrixRef, update};

use super::block::Block;
use crate::engine::chain::Chain;
use crate::engine::collective::Shares;
use crate::engine::objective::Objective;
use crate::engine::objective::penalty_buffers::{PenaltiesOf, PenaltyBuffers};
use crate::layer::{Mode, Trace};
use crate::penalty::{CodeGradients, Codes, PenaltyContext};

/// The codes of a whole batch, gathered for the penalties that need it.
#[derive(Debug)]
pub(super) struct BatchCodes {
    inputs: Matrix,
    codes: Matrix,
    labels: Vec<u32>,
    input_gradients: Matrix,
    code_gradients: Matrix,
    /// Rows for each example of what the latent's layer is given, and of codes.
    samples: [usize; 2],
    pub(super) penalties: PenaltyBuffers,
}

impl BatchCodes {
    /// For batches of up to `batch_size` examples, where a penalty of the objective needs it.
    pub(super) fn new(chain: &Chain, objective: &Objective, batch_size: usize) -> Option<Self> {
        if !objective.needs_batch() {
            return None;
        }
        let layer = &chain.layers()[objective.latent];
        let latent = objective.latent;
        let samples = [latent, latent + 1].map(|layers| chain.samples(0..layers, Mode::Train));
        let inputs = Matrix::zeros(batch_size * samples[0], layer.inputs());
        let codes = Matrix::zeros(batch_size * samples[1], layer.outputs());
        let input_gradients = match objective.needs_input_gradient() {
            true => inputs.clone(),
            false => Matrix::default(),
        };
        Some(Self {
            input_gradients,
            code_gradients: codes.clone(),
            inputs,
            codes,
            labels: Vec::with_capacity(batch_size),
            samples,
            penalties: PenaltyBuffers::default(),
        })
    }

    /// Takes the classes of a batch; none where examples have none.
    pub(super) fn label(&mut self, labels: impl Iterator<Item = u32>) {
        self.labels.clear();
        self.labels.extend(labels);
    }

    /// Adds up the penalties that need the whole batch, and adds their gradients to those of the blocks.
    pub(super) fn apply(
        &mut self,
        objective: &Objective,
        blocks: &mut [Block],
        shares: Shares<'_>,
        context: PenaltyContext,
    ) -> f64 {
        let [input_samples, code_samples] = self.samples;
        let first = shares.own_examples().start;
        let (mut input_row, mut code_row) = (first * input_samples, first * code_samples);
        for Block { tape, .. } in &*blocks {
            let Trace { x, y, .. } = tape.trace(objective.latent);
            copy(&mut self.inputs, input_row, x.span());
            copy(&mut self.codes, code_row, y.span());
            (input_row, code_row) = (input_row + x.rows(), code_row + y.rows());
        }
        for (all, samples) in [
            (&mut self.inputs, input_samples),
            (&mut self.codes, code_samples),
        ] {
            let each = samples * all.cols();
            shares.gather_examples(all.as_mut_slice(), each);
        }
        let input_rows = shares.examples * input_samples;
        let code_rows = shares.examples * code_samples;
        let gradient_rows = input_rows.min(self.input_gradients.rows());
        let asked = blocks
            .iter()
            .any(|b| objective.asks_for_code_gradients(&b.tape));
        self.input_gradients.as_mut_slice().fill(0.0);
        self.code_gradients.as_mut_slice().fill(0.0);
        let codes = Codes {
            inputs: self.inputs.top(input_rows),
            codes: self.codes.top(code_rows),
            saved: MatrixRef::new(&[], 0, 0),
            labels: &self.labels,
        };
        let gradients = asked.then(|| CodeGradients {
            inputs: self.input_gradients.top_mut(gradient_rows),
            codes: self.code_gradients.top_mut(code_rows),
            log_prior: &mut [],
        });
        let of = PenaltiesOf::BatchCodes;
        let own = &mut self.penalties;
        let sum = own.add_up(&objective.penalties, of, codes, context, gradients);
        if !asked {
            return sum;
        }
        let own = |gradients: &'_ Matrix, samples: usize| first * samples * gradients.cols();
        let from = own(&self.input_gradients, input_samples);
        let mut inputs = &self.input_gradients.as_slice()[from..];
        let from = own(&self.code_gradients, code_samples);
        let mut codes = &self.code_gradients.as_slice()[from..];
        for Block { tape, buffers, .. } in blocks {
            let gradients = objective.code_gradients(tape, buffers);
            inputs = add(gradients.inputs, inputs);
            codes = add(gradients.codes, codes);
        }
        sum
    }
}

/// Copies rows into `to` from row `first` on.
fn copy(to: &mut Matrix, first: usize, from: &[f32]) {
    let at = first * to.cols();
    to.as_mut_slice()[at..at + from.len()].copy_from_slice(from);
}

/// Adds the first elements of `from` to `to` and returns the others.
fn add<'a>(mut to: MatrixMut<'_>, from: &'a [f32]) -> &'a [f32] {
    let (own, rest) = from.split_at(to.as_mut_slice().len());
    update(to.as_mut_slice(), own, |to, from| to + from);
    rest
}
