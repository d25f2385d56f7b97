//! Posterior and prior of a Gaussian code.

use latentia_tensor::{MatrixMut, Noise};

use super::samples::{GaussianSamples, shift_and_scale};
use super::{Gaussian, GaussianLatent};
use crate::latent::LatentDistribution;
use crate::layer::Parameter;
use crate::posterior::Posterior;
use crate::prior::Prior;
use crate::priors::StandardNormal;

/// `q(z | x) = N(μ, σ²)` by the parameters of [`GaussianLatent`], or what a flow makes of it; `p(z) = N(0, 1)` or a prior that is
/// learned.
impl LatentDistribution for Gaussian {
    fn learned_prior(&self) -> Option<&dyn Prior> {
        self.prior.as_deref()
    }

    fn posterior_flow(&self) -> Option<&dyn Posterior> {
        self.posterior.as_deref()
    }

    fn sampled_prior(&self) -> Option<&dyn Prior> {
        match self.posterior {
            Some(_) => self.learned_prior().or(Some(&StandardNormal)),
            None => self.learned_prior(),
        }
    }

    fn is_gaussian(&self) -> bool {
        self.posterior.is_none()
    }

    fn kl(&self, parameters: &[f32], kl: &mut [f32]) {
        match self.sampled_prior() {
            Some(_) => kl.fill(f32::NAN),
            None => GaussianLatent::kl(parameters, kl),
        }
    }

    fn deviation(&self, parameters: &[f32], deviation: &mut [f32]) {
        GaussianLatent::deviation(parameters, deviation);
    }

    fn draw(
        &self,
        parameters: &[f32],
        epsilon: &[f32],
        deviation: &mut [f32],
        z: &mut [f32],
    ) -> f64 {
        GaussianLatent::deviation(parameters, deviation);
        shift_and_scale(parameters, epsilon, deviation, z);
        let samples = GaussianSamples {
            epsilon,
            deviation,
            log_prior: None,
        };
        match self.sampled_prior() {
            Some(_) => -samples.log_posterior(),
            None => samples.log_ratio(z),
        }
    }

    fn draw_prior(&self, parameters: &[Parameter], noise: Noise, first: u32, z: MatrixMut<'_>) {
        let mut z = z;
        match &self.prior {
            Some(prior) => prior.draw(parameters, noise, first, z),
            None => {
                for (row, z) in (first..).zip(z.iter_rows_mut()) {
                    noise.normal(row, z);
                }
            }
        }
    }
}
