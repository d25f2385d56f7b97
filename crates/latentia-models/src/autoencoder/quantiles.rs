//! Columns mapped to normal scores by their quantiles.

use std::io;

use latentia_nn::graph::{Graph, Operation, Type, Value};
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

impl Quantiles {
    /// Adds to `graph` what [`Self::apply`] does to flat rows.
    pub(super) fn describe(&self, graph: &mut Graph, x: Value) -> Value {
        let table = Table::new(self, graph);
        let (cols, knots) = (self.columns.len(), self.scores.len());
        let at = graph.reshape(x, &[cols, 1]);
        let below = graph.node(Operation::Less, &[table.all, at]);
        let below = count(graph, below);
        let above = graph.node(Operation::Greater, &[table.all, at]);
        let above = count(graph, above);
        let up_to = graph.scalar(knots as f64, x);
        let up_to = graph.sub(up_to, above);

        // Between two of them.
        let right = graph.at_least(below, 1.0);
        let right = graph.at_most(right, (knots - 1) as f64);
        let left = graph.plus(right, -1.0);
        let [low, high] = [left, right].map(|own| table.knot(graph, own));
        let [first, second] = [left, right].map(|own| table.score(graph, own));
        let between = line(graph, x, [low, high], [first, second]);
        // Among equal ones.
        let ends = graph.add(below, up_to);
        let ends = [-1.0, 0.0].map(|more| {
            let end = graph.plus(ends, more);
            let end = graph.times(end, 0.5);
            let end = graph.node(Operation::Floor, &[end]);
            let end = graph.at_most(end, (knots - 1) as f64);
            let end = graph.at_least(end, 0.0);
            table.score(graph, end)
        });
        let equal = graph.add(ends[0], ends[1]);
        let equal = graph.times(equal, 0.5);
        let is_equal = graph.node(Operation::Less, &[below, up_to]);
        let mut y = graph.node(Operation::Where, &[is_equal, equal, between]);
        // Beyond the ends, and of a column whose values are all the same.
        let ends = [0, knots - 1];
        for (end, operation) in ends.into_iter().zip([Operation::Less, Operation::Greater]) {
            let own = self.columns.iter().map(|c| c.get(end).copied());
            let own: Vec<f32> = own.map(Option::unwrap_or_default).collect();
            let own = graph.constant("end", &[cols], own);
            let slope = self.columns.iter().map(|own| self.slope(own));
            let slope = graph.constant("slope", &[cols], slope.collect::<Vec<f32>>());
            let beyond = graph.sub(x, own);
            let beyond = graph.mul(beyond, slope);
            let beyond = graph.plus(beyond, self.scores[end].into());
            let is_beyond = graph.node(operation, &[x, own]);
            y = graph.node(Operation::Where, &[is_beyond, beyond, y]);
        }
        let is_same = |own: &Vec<f32>| own.first() == own.last();
        if self
            .columns
            .iter()
            .any(|own| !own.is_empty() && is_same(own))
        {
            let lows = self.columns.iter().map(|own| own.first().copied());
            let lows: Vec<f32> = lows.map(Option::unwrap_or_default).collect();
            let lows = graph.constant("low", &[cols], lows);
            let shifted = graph.sub(x, lows);
            y = choose(graph, self.columns.iter().map(is_same), shifted, y);
        }
        self.keep_others(graph, x, y)
    }

    /// Adds to `graph` what [`Self::undo`] does to flat rows.
    pub(super) fn describe_undo(&self, graph: &mut Graph, z: Value) -> Value {
        let table = Table::new(self, graph);
        let (cols, knots) = (self.columns.len(), self.scores.len());
        let at = graph.reshape(z, &[cols, 1]);
        let below = graph.node(Operation::Less, &[table.scores, at]);
        let right = count(graph, below);
        let right = graph.at_least(right, 1.0);
        let right = graph.at_most(right, (knots - 1) as f64);
        let left = graph.plus(right, -1.0);
        let held = graph.at_least(z, self.scores[0].into());
        let held = graph.at_most(held, self.scores[knots - 1].into());
        let [first, second] = [left, right].map(|own| table.score(graph, own));
        let [low, high] = [left, right].map(|own| table.knot(graph, own));
        let x = line(graph, held, [first, second], [low, high]);
        self.keep_others(graph, z, x)
    }

    /// How much scores grow with values, beyond the ends of a column.
    fn slope(&self, knots: &[f32]) -> f32 {
        let (first, last) = (self.scores[0], self.scores[self.scores.len() - 1]);
        match (knots.first(), knots.last()) {
            (Some(low), Some(high)) if high > low => (last - first) / (high - low),
            _ => 1.0,
        }
    }

    /// `y`, but `x` where that is missing or of a column that stays as it is.
    fn keep_others(&self, graph: &mut Graph, x: Value, y: Value) -> Value {
        let is_missing = graph.node(Operation::IsNaN, &[x]);
        let y = graph.node(Operation::Where, &[is_missing, x, y]);
        match self.columns.iter().any(Vec::is_empty) {
            true => choose(graph, self.columns.iter().map(Vec::is_empty), x, y),
            false => y,
        }
    }
}

/// Quantiles and their scores as constants of a graph.
struct Table {
    /// `[columns, quantiles]`
    all: Value,
    /// The same, one after another.
    flat: Value,
    scores: Value,
    /// Where each column begins in `flat`.
    starts: Value,
}

impl Table {
    fn new(quantiles: &Quantiles, graph: &mut Graph) -> Self {
        let (cols, knots) = (quantiles.columns.len(), quantiles.scores.len());
        // A column without quantiles has those of no meaning.
        let own = |own: &Vec<f32>| match own.is_empty() {
            true => vec![0.0; knots],
            false => own.clone(),
        };
        let all: Vec<f32> = quantiles.columns.iter().flat_map(own).collect();
        let starts = (0..cols as i64).map(|column| column * knots as i64);
        Self {
            flat: graph.constant("quantiles", &[cols * knots], all.clone()),
            all: graph.constant("quantiles", &[cols, knots], all),
            scores: graph.constant("scores", &[knots], quantiles.scores.clone()),
            starts: graph.constant("starts", &[cols], starts.collect::<Vec<_>>()),
        }
    }

    /// The quantile of each column that `number` says.
    fn knot(&self, graph: &mut Graph, number: Value) -> Value {
        let number = graph.cast(number, Type::I64);
        let place = graph.add(number, self.starts);
        graph.node(Operation::Gather(0), &[self.flat, place])
    }

    /// Its score.
    fn score(&self, graph: &mut Graph, number: Value) -> Value {
        let number = graph.cast(number, Type::I64);
        graph.node(Operation::Gather(0), &[self.scores, number])
    }
}

/// How many along the last of two axes.
fn count(graph: &mut Graph, condition: Value) -> Value {
    let ones = graph.indicator(condition);
    graph.node(Operation::ReduceSum(1), &[ones])
}

/// The line through two points, at `x`.
fn line(graph: &mut Graph, x: Value, [a, b]: [Value; 2], [from, to]: [Value; 2]) -> Value {
    let (way, width) = (graph.sub(x, a), graph.sub(b, a));
    let share = graph.div(way, width);
    let height = graph.sub(to, from);
    let rise = graph.mul(share, height);
    graph.add(from, rise)
}

/// `a` in the columns of which that is said, else `b`.
fn choose(graph: &mut Graph, columns: impl Iterator<Item = bool>, a: Value, b: Value) -> Value {
    let own: Vec<f32> = columns.map(|own| f32::from(u8::from(own))).collect();
    let own = graph.constant("chosen", &[own.len()], own);
    let zero = graph.scalar(0.0, own);
    let own = graph.node(Operation::Greater, &[own, zero]);
    graph.node(Operation::Where, &[own, a, b])
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
