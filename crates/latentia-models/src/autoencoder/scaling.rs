//! The constants of a preprocessing: from raw values to those a model sees, and back.

use std::{io, iter};

use latentia_nn::graph::{Graph, Value};
use latentia_tensor::{ElementKind, Matrix, MatrixMut, Rows, vectorized};
use serde::{Deserialize, Serialize};

use super::inference::{ROW_SLOTS, fold_rows};
use super::quantiles::Quantiles;
use crate::Preprocessing;

/// The constants of a preprocessing: `x = (raw / full scale - shift) / divisor`, column by column.
///
/// ```
/// use latentia_models::{Preprocessing, Scaling};
/// use latentia_tensor::Matrix;
///
/// let examples = Matrix::from_vec(3, 2, vec![0.0, -5.0, 10.0, -5.0, 40.0, -4.0]);
/// let scaling = Scaling::learn(Preprocessing::MinMax, &examples)?;
/// assert_eq!((&scaling.shift[..], &scaling.divisor[..]), (&[0.0, -5.0][..], &[40.0, 1.0][..]));
///
/// let mut x = examples.clone();
/// scaling.apply(x.view_mut(), 1.0);
/// assert_eq!(x.row(1), [0.25, 0.0]);
/// scaling.undo(x.view_mut(), 1.0);
/// assert_eq!(x, examples);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// One value a column, or one for all.
    pub shift: Vec<f32>,
    /// One value a column, or one for all; never 0.
    pub divisor: Vec<f32>,
    /// The quantiles by which columns are mapped to normal scores, in place of the other constants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantiles: Option<Quantiles>,
}

impl Scaling {
    /// Constants that leave values as they are, but for the full scale.
    pub(crate) fn identity() -> Self {
        Self {
            shift: vec![0.0],
            divisor: vec![1.0],
            quantiles: None,
        }
    }

    /// Learns the constants of `preprocessing` from `examples`, the training part alone.
    ///
    /// A column whose values are all the same is only shifted.
    ///
    /// # Errors
    /// When an example cannot be read.
    pub fn learn(preprocessing: Preprocessing, examples: &dyn Rows) -> io::Result<Self> {
        Self::learn_columns(preprocessing, examples, &[])
    }

    /// As [`Self::learn`], where elements are of these kinds, or numbers where nothing is known of them. What is missing, NaN, is
    /// left out; what is no number stays as it is.
    ///
    /// # Errors
    /// When an example cannot be read.
    pub fn learn_columns(
        preprocessing: Preprocessing,
        examples: &dyn Rows,
        kinds: &[ElementKind],
    ) -> io::Result<Self> {
        if preprocessing == Preprocessing::Robust && examples.rows() > 0 {
            return Ok(Self {
                quantiles: Some(Quantiles::learn(examples, kinds)?),
                ..Self::identity()
            });
        }
        let constants = matches!(
            preprocessing,
            Preprocessing::Standardise | Preprocessing::MinMax
        );
        if !constants || examples.rows() == 0 {
            return Ok(Self::identity());
        }
        let cols = examples.cols();
        let mut first = Matrix::zeros(1, cols);
        examples.read(&[0], first.view_mut())?;
        for origin in first.as_mut_slice() {
            *origin = if origin.is_nan() { 0.0 } else { *origin };
        }
        let origins = first.as_slice();
        let slots = fold_rows(
            examples,
            ROW_SLOTS,
            || vec![Column::default(); cols],
            |columns, block| {
                for row in block.iter_rows() {
                    for ((column, &x), &origin) in columns.iter_mut().zip(row).zip(origins) {
                        column.add(x, origin);
                    }
                }
            },
        )?;
        let columns = slots.into_iter().reduce(|mut columns, others| {
            for (column, other) in columns.iter_mut().zip(others) {
                column.join(other);
            }
            columns
        });
        let full_scale = examples.full_scale();
        let kinds = kinds
            .iter()
            .copied()
            .chain(iter::repeat(ElementKind::Number));
        let (shift, divisor) = columns
            .iter()
            .flatten()
            .zip(origins)
            .zip(kinds)
            .map(|((column, &origin), kind)| {
                if kind != ElementKind::Number || column.count == 0 {
                    return (0.0, 1.0);
                }
                let (shift, divisor) = match preprocessing {
                    Preprocessing::MinMax => (column.low, column.high - column.low),
                    _ => column.mean_and_deviation(origin),
                };
                let usable = if divisor > 0.0 {
                    divisor / full_scale
                } else {
                    1.0
                };
                (shift / full_scale, usable)
            })
            .unzip();
        Ok(Self {
            shift,
            divisor,
            quantiles: None,
        })
    }

    /// Whether the constants fit examples of `cols` elements.
    pub(crate) fn fits(&self, cols: usize) -> bool {
        let fits = |x: &[f32]| x.len() == 1 || x.len() == cols;
        let quantiles = self.quantiles.as_ref();
        fits(&self.shift)
            && fits(&self.divisor)
            && self.divisor.iter().all(|&d| d != 0.0)
            && quantiles.is_none_or(|quantiles| quantiles.fits(cols))
    }

    /// Raw values to the model's, in place; `[rows, cols]`.
    pub fn apply(&self, mut x: MatrixMut<'_>, full_scale: f32) {
        match (&self.shift[..], &self.divisor[..]) {
            (&[shift], &[divisor]) => {
                // Moved into the loop, which is not vectorised around references.
                let (shift, divisor) = (shift * full_scale, divisor * full_scale);
                latentia_tensor::map_in_place(x.as_mut_slice(), move |x| (x - shift) / divisor);
                if let Some(quantiles) = &self.quantiles {
                    x.iter_rows_mut().for_each(|row| quantiles.apply(row));
                }
            }
            (shift, divisor) => vectorized(
                #[inline(always)]
                move || {
                    for row in x.iter_rows_mut() {
                        for ((x, &shift), &divisor) in row.iter_mut().zip(shift).zip(divisor) {
                            *x = (*x - shift * full_scale) / (divisor * full_scale);
                        }
                    }
                },
            ),
        }
    }

    /// The model's values to raw ones, in place; `[rows, cols]`.
    pub fn undo(&self, mut x: MatrixMut<'_>, full_scale: f32) {
        for row in x.iter_rows_mut() {
            if let Some(quantiles) = &self.quantiles {
                quantiles.undo(row);
            }
            let constants = self.shift.iter().cycle().zip(self.divisor.iter().cycle());
            for (x, (shift, divisor)) in row.iter_mut().zip(constants) {
                *x = (*x * divisor + shift) * full_scale;
            }
        }
    }
}

impl Scaling {
    /// Adds to `graph` what [`Self::apply`] does to flat rows of full scale 1.
    pub(super) fn describe(&self, graph: &mut Graph, x: Value) -> Value {
        let mut x = x;
        if self.shift.iter().any(|&shift| shift != 0.0) {
            let shift = graph.constant("shift", &[self.shift.len()], self.shift.clone());
            x = graph.sub(x, shift);
        }
        if self.divisor.iter().any(|&divisor| divisor != 1.0) {
            let divisor = graph.constant("divisor", &[self.divisor.len()], self.divisor.clone());
            x = graph.div(x, divisor);
        }
        match &self.quantiles {
            Some(quantiles) => quantiles.describe(graph, x),
            None => x,
        }
    }

    /// Adds to `graph` what [`Self::undo`] does to flat rows.
    pub(super) fn describe_undo(&self, graph: &mut Graph, x: Value) -> Value {
        let mut x = match &self.quantiles {
            Some(quantiles) => quantiles.describe_undo(graph, x),
            None => x,
        };
        if self.divisor.iter().any(|&divisor| divisor != 1.0) {
            let divisor = graph.constant("divisor", &[self.divisor.len()], self.divisor.clone());
            x = graph.mul(x, divisor);
        }
        if self.shift.iter().any(|&shift| shift != 0.0) {
            let shift = graph.constant("shift", &[self.shift.len()], self.shift.clone());
            x = graph.add(x, shift);
        }
        x
    }
}

/// What the constants of a column follow from.
#[derive(Clone, Copy)]
struct Column {
    low: f32,
    high: f32,
    /// Of differences from the first example, so that a large mean does not drown a small deviation.
    sum: f64,
    squares: f64,
    /// Values that are not missing.
    count: u64,
}

impl Default for Column {
    fn default() -> Self {
        Self {
            low: f32::INFINITY,
            high: f32::NEG_INFINITY,
            sum: 0.0,
            squares: 0.0,
            count: 0,
        }
    }
}

impl Column {
    fn add(&mut self, x: f32, origin: f32) {
        if x.is_nan() {
            return;
        }
        self.count += 1;
        self.low = self.low.min(x);
        self.high = self.high.max(x);
        let difference = f64::from(x) - f64::from(origin);
        self.sum += difference;
        self.squares += difference * difference;
    }

    fn join(&mut self, other: Self) {
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
        self.sum += other.sum;
        self.squares += other.squares;
        self.count += other.count;
    }

    fn mean_and_deviation(&self, origin: f32) -> (f32, f32) {
        let n = self.count as f64;
        let mean = self.sum / n;
        let variance = (self.squares / n - mean * mean).max(0.0);
        ((f64::from(origin) + mean) as f32, variance.sqrt() as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scaled;

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
