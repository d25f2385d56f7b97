//! The smallest and the largest of many values, and whether they can be 8-bit values.

use std::io;

use latentia_nn::{Likelihood, Support};
use latentia_tensor::loss::counts;
use latentia_tensor::{Rows, math, vectorized};

use super::inference::{ROW_SLOTS, fold_numbered_rows, fold_rows};
use super::scaled::Scaled;
use super::scaling::Scaling;
use crate::{ModelError, Preprocessing};

/// Values that are compared at once: enough to fill two of the widest registers.
const LANES: usize = 32;

/// The largest magnitude of a value under a likelihood that squares errors: over the least scale, e⁻⁶, a billion such squares
/// have a finite sum in single precision.
const LARGEST: f32 = 1e12;

/// How far 255 times an 8-bit value may be from an integer: far more than rounding, far less than another value.
const NEAR: f32 = 1e-3;

/// The smallest and the largest value seen, and whether all were finite.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ValueRange {
    pub(crate) low: f32,
    pub(crate) high: f32,
    pub(crate) finite: bool,
    /// A value that is no multiple of 1/255, and therefore no 8-bit value on unit range; NaN while there is none.
    pub(crate) non_byte: f32,
}

impl ValueRange {
    /// Nothing seen yet.
    pub(crate) fn new() -> Self {
        Self {
            low: f32::INFINITY,
            high: f32::NEG_INFINITY,
            finite: true,
            non_byte: f32::NAN,
        }
    }

    /// Takes `x` into account.
    pub(crate) fn add(&mut self, x: &[f32]) {
        let (mut low, mut high) = ([self.low; LANES], [self.high; LANES]);
        // Stays 0 as long as all are finite, for ∞ · 0 and NaN · 0 are NaN.
        let mut nothing = [0.0f32; LANES];
        let mut non_byte = [self.non_byte; LANES];
        vectorized(
            #[inline(always)]
            || {
                let (chunks, rest) = x.as_chunks::<LANES>();
                for x in chunks.iter().map(|chunk| &chunk[..]).chain([rest]) {
                    let lanes = low.iter_mut().zip(&mut high).zip(&mut nothing);
                    for ((((low, high), nothing), non_byte), &x) in lanes.zip(&mut non_byte).zip(x)
                    {
                        *low = if x < *low { x } else { *low };
                        *high = if x > *high { x } else { *high };
                        *nothing += 0.0 * x;
                        let v = 255.0 * x;
                        let distance = (v - math::round(v)).abs();
                        *non_byte = if distance > NEAR { x } else { *non_byte };
                    }
                }
            },
        );
        self.low = low.into_iter().fold(self.low, f32::min);
        self.high = high.into_iter().fold(self.high, f32::max);
        self.non_byte = non_byte.into_iter().fold(self.non_byte, first_value);
        self.finite &= nothing.iter().all(|&x| x == 0.0);
    }

    /// Both together.
    pub(crate) fn join(self, other: Self) -> Self {
        Self {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
            finite: self.finite && other.finite,
            non_byte: first_value(self.non_byte, other.non_byte),
        }
    }

    /// A value that is no 8-bit one on unit range: no multiple of 1/255, or outside `[0, 1]`.
    pub(crate) fn non_byte_value(&self) -> Option<f32> {
        let seen = [self.non_byte, self.low, self.high];
        let is_non_byte = |x: &f32| *x < 0.0 || *x > 1.0 || (!x.is_nan() && *x == self.non_byte);
        seen.into_iter().find(is_non_byte)
    }

    /// Whether all lie in `[0, 1]`.
    pub(crate) fn is_unit(&self) -> bool {
        self.finite && self.low >= 0.0 && self.high <= 1.0
    }
}

fn first_value(a: f32, b: f32) -> f32 {
    if a.is_nan() { b } else { a }
}

/// The place, row and column, of the first value that is such, and the value.
fn first_value_that(
    examples: &dyn Rows,
    is_such: impl Fn(f32) -> bool + Sync,
) -> io::Result<Option<(usize, usize, f32)>> {
    let firsts = fold_numbered_rows(
        examples,
        ROW_SLOTS,
        || None,
        |found: &mut Option<(usize, usize, f32)>, first, block| {
            // Later blocks of a slot come later in the data.
            if found.is_none() {
                let at = block.span().iter().position(|&x| is_such(x));
                let cols = block.cols().max(1);
                *found = at.map(|at| (first + at / cols, at % cols, block.span()[at]));
            }
        },
    )?;
    let firsts = firsts.into_iter().flatten();
    Ok(firsts.min_by_key(|&(row, column, _)| (row, column)))
}

/// Refuses examples that are no counts.
fn check_counts(examples: &dyn Rows, likelihood: &dyn Likelihood) -> Result<(), ModelError> {
    let is_count = |x: f32| (0.0..=counts::LARGEST).contains(&x) && x.fract() == 0.0;
    let scale = examples.full_scale();
    let Some((row, column, value)) = first_value_that(examples, |x| !is_count(x / scale))? else {
        return Ok(());
    };
    let hint = match scale == 1.0 {
        true => "",
        false => ", and not as bytes, which count as values in [0, 1]: store them as floats",
    };
    Err(ModelError::NotCounts {
        likelihood: likelihood.name(),
        value: value / scale,
        largest: counts::LARGEST,
        row,
        column,
        name: String::new(),
        hint,
    })
}

/// Refuses examples, or codes, with a value that is not finite.
pub(crate) fn check_finite(examples: &dyn Rows) -> Result<(), ModelError> {
    match first_value_that(examples, |x| !x.is_finite())? {
        None => Ok(()),
        Some((row, column, _)) => Err(ModelError::NonFinite { row, column }),
    }
}

/// Refuses examples that the likelihood gives no probability, and values that are no numbers or too large; `examples` are
/// unscaled.
pub(crate) fn check_range(
    examples: &dyn Rows,
    scaling: &Scaling,
    preprocessing: Preprocessing,
    likelihood: &dyn Likelihood,
) -> Result<(), ModelError> {
    let scaled = Scaled::new(examples, scaling);
    if likelihood.takes_missing() {
        return check_cells(&scaled, likelihood);
    }
    let ranges = fold_rows(&scaled, ROW_SLOTS, ValueRange::new, |range, block| {
        range.add(block.span());
    })?;
    let range = ranges.into_iter().fold(ValueRange::new(), ValueRange::join);
    let ValueRange {
        low, high, finite, ..
    } = range;
    if !finite {
        check_finite(examples)?;
    }
    if likelihood.is_of_counts() {
        return check_counts(examples, likelihood);
    }
    let value = if -low > high { low } else { high };
    let squares = likelihood.support() == Support::Real;
    if !finite || (squares && value.abs() > LARGEST) {
        return Err(ModelError::TooLarge {
            likelihood: likelihood.name(),
            value,
            largest: LARGEST,
        });
    }
    if let Some(value) = range.non_byte_value().filter(|_| likelihood.is_discrete()) {
        let likelihood = likelihood.name();
        return Err(ModelError::NotBytes { likelihood, value });
    }
    // Held-out examples of a min-max scale may lie a little outside; the loss is defined there too.
    let (slack, hint) = match preprocessing {
        Preprocessing::MinMax => (
            0.5,
            "validation examples lie far outside those to train on: \
             use likelihood `mse` with a decoder that ends linear",
        ),
        _ => (
            0.0,
            "use preprocessing `min-max`, or likelihood `mse` with a decoder that ends linear",
        ),
    };
    let needs = match preprocessing.binarises() {
        true => Some("binarise"),
        false => likelihood.is_binary().then(|| likelihood.name()),
    };
    if let Some(needs) = needs
        && (low < -slack || high > 1.0 + slack)
    {
        return Err(ModelError::Range {
            needs,
            low,
            high,
            hint,
        });
    }
    Ok(())
}

/// Refuses cells of a table that are infinite or too large; those that are missing are NaN.
fn check_cells(scaled: &Scaled<'_>, likelihood: &dyn Likelihood) -> Result<(), ModelError> {
    let largest = fold_rows(
        scaled,
        ROW_SLOTS,
        || 0.0f32,
        |largest, block| {
            let cells = block.span().iter();
            *largest = cells.fold(*largest, |largest, x| largest.max(x.abs()));
        },
    )?;
    let value = largest.into_iter().fold(0.0, f32::max);
    match value > LARGEST {
        true => Err(ModelError::TooLarge {
            likelihood: likelihood.name(),
            value,
            largest: LARGEST,
        }),
        false => Ok(()),
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
                    let mut range = ValueRange::new();
                    range.add(&x);
                    let low = x.iter().copied().fold(f32::INFINITY, f32::min);
                    let high = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                    assert_eq!((range.low, range.high, range.finite), (low, high, finite));
                }
            }
        }
    }

    #[test]
    fn infinity_is_an_end_but_not_finite() {
        let mut range = ValueRange::new();
        range.add(&[0.5, f32::INFINITY]);
        assert_eq!((range.low, range.high), (0.5, f32::INFINITY));
        assert!(!range.is_unit() && !range.finite);
    }

    #[test]
    fn numbers_that_are_no_bytes_are_found_wherever_they_lie() {
        for &n in &SIZES[1..] {
            let bytes: Vec<f32> = (0..n).map(|i| (i % 256) as f32 / 255.0).collect();
            let non_byte_value = |x: &[f32]| {
                let mut range = ValueRange::new();
                range.add(x);
                ValueRange::new().join(range).non_byte_value()
            };
            assert_eq!(non_byte_value(&bytes), None);
            for at in [0, n / 2, n - 1] {
                for value in [0.5, 0.999, -1.0 / 255.0, 2.0] {
                    let mut x = bytes.clone();
                    x[at] = value;
                    assert_eq!(non_byte_value(&x), Some(value));
                }
            }
        }
    }
}
