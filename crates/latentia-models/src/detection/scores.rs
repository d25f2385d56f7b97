//! How badly a model explains each single example: what does not belong has a high score.

use latentia_nn::BLOCK_ROWS;
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
            self.likelihood().element_losses(outputs, inputs, out);
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
            if likelihood.is_cross_entropy() {
                let share = likelihood.unit().share_of_element(inputs.cols());
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
                likelihood.element_losses(outputs, expected.view(), out);
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

/// Entropy of a Bernoulli distribution with mean `p`, in nats: the least cross-entropy of a target `p`.
fn entropy(p: f64) -> f64 {
    let part = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    part(p) + part(1.0 - p)
}
