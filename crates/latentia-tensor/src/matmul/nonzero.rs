//! A left matrix that is mostly zero, as lists of what is not.

// Loops over indices that are known when compiling: they become registers.
#![allow(clippy::needless_range_loop, clippy::manual_memcpy)]

use super::left::{ROWS, Side};
use super::panel::DEPTH;

/// Groups of [`ROWS`] rows of the left matrix whose steps are listed at a time.
pub(super) const GROUPS: usize = 22;

/// For each group of rows of the left matrix, the steps where at least one of them is not zero.
pub(super) struct Lists {
    elements: [[[f32; ROWS]; DEPTH]; GROUPS],
    met: [[u8; DEPTH]; GROUPS],
    counts: [usize; GROUPS],
}

impl Lists {
    pub(super) fn new() -> Self {
        Self {
            elements: [[[0.0; ROWS]; DEPTH]; GROUPS],
            met: [[0; DEPTH]; GROUPS],
            counts: [0; GROUPS],
        }
    }

    /// Lists steps `first..first + steps` of the `rows` rows of `left` from `top` on.
    #[inline(always)]
    pub(super) fn fill(
        &mut self,
        left: Side<'_>,
        top: usize,
        rows: usize,
        first: usize,
        steps: usize,
    ) {
        self.counts = [0; GROUPS];
        match left {
            Side::Rows { data, stride } => {
                for row in (0..rows).step_by(ROWS) {
                    let from = &data[(top + row) * stride + first..];
                    self.list_rows(row / ROWS, from, stride, ROWS.min(rows - row), steps);
                }
            }
            Side::Columns { data, stride } => {
                for step in 0..steps {
                    self.list_columns(step, &data[(first + step) * stride + top..][..rows]);
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
        let met = &mut self.met[group];
        let mut count = 0;
        for step in 0..steps {
            met[count] = step as u8;
            count += usize::from(bits[step] != 0);
        }
        self.counts[group] = count;
        let elements = &mut self.elements[group][..count];
        for (elements, &step) in elements.iter_mut().zip(&*met) {
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
        self.met[group][count] = step as u8;
        let bits = elements.iter().fold(0, |bits, x| bits | x.to_bits() << 1);
        self.counts[group] = count + usize::from(bits != 0);
    }

    /// The elements of group `group`, and the rows of the right matrix that they meet.
    #[inline(always)]
    pub(super) fn group(&self, group: usize) -> (&[[f32; ROWS]], &[u8]) {
        let count = self.counts[group];
        (&self.elements[group][..count], &self.met[group][..count])
    }
}

/// Share of the steps that lists of `left`, `[rows, depth]`, would hold, by a sample: the first group of rows, or all groups
/// at every eighth step.
pub(super) fn listed_share(left: Side<'_>, rows: usize, depth: usize) -> f64 {
    let (mut listed, mut all) = (0, 0);
    match left {
        Side::Rows { data, stride } => {
            let mut met = [false; DEPTH];
            for first in (0..depth).step_by(DEPTH) {
                let steps = DEPTH.min(depth - first);
                met.fill(false);
                for row in 0..ROWS.min(rows) {
                    let elements = &data[row * stride + first..][..steps];
                    for (met, &x) in met.iter_mut().zip(elements) {
                        *met |= x != 0.0;
                    }
                }
                listed += met.iter().filter(|&&met| met).count();
                all += steps;
            }
        }
        Side::Columns { data, stride } => {
            for step in (0..depth).step_by(8) {
                for group in data[step * stride..][..rows].chunks(ROWS) {
                    listed += usize::from(group.iter().any(|&x| x != 0.0));
                    all += 1;
                }
            }
        }
    }
    listed as f64 / all as f64
}
