//! The standard normal as a prior whose density is taken at samples.

use std::f32::consts::PI;

use latentia_tensor::{MatrixMut, Noise, update};

use crate::invalid_spec::InvalidSpec;
use crate::layer::{Parameter, ParameterSpec};
use crate::prior::{Prior, PriorCodes};

/// `p(z) = N(z; 0, 1)`, of which nothing is learned: what `ln p(z)` is of beside a [`crate::Posterior`] whose divergence from it has no
/// closed form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StandardNormal;

impl Prior for StandardNormal {
    fn name(&self) -> &'static str {
        "standard normal"
    }

    fn check(&self, _width: usize) -> Result<(), InvalidSpec> {
        Ok(())
    }

    fn parameters(&self, _width: usize) -> Vec<ParameterSpec> {
        Vec::new()
    }

    fn workspace(&self, _width: usize) -> usize {
        0
    }

    fn multiplications(&self, width: usize) -> usize {
        width
    }

    fn log_density(
        &self,
        _parameters: &[Parameter],
        PriorCodes { z, .. }: PriorCodes<'_>,
        log_density: &mut [f32],
        _workspace: &mut [f32],
    ) {
        let constant = 0.5 * z.cols() as f32 * (2.0 * PI).ln();
        for (z, log_density) in z.iter_rows().zip(log_density) {
            *log_density = -0.5 * z.iter().map(|z| z * z).sum::<f32>() - constant;
        }
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        PriorCodes { z, .. }: PriorCodes<'_>,
        factors: &[f32],
        mut dz: MatrixMut<'_>,
        _sums: Option<&mut [f32]>,
        _workspace: &mut [f32],
    ) {
        for ((z, dz), factor) in z.iter_rows().zip(dz.iter_rows_mut()).zip(factors) {
            update(dz, z, |dz, z| dz - factor * z);
        }
    }

    fn draw(&self, _parameters: &[Parameter], noise: Noise, first: u32, mut z: MatrixMut<'_>) {
        for (row, z) in (first..).zip(z.iter_rows_mut()) {
            noise.normal(row, z);
        }
    }
}
