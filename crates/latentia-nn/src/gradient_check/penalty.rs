//! The gradients of a penalty.

use std::sync::Arc;

use latentia_tensor::{Matrix, MatrixRef};

use super::difference::root_mean_square;
use super::options::{GradientCheck, Purpose, StraightThrough};
use super::report::{ComparedGradient, GradientMismatch, GradientReport};
use super::trial::{LatentPass, Trial};
use crate::layer::Layer;
use crate::penalty::{CodeGradients, Codes, Penalty, PenaltyContext};

impl GradientCheck {
    /// Compares the gradients of `penalty` on the codes that `layer` makes, the last one of a latent, or of the encoder where a
    /// code is its output: with respect to the `codes`, with all else held fixed; and with respect to the `input` and the
    /// parameters of the layer, through that layer and by what the penalty has of its own. Gradients must be added to those that
    /// are there, and the value must be the same without them.
    ///
    /// Where [`Self::straight_through`] says that codes are constants, they are left out. A penalty on pairs of rows needs an
    /// even number of [`Self::rows`].
    ///
    /// # Errors
    /// When a gradient differs by more than the tolerance, or cannot be judged, or is not added, or values differ.
    pub fn penalty(
        &self,
        penalty: Arc<dyn Penalty>,
        layer: Box<dyn Layer>,
    ) -> Result<GradientReport, GradientMismatch> {
        let part = format!("{penalty:?} on {}", layer.name());
        let mut trial = Trial::new(self, &part, vec![layer], vec![penalty])?;
        let mut compared = Vec::new();
        let codes = self.codes(&part, trial.penalty(), &trial.latent_pass())?;
        if self.straight_through != StraightThrough::Always {
            compared.push(codes);
        }
        compared.extend(trial.compare()?);
        drop(trial);
        self.judge(part, compared)
    }

    /// The gradient with respect to the codes.
    fn codes(
        &self,
        part: &str,
        penalty: &dyn Penalty,
        pass: &LatentPass,
    ) -> Result<ComparedGradient, GradientMismatch> {
        let input_columns = match penalty.needs_input_gradient() {
            true => pass.inputs.cols(),
            false => 0,
        };
        let mut input_gradient = Matrix::zeros(pass.inputs.rows(), input_columns);
        let mut gradient = Matrix::zeros(pass.codes.rows(), pass.codes.cols());
        let mut workspace = Vec::new();
        let mut apply = |codes: &Matrix, gradients: Option<CodeGradients<'_>>| {
            let codes = Codes {
                inputs: pass.inputs.view(),
                codes: codes.view(),
                saved: match penalty.needs_batch() {
                    true => MatrixRef::new(&[], 0, 0),
                    false => pass.saved.view(),
                },
                labels: &pass.labels,
            };
            let context = PenaltyContext {
                share: 1.0,
                epochs: self.epochs,
                noise: self.noise(Purpose::Penalty),
                first_row: 0,
            };
            penalty.apply(codes, context, gradients, &mut workspace)
        };
        let without = apply(&pass.codes, None);
        if !without.is_finite() {
            return Err(self.not_finite(part, "the value"));
        }
        let mut log_prior = match pass.has_log_prior {
            true => vec![0.0; pass.codes.rows()],
            false => Vec::new(),
        };
        let mut once = Vec::new();
        for times in 1..=2 {
            let gradients = CodeGradients {
                inputs: input_gradient.view_mut(),
                codes: gradient.view_mut(),
                log_prior: &mut log_prior,
            };
            let with = apply(&pass.codes, Some(gradients));
            self.same_value(part, without, with)?;
            let both = [("the input", &input_gradient), ("codes", &gradient)];
            if times == 1 {
                once = both.map(|(_, gradient)| gradient.clone()).into();
                continue;
            }
            for ((name, twice), once) in both.into_iter().zip(&once) {
                if !is_double(twice, once) {
                    let part = part.to_owned();
                    return Err(GradientMismatch::NotAdded { part, name });
                }
            }
        }
        let (gradient, mut codes) = (&once[1], pass.codes.clone());
        if !gradient.as_slice().iter().all(|g| g.is_finite()) {
            return Err(self.not_finite(part, "the gradient of codes"));
        }
        let compare = self.compare(root_mean_square(gradient));
        Ok(
            compare.gradient("codes".into(), &pass.codes, gradient, |i, x| {
                let middle = std::mem::replace(&mut codes.as_mut_slice()[i], x);
                let value = apply(&codes, None);
                codes.as_mut_slice()[i] = middle;
                value
            }),
        )
    }
}

/// Whether a gradient is twice another one, up to rounding, or not finite.
fn is_double(twice: &Matrix, once: &Matrix) -> bool {
    let size = root_mean_square(once);
    let pairs = twice.as_slice().iter().zip(once.as_slice());
    let mut errors = pairs.map(|(twice, once)| f64::from(twice - 2.0 * once).abs());
    !errors.any(|error| error > 1e-4 * size)
}
