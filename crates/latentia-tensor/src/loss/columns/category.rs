//! One of several levels, by logits.

use crate::math::double::ln;
use crate::math::exp;

#[inline(always)]
fn largest(logits: &[f32]) -> f32 {
    let mut largest = f32::NEG_INFINITY;
    for &o in logits {
        largest = if o > largest { o } else { largest };
    }
    largest
}

/// `ln Σ exp(oᵢ) - oₜ`, and `scale (softmax(o)ᵢ - [i = t])` to `out`; zeros where there is no level `t`.
#[inline(always)]
pub(super) fn cross_entropy(
    logits: &[f32],
    level: Option<usize>,
    scale: f32,
    out: Option<&mut [f32]>,
) -> f64 {
    let Some(level) = level else {
        out.into_iter().for_each(|out| out.fill(0.0));
        return 0.0;
    };
    let largest = largest(logits);
    let mut sum = 0.0;
    match out {
        Some(out) => {
            for (out, &o) in out.iter_mut().zip(logits) {
                *out = exp(o - largest);
                sum += f64::from(*out);
            }
            let factor = (f64::from(scale) / sum) as f32;
            for out in out.iter_mut() {
                *out *= factor;
            }
            out[level] -= scale;
        }
        None => {
            for &o in logits {
                sum += f64::from(exp(o - largest));
            }
        }
    }
    // Where an output is NaN so is the sum, of which there is no logarithm.
    let log_sum = if sum.is_nan() { sum } else { ln(sum) };
    log_sum + (f64::from(largest) - f64::from(logits[level]))
}

/// `exp(oᵢ) / Σ exp(o)`, in place.
pub(super) fn softmax(logits: &mut [f32]) {
    let largest = largest(logits);
    let mut sum = 0.0;
    for o in logits.iter_mut() {
        *o = exp(*o - largest);
        sum += f64::from(*o);
    }
    for o in logits {
        *o = (f64::from(*o) / sum) as f32;
    }
}

/// The level of the largest logit, of equal ones the first.
pub(super) fn likeliest(logits: &[f32]) -> usize {
    let largest = largest(logits);
    logits.iter().position(|&o| o == largest).unwrap_or(0)
}

/// The level at the quantile `u` of `[0, 1)`.
pub(super) fn draw(logits: &[f32], u: f64) -> usize {
    let largest = largest(logits);
    let weight = |&o: &f32| f64::from(exp(o - largest));
    let mut rest = u * logits.iter().map(weight).sum::<f64>();
    let level = logits.iter().position(|o| {
        rest -= weight(o);
        rest < 0.0
    });
    // Rounding may leave a little.
    level.unwrap_or_else(|| likeliest(logits))
}
