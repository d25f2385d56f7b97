//! Products and distances of two vectors, held in registers.

use pulp::{Simd, WithSimd};

use crate::dispatch::ARCH;

/// Registers of partial sums.
const SUMS: usize = 4;

/// `Σ a[i] b[i]`, each term fused. The order of the sum follows from the length and the instruction set.
///
/// # Panics
/// When the lengths differ.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    ARCH.dispatch(Dot { a, b })
}

/// `Σ (a[i] - b[i])²`, each square fused. The order of the sum follows from the length and the instruction set.
///
/// # Panics
/// When the lengths differ.
pub fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    ARCH.dispatch(SquaredDistance { a, b })
}

struct Dot<'a> {
    a: &'a [f32],
    b: &'a [f32],
}

impl WithSimd for Dot<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        sum(
            simd,
            self.a,
            self.b,
            #[inline(always)]
            |a, b, sum| simd.mul_add_f32s(a, b, sum),
        )
    }
}

struct SquaredDistance<'a> {
    a: &'a [f32],
    b: &'a [f32],
}

impl WithSimd for SquaredDistance<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        sum(
            simd,
            self.a,
            self.b,
            #[inline(always)]
            |a, b, sum| {
                let difference = simd.sub_f32s(a, b);
                simd.mul_add_f32s(difference, difference, sum)
            },
        )
    }
}

/// The sum of what `add` adds for two registers of elements, behind the last ones of which stand zeros.
#[inline(always)]
fn sum<S: Simd>(
    simd: S,
    a: &[f32],
    b: &[f32],
    add: impl Fn(S::f32s, S::f32s, S::f32s) -> S::f32s,
) -> f32 {
    let mut sums = [simd.splat_f32s(0.0); SUMS];
    let ((a, a_rest), (b, b_rest)) = (S::as_simd_f32s(a), S::as_simd_f32s(b));
    let ((a, a_last), (b, b_last)) = (a.as_chunks::<SUMS>(), b.as_chunks::<SUMS>());
    for (a, b) in a.iter().zip(b) {
        for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
            *sum = add(a, b, *sum);
        }
    }
    for ((sum, &a), &b) in sums.iter_mut().zip(a_last).zip(b_last) {
        *sum = add(a, b, *sum);
    }
    let [first, second, third, fourth] = sums;
    let rest = [a_rest, b_rest].map(|rest| simd.partial_load_f32s(rest));
    let fourth = match a_rest {
        [] => fourth,
        _ => add(rest[0], rest[1], fourth),
    };
    let sums = simd.add_f32s(simd.add_f32s(first, second), simd.add_f32s(third, fourth));
    simd.reduce_sum_f32s(sums)
}

#[cfg(test)]
mod tests {
    use latentia_testing::{SIZES, numbers};

    use super::*;

    #[test]
    fn sums_over_two_vectors_match_f64_at_awkward_sizes() {
        for &n in SIZES.iter().chain(&[0, 784]) {
            let (a, b) = (numbers(1, n), numbers(2, n));
            let pairs = || {
                a.iter()
                    .zip(&b)
                    .map(|(&a, &b)| (f64::from(a), f64::from(b)))
            };
            let product: f64 = pairs().map(|(a, b)| a * b).sum();
            let square: f64 = pairs().map(|(a, b)| (a - b).powi(2)).sum();
            // n terms of size one, each rounded to 2^-24
            let tolerance = 1e-6 * (n.max(1) as f64).sqrt();
            for (found, expected) in [(dot(&a, &b), product), (squared_distance(&a, &b), square)] {
                let error = (f64::from(found) - expected).abs();
                assert!(error <= tolerance, "{n}: {found} {expected}");
            }
        }
    }
}
