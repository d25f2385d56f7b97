//! A left matrix that is mostly zero, as lists of what is not.

// Loops over indices that are known when compiling: they become registers.
#![allow(clippy::needless_range_loop, clippy::manual_memcpy)]

use super::panel::DEPTH;
use super::part::Part;
use super::tile_rows::{LeftPart, Listed, ROWS, TileRows};
use crate::MatrixRef;

/// The left matrix of a product.
#[derive(Clone, Copy, Debug)]
pub(super) enum Left<'a> {
    /// Its rows are those of a matrix, as of `x` in `x · W`.
    Rows(MatrixRef<'a>),
    /// Its rows are the columns of a matrix whose rows these are, as of `x` in `xᵀ · dy`.
    Columns(&'a [&'a [f32]]),
}

/// Elements of a left matrix from which its zeros are looked for.
pub(super) const LISTED: usize = 2048;

/// Whether so many steps of `left` would be left out that listing the others pays.
pub(super) fn is_mostly_zero(left: Left<'_>) -> bool {
    let elements = match left {
        Left::Rows(x) => x.rows() * x.cols(),
        Left::Columns(rows) => rows.iter().map(|row| row.len()).sum(),
    };
    elements >= LISTED && listed_share(left) < 0.6
}

/// Groups of [`ROWS`] rows of the left matrix whose steps are listed at a time.
pub(super) const GROUPS: usize = 11;

/// For each group of rows of the left matrix, the steps where at least one of them is not zero.
pub(super) struct Lists {
    elements: [[[f32; ROWS]; DEPTH]; GROUPS],
    right_rows: [[u8; DEPTH]; GROUPS],
    counts: [usize; GROUPS],
}

impl Lists {
    pub(super) fn new() -> Self {
        Self {
            elements: [[[0.0; ROWS]; DEPTH]; GROUPS],
            right_rows: [[0; DEPTH]; GROUPS],
            counts: [0; GROUPS],
        }
    }

    /// Lists the steps and rows of `left` that belong to `part`.
    #[inline(always)]
    pub(super) fn fill(&mut self, left: Left<'_>, part: Part) {
        let Part {
            top,
            rows,
            first,
            steps,
        } = part;
        self.counts = [0; GROUPS];
        match left {
            Left::Rows(x) => {
                for row in (0..rows).step_by(ROWS) {
                    let from = &x.span()[(top + row) * x.stride() + first..];
                    self.list_rows(row / ROWS, from, x.stride(), ROWS.min(rows - row), steps);
                }
            }
            Left::Columns(x) => {
                for (step, row) in x[first..][..steps].iter().enumerate() {
                    self.list_columns(step, &row[top..][..rows]);
                }
            }
        }
    }

    /// Lists the steps of one group, `height` rows of `data`.
    #[inline(always)]
    fn list_rows(
        &mut self,
        group: usize,
        data: &[f32],
        stride: usize,
        height: usize,
        steps: usize,
    ) {
        let mut bits = [0u32; DEPTH];
        let mut rows = [&data[..0]; ROWS];
        for m in 0..height {
            rows[m] = &data[m * stride..][..steps];
            for (bits, x) in bits[..steps].iter_mut().zip(rows[m]) {
                *bits |= x.to_bits() << 1;
            }
        }
        // Written always, kept where it counts: no branch to guess.
        let right_rows = &mut self.right_rows[group];
        let mut count = 0;
        for step in 0..steps {
            right_rows[count] = step as u8;
            count += usize::from(bits[step] != 0);
        }
        self.counts[group] = count;
        let elements = &mut self.elements[group][..count];
        for (elements, &step) in elements.iter_mut().zip(&*right_rows) {
            for m in 0..height {
                elements[m] = rows[m][usize::from(step)];
            }
        }
    }

    /// Adds one step to the lists of all groups, whose elements at this step lie side by side.
    #[inline(always)]
    fn list_columns(&mut self, step: usize, row: &[f32]) {
        let (groups, rest) = row.as_chunks::<ROWS>();
        for (group, elements) in groups.iter().enumerate() {
            self.add(group, step, *elements);
        }
        if !rest.is_empty() {
            let mut elements = [0.0; ROWS];
            elements[..rest.len()].copy_from_slice(rest);
            self.add(groups.len(), step, elements);
        }
    }

    #[inline(always)]
    fn add(&mut self, group: usize, step: usize, elements: [f32; ROWS]) {
        let count = self.counts[group];
        // Written always, kept where it counts: no branch to guess.
        self.elements[group][count] = elements;
        self.right_rows[group][count] = step as u8;
        let bits = elements.iter().fold(0, |bits, x| bits | x.to_bits() << 1);
        self.counts[group] = count + usize::from(bits != 0);
    }
}

impl LeftPart for &Lists {
    #[inline(always)]
    fn tile_rows<const M: usize>(self, row: usize) -> impl TileRows<M> {
        let group = row / ROWS;
        let count = self.counts[group];
        Listed {
            elements: &self.elements[group][..count],
            right_rows: &self.right_rows[group][..count],
        }
    }
}

/// Share of the steps that lists of `left` would hold, by a sample: the first group of rows, or all groups at every eighth
/// step.
fn listed_share(left: Left<'_>) -> f64 {
    let (mut listed, mut all) = (0, 0);
    match left {
        Left::Rows(x) => {
            let mut is_listed = [false; DEPTH];
            for first in (0..x.cols()).step_by(DEPTH) {
                let steps = DEPTH.min(x.cols() - first);
                is_listed.fill(false);
                for row in 0..ROWS.min(x.rows()) {
                    let elements = &x.row(row)[first..][..steps];
                    for (is_listed, &x) in is_listed.iter_mut().zip(elements) {
                        *is_listed |= x != 0.0;
                    }
                }
                listed += is_listed.iter().filter(|&&is_listed| is_listed).count();
                all += steps;
            }
        }
        Left::Columns(x) => {
            for row in x.iter().step_by(8) {
                for group in row.chunks(ROWS) {
                    listed += usize::from(group.iter().any(|&x| x != 0.0));
                    all += 1;
                }
            }
        }
    }
    listed as f64 / all as f64
}
