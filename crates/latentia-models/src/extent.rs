//! The smallest and the largest of many numbers.

use latentia_tensor::vectorized;

/// Numbers that are compared at once: enough to fill two of the widest registers.
const LANES: usize = 32;

/// The smallest and the largest number seen, and whether all were finite.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) low: f32,
    pub(crate) high: f32,
    pub(crate) finite: bool,
}

impl Extent {
    /// Nothing seen yet.
    pub(crate) fn new() -> Self {
        Self {
            low: f32::INFINITY,
            high: f32::NEG_INFINITY,
            finite: true,
        }
    }

    /// Takes `x` into account.
    pub(crate) fn add(&mut self, x: &[f32]) {
        let (mut low, mut high) = ([self.low; LANES], [self.high; LANES]);
        // Stays 0 as long as all are finite, for ∞ · 0 and NaN · 0 are NaN.
        let mut nothing = [0.0f32; LANES];
        vectorized(
            #[inline(always)]
            || {
                let (chunks, rest) = x.as_chunks::<LANES>();
                for x in chunks.iter().map(|chunk| &chunk[..]).chain([rest]) {
                    for (((low, high), nothing), &x) in
                        low.iter_mut().zip(&mut high).zip(&mut nothing).zip(x)
                    {
                        *low = if x < *low { x } else { *low };
                        *high = if x > *high { x } else { *high };
                        *nothing += 0.0 * x;
                    }
                }
            },
        );
        self.low = low.into_iter().fold(self.low, f32::min);
        self.high = high.into_iter().fold(self.high, f32::max);
        self.finite &= nothing.iter().all(|&x| x == 0.0);
    }

    /// Both together.
    pub(crate) fn join(self, other: Self) -> Self {
        Self {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
            finite: self.finite && other.finite,
        }
    }

    /// Whether all lie in `[0, 1]`.
    pub(crate) fn is_unit(&self) -> bool {
        self.finite && self.low >= 0.0 && self.high <= 1.0
    }
}

#[cfg(test)]
mod tests {
    use latentia_testing::{SIZES, numbers};

    use super::*;

    #[test]
    fn ends_are_found_wherever_they_lie() {
        for &n in &SIZES[1..] {
            for at in [0, n / 2, n - 1] {
                for (value, finite) in [(2.5, true), (-2.5, true), (f32::NAN, false)] {
                    let mut x = numbers(1, n);
                    x[at] = value;
                    let mut extent = Extent::new();
                    extent.add(&x);
                    let low = x.iter().copied().fold(f32::INFINITY, f32::min);
                    let high = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                    assert_eq!(
                        (extent.low, extent.high, extent.finite),
                        (low, high, finite)
                    );
                }
            }
        }
    }

    #[test]
    fn infinity_is_an_end_but_not_finite() {
        let mut extent = Extent::new();
        extent.add(&[0.5, f32::INFINITY]);
        assert_eq!((extent.low, extent.high), (0.5, f32::INFINITY));
        assert!(!extent.is_unit() && !extent.finite);
    }
}
