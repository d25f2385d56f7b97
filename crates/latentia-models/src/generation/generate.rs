//! Codes to decode: drawn from the prior, along a dimension, between two examples.

use latentia_nn::{CodeValues, LatentDistribution, Parameter};
use latentia_tensor::{Matrix, Noise};

use crate::stream;
use crate::{Autoencoder, ModelError};

/// How far from the middle a dimension is followed, in standard deviations of the prior.
const REACH: f32 = 3.0;

/// Draws from a learned prior that its moments are taken of.
const MOMENT_DRAWS: usize = 10_000;

impl Autoencoder {
    /// `count` codes drawn from the prior, `z ~ N(0, 1)` or one that was learned with the model: `[count, code_width]`. Code `i` is the same for every `count`.
    ///
    /// # Errors
    /// When the model [has no prior](Self::has_prior). A [`crate::Mixture`] of its codes is what to draw from.
    pub fn sample_codes(&self, count: usize, seed: u64) -> Result<Matrix, ModelError> {
        let prior = self.prior(true)?;
        let mut codes = Matrix::zeros(count, self.code_width());
        let noise = Noise::new(seed, stream::PRIOR);
        match prior {
            Some(prior) => prior.draw_prior(self.prior_parameters(), noise, 0, codes.view_mut()),
            None => {
                for (row, code) in (0..).zip(codes.view_mut().iter_rows_mut()) {
                    noise.normal(row, code);
                }
            }
        }
        Ok(codes)
    }

    /// Codes that cross the prior in `steps` steps, from -3 to 3 standard deviations around its mean. With two dimensions, the
    /// whole square, `[steps², 2]`, the second dimension falling from row to row; else one row of `steps` codes for each
    /// dimension, the others at their means, `[code_width · steps, code_width]`. Moments of a prior that was learned are
    /// those of 10,000 draws. Directions go round the great circle through each dimension and the next.
    ///
    /// # Errors
    /// When the model [has no prior](Self::has_prior).
    pub fn traversal_codes(&self, steps: usize) -> Result<Matrix, ModelError> {
        let prior = self.prior(false)?;
        let is_learned = prior.is_some_and(|own| own.learned_prior().is_some());
        let width = self.code_width();
        if self.latent().values() == CodeValues::Directions {
            return Ok(great_circles(width, steps));
        }
        let at = |step: usize| REACH * (2.0 * step as f32 / (steps.max(2) - 1) as f32 - 1.0);
        let rows = if width == 2 { steps } else { width };
        let mut codes = Matrix::zeros(rows * steps, width);
        for (number, code) in codes.view_mut().iter_rows_mut().enumerate() {
            let (row, step) = (number / steps, number % steps);
            if width == 2 {
                code.copy_from_slice(&[at(step), -at(row)]);
            } else {
                code[row] = at(step);
            }
        }
        if is_learned {
            let moments = column_moments(&self.sample_codes(MOMENT_DRAWS, 0)?);
            for code in codes.view_mut().iter_rows_mut() {
                for (z, (mean, deviation)) in code.iter_mut().zip(&moments) {
                    *z = mean + deviation * *z;
                }
            }
        }
        Ok(codes)
    }

    /// Codes on the line from that of row `from` to that of row `to` of `codes`, both ends included:
    /// `[steps, code_width]`.
    pub fn interpolation_codes(codes: &Matrix, from: usize, to: usize, steps: usize) -> Matrix {
        let mut line = Matrix::zeros(steps, codes.cols());
        for (step, code) in line.view_mut().iter_rows_mut().enumerate() {
            let share = step as f32 / (steps.max(2) - 1) as f32;
            for (z, (a, b)) in code
                .iter_mut()
                .zip(codes.row(from).iter().zip(codes.row(to)))
            {
                *z = a + share * (b - a);
            }
        }
        line
    }

    /// The parameters of the latent's last layer, those of a prior that was learned among them.
    pub(crate) fn prior_parameters(&self) -> &[Parameter] {
        let last = self.sections().code.end - 1;
        self.chain().parameters_of(last)
    }

    /// Whether codes can be drawn from a prior: the posterior of each is held to it, or a penalty or a discriminator holds all codes together
    /// to the standard normal, as in a Wasserstein or an adversarial autoencoder.
    pub fn has_prior(&self) -> bool {
        self.latent().distribution().is_some() || self.is_held_to_prior()
    }

    fn is_held_to_prior(&self) -> bool {
        let discriminator = self.discriminator.is_some_and(|own| own.holds_to_prior());
        discriminator || self.penalties().iter().any(|p| p.holds_to_prior())
    }

    /// The distribution with a prior; none where codes are held to the standard normal all together.
    fn prior(&self, to_sample: bool) -> Result<Option<&dyn LatentDistribution>, ModelError> {
        let code = self.latent();
        match code.distribution() {
            None if !self.is_held_to_prior() => Err(ModelError::NoPrior {
                code: code.name(),
                to_sample,
            }),
            distribution => Ok(distribution),
        }
    }
}

/// `cos φ eⱼ + sin φ eⱼ₊₁` in `steps` steps of `φ` once round, for each dimension `j`: `[width · steps, width]`
fn great_circles(width: usize, steps: usize) -> Matrix {
    let mut codes = Matrix::zeros(width * steps, width);
    for (number, code) in codes.view_mut().iter_rows_mut().enumerate() {
        let angle = std::f32::consts::TAU * (number % steps) as f32 / steps as f32;
        let row = number / steps;
        (code[row], code[(row + 1) % width]) = (angle.cos(), angle.sin());
    }
    codes
}

/// Mean and standard deviation of each column.
fn column_moments(codes: &Matrix) -> Vec<(f32, f32)> {
    let n = codes.rows() as f64;
    let column = |j: usize| (0..codes.rows()).map(move |row| f64::from(codes.row(row)[j]));
    let moments = |j: usize| {
        let mean = column(j).sum::<f64>() / n;
        let variance = column(j).map(|z| (z - mean).powi(2)).sum::<f64>() / n;
        (mean as f32, variance.sqrt() as f32)
    };
    (0..codes.cols()).map(moments).collect()
}
