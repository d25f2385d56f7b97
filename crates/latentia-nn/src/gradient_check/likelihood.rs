//! The gradient of a likelihood.

use latentia_tensor::{Matrix, MatrixMut};

use super::difference::root_mean_square;
use super::options::{GradientCheck, Purpose};
use super::report::{GradientMismatch, GradientReport};
use crate::likelihood::{Likelihood, Support};

/// What losses' gradients are multiplied by.
const SCALE: f32 = 0.375;

impl GradientCheck {
    /// Compares the gradient of `likelihood` with respect to `outputs`, for examples of `n` elements in its support, and those of
    /// its own last layer. Losses must be the same with the gradient and without.
    ///
    /// # Errors
    /// When a gradient differs by more than the tolerance, or cannot be judged, or losses differ.
    pub fn likelihood(
        &self,
        likelihood: &dyn Likelihood,
        n: usize,
    ) -> Result<GradientReport, GradientMismatch> {
        let part = likelihood.name();
        let mut outputs = self.random(self.rows, likelihood.outputs(n));
        let targets = self.targets(likelihood.support(), n);
        let (mut losses, mut workspace) = (vec![0.0; self.rows], Vec::new());
        let mut compute = |outputs: &Matrix, gradient: Option<MatrixMut<'_>>| {
            let (outputs, targets) = (outputs.view(), targets.view());
            likelihood.compute(
                outputs,
                targets,
                SCALE,
                &mut losses,
                gradient,
                &mut workspace,
            );
            losses.iter().sum::<f64>()
        };
        // What is not written shows.
        let unset = vec![f32::NAN; outputs.as_slice().len()];
        let mut gradient = Matrix::from_vec(outputs.rows(), outputs.cols(), unset);
        let with = compute(&outputs, Some(gradient.view_mut()));
        let without = compute(&outputs, None);
        if !without.is_finite() {
            return Err(self.not_finite(part, "the loss"));
        }
        if !gradient.as_slice().iter().all(|g| g.is_finite()) {
            return Err(self.not_finite(part, "the gradient of outputs"));
        }
        self.same_value(part, without, with)?;
        let at = outputs.clone();
        let compare = self.compare(root_mean_square(&gradient));
        let compared = compare.gradient("outputs".into(), &at, &gradient, |i, x| {
            let middle = std::mem::replace(&mut outputs.as_mut_slice()[i], x);
            let loss = f64::from(SCALE) * compute(&outputs, None);
            outputs.as_mut_slice()[i] = middle;
            loss
        });
        let mut report = self.judge(part.into(), vec![compared])?;
        if let Some(layer) = likelihood.last_layer(n) {
            let own = self.layers(vec![layer])?;
            report.gradients.extend(own.gradients);
        }
        Ok(report)
    }

    /// Examples of `n` elements that a likelihood of this support explains.
    fn targets(&self, support: Support, n: usize) -> Matrix {
        let mut targets = Matrix::zeros(self.rows, n);
        let noise = self.noise(Purpose::Targets);
        noise.uniform(0, targets.as_mut_slice());
        for x in targets.as_mut_slice() {
            *x = match support {
                Support::Real => 2.0 * *x - 1.0,
                Support::UnitInterval => *x,
                Support::Bytes => (256.0 * *x).floor() / 255.0,
                Support::Counts => (12.0 * *x * *x).floor(),
            };
        }
        targets
    }

    /// Refuses a value that depends on whether the gradient is asked for, beyond the rounding of f32.
    pub(super) fn same_value(
        &self,
        part: &str,
        without: f64,
        with: f64,
    ) -> Result<(), GradientMismatch> {
        let part = part.to_owned();
        match (with - without).abs() <= 1e-6 * without.abs() {
            true => Ok(()),
            false => Err(GradientMismatch::Value {
                part,
                without,
                with,
            }),
        }
    }
}
