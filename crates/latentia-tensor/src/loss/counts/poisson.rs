//! Poisson distribution.

use rand::{Rng, RngExt};
use rand_distr::Poisson as Draws;

use super::CountDistribution;
use crate::math::double::exp;
use crate::math::gamma::ln_gamma;

/// `P(x) = μˣ exp(-μ) / x!`
#[derive(Clone, Copy, Debug)]
pub struct Poisson;

impl CountDistribution for Poisson {
    const PARAMETERS: usize = 0;

    #[inline(always)]
    fn loss(ln_mean: f64, count: f64, _parameters: [f32; 2]) -> (f64, [f64; 3]) {
        let mean = exp(ln_mean);
        let loss = mean - count * ln_mean + ln_gamma(count + 1.0);
        (loss, [mean - count, 0.0, 0.0])
    }

    fn mean(mean: f64, _parameters: [f32; 2]) -> f64 {
        mean
    }

    fn draw(mean: f64, _parameters: [f32; 2], rng: &mut impl Rng) -> f64 {
        // A mean of 0, or one that is no number, has no distribution there.
        Draws::new(mean).map_or(0.0, |draws| rng.sample(draws))
    }
}
