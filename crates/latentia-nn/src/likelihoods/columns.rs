//! The columns of a table, each by what it is.

pub use latentia_tensor::loss::Columns;

use latentia_tensor::{MatrixMut, MatrixRef, Noise};

use super::gaussian_shared_scale::SharedScale;
use crate::layer::Layer;
use crate::likelihood::Likelihood;

/// A Gaussian of each number, a Bernoulli distribution of each boolean, a softmax of each category, in nats per example, a sum over
/// columns; what is missing is left out. Scales of numbers are 1, or learned, one for each column: [`SharedScale`] appends their
/// logarithms. Outputs, `mean` and so on are those of [`mod@latentia_tensor::loss::columns`].
impl Likelihood for Columns {
    fn name(&self) -> &'static str {
        match self.has_learned_scale() {
            true => "columns-learned-scale",
            false => "columns",
        }
    }

    /// Numbers have a density.
    fn is_density(&self) -> bool {
        self.numbers(1) > 0
    }

    fn columns(&self) -> Option<&Columns> {
        Some(self)
    }

    fn linear_outputs(&self) -> Option<&'static str> {
        let numbers = self.numbers(self.kinds().len());
        (numbers < self.kinds().len()).then_some("means and logits")
    }

    fn outputs(&self, n: usize) -> usize {
        self.outputs(n)
    }

    fn last_layer(&self, n: usize) -> Option<Box<dyn Layer>> {
        let scales = self.outputs(n) - self.encoded_width(n);
        match scales {
            0 => None,
            scales => Some(Box::new(SharedScale::new(self.encoded_width(n), scales))),
        }
    }

    fn compute(
        &self,
        outputs: MatrixRef<'_>,
        targets: MatrixRef<'_>,
        scale: f32,
        losses: &mut [f64],
        gradient: Option<MatrixMut<'_>>,
    ) {
        self.compute(outputs, targets, scale, losses, gradient);
    }

    fn mean(&self, outputs: MatrixRef<'_>, mean: MatrixMut<'_>) {
        self.mean(outputs, mean);
    }

    fn sample(&self, outputs: MatrixRef<'_>, noise: Noise, first_row: u32, out: MatrixMut<'_>) {
        self.sample(outputs, noise, first_row, out);
    }
}
