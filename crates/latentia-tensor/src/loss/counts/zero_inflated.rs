//! Zero-inflated negative binomial distribution.

use rand::{Rng, RngExt};

use super::CountDistribution;
use super::negative_binomial::NegativeBinomial;
use crate::math::double::{exp, ln};

/// `P(x) = π [x = 0] + (1 - π) NB(x)`: with probability `π` nothing is counted, else as under a [`NegativeBinomial`].
///
/// The parameters are the logit of `π`, and that of the negative binomial, `ln θ`.
#[derive(Clone, Copy, Debug)]
pub struct ZeroInflated;

/// `ln(1 + eˣ)` and `σ(x)`
#[inline(always)]
fn softplus_and_sigmoid(x: f64) -> (f64, f64) {
    let small = exp(-x.abs());
    let positive = if x > 0.0 { x } else { 0.0 };
    let numerator = if x > 0.0 { 1.0 } else { small };
    (positive + ln(1.0 + small), numerator / (1.0 + small))
}

impl CountDistribution for ZeroInflated {
    const PARAMETERS: usize = 2;

    #[inline(always)]
    fn loss(ln_mean: f64, count: f64, [logit, parameter]: [f32; 2]) -> (f64, [f64; 3]) {
        let (nats, [by_mean, by_theta, _]) =
            NegativeBinomial::loss(ln_mean, count, [parameter, 0.0]);
        let logit = f64::from(logit);
        let (inflation, probability) = softplus_and_sigmoid(logit);
        // -ln(π + (1 - π) e⁻ⁿ) = ln(1 + eᶻ) - z - ln(1 + e⁻ᶻ⁻ⁿ), of which the share `own` is the negative binomial's
        let (sum, own) = softplus_and_sigmoid(-logit - nats);
        let is_zero = count == 0.0;
        let loss = if is_zero {
            inflation - logit - sum
        } else {
            inflation + nats
        };
        let own_share = if is_zero { own } else { 1.0 };
        let by_logit = probability - (1.0 - own_share);
        (loss, [own_share * by_mean, by_logit, own_share * by_theta])
    }

    fn mean(mean: f64, [logit, _]: [f32; 2]) -> f64 {
        let (_, other) = softplus_and_sigmoid(-f64::from(logit));
        other * mean
    }

    fn draw(mean: f64, [logit, parameter]: [f32; 2], rng: &mut impl Rng) -> f64 {
        let (_, probability) = softplus_and_sigmoid(logit.into());
        let is_inflated = rng.random::<f64>() < probability;
        let count = NegativeBinomial::draw(mean, [parameter, 0.0], rng);
        if is_inflated { 0.0 } else { count }
    }
}
