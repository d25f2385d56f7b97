//! Update rules of the optimisers, each one pass over a parameter, its gradient and its moments.
//!
//! All slices have the same length. A moment is used before it is stored: a loop that reads it again waits for its store.

use crate::dispatch::vectorized;

/// A moment, or zero below 2⁻¹²⁰. Where gradients stay zero a moment decays for ever: it would end in values too small to be
/// normal, with which many processors compute a hundred times as slowly.
#[inline(always)]
fn normal(moment: f32) -> f32 {
    const LEAST: f32 = 1.0 / (1u128 << 120) as f32;
    if moment.abs() < LEAST { 0.0 } else { moment }
}

/// Stochastic gradient descent with momentum: `m = μ m + g`, `w -= lr m`.
pub fn sgd(w: &mut [f32], g: &[f32], m: &mut [f32], lr: f32, momentum: f32) {
    vectorized(
        #[inline(always)]
        || {
            for ((w, &g), m) in w.iter_mut().zip(g).zip(m) {
                let mean = normal(momentum * *m + g);
                *w -= lr * mean;
                *m = mean;
            }
        },
    );
}

/// RMSprop: `v = ρ v + (1 - ρ) g²`, `w -= lr g / (√v + ε)`. Tieleman and Hinton 2012, in PyTorch's form.
pub fn rmsprop(w: &mut [f32], g: &[f32], v: &mut [f32], lr: f32, rho: f32, epsilon: f32) {
    vectorized(
        #[inline(always)]
        || {
            for ((w, &g), v) in w.iter_mut().zip(g).zip(v) {
                let square = normal(rho * *v + (1.0 - rho) * (g * g));
                *w -= lr * g / (square.sqrt() + epsilon);
                *v = square;
            }
        },
    );
}

/// The constants of one [`adam`] step.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    /// Decay of the first moment, β₁.
    pub beta1: f32,
    /// Decay of the second moment, β₂.
    pub beta2: f32,
    /// Added to the root of the second moment, ε̂.
    pub epsilon: f32,
    /// `α = lr √(1 - β₂ᵗ) / (1 - β₁ᵗ)`.
    pub rate: f32,
    /// `1 - lr · decay`.
    pub keep: f32,
}

impl Adam {
    /// The constants of step `step`, which counts from 1.
    pub fn at_step(step: u64, lr: f32, decay: f32, beta1: f32, beta2: f32, epsilon: f32) -> Self {
        // In f64: 1 - β₂ᵗ cancels in the first steps.
        let unbias = |beta: f32| 1.0 - f64::from(beta).powf(step as f64);
        Self {
            beta1,
            beta2,
            epsilon,
            rate: (f64::from(lr) * unbias(beta2).sqrt() / unbias(beta1)) as f32,
            keep: 1.0 - lr * decay,
        }
    }
}

/// Adam: `m = β₁ m + (1 - β₁) g`, `v = β₂ v + (1 - β₂) g²`, `w = (1 - lr · decay) w - α m / (√v + ε̂)` with
/// `α = lr √(1 - β₂ᵗ) / (1 - β₁ᵗ)`.
///
/// This is the second form of Kingma and Ba 2015, section 2, which Keras computes: ε̂ is added before the bias of `v` is
/// corrected. PyTorch adds it after; where gradients are far above ε the two agree.
///
/// `decay` is decoupled from the gradient (AdamW, Loshchilov and Hutter 2019); 0 leaves it out exactly.
pub fn adam(w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], c: Adam) {
    vectorized(
        #[inline(always)]
        || {
            for (((w, &g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
                let mean = normal(c.beta1 * *m + (1.0 - c.beta1) * g);
                let square = normal(c.beta2 * *v + (1.0 - c.beta2) * (g * g));
                *w = c.keep * *w - c.rate * mean / (square.sqrt() + c.epsilon);
                *m = mean;
                *v = square;
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use latentia_testing::{SIZES, assert_close, numbers};

    use super::*;

    /// Three steps of a rule in f32 against the same in f64: `(w, m, v, g, step) -> (w, m, v)`.
    fn check(
        rule: impl Fn(&mut [f32], &[f32], &mut [f32], &mut [f32], u64),
        reference: impl Fn(f64, f64, f64, f64, i32) -> (f64, f64, f64),
    ) {
        for &n in &SIZES {
            let (mut w, mut m, mut v) = (numbers(1, n), vec![0.0; n], vec![0.0; n]);
            let mut wide: Vec<_> = w.iter().map(|&w| (f64::from(w), 0.0, 0.0)).collect();
            for step in 1..=3 {
                let g = numbers(step + 1, n);
                rule(&mut w, &g, &mut m, &mut v, step);
                for ((w, m, v), &g) in wide.iter_mut().zip(&g) {
                    (*w, *m, *v) = reference(*w, *m, *v, g.into(), step as i32);
                }
            }
            let expected: Vec<f64> = wide.iter().map(|x| x.0).collect();
            assert_close(&w, &expected, 2e-6);
        }
    }

    #[test]
    fn sgd_with_momentum_matches_f64() {
        check(
            |w, g, m, _, _| sgd(w, g, m, 0.1, 0.9),
            |w, m, v, g, _| {
                let m = 0.9 * m + g;
                (w - 0.1 * m, m, v)
            },
        );
    }

    #[test]
    fn rmsprop_matches_f64() {
        check(
            |w, g, _, v, _| rmsprop(w, g, v, 0.01, 0.9, 1e-7),
            |w, m, v, g, _| {
                let v = 0.9 * v + 0.1 * g * g;
                (w - 0.01 * g / (v.sqrt() + 1e-7), m, v)
            },
        );
    }

    #[test]
    fn adam_with_decoupled_decay_matches_f64() {
        check(
            |w, g, m, v, step| adam(w, g, m, v, Adam::at_step(step, 0.01, 0.1, 0.9, 0.999, 1e-4)),
            |w, m, v, g, step| {
                let m = 0.9 * m + 0.1 * g;
                let v = 0.999 * v + 0.001 * g * g;
                let bias = (1.0 - 0.999f64.powi(step)).sqrt() / (1.0 - 0.9f64.powi(step));
                let change = 0.01 * bias * m / (v.sqrt() + 1e-4);
                (w * (1.0 - 0.01 * 0.1) - change, m, v)
            },
        );
    }
}
