//! Negative binomial distribution.

use rand::{Rng, RngExt};
use rand_distr::Gamma;

use super::CountDistribution;
use super::poisson::Poisson;
use crate::math::double::{exp, ln, tanh};
use crate::math::gamma::Stirling;

/// Bound of `ln θ`.
const BOUND: f64 = 12.0;

/// `P(x) = Γ(x + θ) / (Γ(θ) x!) · (θ / (θ + μ))^θ · (μ / (θ + μ))ˣ`: a Poisson distribution whose rate has a gamma distribution with mean `μ`
/// and shape `θ`, the inverse dispersion, so that the variance is `μ + μ² / θ`.
///
/// The parameter is `ln θ`, bounded to ±12 as `12 tanh(· / 12)`: where the variance is that of a Poisson distribution to a part in 10⁵, or
/// no count is likely.
#[derive(Clone, Copy, Debug)]
pub struct NegativeBinomial;

/// `ln θ` that stands for a parameter, and its derivative.
#[inline(always)]
pub(super) fn log_dispersion(parameter: f32) -> (f64, f64) {
    let bend = tanh(f64::from(parameter) / BOUND);
    (BOUND * bend, 1.0 - bend * bend)
}

impl CountDistribution for NegativeBinomial {
    const PARAMETERS: usize = 1;

    #[inline(always)]
    fn loss(ln_mean: f64, count: f64, [parameter, _]: [f32; 2]) -> (f64, [f64; 3]) {
        let (ln_theta, derivative) = log_dispersion(parameter);
        let (mean, theta) = (exp(ln_mean), exp(ln_theta));
        let ln_sum = ln(theta + mean);
        let whole = Stirling::new(count + theta);
        let own = Stirling::new(theta);
        let factorial = Stirling::new(count + 1.0);
        // ln Γ(θ) + ln x! - ln Γ(x + θ)
        let ways = (own.shifted - whole.shifted)
            + factorial.shifted
            + ln(whole.product / (own.product * factorial.product));
        let loss = ways - theta * (ln_theta - ln_sum) - count * (ln_mean - ln_sum);
        let share = (count + theta) / (theta + mean);
        let by_theta = (own.digamma - whole.digamma) - (ln_theta - ln_sum) - 1.0 + share;
        (
            loss,
            [share * mean - count, derivative * theta * by_theta, 0.0],
        )
    }

    fn mean(mean: f64, _parameters: [f32; 2]) -> f64 {
        mean
    }

    fn draw(mean: f64, [parameter, _]: [f32; 2], rng: &mut impl Rng) -> f64 {
        let theta = exp(log_dispersion(parameter).0);
        // A mean of 0, or one that is no number, has no distribution there.
        let rate = Gamma::new(theta, mean / theta).map_or(0.0, |rates| rng.sample(rates));
        Poisson::draw(rate, [0.0; 2], rng)
    }
}
