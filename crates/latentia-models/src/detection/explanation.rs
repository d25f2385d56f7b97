//! Why an example has its score.

use std::io;

use latentia_tensor::{ElementKind, Matrix, MatrixMut, Rows, Subset};

use super::column_part::Values;
use super::detector::{Detector, Reconstruction};
use super::reconstruction_part::excess;
use super::rows::raw;
use crate::ModelError;

/// The most elements of an example that are tried, those that add most to its score.
const MOST_TRIED: usize = 64;

/// Why an example has its score, element by element.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Explanation {
    /// The score.
    pub score: f64,
    /// The elements that make the example stranger, the most telling one first.
    pub reasons: Vec<Reason>,
}

/// What an element has to do with the score of its example.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Reason {
    /// The element, from 0.
    pub element: usize,
    /// Its value, in the data's own scale; NaN where it is missing.
    pub observed: f32,
    /// What the model expects by the other elements, in the same scale.
    pub expected: f32,
    /// How far training examples are from what is expected of them, in the same scale: a deviation, of a number.
    pub deviation: Option<f32>,
    /// By how much the score were lower, had the element its expected value.
    pub drop: f64,
    /// The same as a share of all reasons' drops, from 0 to 1.
    pub share: f64,
}

impl Detector {
    /// Why each of `examples` has its score: an element is a reason as far as the score falls when it takes the value that the model
    /// expects by the others. At most 64 elements of an example are tried, those that add most to the score.
    ///
    /// # Errors
    /// As [`Self::score`].
    pub fn explain(&self, examples: &dyn Rows) -> Result<Vec<Explanation>, ModelError> {
        let rows = 0..examples.rows() as u32;
        rows.map(|row| self.explain_one(&Subset::new(examples, vec![row])))
            .collect()
    }

    fn explain_one(&self, example: &Subset<'_>) -> Result<Explanation, ModelError> {
        let model = &self.members[0].model;
        let row = raw(example)?;
        let score = self.score(example)?[0];
        let tried = self.telling(example, &row)?;
        let with = |values: &[f32]| {
            let mut changed = Matrix::zeros(tried.len(), row.cols());
            let rows = changed.as_mut_slice().chunks_mut(row.cols().max(1));
            for ((changed, &element), &value) in rows.zip(&tried).zip(values) {
                changed.copy_from_slice(row.row(0));
                changed[element] = value;
            }
            changed
        };
        let like = |values| Replaced {
            values: with(values),
            example,
        };
        let hidden: Vec<f32> = tried.iter().map(|&element| self.hidden(element)).collect();
        let expected = model.reconstruct(&like(&hidden))?;
        let rows = expected.view();
        let expected: Vec<f32> = rows
            .iter_rows()
            .zip(&tried)
            .map(|(row, &element)| self.usual(element, row[element]))
            .collect();
        let without = self.score(&like(&expected))?;
        let reasons = tried.iter().zip(&expected).zip(without);
        let reasons = reasons.map(|((&element, &expected), without)| Reason {
            element,
            observed: row.row(0)[element],
            expected,
            deviation: self.deviation(element),
            drop: score - without,
            share: 0.0,
        });
        let mut reasons: Vec<Reason> = reasons.filter(|reason| reason.drop > 0.0).collect();
        reasons.sort_by(|a, b| b.drop.total_cmp(&a.drop));
        let total: f64 = reasons.iter().map(|reason| reason.drop).sum();
        for reason in &mut reasons {
            reason.share = reason.drop / total;
        }
        Ok(Explanation { score, reasons })
    }

    /// The elements that add most to the score, most first.
    fn telling(&self, example: &dyn Rows, row: &Matrix) -> Result<Vec<usize>, ModelError> {
        let mut adds = vec![0.0; row.cols()];
        for member in &self.members {
            let excess = excess(&member.model, example)?;
            let elements: Vec<f64> = match &member.reconstruction {
                Reconstruction::Row(part) => part.elements(excess.row(0)).collect(),
                _ => excess.row(0).iter().map(|&x| x.max(0.0).into()).collect(),
            };
            add_shares(&mut adds, &elements);
        }
        if let Some((part, _)) = &self.columns {
            add_shares(&mut adds, &part.elements(row.row(0)).collect::<Vec<_>>());
        }
        let mut order: Vec<usize> = (0..adds.len()).collect();
        order.sort_by(|&a, &b| adds[b].total_cmp(&adds[a]));
        order.truncate(MOST_TRIED);
        Ok(order)
    }

    /// What stands in an element that the model is not to see.
    fn hidden(&self, element: usize) -> f32 {
        match self.members[0].model.likelihood().takes_missing() {
            true => f32::NAN,
            false => self.median(element),
        }
    }

    fn median(&self, element: usize) -> f32 {
        match self
            .columns
            .as_ref()
            .map(|(part, _)| &part.columns[element].values)
        {
            Some(Values::Number { median, .. }) => *median as f32,
            Some(Values::Levels(_)) | None => 0.0,
        }
    }

    /// An expected value as a column can have it: one of its levels, or a finite number, which is the median where an absurd row has
    /// none.
    fn usual(&self, element: usize, expected: f32) -> f32 {
        let kinds = self.members[0].model.kinds();
        match kinds.get(element).copied() {
            None | Some(ElementKind::Number) => match expected.is_finite() {
                true => expected,
                false => self.median(element),
            },
            Some(kind) => kind.level(expected).map_or(0.0, |level| level as f32),
        }
    }

    fn deviation(&self, element: usize) -> Option<f32> {
        let kinds = self.members[0].model.kinds();
        let kind = kinds.get(element).copied();
        let deviation = self.deviations.get(element).copied();
        deviation.filter(|_| kind.unwrap_or(ElementKind::Number) == ElementKind::Number)
    }
}

/// Adds what each element adds as a share of all.
fn add_shares(adds: &mut [f64], elements: &[f64]) {
    let total: f64 = elements.iter().sum();
    if total > 0.0 {
        for (add, element) in adds.iter_mut().zip(elements) {
            *add += element / total;
        }
    }
}

/// Rows like an example, each with other values, in the data's own scale, under its label.
struct Replaced<'a> {
    values: Matrix,
    example: &'a Subset<'a>,
}

impl Rows for Replaced<'_> {
    fn rows(&self) -> usize {
        self.values.rows()
    }

    fn cols(&self) -> usize {
        self.values.cols()
    }

    fn label(&self, _: u32) -> Option<u32> {
        self.example.label(0)
    }

    fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        self.values.read(indices, out)
    }
}
