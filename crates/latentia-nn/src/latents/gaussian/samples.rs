//! What a Gaussian code is made of.

use std::f64::consts::PI;

/// What a [`GaussianLatent`](super::GaussianLatent) saved for one code.
#[derive(Clone, Copy, Debug)]
pub struct GaussianSamples<'a> {
    /// `ε`, standard normal: `[n]`.
    pub epsilon: &'a [f32],
    /// `σ`: `[n]`.
    pub deviation: &'a [f32],
    /// `ln p(z)`, of a prior that is [learned](crate::Prior), and `ln |det|` of a [posterior](crate::Posterior) that carries the code on.
    pub log_prior: Option<f32>,
}

impl<'a> GaussianSamples<'a> {
    /// From a row of what the layer saved, `[2 n]`, and one more with a learned prior or a posterior, for a code of `width` elements, `n`.
    pub fn of(saved: &'a [f32], width: usize) -> Self {
        let (epsilon, rest) = saved.split_at(width);
        let (deviation, log_prior) = rest.split_at(width);
        Self {
            epsilon,
            deviation,
            log_prior: log_prior.first().copied(),
        }
    }

    /// `ln p(z) - ln q(z | x)` of the code `z`, in nats; with the standard normal prior `½ Σ (ε² - z²) + Σ ln σ`, as the
    /// constants cancel.
    pub fn log_ratio(self, z: &[f32]) -> f64 {
        if let Some(log_prior) = self.log_prior {
            return f64::from(log_prior) - self.log_posterior();
        }
        let mut ratio = 0.0;
        for ((&z, &epsilon), &sigma) in z.iter().zip(self.epsilon).zip(self.deviation) {
            let (z, epsilon, sigma) = (f64::from(z), f64::from(epsilon), f64::from(sigma));
            ratio += 0.5 * (epsilon * epsilon - z * z) + sigma.ln();
        }
        ratio
    }

    /// `ln N(z; μ, σ²) = -½ Σ (ε² + ln 2π) - Σ ln σ` of the sample `z = μ + σ ε`, in nats: `ln q(z | x)` where nothing carries it on.
    pub fn log_posterior(self) -> f64 {
        let mut sum = 0.0;
        for (&epsilon, &sigma) in self.epsilon.iter().zip(self.deviation) {
            let (epsilon, sigma) = (f64::from(epsilon), f64::from(sigma));
            sum -= 0.5 * (epsilon * epsilon + (2.0 * PI).ln()) + sigma.ln();
        }
        sum
    }
}

/// `z = μ + σ ε`, with the means at the front of the parameters.
pub(super) fn shift_and_scale(
    parameters: &[f32],
    epsilon: &[f32],
    deviation: &[f32],
    z: &mut [f32],
) {
    for (((z, mu), epsilon), sigma) in z.iter_mut().zip(parameters).zip(epsilon).zip(deviation) {
        *z = mu + *sigma * *epsilon;
    }
}
