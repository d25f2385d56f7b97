//! What a rounded code costs to store.

use latentia_tensor::math::double::{exp, ln};
use latentia_tensor::vectorized;

use super::prior::LogisticPrior;
use crate::penalty::{CodeGradients, Codes, Penalty, PenaltyContext};

/// `w Σ -ln P(y)`, mean over examples: nats that an entropy coder needs for the elements `y` of a [`RoundedLatent`](super::RoundedLatent) code, where
/// `P(y) = σ((y + ½ - m) / s) - σ((y - ½ - m) / s)` is the mass of its prior's cell (Ballé, Laparra and Simoncelli 2017, with
/// logistic distributions). The prior is held fixed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// `w`, in the loss's unit.
    pub weight: f32,
}

/// `ln(1 + eˣ)` and its derivative.
#[inline(always)]
fn softplus(x: f64) -> (f64, f64) {
    let e = exp(-x.abs());
    let positive = if x < 0.0 { 0.0 } else { x };
    let numerator = if x < 0.0 { e } else { 1.0 };
    (positive + ln(1.0 + e), numerator / (1.0 + e))
}

/// `-ln P(y)` and its gradient with respect to `y`, at distance `y - m` from the mean.
#[inline(always)]
fn cost(distance: f64, scale: f64) -> (f64, f64) {
    let width = 1.0 / scale;
    let (above, above_derivative) = softplus((distance - 0.5) * width);
    let (below, below_derivative) = softplus((-distance - 0.5) * width);
    let inside = ln(1.0 - exp(-width));
    (
        above + below - inside,
        (above_derivative - below_derivative) * width,
    )
}

impl Penalty for Rate {
    fn name(&self) -> &'static str {
        "rate"
    }

    fn apply(
        &self,
        codes: Codes<'_>,
        context: PenaltyContext,
        mut gradients: Option<CodeGradients<'_>>,
        _workspace: &mut Vec<f32>,
    ) -> f64 {
        let weight = f64::from(self.weight) * context.share / codes.codes.rows() as f64;
        let mut sum = 0.0;
        for row in 0..codes.codes.rows() {
            let LogisticPrior { means, scales } = LogisticPrior::of(codes.saved.row(row));
            let elements = codes.codes.row(row).iter().zip(means).zip(scales);
            let dy = gradients
                .as_mut()
                .map(|gradients| gradients.codes.row_mut(row));
            sum += vectorized(
                #[inline(always)]
                || match dy {
                    None => {
                        let mut sum = 0.0;
                        for ((y, mean), scale) in elements {
                            sum += cost(f64::from(y - mean), f64::from(*scale)).0;
                        }
                        sum
                    }
                    Some(dy) => {
                        let mut sum = 0.0;
                        for (dy, ((y, mean), scale)) in dy.iter_mut().zip(elements) {
                            let (own, derivative) = cost(f64::from(y - mean), f64::from(*scale));
                            sum += own;
                            *dy += (weight * derivative) as f32;
                        }
                        sum
                    }
                },
            );
        }
        weight * sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_costs_the_mass_of_its_cell() {
        for scale in [0.05, 0.3, 0.5513, 4.0] {
            for distance in [-0.7, -0.4, 0.0, 0.2, 0.5, 0.9] {
                let sigmoid = |x: f64| 1.0 / (1.0 + (-x / scale).exp());
                let mass = |d: f64| -(sigmoid(d + 0.5) - sigmoid(d - 0.5)).ln();
                let (value, derivative) = cost(distance, scale);
                let expected = mass(distance);
                assert!(
                    (value - expected).abs() < 1e-6 * expected.max(1.0),
                    "{distance} {scale}: {value}, expected {expected}"
                );
                let expected = (mass(distance + 1e-5) - mass(distance - 1e-5)) / 2e-5;
                assert!(
                    (derivative - expected).abs() < 1e-3 * expected.abs().max(1.0),
                    "{distance} {scale}: {derivative}, expected {expected}"
                );
            }
        }
    }
}
