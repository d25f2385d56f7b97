//! Columns mapped to normal scores by their quantiles.

use std::io;

use latentia_tensor::{ElementKind, Matrix, Rows};
use serde::{Deserialize, Serialize};

/// Quantiles of a column: enough for its shape, few enough for a file.
const MOST_KNOTS: usize = 257;

/// Rows that quantiles are learned from, evenly spaced.
const MOST_ROWS: usize = 100_000;

/// Columns mapped to normal scores by their quantiles: a value at the share `p` of a column's training values becomes `Φ⁻¹(p)`,
/// with straight lines between the quantiles that are kept (`QuantileTransformer` of scikit-learn).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantiles {
    /// The normal score of each quantile, increasing.
    pub scores: Vec<f32>,
    /// The quantiles of each column, never decreasing; none of a column that stays as it is.
    pub columns: Vec<Vec<f32>>,
}

impl Quantiles {
    /// Learns the quantiles of the numbers of `examples`, whose elements are of `kinds`, or numbers where nothing is known of them.
    pub(super) fn learn(examples: &dyn Rows, kinds: &[ElementKind]) -> io::Result<Self> {
        let (rows, cols) = (examples.rows(), examples.cols());
        let step = rows.div_ceil(MOST_ROWS).max(1);
        let indices: Vec<u32> = (0..rows as u32).step_by(step).collect();
        let mut values = vec![Vec::new(); cols];
        for indices in indices.chunks(4096) {
            let mut block = Matrix::zeros(indices.len(), cols);
            examples.read(indices, block.view_mut())?;
            for row in block.view().iter_rows() {
                for ((column, values), &x) in values.iter_mut().enumerate().zip(row) {
                    let kind = kinds.get(column).copied().unwrap_or(ElementKind::Number);
                    if kind == ElementKind::Number && !x.is_nan() {
                        values.push(x);
                    }
                }
            }
        }
        let most = values.iter().map(Vec::len).max().unwrap_or(0);
        let knots = most.clamp(2, MOST_KNOTS);
        // The ends stand for half a quantile each: their scores are finite.
        let share = |knot: usize| (knot as f64 + 0.5) / knots as f64;
        let columns = values.into_iter().map(|mut column| {
            column.sort_unstable_by(f32::total_cmp);
            match column.first() {
                None => Vec::new(),
                Some(_) => (0..knots)
                    .map(|knot| quantile(&column, knot, knots - 1))
                    .collect(),
            }
        });
        Ok(Self {
            columns: columns.collect(),
            scores: (0..knots)
                .map(|knot| normal_score(share(knot)) as f32)
                .collect(),
        })
    }

    /// Whether these are quantiles of `cols` columns.
    pub(super) fn fits(&self, cols: usize) -> bool {
        let is_increasing = |knots: &[f32]| knots.windows(2).all(|pair| pair[0] <= pair[1]);
        self.columns.len() == cols
            && self.scores.len() >= 2
            && self.scores.windows(2).all(|pair| pair[0] < pair[1])
            && self.columns.iter().all(|knots| {
                knots.is_empty() || (knots.len() == self.scores.len() && is_increasing(knots))
            })
    }

    /// Replaces the values of a row by their scores. Beyond the ends the scale is that of the whole column.
    pub(super) fn apply(&self, row: &mut [f32]) {
        for (x, knots) in row.iter_mut().zip(&self.columns) {
            if let (Some(&low), Some(&high)) = (knots.first(), knots.last())
                && !x.is_nan()
            {
                *x = self.score(*x, knots, low, high);
            }
        }
    }

    fn score(&self, x: f32, knots: &[f32], low: f32, high: f32) -> f32 {
        let (first, last) = (self.scores[0], self.scores[self.scores.len() - 1]);
        if high <= low {
            return x - low;
        }
        let slope = (last - first) / (high - low);
        if x < low {
            return first + (x - low) * slope;
        }
        if x > high {
            return last + (x - high) * slope;
        }
        // Those below it, and those up to it: between both are its equals.
        let (below, up_to) = (
            knots.partition_point(|&k| k < x),
            knots.partition_point(|&k| k <= x),
        );
        if below < up_to {
            let ends = below + up_to - 1;
            return 0.5 * (self.scores[ends / 2] + self.scores[ends.div_ceil(2)]);
        }
        let (left, right) = (knots[below - 1], knots[below]);
        let share = (x - left) / (right - left);
        self.scores[below - 1] + share * (self.scores[below] - self.scores[below - 1])
    }

    /// Replaces the scores of a row by values, none beyond the ends of its column.
    pub(super) fn undo(&self, row: &mut [f32]) {
        let scores = &self.scores;
        for (z, knots) in row.iter_mut().zip(&self.columns) {
            let (Some(&low), Some(&high)) = (knots.first(), knots.last()) else {
                continue;
            };
            if z.is_nan() {
                continue;
            }
            let right = scores.partition_point(|&score| score < *z);
            *z = match right {
                0 => low,
                right if right == scores.len() => high,
                right => {
                    let share = (*z - scores[right - 1]) / (scores[right] - scores[right - 1]);
                    knots[right - 1] + share * (knots[right] - knots[right - 1])
                }
            };
        }
    }
}

/// The value at `part` of `parts` of the way through `sorted`, between its neighbours.
fn quantile(sorted: &[f32], part: usize, parts: usize) -> f32 {
    let place = part as f64 * (sorted.len() - 1) as f64 / parts as f64;
    let (left, share) = (place.floor() as usize, place.fract());
    let right = (left + 1).min(sorted.len() - 1);
    let (a, b) = (f64::from(sorted[left]), f64::from(sorted[right]));
    (a + share * (b - a)) as f32
}

/// `Φ⁻¹(p)` for `0 < p < 1`, by Wichura's algorithm AS 241 (PPND7), to seven digits.
fn normal_score(p: f64) -> f64 {
    let polynomial = |x: f64, c: &[f64]| c.iter().rev().fold(0.0, |sum, c| sum * x + c);
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        let above = [3.387_132_7, 50.434_27, 159.291_13, 59.109_375];
        let below = [1.0, 17.895_17, 78.757_76, 67.187_56];
        return q * polynomial(r, &above) / polynomial(r, &below);
    }
    let tail = (-p.min(1.0 - p).ln()).sqrt();
    let score = if tail <= 5.0 {
        let r = tail - 1.6;
        let above = [1.423_437_3, 2.756_819_6, 1.306_728_4, 0.170_238_21];
        let below = [1.0, 0.737_001_6, 0.120_211_33];
        polynomial(r, &above) / polynomial(r, &below)
    } else {
        let r = tail - 5.0;
        let above = [6.657_905_1, 3.081_226_3, 0.428_682_94, 0.017_337_203];
        let below = [1.0, 0.241_978_95, 0.012_258_202];
        polynomial(r, &above) / polynomial(r, &below)
    };
    score.copysign(q)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_scores_are_those_of_the_tables() {
        for (p, expected) in [
            (0.5, 0.0),
            (0.975, 1.959_964),
            (0.025, -1.959_964),
            (0.841_344_7, 1.0),
            (1e-6, -4.753_424),
            (1e-12, -7.034_484),
        ] {
            let obtained = normal_score(p);
            assert!((obtained - expected).abs() < 2e-5, "{p}: {obtained}");
        }
    }

    /// A column of `values`, and its quantiles.
    fn learned(values: &[f32]) -> Quantiles {
        let column = Matrix::from_vec(values.len(), 1, values.to_vec());
        Quantiles::learn(&column, &[]).expect("in memory")
    }

    #[test]
    fn values_come_back_and_scores_are_normal() {
        // A tail as heavy as incomes have.
        let values: Vec<f32> = (1..5000).map(|i| (0.002 * i as f32).exp()).collect();
        let quantiles = learned(&values);
        assert!(quantiles.fits(1));
        let mut scores = values.clone();
        scores
            .iter_mut()
            .for_each(|x| quantiles.apply(std::slice::from_mut(x)));
        let n = scores.len() as f32;
        let mean = scores.iter().sum::<f32>() / n;
        let deviation = (scores.iter().map(|z| (z - mean).powi(2)).sum::<f32>() / n).sqrt();
        assert!(
            mean.abs() < 0.01 && (deviation - 1.0).abs() < 0.02,
            "{mean} {deviation}"
        );
        for (z, x) in scores.iter_mut().zip(&values) {
            quantiles.undo(std::slice::from_mut(z));
            assert!((*z - x).abs() < 1e-3 * x.abs().max(1.0), "{z} {x}");
        }
    }

    #[test]
    fn values_that_repeat_share_a_score_and_gaps_stay() {
        let quantiles = learned(&[0.0, 0.0, 0.0, f32::NAN, 1.0, 2.0]);
        let mut row = [0.0];
        quantiles.apply(&mut row);
        // In the middle of the three fifths that it stands for.
        assert!(
            (row[0] - normal_score(0.3) as f32).abs() < 1e-5,
            "{}",
            row[0]
        );
        let mut gap = [f32::NAN];
        quantiles.apply(&mut gap);
        assert!(gap[0].is_nan());
        // Nothing leaves the range of the column, and what is outside of it is farther out than its ends.
        let ends = |z: f32| {
            let mut row = [z];
            quantiles.undo(&mut row);
            row[0]
        };
        assert_eq!((ends(-9.0), ends(9.0)), (0.0, 2.0));
        let beyond = |x: f32| {
            let mut row = [x];
            quantiles.apply(&mut row);
            row[0]
        };
        assert!(beyond(5.0) > beyond(2.0) + 1.0);
    }
}
