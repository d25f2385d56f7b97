//! The posteriors of pseudo-inputs as a prior.

use latentia_tensor::math::ln;
use latentia_tensor::{MatrixMut, Noise, transpose, update};
use serde::{Deserialize, Serialize};

use super::gaussians::{Gaussians, check, draw};
use crate::invalid_spec::InvalidSpec;
use crate::layer::{Initializer, Parameter, ParameterSpec};
use crate::log_variance::multiply_by_log_variance_gradient;
use crate::prior::{Prior, PriorCodes};

/// `p(z) = 1/K Σ_k q(z | u_k)`: the variational mixture of posteriors of `K` pseudo-inputs `u_k`, which are learned (Tomczak and
/// Welling 2018, arXiv 1705.07120). They are examples as the encoder sees them, and begin as ones of the training data, as far as there are so many; nothing
/// holds them to the range of those.
///
/// Parameters, for codes of `n` elements: `posteriors` `[K, 2 n]`, what the encoder makes of the pseudo-inputs in evaluation: `μ`
/// and then `s` of [`crate::latents::GaussianLatent`]. They begin at 0, the standard normal, and a training step leaves those of
/// its encoder. The chain learns the [pseudo-inputs](crate::Abilities::pseudo_inputs) themselves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Vamp {
    /// How many pseudo-inputs there are. Example: `components = 500`
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 10000)))]
    pub components: usize,
}

/// The posteriors: the first parameter of the layer.
fn posteriors(parameters: &[Parameter]) -> &[f32] {
    parameters[0].value.as_slice()
}

impl Vamp {
    /// The posteriors for codes of `width` elements.
    fn gaussians<'a>(
        &self,
        parameters: &[Parameter],
        width: usize,
        workspace: &'a mut [f32],
    ) -> Gaussians<'a> {
        let k = self.components;
        let lay_out =
            |moments: &mut [f32]| transpose(posteriors(parameters), k, 2 * width, moments);
        let log_weight = -ln(k as f32);
        Gaussians::new(k, width, workspace, lay_out, |_| log_weight)
    }
}

impl Prior for Vamp {
    fn name(&self) -> &'static str {
        "vamp"
    }

    fn check(&self, _width: usize) -> Result<(), InvalidSpec> {
        check(self.components)
    }

    fn parameters(&self, width: usize) -> Vec<ParameterSpec> {
        let shape = [self.components, 2 * width];
        let zeros = Initializer::Zeros;
        vec![ParameterSpec::statistic("posteriors", shape, zeros)]
    }

    fn has_pseudo_inputs(&self) -> bool {
        true
    }

    fn workspace(&self, width: usize) -> usize {
        Gaussians::workspace(self.components, width)
    }

    fn multiplications(&self, width: usize) -> usize {
        2 * width * self.components
    }

    fn log_density(
        &self,
        parameters: &[Parameter],
        PriorCodes { z, .. }: PriorCodes<'_>,
        log_density: &mut [f32],
        workspace: &mut [f32],
    ) {
        let mut gaussians = self.gaussians(parameters, z.cols(), workspace);
        gaussians.log_densities(z, log_density);
    }

    fn backward(
        &self,
        parameters: &[Parameter],
        PriorCodes { z, .. }: PriorCodes<'_>,
        factors: &[f32],
        mut dz: MatrixMut<'_>,
        sums: Option<&mut [f32]>,
        workspace: &mut [f32],
    ) {
        let width = z.cols();
        let mut gaussians = self.gaussians(parameters, width, workspace);
        gaussians.clear_gradients();
        for ((z, &factor), dz) in z.iter_rows().zip(factors).zip(dz.iter_rows_mut()) {
            gaussians.backward(z, factor, dz);
        }
        let Some(sums) = sums else { return };
        let (gradients, buffer) = gaussians.into_gradients();
        transpose(gradients, 2 * width, self.components, buffer);
        let rows = posteriors(parameters).chunks(2 * width);
        for (own, posterior) in buffer.chunks_mut(2 * width).zip(rows) {
            multiply_by_log_variance_gradient(&mut own[width..], &posterior[width..]);
        }
        update(sums, buffer, |sum, own| sum + own);
    }

    fn draw(&self, parameters: &[Parameter], noise: Noise, first: u32, mut z: MatrixMut<'_>) {
        let width = z.cols();
        for (row, z) in (first..).zip(z.iter_rows_mut()) {
            let mut place = [0.0];
            noise.uniform(row, &mut place);
            let component = (place[0] * self.components as f32) as usize;
            let at = component.min(self.components - 1) * 2 * width;
            let (m, s) = posteriors(parameters)[at..at + 2 * width].split_at(width);
            draw(noise.at_step(1), row, m, s, z);
        }
    }
}
