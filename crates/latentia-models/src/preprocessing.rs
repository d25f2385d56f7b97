//! From raw values to the numbers a model sees, and back.

use std::io;

use latentia_tensor::{MatrixMut, Rows, vectorized};
use serde::{Deserialize, Serialize};

use crate::in_blocks;

/// How the columns of the training examples set the scale.
///
/// Raw values are first divided by [`Rows::full_scale`]: bytes become numbers in `[0, 1]`, floats stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preprocessing {
    /// Nothing more
    #[default]
    UnitRange,
    /// Each column minus its mean, over its standard deviation
    Standardise,
    /// Each column from its smallest and largest value to 0 and 1
    MinMax,
}

/// The constants of a preprocessing: `x = (raw / full scale - shift) / divisor`, column by column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// One number a column, or one for all.
    pub shift: Vec<f32>,
    /// One number a column, or one for all; never 0.
    pub divisor: Vec<f32>,
}

impl Scaling {
    /// Learns the constants of `preprocessing` from `examples`, the training part alone.
    ///
    /// A column whose values are all the same is only shifted.
    ///
    /// # Errors
    /// When an example cannot be read.
    pub fn learn(preprocessing: Preprocessing, examples: &dyn Rows) -> io::Result<Self> {
        let cols = examples.cols();
        let full_scale = examples.full_scale();
        let mut low = vec![f32::INFINITY; cols];
        let mut high = vec![f32::NEG_INFINITY; cols];
        // Sums of differences from the first row, so that a large mean does not drown a small deviation.
        let mut first = vec![0.0f32; cols];
        let (mut sum, mut squares) = (vec![0.0f64; cols], vec![0.0f64; cols]);
        if preprocessing != Preprocessing::UnitRange {
            in_blocks(examples, |start, block| {
                for (r, row) in block.iter_rows().enumerate() {
                    if start + r == 0 {
                        first.copy_from_slice(row);
                    }
                    for (c, &x) in row.iter().enumerate() {
                        low[c] = low[c].min(x);
                        high[c] = high[c].max(x);
                        let difference = f64::from(x) - f64::from(first[c]);
                        sum[c] += difference;
                        squares[c] += difference * difference;
                    }
                }
            })?;
        }
        let n = examples.rows().max(1) as f64;
        let (shift, divisor): (Vec<f32>, Vec<f32>) = match preprocessing {
            Preprocessing::UnitRange => (vec![0.0], vec![1.0]),
            Preprocessing::MinMax => low.iter().zip(&high).map(|(l, h)| (*l, h - l)).unzip(),
            Preprocessing::Standardise => (0..cols)
                .map(|c| {
                    let mean = sum[c] / n;
                    let variance = (squares[c] / n - mean * mean).max(0.0);
                    ((f64::from(first[c]) + mean) as f32, variance.sqrt() as f32)
                })
                .unzip(),
        };
        let usable = |d: f32| if d > 0.0 { d / full_scale } else { 1.0 };
        Ok(Self {
            shift: shift.iter().map(|s| s / full_scale).collect(),
            divisor: match preprocessing {
                Preprocessing::UnitRange => divisor,
                _ => divisor.into_iter().map(usable).collect(),
            },
        })
    }

    /// Whether the constants fit examples of `cols` numbers.
    pub(crate) fn fits(&self, cols: usize) -> bool {
        let fits = |x: &[f32]| x.len() == 1 || x.len() == cols;
        fits(&self.shift) && fits(&self.divisor) && self.divisor.iter().all(|&d| d != 0.0)
    }

    /// Raw values to the model's, in place; `[rows, cols]`.
    pub fn apply(&self, mut x: MatrixMut<'_>, full_scale: f32) {
        let scaled =
            |x: f32, shift: f32, divisor: f32| (x - shift * full_scale) / (divisor * full_scale);
        match (&self.shift[..], &self.divisor[..]) {
            (&[shift], &[divisor]) => {
                latentia_tensor::map_in_place(x.as_mut_slice(), |x| scaled(x, shift, divisor));
            }
            (shift, divisor) => vectorized(
                #[inline(always)]
                || {
                    for row in x.iter_rows_mut() {
                        for ((x, &shift), &divisor) in row.iter_mut().zip(shift).zip(divisor) {
                            *x = scaled(*x, shift, divisor);
                        }
                    }
                },
            ),
        }
    }

    /// The model's values to raw ones, in place; `[rows, cols]`.
    pub fn undo(&self, mut x: MatrixMut<'_>, full_scale: f32) {
        for row in x.iter_rows_mut() {
            let constants = self.shift.iter().cycle().zip(self.divisor.iter().cycle());
            for (x, (shift, divisor)) in row.iter_mut().zip(constants) {
                *x = (*x * divisor + shift) * full_scale;
            }
        }
    }
}

/// Examples as a model sees them.
pub struct Scaled<'a> {
    examples: &'a dyn Rows,
    scaling: &'a Scaling,
}

impl<'a> Scaled<'a> {
    /// `examples`, scaled when they are read.
    pub fn new(examples: &'a dyn Rows, scaling: &'a Scaling) -> Self {
        Self { examples, scaling }
    }
}

impl Rows for Scaled<'_> {
    fn rows(&self) -> usize {
        self.examples.rows()
    }

    fn cols(&self) -> usize {
        self.examples.cols()
    }

    fn read(&self, indices: &[u32], mut out: MatrixMut<'_>) -> io::Result<()> {
        self.examples.read(indices, out.reborrow())?;
        self.scaling.apply(out, self.examples.full_scale());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use latentia_tensor::Matrix;

    use super::*;

    fn examples() -> Matrix {
        // one column far from zero, one constant
        Matrix::from_vec(
            3,
            3,
            vec![1e6, 5.0, -1.0, 1e6 + 1.0, 5.0, 0.0, 1e6 + 2.0, 5.0, 3.0],
        )
    }

    fn check(preprocessing: Preprocessing, expected: [f32; 9]) {
        let examples = examples();
        let scaling = Scaling::learn(preprocessing, &examples).expect("in memory");
        let mut x = Matrix::zeros(3, 3);
        Scaled::new(&examples, &scaling)
            .read(&[0, 1, 2], x.view_mut())
            .expect("in memory");
        for (x, expected) in x.as_slice().iter().zip(expected) {
            assert!(
                (x - expected).abs() < 1e-6,
                "{preprocessing:?}: {x}, expected {expected}"
            );
        }
        scaling.undo(x.view_mut(), 1.0);
        for (x, expected) in x.as_slice().iter().zip(examples.as_slice()) {
            assert!((x - expected).abs() < 1e-6 * expected.abs().max(1.0));
        }
    }

    #[test]
    fn columns_are_scaled_by_their_own_constants() {
        let raw: [f32; 9] = examples().as_slice().try_into().expect("nine numbers");
        check(Preprocessing::UnitRange, raw);
        check(
            Preprocessing::MinMax,
            [0.0, 0.0, 0.0, 0.5, 0.0, 0.25, 1.0, 0.0, 1.0],
        );
        let (a, b) = (1.224_744_9, [-0.980_580_7, -0.392_232_27, 1.372_812_9]);
        check(
            Preprocessing::Standardise,
            [-a, 0.0, b[0], 0.0, 0.0, b[1], a, 0.0, b[2]],
        );
    }
}
