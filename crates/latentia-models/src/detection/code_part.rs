//! How far a row's code lies from those of the training rows.

use latentia_tensor::{Matrix, MatrixRef, transpose, update};
use rayon::prelude::*;

/// The neighbour whose distance counts.
const NEIGHBOUR: usize = 10;

/// Rows that a task looks for the neighbours of.
const ROWS: usize = 64;

/// Square of the least distance, as a share of the codes' mean variance.
const LEAST: f64 = 1e-6;

/// The logarithm of the distance of a code to the tenth nearest of the reference codes, which are those of training rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CodePart {
    /// `[references, code width]`
    pub(super) references: Matrix,
    /// The same, turned: an element's values side by side.
    turned: Matrix,
    /// Added to squared distances, as codes may be the same.
    least: f64,
}

impl CodePart {
    /// That of these codes, finite; none where there are fewer than two.
    pub(super) fn of(references: Matrix) -> Option<Self> {
        let (rows, cols) = (references.rows(), references.cols());
        if rows < 2 || cols == 0 || references.as_slice().iter().any(|x| !x.is_finite()) {
            return None;
        }
        let mut spread = 0.0;
        for column in 0..cols {
            let values = || (0..rows).map(|row| f64::from(references.row(row)[column]));
            let mean = values().sum::<f64>() / rows as f64;
            spread += values().map(|x| (x - mean).powi(2)).sum::<f64>() / rows as f64;
        }
        let mut turned = Matrix::zeros(cols, rows);
        transpose(references.as_slice(), rows, cols, turned.as_mut_slice());
        Some(Self {
            references,
            turned,
            least: (LEAST * spread).max(f64::MIN_POSITIVE),
        })
    }

    /// The part of each code: `[rows]`.
    pub(super) fn values(&self, codes: MatrixRef<'_>) -> Vec<f64> {
        self.distances(codes, NEIGHBOUR)
    }

    /// The part of each reference code, of whose neighbours it is none itself.
    pub(super) fn of_references(&self) -> Vec<f64> {
        self.distances(self.references.view(), NEIGHBOUR + 1)
    }

    fn distances(&self, codes: MatrixRef<'_>, neighbour: usize) -> Vec<f64> {
        let neighbour = neighbour.min(self.references.rows());
        let rows: Vec<&[f32]> = codes.iter_rows().collect();
        let blocks = rows.par_chunks(ROWS).map(|rows| {
            let mut squares = vec![0.0f32; self.references.rows()];
            let of_row = |row: &&[f32]| {
                squares.fill(0.0);
                for (&x, references) in row.iter().zip(self.turned.view().iter_rows()) {
                    update(&mut squares, references, move |sum, y| {
                        sum + (x - y) * (x - y)
                    });
                }
                let square = nth_smallest(&squares, neighbour);
                0.5 * (f64::from(square.min(f32::MAX)) + self.least).ln()
            };
            rows.iter().map(of_row).collect::<Vec<_>>()
        });
        blocks.collect::<Vec<_>>().concat()
    }
}

/// The `n`th smallest, from 1 to 11, of at least as many values; what is no number counts as infinite.
fn nth_smallest(values: &[f32], n: usize) -> f32 {
    let mut smallest = [f32::INFINITY; NEIGHBOUR + 1];
    for &x in values.iter().filter(|&&x| x < f32::INFINITY) {
        if x < smallest[n - 1] {
            let at = smallest[..n].partition_point(|&y| y <= x);
            smallest[at..n].rotate_right(1);
            smallest[at] = x;
        }
    }
    smallest[n - 1]
}
