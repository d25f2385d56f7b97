//! A mixture of Gaussians as a prior.

use std::f32::consts::PI;

use latentia_tensor::math::{exp, ln};
use latentia_tensor::{MatrixMut, MatrixRef, Noise, transpose, update, vectorized};
use serde::{Deserialize, Serialize};

use crate::invalid_spec::{InvalidSpec, require};
use crate::layer::{Initializer, Parameter, ParameterRole, ParameterSpec};
use crate::log_variance::{log_variance, multiply_by_log_variance_gradient};
use crate::prior::Prior;

/// The most components: memory and time grow with them.
const MOST_COMPONENTS: usize = 10_000;

/// Partial sums of a sum over components.
const LANES: usize = 8;

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

/// A workspace taken apart. What has a row for each element of the code has a column for each component, so that loops over
/// components are vectorised.
struct Workspace<'a> {
    /// `m`: `[n, K]`.
    means: &'a mut [f32],
    /// `1 / v`: `[n, K]`.
    precisions: &'a mut [f32],
    /// `ln w - ½ Σ ln (2π v)`: `[K]`.
    constants: &'a mut [f32],
    /// `ln w + ln N(z; m, v)` of one code, then the share of each component in it: `[K]`.
    shares: &'a mut [f32],
    /// For any use: `[K]`.
    terms: &'a mut [f32],
    /// Gradients with respect to `m` and to `ln v`: `[n, K]` each.
    gradients: [&'a mut [f32]; 2],
}

impl Mixture {
    fn take_apart<'a>(&self, width: usize, workspace: &'a mut [f32]) -> Workspace<'a> {
        let (n, k) = (width * self.components, self.components);
        let (means, rest) = workspace.split_at_mut(n);
        let (precisions, rest) = rest.split_at_mut(n);
        let (constants, rest) = rest.split_at_mut(k);
        let (shares, rest) = rest.split_at_mut(k);
        let (terms, rest) = rest.split_at_mut(k);
        let (first, rest) = rest.split_at_mut(n);
        Workspace {
            means,
            precisions,
            constants,
            shares,
            terms,
            gradients: [first, &mut rest[..n]],
        }
    }

    /// Computes what is the same for all codes.
    fn prepare<'a>(
        &self,
        parameters: &[Parameter],
        width: usize,
        workspace: &'a mut [f32],
    ) -> Workspace<'a> {
        let own = self.take_apart(width, workspace);
        let [means, log_variances, logits] = own_parameters(parameters);
        let k = self.components;
        transpose(means, k, width, own.means);
        transpose(log_variances, k, width, own.precisions);
        own.constants.copy_from_slice(logits);
        let constant = log_sum_exp(logits) + 0.5 * width as f32 * (2.0 * PI).ln();
        vectorized(
            #[inline(always)]
            || {
                own.constants.iter_mut().for_each(|c| *c -= constant);
                for row in own.precisions.chunks_mut(k) {
                    for (c, s) in own.constants.iter_mut().zip(row) {
                        let ln_v = log_variance(*s);
                        *c -= 0.5 * ln_v;
                        *s = exp(-ln_v);
                    }
                }
            },
        );
        own
    }
}

/// Means, log-variances and logits: a mixture's parameters are the last of the layer's.
fn own_parameters(parameters: &[Parameter]) -> [&[f32]; 3] {
    let first = parameters.len() - 3;
    [0, 1, 2].map(|at| parameters[first + at].value.as_slice())
}

/// `ln Σ eˣ`
fn log_sum_exp(x: &[f32]) -> f32 {
    let max = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut lanes = [0.0; LANES];
    vectorized(
        #[inline(always)]
        || {
            for x in x.chunks(LANES) {
                for (sum, x) in lanes.iter_mut().zip(x) {
                    *sum += exp(x - max);
                }
            }
        },
    );
    max + ln(lanes.iter().sum())
}

/// `Σ x`, in a fixed order.
#[inline(always)]
fn sum(x: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let (whole, rest) = x.as_chunks::<LANES>();
    for x in whole {
        for (sum, x) in lanes.iter_mut().zip(x) {
            *sum += x;
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().sum::<f32>()
}

impl Workspace<'_> {
    /// Leaves `ln w + ln N(z; m, v)` of each component in `shares`; `ln p(z)` back.
    fn log_density(&mut self, z: &[f32]) -> f32 {
        let k = self.constants.len();
        let (means, precisions) = (&*self.means, &*self.precisions);
        let terms = &mut *self.shares;
        terms.copy_from_slice(self.constants);
        vectorized(
            #[inline(always)]
            || {
                let rows = means.chunks(k).zip(precisions.chunks(k)).zip(z);
                for ((means, precisions), z) in rows {
                    for ((term, m), precision) in terms.iter_mut().zip(means).zip(precisions) {
                        let distance = z - m;
                        *term -= 0.5 * precision * distance * distance;
                    }
                }
            },
        );
        log_sum_exp(terms)
    }

    /// Adds the gradients of `factor ln p(z)` by `z` to `dz`, by the components to `self.gradients`, and leaves
    /// `factor w_k N(z; m_k, v_k) / p(z)` in `shares`.
    fn backward(&mut self, z: &[f32], factor: f32, dz: &mut [f32]) {
        let ln_p = self.log_density(z);
        let Self {
            means,
            precisions,
            shares,
            terms,
            gradients: [by_means, by_log_variances],
            ..
        } = self;
        let k = shares.len();
        vectorized(
            #[inline(always)]
            || {
                for share in shares.iter_mut() {
                    *share = factor * exp(*share - ln_p);
                }
                let rows = means.chunks(k).zip(precisions.chunks(k));
                let gradients = by_means.chunks_mut(k).zip(by_log_variances.chunks_mut(k));
                for (((means, precisions), (dm, dv)), (z, dz)) in
                    rows.zip(gradients).zip(z.iter().zip(dz))
                {
                    let gradients = dm.iter_mut().zip(dv).zip(terms.iter_mut());
                    let components = means.iter().zip(precisions).zip(&**shares);
                    for (((dm, dv), term), ((m, precision), share)) in gradients.zip(components) {
                        let distance = z - m;
                        *term = share * distance * precision;
                        *dm += *term;
                        *dv += 0.5 * (*term * distance - share);
                    }
                    *dz -= sum(terms);
                }
            },
        );
    }
}

impl Prior for Mixture {
    fn name(&self) -> &'static str {
        "mixture"
    }

    fn check(&self, _width: usize) -> Result<(), InvalidSpec> {
        let components = self.components;
        require(
            (1..=MOST_COMPONENTS).contains(&components),
            || format!("has a prior of {components} components"),
            "it must have from 1 to 10,000",
        )
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
        (4 * width + 3) * self.components
    }

    fn multiplications(&self, width: usize) -> usize {
        2 * width * self.components
    }

    fn log_density(
        &self,
        parameters: &[Parameter],
        z: MatrixRef<'_>,
        log_density: &mut [f32],
        workspace: &mut [f32],
    ) {
        let mut workspace = self.prepare(parameters, z.cols(), workspace);
        for (ln_p, z) in log_density.iter_mut().zip(z.iter_rows()) {
            *ln_p = workspace.log_density(z);
        }
    }

    fn backward(
        &self,
        parameters: &[Parameter],
        z: MatrixRef<'_>,
        factors: &[f32],
        mut dz: MatrixMut<'_>,
        mut sums: Option<&mut [f32]>,
        workspace: &mut [f32],
    ) {
        let (k, width) = (self.components, z.cols());
        let mut workspace = self.prepare(parameters, width, workspace);
        for gradient in &mut workspace.gradients {
            gradient.fill(0.0);
        }
        let [_, log_variances, logits] = own_parameters(parameters);
        let mut total = 0.0;
        for ((z, &factor), dz) in z.iter_rows().zip(factors).zip(dz.iter_rows_mut()) {
            workspace.backward(z, factor, dz);
            total += factor;
            if let Some(sums) = &mut sums {
                let by_logits = &mut sums[2 * width * k..];
                update(by_logits, workspace.shares, |sum, share| sum + share);
            }
        }
        let Some(sums) = sums else { return };
        let (by_components, by_logits) = sums.split_at_mut(2 * width * k);
        let constant = log_sum_exp(logits);
        update(by_logits, logits, |sum, a| sum - total * exp(a - constant));
        let (by_means, by_log_variances) = by_components.split_at_mut(width * k);
        // What the gradients are transposed into.
        let Workspace {
            means: buffer,
            gradients: [dm, dv],
            ..
        } = workspace;
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
            noise.at_step(1).normal(row, z);
            let component = means[at..].iter().zip(&log_variances[at..]);
            for (z, (m, s)) in z.iter_mut().zip(component) {
                *z = m + exp(0.5 * log_variance(*s)) * *z;
            }
        }
    }
}
