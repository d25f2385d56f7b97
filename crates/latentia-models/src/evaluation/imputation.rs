//! How well gaps are filled, by cells that are known.

use std::io;

use latentia_tensor::{ElementKind, Matrix, MatrixMut, Noise, Rows, Subset};
use serde::Serialize;

use crate::{Autoencoder, ModelError, stream};

/// Rows that are filled at once.
const AT_ONCE: usize = 4096;

/// How well a model fills gaps: known cells are hidden, filled and compared, beside the mean of a column's other cells or their
/// commonest level.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ImputationReport {
    /// In the order of an example's elements.
    pub columns: Vec<ImputedColumn>,
    /// Root of the mean squared error over all hidden numbers, each column divided by its standard deviation: of the model, and
    /// of the mean. Absent where no number was hidden.
    pub normalised_rmse: Option<[f64; 2]>,
    /// The share of hidden levels that are right: of the model, and of the commonest level.
    pub accuracy: Option<[f64; 2]>,
}

/// How well the gaps of one column are filled: by the model, and by the mean or the commonest level.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ImputedColumn {
    /// The column's name, or its number from 1.
    pub name: String,
    /// Cells that were hidden.
    pub hidden: u64,
    /// Of a number: root of the mean squared error, in the column's own unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rmse: Option<[f64; 2]>,
    /// Of a boolean or a category: the share that is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<[f64; 2]>,
}

impl ImputationReport {
    /// Hides a `share` of the known cells of `examples`, drawn by `seed`, and lets `model` fill them in `passes` passes.
    ///
    /// # Errors
    /// As [`Autoencoder::impute`].
    pub fn measure(
        model: &Autoencoder,
        examples: &dyn Rows,
        share: f64,
        passes: u32,
        seed: u64,
    ) -> Result<Self, ModelError> {
        let kinds = model.kinds();
        let kind = |column: usize| kinds.get(column).copied().unwrap_or(ElementKind::Number);
        let noise = Noise::new(seed, stream::HIDE);
        let hidden = Hidden {
            examples,
            share: share as f32,
            noise,
        };
        let mut columns = vec![Column::default(); model.width()];
        for_each_pair(&hidden, |_, known, left| {
            let cells = known.iter().zip(left).enumerate();
            for (column, (number, (&known, &left))) in columns.iter_mut().zip(cells) {
                column.learn(kind(number), known, left);
            }
            Ok(())
        })?;
        for (number, column) in columns.iter_mut().enumerate() {
            column.settle(kind(number));
        }
        let mut filled = Matrix::default();
        for_each_pair(&hidden, |row, known, left| {
            let at = row % AT_ONCE;
            if at == 0 {
                let last = hidden.rows().min(row + AT_ONCE);
                let indices = (row as u32..last as u32).collect();
                filled = model.impute(&Subset::new(&hidden, indices), passes)?;
            }
            for (column, ((&known, &left), &filled)) in columns
                .iter_mut()
                .zip(known.iter().zip(left).zip(filled.row(at)))
            {
                if left.is_nan() && !known.is_nan() {
                    column.compare(known.into(), filled.into());
                }
            }
            Ok(())
        })?;
        let numbers = |column: &(usize, &Column)| kind(column.0) == ElementKind::Number;
        let (numbers, levels): (Vec<_>, Vec<_>) = columns.iter().enumerate().partition(numbers);
        let sum = |of: &[(usize, &Column)], part: &dyn Fn(&Column) -> f64| -> f64 {
            of.iter().map(|(_, column)| part(column)).sum()
        };
        let count = |of: &[(usize, &Column)]| sum(of, &|column| column.hidden as f64);
        let normalised = |by: usize| {
            let squares = sum(&numbers, &|column| column.squares[by] / column.variance());
            (squares / count(&numbers)).sqrt()
        };
        let right = |by: usize| sum(&levels, &|column| column.right[by] as f64) / count(&levels);
        Ok(Self {
            normalised_rmse: (count(&numbers) > 0.0).then(|| [normalised(0), normalised(1)]),
            accuracy: (count(&levels) > 0.0).then(|| [right(0), right(1)]),
            columns: columns
                .iter()
                .zip(model.column_names())
                .enumerate()
                .map(|(number, (column, name))| column.report(name, kind(number)))
                .collect(),
        })
    }
}

/// Hands each row to `see`: its number, its cells, and what is left of them.
fn for_each_pair(
    hidden: &Hidden<'_>,
    mut see: impl FnMut(usize, &[f32], &[f32]) -> Result<(), ModelError>,
) -> Result<(), ModelError> {
    let cols = hidden.cols();
    for first in (0..hidden.rows()).step_by(AT_ONCE) {
        let last = hidden.rows().min(first + AT_ONCE);
        let indices: Vec<u32> = (first as u32..last as u32).collect();
        let mut known = Matrix::zeros(indices.len(), cols);
        hidden.examples.read(&indices, known.view_mut())?;
        let mut left = Matrix::zeros(indices.len(), cols);
        hidden.read(&indices, left.view_mut())?;
        for row in 0..indices.len() {
            see(first + row, known.row(row), left.row(row))?;
        }
    }
    Ok(())
}

/// Rows of which some cells are hidden.
struct Hidden<'a> {
    examples: &'a dyn Rows,
    share: f32,
    noise: Noise,
}

impl Rows for Hidden<'_> {
    fn rows(&self) -> usize {
        self.examples.rows()
    }

    fn cols(&self) -> usize {
        self.examples.cols()
    }

    fn full_scale(&self) -> f32 {
        self.examples.full_scale()
    }

    fn label(&self, index: u32) -> Option<u32> {
        self.examples.label(index)
    }

    fn read(&self, indices: &[u32], mut out: MatrixMut<'_>) -> io::Result<()> {
        self.examples.read(indices, out.reborrow())?;
        let mut draws = vec![0.0; self.cols()];
        for (row, &index) in out.iter_rows_mut().zip(indices) {
            self.noise.uniform(index, &mut draws);
            for (x, &draw) in row.iter_mut().zip(&draws) {
                *x = if draw < self.share { f32::NAN } else { *x };
            }
        }
        Ok(())
    }
}

/// What is known of a column, and how it was filled: by the model, and simply.
#[derive(Clone, Default)]
struct Column {
    /// Of the cells that are left: how many, their mean, their squared deviations; how often each level.
    left: u64,
    mean: f64,
    deviations: f64,
    levels: Vec<u64>,
    /// What fills it simply: the mean, or the commonest level.
    simple: f64,
    hidden: u64,
    squares: [f64; 2],
    right: [u64; 2],
}

/// Levels that are counted.
const MOST_LEVELS: usize = 1 << 16;

impl Column {
    fn learn(&mut self, kind: ElementKind, known: f32, left: f32) {
        if left.is_nan() {
            self.hidden += u64::from(!known.is_nan());
            return;
        }
        self.left += 1;
        let from_mean = f64::from(left) - self.mean;
        self.mean += from_mean / self.left as f64;
        self.deviations += from_mean * (f64::from(left) - self.mean);
        let level = left.max(0.0) as usize;
        if kind != ElementKind::Number && level < MOST_LEVELS {
            self.levels.resize(self.levels.len().max(level + 1), 0);
            self.levels[level] += 1;
        }
    }

    fn settle(&mut self, kind: ElementKind) {
        let levels = self.levels.iter().enumerate();
        let commonest = levels.max_by_key(|&(level, count)| (count, usize::MAX - level));
        self.simple = match kind {
            ElementKind::Number => self.mean,
            _ => commonest.map_or(0.0, |(level, _)| level as f64),
        };
    }

    fn compare(&mut self, known: f64, filled: f64) {
        for (by, filled) in [filled, self.simple].into_iter().enumerate() {
            self.squares[by] += (known - filled).powi(2);
            self.right[by] += u64::from(known == filled);
        }
    }

    fn variance(&self) -> f64 {
        let variance = self.deviations / self.left.max(1) as f64;
        if variance > 0.0 { variance } else { 1.0 }
    }

    fn report(&self, name: String, kind: ElementKind) -> ImputedColumn {
        let hidden = self.hidden as f64;
        let is_number = kind == ElementKind::Number;
        let some = self.hidden > 0;
        ImputedColumn {
            name,
            hidden: self.hidden,
            rmse: (is_number && some).then(|| self.squares.map(|sum| (sum / hidden).sqrt())),
            accuracy: (!is_number && some).then(|| self.right.map(|n| n as f64 / hidden)),
        }
    }
}
