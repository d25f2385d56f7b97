//! Mixtures of diagonal Gaussians: what the priors that are some share.

use std::f32::consts::PI;

use latentia_tensor::math::{exp, ln};
use latentia_tensor::{MatrixRef, Noise, vectorized};

use crate::invalid_spec::{InvalidSpec, require};
use crate::log_variance::log_variance;

/// The most components: memory and time grow with them.
const MOST_COMPONENTS: usize = 10_000;

/// Partial sums of a sum over components.
const LANES: usize = 8;

/// A mixture of diagonal Gaussians in a workspace. What has a row for each element of the code has a column for each component,
/// so that loops over components are vectorised.
pub(super) struct Gaussians<'a> {
    /// `m`, then `1 / v`: `[2 n, K]`.
    moments: &'a mut [f32],
    /// `ln w - ½ Σ ln (2π v)`: `[K]`.
    constants: &'a mut [f32],
    /// `ln w + ln N(z; m, v)` of one code, then the share of each component in it: `[K]`.
    shares: &'a mut [f32],
    /// For any use: `[K]`.
    terms: &'a mut [f32],
    /// Gradients with respect to `m`, then to `ln v`: `[2 n, K]`.
    gradients: &'a mut [f32],
}

/// Refuses a prior of no components, or of too many.
pub(super) fn check(components: usize) -> Result<(), InvalidSpec> {
    require(
        (1..=MOST_COMPONENTS).contains(&components),
        || format!("has a prior of {components} components"),
        "it must have from 1 to 10,000",
    )
}

/// `ln Σ eˣ`
pub(super) fn log_sum_exp(x: &[f32]) -> f32 {
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
pub(super) fn sum(x: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let (whole, rest) = x.as_chunks::<LANES>();
    for x in whole {
        for (sum, x) in lanes.iter_mut().zip(x) {
            *sum += x;
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().sum::<f32>()
}

/// Draws `z ~ N(m, v)` by row `row` of `noise`, with log-variances that stand for `s`.
pub(super) fn draw(noise: Noise, row: u32, means: &[f32], s: &[f32], z: &mut [f32]) {
    noise.normal(row, z);
    for (z, (m, s)) in z.iter_mut().zip(means.iter().zip(s)) {
        *z = m + exp(0.5 * log_variance(*s)) * *z;
    }
}

impl<'a> Gaussians<'a> {
    /// Elements of the workspace of `components` Gaussians, for codes of `width` elements.
    pub(super) fn workspace(components: usize, width: usize) -> usize {
        (4 * width + 3) * components
    }

    /// `components` Gaussians of codes of `width` elements, with weights of which `log_weight` is the logarithm: `lay_out` writes
    /// `m`, then `s`, `[2 n, K]`.
    pub(super) fn new(
        components: usize,
        width: usize,
        workspace: &'a mut [f32],
        lay_out: impl FnOnce(&mut [f32]),
        log_weight: impl Fn(usize) -> f32,
    ) -> Self {
        let (both, k) = (2 * width * components, components);
        let (moments, rest) = workspace.split_at_mut(both);
        let (constants, rest) = rest.split_at_mut(k);
        let (shares, rest) = rest.split_at_mut(k);
        let (terms, rest) = rest.split_at_mut(k);
        let own = Self {
            moments,
            constants,
            shares,
            terms,
            gradients: &mut rest[..both],
        };
        lay_out(own.moments);
        let constant = 0.5 * width as f32 * (2.0 * PI).ln();
        for (component, c) in own.constants.iter_mut().enumerate() {
            *c = log_weight(component) - constant;
        }
        vectorized(
            #[inline(always)]
            || {
                for row in own.moments[both / 2..].chunks_mut(k) {
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

    /// Leaves `ln w + ln N(z; m, v)` of each component in `shares`; `ln p(z)` back.
    fn log_density(&mut self, z: &[f32]) -> f32 {
        let k = self.constants.len();
        let (means, precisions) = self.moments.split_at(self.moments.len() / 2);
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

    /// `ln p(z)` of each row of `z`.
    pub(super) fn log_densities(&mut self, z: MatrixRef<'_>, log_density: &mut [f32]) {
        for (ln_p, z) in log_density.iter_mut().zip(z.iter_rows()) {
            *ln_p = self.log_density(z);
        }
    }

    /// Sets the gradients with respect to the components to 0.
    pub(super) fn clear_gradients(&mut self) {
        self.gradients.fill(0.0);
    }

    /// Adds the gradients of `factor ln p(z)` by `z` to `dz`, by the components to those that are kept; `factor w_k N(z; m_k, v_k)
    /// / p(z)` of each back.
    pub(super) fn backward(&mut self, z: &[f32], factor: f32, dz: &mut [f32]) -> &[f32] {
        let ln_p = self.log_density(z);
        let Self {
            moments,
            shares,
            terms,
            gradients,
            ..
        } = self;
        let k = shares.len();
        let (means, precisions) = moments.split_at(moments.len() / 2);
        let (by_means, by_log_variances) = gradients.split_at_mut(means.len());
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
        shares
    }

    /// The gradients with respect to `m`, then to `ln v`, `[2 n, K]`, and as much memory for any use.
    pub(super) fn into_gradients(self) -> (&'a [f32], &'a mut [f32]) {
        (self.gradients, self.moments)
    }
}
