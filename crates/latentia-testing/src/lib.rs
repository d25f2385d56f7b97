//! Slow, obvious f64 references that the other crates are tested against.

#![forbid(unsafe_code)]

pub mod reference;

/// Sizes that reach the whole vectors, the tails and the blocks of every kernel.
pub const SIZES: [usize; 12] = [0, 1, 2, 3, 15, 16, 17, 31, 33, 255, 257, 1025];

/// `n` numbers in `[-1, 1)`, the same for the same `seed`; not random, but without pattern.
pub fn numbers(seed: u64, n: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d;
    (0..n)
        .map(|_| {
            // xorshift64: Marsaglia 2003
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        })
        .collect()
}

/// Fails unless each number is within `tolerance · max(1, |expected|)` of the expected one.
///
/// # Panics
/// When the lengths or a number differ; the message names the first such place.
pub fn assert_close(obtained: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(obtained.len(), expected.len(), "lengths differ");
    for (i, (&x, &y)) in obtained.iter().zip(expected).enumerate() {
        // written so that a NaN fails
        let close = (f64::from(x) - y).abs() <= tolerance * y.abs().max(1.0);
        assert!(
            close,
            "number {i}: {x}, expected {y}, tolerance {tolerance:e}"
        );
    }
}

/// The same in f64.
pub fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| x.into()).collect()
}

/// Fails unless a gradient, at `most` or fewer elements spread over it, is the derivative of `value` at `at` within `tolerance · max(1,
/// |expected|)`.
///
/// # Panics
/// When an element differs; the message names the first such one.
pub fn assert_gradient(
    gradient: &[f32],
    at: &[f64],
    most: usize,
    tolerance: f64,
    value: impl Fn(&[f64]) -> f64,
) {
    let compared = (0..gradient.len()).step_by(gradient.len().div_ceil(most).max(1));
    let (obtained, expected): (Vec<f32>, Vec<f64>) = compared
        .map(|i| (gradient[i], reference::derivative(&value, at, i)))
        .unzip();
    assert_close(&obtained, &expected, tolerance);
}

/// Compiles and runs the example of the workspace's README, which is in no package.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
