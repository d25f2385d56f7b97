//! How far a row's values lie from the usual ones of their columns, each by itself.

use latentia_tensor::{ElementKind, Matrix};

use super::standard::quantile;

/// Ratio of the distance of the quartiles to the deviation of a normal distribution.
const QUARTILES: f64 = 1.349;

/// Deviation of a number that is always the same, as a share of it, or of 1 where it is 0.
const CONSTANT: f64 = 1e-3;

/// A mean over columns of what each adds: of a number `ln(1 + (x - median)² / v)`, `v` its robust variance; of a category `ln(p / q)`,
/// `q` the share of its level, `p` that of the most frequent one; where a value is missing or there, `ln(p / q)` too. It sees what
/// the reconstruction leaves out: a row that is extreme and well reconstructed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ColumnPart {
    pub(super) columns: Vec<Column>,
}

/// What is usual in a column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    /// What a value that is missing adds.
    pub(super) missing: f64,
    /// What a value that is there adds.
    pub(super) present: f64,
    pub(super) values: Values,
}

/// What a value adds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    Number {
        median: f64,
        variance: f64,
    },
    /// A level each.
    Levels(Vec<f64>),
}

impl ColumnPart {
    /// That of training rows, raw values of `kinds`; of numbers where nothing is known of them.
    pub(super) fn fit(rows: &Matrix, kinds: &[ElementKind]) -> Self {
        let column = |column: usize| {
            let values = rows.view().iter_rows().map(|row| row[column]).collect();
            let kind = kinds.get(column).copied();
            Column::fit(values, kind.unwrap_or(ElementKind::Number))
        };
        Self {
            columns: (0..rows.cols()).map(column).collect(),
        }
    }

    /// What each element of a row adds to the mean.
    pub(super) fn elements<'a>(&'a self, row: &'a [f32]) -> impl Iterator<Item = f64> {
        let n = self.columns.len().max(1) as f64;
        let both = self.columns.iter().zip(row);
        both.map(move |(column, &x)| column.value(x) / n)
    }

    /// The part of a row.
    pub(super) fn value(&self, row: &[f32]) -> f64 {
        self.elements(row).sum()
    }
}

impl Column {
    fn fit(mut values: Vec<f32>, kind: ElementKind) -> Self {
        let rows = values.len();
        values.retain(|x| !x.is_nan());
        let shares = surprises(&[values.len(), rows - values.len()]);
        let values = match kind {
            ElementKind::Number => Values::number(values),
            _ => {
                let mut counts = vec![0; kind.levels()];
                for level in values.iter().filter_map(|&x| kind.level(x)) {
                    counts[level] += 1;
                }
                Values::Levels(surprises(&counts))
            }
        };
        Self {
            missing: shares[1],
            present: shares[0],
            values,
        }
    }

    fn value(&self, x: f32) -> f64 {
        let x = f64::from(x);
        match &self.values {
            _ if x.is_nan() => self.missing,
            Values::Number { median, variance } => {
                self.present + ((x - median).powi(2) / variance).ln_1p()
            }
            // A level that nothing is known of counts as the rarest.
            Values::Levels(levels) => {
                let level = levels.get((x + 0.5) as usize).copied();
                self.present + level.unwrap_or_else(|| levels.iter().fold(0.0, |a, &b| a.max(b)))
            }
        }
    }
}

impl Values {
    fn number(values: Vec<f32>) -> Self {
        let mut values: Vec<f64> = values.into_iter().map(f64::from).collect();
        if values.is_empty() {
            return Self::Number {
                median: 0.0,
                variance: 1.0,
            };
        }
        values.sort_unstable_by(f64::total_cmp);
        let median = quantile(&values, 0.5);
        let robust = (quantile(&values, 0.75) - quantile(&values, 0.25)) / QUARTILES;
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        let constant = match median == 0.0 {
            true => CONSTANT,
            false => CONSTANT * median,
        };
        let is_constant = values.first() == values.last();
        let variance = match (robust > 0.0, is_constant) {
            (true, _) => robust * robust,
            (false, false) => variance,
            (false, true) => constant * constant,
        };
        Self::Number { median, variance }
    }
}

/// `ln(p / q)` of each of some events that were seen so often, and half a time more; `p` is the largest share.
fn surprises(counts: &[usize]) -> Vec<f64> {
    let most = counts.iter().copied().max().unwrap_or(0);
    let surprise = |&count: &usize| ((most as f64 + 0.5) / (count as f64 + 0.5)).ln();
    counts.iter().map(surprise).collect()
}
