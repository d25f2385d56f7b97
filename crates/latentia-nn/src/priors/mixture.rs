//! A mixture of Gaussians as a prior.

use latentia_tensor::math::exp;
use latentia_tensor::{MatrixMut, Noise, transpose, update};
use serde::{Deserialize, Serialize};

use super::gaussians::{Gaussians, check, draw, log_sum_exp};
use crate::invalid_spec::InvalidSpec;
use crate::layer::{Initializer, Parameter, ParameterRole, ParameterSpec};
use crate::log_variance::multiply_by_log_variance_gradient;
use crate::prior::{Prior, PriorCodes};

/// `p(z) = Σ_k w_k N(z; m_k, v_k)` of `K` diagonal Gaussians, all of which is learned.
///
/// Parameters, for codes of `n` elements: `means` `[K, n]`, which begin uniform in `±√3`; `log-variances` `[K, n]`, which begin
/// at 0 and stand for `ln v = 30 tanh(s / 30)`, as a posterior's do; `logits` `[1, K]`, with `w = softmax(logits)`, which begin
/// at 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Mixture {
    /// How many Gaussians there are. Example: `components = 50`
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 10000)))]
    pub components: usize,
}

impl Mixture {
    /// The Gaussians for codes of `width` elements.
    fn gaussians<'a>(
        &self,
        parameters: &[Parameter],
        width: usize,
        workspace: &'a mut [f32],
    ) -> Gaussians<'a> {
        let [means, log_variances, logits] = own_parameters(parameters);
        let (k, constant) = (self.components, log_sum_exp(logits));
        let lay_out = |moments: &mut [f32]| {
            let (first, second) = moments.split_at_mut(k * width);
            transpose(means, k, width, first);
            transpose(log_variances, k, width, second);
        };
        Gaussians::new(k, width, workspace, lay_out, |at| logits[at] - constant)
    }
}

/// Means, log-variances and logits: a mixture's parameters are the last of the layer's.
fn own_parameters(parameters: &[Parameter]) -> [&[f32]; 3] {
    let first = parameters.len() - 3;
    [0, 1, 2].map(|at| parameters[first + at].value.as_slice())
}

impl Prior for Mixture {
    fn name(&self) -> &'static str {
        "mixture"
    }

    fn check(&self, _width: usize) -> Result<(), InvalidSpec> {
        check(self.components)
    }

    fn parameters(&self, width: usize) -> Vec<ParameterSpec> {
        let parameter = |name, shape, initializer| {
            ParameterSpec::new(ParameterRole::Shift, name, shape, initializer)
        };
        let each = [self.components, width];
        let means = ParameterSpec {
            // √(6 / 2): a variance of 1 in each dimension.
            fans: [2, 2],
            ..parameter("means", each, Initializer::He)
        };
        vec![
            means,
            parameter("log-variances", each, Initializer::Zeros),
            parameter("logits", [1, self.components], Initializer::Zeros),
        ]
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
        mut sums: Option<&mut [f32]>,
        workspace: &mut [f32],
    ) {
        let (k, width) = (self.components, z.cols());
        let mut gaussians = self.gaussians(parameters, width, workspace);
        gaussians.clear_gradients();
        let [_, log_variances, logits] = own_parameters(parameters);
        let mut total = 0.0;
        for ((z, &factor), dz) in z.iter_rows().zip(factors).zip(dz.iter_rows_mut()) {
            let shares = gaussians.backward(z, factor, dz);
            total += factor;
            if let Some(sums) = &mut sums {
                update(&mut sums[2 * width * k..], shares, |sum, share| sum + share);
            }
        }
        let Some(sums) = sums else { return };
        let (by_components, by_logits) = sums.split_at_mut(2 * width * k);
        let constant = log_sum_exp(logits);
        update(by_logits, logits, |sum, a| sum - total * exp(a - constant));
        let (by_means, by_log_variances) = by_components.split_at_mut(width * k);
        let (gradients, buffer) = gaussians.into_gradients();
        let (dm, dv) = gradients.split_at(width * k);
        let buffer = &mut buffer[..width * k];
        transpose(dm, width, k, buffer);
        update(by_means, buffer, |sum, own| sum + own);
        transpose(dv, width, k, buffer);
        multiply_by_log_variance_gradient(buffer, log_variances);
        update(by_log_variances, buffer, |sum, own| sum + own);
    }

    fn draw(&self, parameters: &[Parameter], noise: Noise, first: u32, mut z: MatrixMut<'_>) {
        let [means, log_variances, logits] = own_parameters(parameters);
        let (width, constant) = (z.cols(), log_sum_exp(logits));
        for (row, z) in (first..).zip(z.iter_rows_mut()) {
            let mut place = [0.0];
            noise.uniform(row, &mut place);
            let mut rest = place[0];
            let mut weights = logits.iter().map(|a| exp(a - constant));
            let component = weights.position(|weight| {
                rest -= weight;
                rest < 0.0
            });
            // Rounding may leave a little beyond the last.
            let at = component.unwrap_or(self.components - 1) * width;
            let elements = at..at + width;
            let (m, s) = (&means[elements.clone()], &log_variances[elements]);
            draw(noise.at_step(1), row, m, s, z);
        }
    }
}
