//! How badly a model explains each single example: what does not belong has a high score.

use latentia_nn::{BLOCK_ROWS, Likelihood};
use latentia_tensor::{ElementKind, Matrix, MatrixMut, MatrixRef, Rows};

use crate::autoencoder::inference::for_each_block;
use crate::{Autoencoder, ModelError};

impl Autoencoder {
    /// The likelihood's loss of each example, in its unit, at the mean of its code: `[rows]`. High where the example does not
    /// look like those that the model learned from.
    ///
    /// # Errors
    /// When the examples do not fit the model, cannot be read, or have values so large that a score is not finite.
    pub fn score(&self, examples: &dyn Rows) -> Result<Vec<f64>, ModelError> {
        let scaled = self.scaled(examples)?;
        let mut scores = Vec::with_capacity(examples.rows());
        for_each_block(self.chain(), self.whole(), &scaled, |_, block| {
            let (inputs, outputs) = (block.input(), block.output());
            let mut losses = [0.0; BLOCK_ROWS];
            let losses = &mut losses[..inputs.rows()];
            self.likelihood().losses(outputs, inputs, losses);
            scores.extend_from_slice(losses);
            Ok::<_, ModelError>(())
        })?;
        // Only then is it worth another look at the examples.
        if !scores.iter().all(|score| score.is_finite()) {
            self.check_values(examples)?;
        }
        Ok(scores)
    }

    /// What each element adds to the [score](Self::score) of its example, in the same unit: `[rows, width]`. The parts of an example
    /// add up to its score; what is missing has none.
    ///
    /// # Errors
    /// As [`Self::score`].
    pub fn element_scores(&self, examples: &dyn Rows) -> Result<Matrix, ModelError> {
        self.for_each_element(examples, |outputs, inputs, out| {
            element_losses(self.likelihood(), outputs, inputs, out);
        })
    }

    /// What each element would add at least, were it and what the model makes of it as alike as can be: `[rows, width]`. It is a
    /// number's density at its mean, the entropy of a grey target under a Bernoulli distribution, and 0 for everything else. What an
    /// element of [`Self::element_scores`] has above it is due to the example.
    ///
    /// # Errors
    /// As [`Self::score`].
    pub fn least_element_scores(&self, examples: &dyn Rows) -> Result<Matrix, ModelError> {
        let (kinds, likelihood) = (self.kinds(), self.likelihood());
        self.for_each_element(examples, |outputs, inputs, mut out| {
            if likelihood.is_binary() {
                let share = share_of_element(likelihood, inputs.cols());
                for (out, &t) in out.as_mut_slice().iter_mut().zip(inputs.span()) {
                    *out = (share * entropy(t.into())) as f32;
                }
            } else if likelihood.is_density() {
                let mut expected = Matrix::zeros(inputs.rows(), inputs.cols());
                likelihood.mean(outputs, expected.view_mut());
                for (row, inputs) in expected.view_mut().iter_rows_mut().zip(inputs.iter_rows()) {
                    for (column, (x, input)) in row.iter_mut().zip(inputs).enumerate() {
                        let kind = kinds.get(column).copied().unwrap_or(ElementKind::Number);
                        let has_density = kind == ElementKind::Number && !input.is_nan();
                        *x = if has_density { *x } else { f32::NAN };
                    }
                }
                element_losses(likelihood, outputs, expected.view(), out);
            }
        })
    }

    /// What `make` makes of the outputs and inputs of each block of examples: `[rows, width]`.
    fn for_each_element(
        &self,
        examples: &dyn Rows,
        make: impl Fn(MatrixRef<'_>, MatrixRef<'_>, MatrixMut<'_>),
    ) -> Result<Matrix, ModelError> {
        let scaled = self.scaled(examples)?;
        let mut scores = Matrix::zeros(examples.rows(), self.width());
        for_each_block(self.chain(), self.whole(), &scaled, |first, block| {
            let (inputs, outputs) = (block.input(), block.output());
            let (rows, width) = (inputs.rows(), self.width());
            let own = &mut scores.as_mut_slice()[first * width..][..rows * width];
            let own = MatrixMut::new(own, rows, width);
            make(outputs, inputs, own);
            Ok::<_, ModelError>(())
        })?;
        Ok(scores)
    }
}

/// What each element adds to the loss of its row: `[rows, n]` from outputs `[rows, outputs(n)]` and targets `[rows, n]`.
fn element_losses(
    likelihood: &dyn Likelihood,
    outputs: MatrixRef<'_>,
    targets: MatrixRef<'_>,
    mut out: MatrixMut<'_>,
) {
    if let Some(columns) = likelihood.columns() {
        return columns.column_losses(outputs, targets, out);
    }
    let n = targets.cols();
    // A row of one element has the outputs of that element, which lie `n` apart, or a last one that all elements share.
    let each = likelihood.outputs(1);
    let elements = targets.rows() * n;
    let mut own = Matrix::zeros(elements, each);
    for (row, outputs) in outputs.iter_rows().enumerate() {
        let own = &mut own.as_mut_slice()[row * n * each..][..n * each];
        for (element, own) in own.chunks_mut(each).enumerate() {
            for (at, own) in own.iter_mut().enumerate() {
                *own = outputs[(at * n + element).min(outputs.len() - 1)];
            }
        }
    }
    let mut losses = vec![0.0; elements];
    likelihood.losses(
        own.view(),
        MatrixRef::new(targets.span(), elements, 1),
        &mut losses,
    );
    let share = share_of_element(likelihood, n);
    for (out, loss) in out.as_mut_slice().iter_mut().zip(losses) {
        *out = (share * loss) as f32;
    }
}

/// What an element's own loss is multiplied by in that of its example of `n`: a mean over elements, or a sum.
pub(super) fn share_of_element(likelihood: &dyn Likelihood, n: usize) -> f64 {
    match likelihood.is_in_nats_per_example() {
        true => 1.0,
        false => 1.0 / n as f64,
    }
}

/// Entropy of a Bernoulli distribution with mean `p`, in nats: the least cross-entropy of a target `p`.
fn entropy(p: f64) -> f64 {
    let part = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    part(p) + part(1.0 - p)
}
