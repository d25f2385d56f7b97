//! Columns of a table: each element of a row has the distribution that fits what it is.
//!
//! | element | its outputs | its loss, in nats |
//! |---|---|---|
//! | number | a mean `m` | `-ln N(t; m, σ²)` |
//! | boolean | a logit `o` | `-ln σ(o)` of 1, `-ln(1 - σ(o))` of 0 |
//! | category | a logit `oᵢ` for each level | `-ln softmax(o)ₜ = ln Σ exp(oᵢ) - oₜ` |
//!
//! `σ` of numbers is 1, or each column's own; see [`super::gaussian`] for its bound. A target that is missing, NaN or no level that
//! there is, has no loss and no gradient.

mod category;
mod run;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::slice;

use rand::RngExt;
use rand_distr::StandardNormal;

use super::gaussian::log_scale_of;
use super::log_scale::scale_of;
use crate::dispatch::vectorized;
use crate::math::sigmoid;
use crate::{ElementKind, MatrixMut, MatrixRef, Noise};
use run::Run;

/// The distribution of a table's rows: elements are independent given the outputs; see the [module](self).
///
/// Outputs of a row are those of its elements, in their order, and then, where scales are learned, the logarithm of one for each
/// number. The *encoded* elements are as wide as the outputs without scales: a number, a boolean, or an element for each level.
///
/// ```
/// use latentia_tensor::loss::Columns;
/// use latentia_tensor::{ElementKind, Matrix};
///
/// let columns = Columns::new(vec![ElementKind::Number, ElementKind::Category { levels: 2 }], false);
/// assert_eq!(columns.outputs(2), 3);
///
/// // The number is as expected, and of two levels the second is three times as likely.
/// let outputs = Matrix::from_vec(1, 3, vec![0.5, 0.0, 3f32.ln()]);
/// let targets = Matrix::from_vec(1, 2, vec![0.5, 1.0]);
/// let mut losses = Matrix::zeros(1, 2);
/// columns.column_losses(outputs.view(), targets.view(), losses.view_mut());
/// assert!((losses.row(0)[1] + 0.75f32.ln()).abs() < 1e-6);
///
/// // What is missing costs nothing.
/// let missing = Matrix::from_vec(1, 2, vec![f32::NAN, 1.0]);
/// columns.column_losses(outputs.view(), missing.view(), losses.view_mut());
/// assert_eq!(losses.row(0)[0], 0.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Columns {
    kinds: Vec<ElementKind>,
    learned_scale: bool,
    runs: Vec<Run>,
}

impl Columns {
    /// Of elements of these kinds; of numbers alone, however many there are, where there are none. Numbers have a scale of 1, or a
    /// learned one for each.
    pub fn new(kinds: Vec<ElementKind>, learned_scale: bool) -> Self {
        let runs = Run::all(&kinds);
        Self {
            kinds,
            learned_scale,
            runs,
        }
    }

    /// Of numbers alone, however many there are.
    pub const fn of_numbers(learned_scale: bool) -> Self {
        Self {
            kinds: Vec::new(),
            learned_scale,
            runs: Vec::new(),
        }
    }

    /// What elements are; empty where all are numbers, however many there are.
    pub fn kinds(&self) -> &[ElementKind] {
        &self.kinds
    }

    /// Whether each number has a learned scale.
    pub fn has_learned_scale(&self) -> bool {
        self.learned_scale
    }

    /// How many of the `n` elements of a row are numbers.
    pub fn numbers(&self, n: usize) -> usize {
        let is_number = |kind: &&ElementKind| **kind == ElementKind::Number;
        match self.kinds.is_empty() {
            true => n,
            false => self.kinds.iter().filter(is_number).count(),
        }
    }

    /// Elements of an encoded row of `n`.
    pub fn encoded_width(&self, n: usize) -> usize {
        match self.kinds.is_empty() {
            true => n,
            false => self.kinds.iter().map(|kind| kind.width()).sum(),
        }
    }

    /// Outputs of a row of `n` elements.
    pub fn outputs(&self, n: usize) -> usize {
        let scales = match self.learned_scale {
            true => self.numbers(n),
            false => 0,
        };
        self.encoded_width(n).saturating_add(scales)
    }

    /// Where each of `n` elements is in an encoded row.
    pub fn ranges(&self, n: usize) -> Vec<Range<usize>> {
        let mut end = 0;
        let mut range = |width: usize| {
            let start = end;
            end += width;
            start..end
        };
        match self.kinds.is_empty() {
            true => (0..n).map(|_| range(1)).collect(),
            false => self.kinds.iter().map(|kind| range(kind.width())).collect(),
        }
    }

    /// Elements that are computed at once, of rows of `n`; `numbers` is where those are when no kinds are known.
    fn runs<'a>(&'a self, n: usize, numbers: &'a mut Option<Run>) -> &'a [Run] {
        match self.kinds.is_empty() {
            true => slice::from_ref(numbers.insert(Run::numbers(n))),
            false => &self.runs,
        }
    }

    /// The loss of each row, in nats, a sum over what is not missing: `losses` `[rows]` from outputs `[rows, outputs(n)]` and targets
    /// `[rows, n]`. Where there is a `gradient`, `[rows, outputs(n)]`, it receives `scale` times the derivative of each row's loss.
    pub fn compute(
        &self,
        outputs: MatrixRef<'_>,
        targets: MatrixRef<'_>,
        scale: f32,
        losses: &mut [f64],
        mut gradient: Option<MatrixMut<'_>>,
    ) {
        let mut numbers = None;
        let runs = self.runs(targets.cols(), &mut numbers);
        vectorized(
            #[inline(always)]
            || {
                for (row, loss) in losses.iter_mut().enumerate() {
                    let (o, t) = (outputs.row(row), targets.row(row));
                    let mut out = None;
                    if let Some(gradient) = &mut gradient {
                        out = Some(gradient.row_mut(row));
                    }
                    *loss = 0.0;
                    for run in runs {
                        *loss += run.loss(self.learned_scale, o, t, scale, out.as_deref_mut());
                    }
                }
            },
        )
    }

    /// Each element's part of its row's loss, in nats, 0 where it is missing: `out` `[rows, n]` from outputs `[rows, outputs(n)]` and
    /// targets `[rows, n]`.
    pub fn column_losses(
        &self,
        outputs: MatrixRef<'_>,
        targets: MatrixRef<'_>,
        mut out: MatrixMut<'_>,
    ) {
        let mut numbers = None;
        let runs = self.runs(targets.cols(), &mut numbers);
        vectorized(
            #[inline(always)]
            || {
                for row in 0..out.rows() {
                    let (o, t) = (outputs.row(row), targets.row(row));
                    for run in runs {
                        run.parts(self.learned_scale, o, t, out.row_mut(row));
                    }
                }
            },
        )
    }

    /// The mean of a number, and the likelier value of the others, of equal ones the first: `mean` `[rows, n]` from outputs `[rows,
    /// outputs(n)]`.
    pub fn mean(&self, outputs: MatrixRef<'_>, mut mean: MatrixMut<'_>) {
        let mut numbers = None;
        let runs = self.runs(mean.cols(), &mut numbers);
        for (mean, o) in mean.iter_rows_mut().zip(outputs.iter_rows()) {
            for run in runs {
                let (mean, o) = (&mut mean[run.elements.clone()], &o[run.outputs.clone()]);
                match run.kind {
                    ElementKind::Number => mean.copy_from_slice(o),
                    ElementKind::Boolean => mean
                        .iter_mut()
                        .zip(o)
                        .for_each(|(mean, &o)| *mean = f32::from(o > 0.0)),
                    ElementKind::Category { .. } => mean[0] = category::likeliest(o) as f32,
                }
            }
        }
    }

    /// One draw of each element: `out` `[rows, n]` from outputs `[rows, outputs(n)]`. Row `r` takes the noise of row `first_row + r`.
    pub fn sample(
        &self,
        outputs: MatrixRef<'_>,
        noise: Noise,
        first_row: u32,
        mut out: MatrixMut<'_>,
    ) {
        let mut numbers = None;
        let runs = self.runs(out.cols(), &mut numbers);
        let rows = out.iter_rows_mut().zip(outputs.iter_rows());
        for (row, (out, outputs)) in (first_row..).zip(rows) {
            let mut rng = noise.row(row);
            for run in runs {
                let o = &outputs[run.outputs.clone()];
                let elements = out[run.elements.clone()].iter_mut().enumerate();
                for (i, out) in elements {
                    *out = match run.kind {
                        ElementKind::Number => {
                            let epsilon: f32 = rng.sample(StandardNormal);
                            let scale = match self.learned_scale {
                                true => scale_of(log_scale_of(outputs[run.scales.start + i]).0),
                                false => 1.0,
                            };
                            o[i] + scale * epsilon
                        }
                        ElementKind::Boolean => f32::from(rng.random::<f32>() < sigmoid(o[i])),
                        ElementKind::Category { .. } => category::draw(o, rng.random()) as f32,
                    };
                }
            }
        }
    }

    /// What is expected of each encoded element: a number's mean, a boolean's probability, that of each level: `out` `[rows,
    /// encoded_width(n)]` from outputs `[rows, outputs(n)]` of rows of `n` elements.
    pub fn expected(&self, outputs: MatrixRef<'_>, mut out: MatrixMut<'_>) {
        let width = out.cols();
        for (out, o) in out.iter_rows_mut().zip(outputs.iter_rows()) {
            out.copy_from_slice(&o[..width]);
            for run in &self.runs {
                let out = &mut out[run.outputs.clone()];
                match run.kind {
                    ElementKind::Number => {}
                    ElementKind::Boolean => out.iter_mut().for_each(|o| *o = sigmoid(*o)),
                    ElementKind::Category { .. } => category::softmax(out),
                }
            }
        }
    }

    /// Encoded targets: `out` `[rows, encoded_width(n)]` from targets `[rows, n]`. What is missing is NaN in all of its places.
    pub fn one_hot(&self, targets: MatrixRef<'_>, mut out: MatrixMut<'_>) {
        let mut numbers = None;
        let runs = self.runs(targets.cols(), &mut numbers);
        for (out, t) in out.iter_rows_mut().zip(targets.iter_rows()) {
            for run in runs {
                let (out, t) = (&mut out[run.outputs.clone()], &t[run.elements.clone()]);
                match run.kind {
                    ElementKind::Number => out.copy_from_slice(t),
                    ElementKind::Boolean => {
                        for (out, &t) in out.iter_mut().zip(t) {
                            *out = run.kind.level(t).map_or(f32::NAN, |one| one as f32);
                        }
                    }
                    ElementKind::Category { .. } => match run.kind.level(t[0]) {
                        Some(level) => {
                            out.fill(0.0);
                            out[level] = 1.0;
                        }
                        None => out.fill(f32::NAN),
                    },
                }
            }
        }
    }
}
