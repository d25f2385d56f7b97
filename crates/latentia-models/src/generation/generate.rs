//! Codes to decode: drawn from the prior, along a dimension, between two examples.

use latentia_nn::LatentDistribution;
use latentia_tensor::{Matrix, Noise};

use crate::stream;
use crate::{Autoencoder, ModelError};

/// How far from the middle a dimension is followed, in standard deviations of the prior.
const REACH: f32 = 3.0;

impl Autoencoder {
    /// `count` codes drawn from the prior, `z ~ N(0, 1)`: `[count, code_width]`. Code `i` is the same for every `count`.
    ///
    /// # Errors
    /// When the code is deterministic: it has no prior. A [`crate::Mixture`] of its codes is what to draw from.
    pub fn sample_codes(&self, count: usize, seed: u64) -> Result<Matrix, ModelError> {
        let prior = self.prior(true)?;
        let mut codes = Matrix::zeros(count, self.code_width());
        let noise = Noise::new(seed, stream::PRIOR);
        for (row, code) in (0..).zip(codes.view_mut().iter_rows_mut()) {
            prior.draw_prior(noise, row, code);
        }
        Ok(codes)
    }

    /// Codes that cross the prior from -3 to 3 in `steps` steps. With two dimensions, the whole square, `[steps², 2]`, the
    /// second dimension falling from row to row; else one row of `steps` codes for each dimension, the others at 0,
    /// `[code_width · steps, code_width]`.
    ///
    /// # Errors
    /// When the code is deterministic: it has no prior.
    pub fn traversal_codes(&self, steps: usize) -> Result<Matrix, ModelError> {
        self.prior(false)?;
        let width = self.code_width();
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

    fn prior(&self, to_sample: bool) -> Result<&dyn LatentDistribution, ModelError> {
        let code = self.latent();
        code.distribution().ok_or_else(|| ModelError::NoPrior {
            code: code.name(),
            to_sample,
        })
    }
}
