//! Loops over the rows of a loss.

use crate::reduction::{sum_pairs, sum_triples};
use crate::{MatrixMut, MatrixRef};

/// Row by row: `losses = Σ term` and `gradient = derivative` with `(term, derivative) = f(prediction, target)`.
#[inline(always)]
pub(super) fn each_row(
    predictions: MatrixRef<'_>,
    targets: MatrixRef<'_>,
    losses: &mut [f64],
    gradient: Option<MatrixMut<'_>>,
    f: impl Fn(f32, f32) -> (f32, f32),
) {
    // Plain loops: iterator adaptors are functions of their own, which would be compiled for the baseline.
    match gradient {
        Some(mut gradient) => {
            for (row, loss) in losses.iter_mut().enumerate() {
                let (p, t) = (predictions.row(row), targets.row(row));
                *loss = sum_pairs(p, t, Some(gradient.row_mut(row)), &f);
            }
        }
        None => {
            for (row, loss) in losses.iter_mut().enumerate() {
                *loss = sum_pairs(predictions.row(row), targets.row(row), None, &f);
            }
        }
    }
}

/// Row by row, with two predictions for each target, all the first ones before all the second ones: `losses = Σ term` and
/// `gradient = derivatives` with `(term, derivative, derivative) = f(first, second, target)`.
#[inline(always)]
pub(super) fn each_row_of_two(
    predictions: MatrixRef<'_>,
    targets: MatrixRef<'_>,
    losses: &mut [f64],
    mut gradient: Option<MatrixMut<'_>>,
    f: impl Fn(f32, f32, f32) -> (f32, f32, f32),
) {
    let n = targets.cols();
    for (row, loss) in losses.iter_mut().enumerate() {
        let (first, second) = predictions.row(row).split_at(n);
        let mut out = None;
        if let Some(gradient) = &mut gradient {
            let (first, second) = gradient.row_mut(row).split_at_mut(n);
            out = Some([first, second]);
        }
        *loss = sum_triples(first, second, targets.row(row), out, &f);
    }
}
