//! How badly a model reconstructs a row: the part of the score that it is trained for.

use latentia_nn::graph::{Graph, Operation, Type, Value};
use latentia_tensor::{Matrix, Rows};

use super::rows::{few_at_a_time, raw};
use super::standard::quantile;
use crate::{Autoencoder, ModelError};

/// The most that an element adds, so that sums stay finite whatever a row holds.
pub(super) const MOST: f32 = 1e30;

/// The excess of a row's loss over what it would be, were the row as expected, an element each; see
/// [`Autoencoder::element_scores`] and [`Autoencoder::least_element_scores`]. The part is `asinh((Σ excess - median) / spread)`, of
/// which median and spread, the distance of the quartiles, are those of training rows: a logarithm far out, on either side.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ReconstructionPart {
    pub(super) median: f64,
    pub(super) spread: f64,
    /// What a missing element adds: the mean of its column, so that gaps make a row neither strange nor usual.
    pub(super) missing: Vec<f64>,
}

impl ReconstructionPart {
    /// That of training rows with this excess.
    pub(super) fn fit(excess: &Matrix) -> Self {
        let mut sums = vec![(0.0, 0u32); excess.cols()];
        for row in excess.view().iter_rows() {
            for ((sum, known), &x) in sums.iter_mut().zip(row).filter(|(_, x)| !x.is_nan()) {
                *sum += f64::from(x);
                *known += 1;
            }
        }
        let mean = |(sum, known): (f64, u32)| sum / f64::from(known.max(1));
        let mut part = Self {
            median: 0.0,
            spread: 1.0,
            missing: sums.into_iter().map(mean).collect(),
        };
        let rows = excess.view();
        let mut totals: Vec<f64> = rows.iter_rows().map(|row| part.total(row)).collect();
        totals.sort_unstable_by(f64::total_cmp);
        part.median = quantile(&totals, 0.5);
        let spread = quantile(&totals, 0.75) - quantile(&totals, 0.25);
        if spread > f64::EPSILON * part.median.abs() {
            part.spread = spread;
        }
        part
    }

    /// The part of a row with this excess.
    pub(super) fn value(&self, excess: &[f32]) -> f64 {
        ((self.total(excess) - self.median) / self.spread).asinh()
    }

    fn total(&self, excess: &[f32]) -> f64 {
        self.elements(excess).sum()
    }

    /// What each element of a row adds.
    pub(super) fn elements<'a>(&'a self, excess: &'a [f32]) -> impl Iterator<Item = f64> {
        let both = excess.iter().zip(&self.missing);
        both.map(|(&x, &missing)| match x.is_nan() {
            true => missing,
            false => x.into(),
        })
    }
}

impl ReconstructionPart {
    /// Adds to `graph` the part of rows with this excess, f64; `raw` tells what is missing.
    pub(super) fn describe(&self, graph: &mut Graph, excess: Value, raw: Value) -> Value {
        let missing = graph.constant("missing", &[self.missing.len()], self.missing.clone());
        let excess = graph.cast(excess, Type::F64);
        let is_missing = graph.node(Operation::IsNaN, &[raw]);
        let elements = graph.node(Operation::Where, &[is_missing, missing, excess]);
        let total = graph.node(Operation::ReduceSum(0), &[elements]);
        let above = graph.plus(total, -self.median);
        let above = graph.times(above, 1.0 / self.spread);
        // asinh x = sign(x) ln(|x| + √(x² + 1))
        let size = graph.node(Operation::Abs, &[above]);
        let square = graph.mul(size, size);
        let square = graph.plus(square, 1.0);
        let root = graph.node(Operation::Sqrt, &[square]);
        let sum = graph.add(size, root);
        let ln = graph.node(Operation::Log, &[sum]);
        let sign = graph.node(Operation::Sign, &[above]);
        graph.mul(sign, ln)
    }
}

/// What each element of `examples` adds to its row's loss above the least that it could: `[rows, width]`, at most 10³⁰, NaN where it
/// is missing.
pub(super) fn excess(model: &Autoencoder, examples: &dyn Rows) -> Result<Matrix, ModelError> {
    let all = few_at_a_time(examples, |few| Ok(excess_of_few(model, few)?.into_vec()))?;
    Ok(Matrix::from_vec(examples.rows(), examples.cols(), all))
}

fn excess_of_few(model: &Autoencoder, examples: &dyn Rows) -> Result<Matrix, ModelError> {
    let mut excess = model.element_scores(examples)?;
    let least = model.least_element_scores(examples)?;
    let values = raw(examples)?;
    let missing = model.likelihood().takes_missing();
    let is_refused = |x: &f32| x.is_infinite() || (x.is_nan() && !missing);
    if values.as_slice().iter().any(is_refused) {
        model.check_values(examples)?;
    }
    let elements = excess.as_mut_slice().iter_mut().zip(least.as_slice());
    for ((x, least), value) in elements.zip(values.as_slice()) {
        *x = match (value.is_nan(), *x - least) {
            (true, _) => f32::NAN,
            (false, above) if above.is_nan() => MOST,
            (false, above) => above.clamp(0.0, MOST),
        };
    }
    Ok(excess)
}
