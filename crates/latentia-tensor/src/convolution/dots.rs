//! Sums of products of slices, held in registers.

// Loops over indices that are known when compiling: they become registers.
#![allow(clippy::needless_range_loop, clippy::manual_memcpy)]

use pulp::{Simd, WithSimd};

///
/// Shapes: `out` `[rows, offsets]`, `left` `[examples, rows, span]`, `right` `[examples, length]`.
pub(super) struct Dots<'a> {
    pub(super) out: &'a mut [f32],
    pub(super) left: &'a [f32],
    pub(super) span: usize,
    pub(super) right: &'a [f32],
    pub(super) length: usize,
    pub(super) offsets: &'a [u32],
}

impl WithSimd for Dots<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let rows = self.out.len() / self.offsets.len().max(1);
        let many = S::REGISTER_COUNT >= 32;
        let mut row = 0;
        while row < rows {
            let height = match rows - row {
                4.. if many => 4,
                2.. => 2,
                _ => 1,
            };
            let mut column = 0;
            while column < self.offsets.len() {
                column += match (height, self.offsets.len() - column) {
                    (4, 6..) => self.tile::<S, 4, 6>(simd, row, column),
                    (4, 3..) => self.tile::<S, 4, 3>(simd, row, column),
                    (4, _) => self.tile::<S, 4, 1>(simd, row, column),
                    (2, 4..) => self.tile::<S, 2, 4>(simd, row, column),
                    (2, _) => self.tile::<S, 2, 1>(simd, row, column),
                    (_, 8..) => self.tile::<S, 1, 8>(simd, row, column),
                    _ => self.tile::<S, 1, 1>(simd, row, column),
                };
            }
            row += height;
        }
    }
}

impl Dots<'_> {
    /// `M` rows and `N` columns of the output from element `(row, column)` on; returns how many columns.
    #[inline(always)]
    fn tile<S: Simd, const M: usize, const N: usize>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
    ) -> usize {
        let steps = self.offsets.len();
        let rows = self.out.len() / steps;
        let mut sums = [[simd.splat_f32s(0.0); N]; M];
        let examples = self.left.chunks(rows * self.span);
        for (example, left) in examples.enumerate() {
            let right = &self.right[example * self.length..];
            let mut lefts = [S::as_simd_f32s(&left[..0]).0; M];
            for m in 0..M {
                let slice = &left[(row + m) * self.span..][..self.span];
                lefts[m] = S::as_simd_f32s(slice).0;
            }
            let vectors = self.span / S::F32_LANES;
            let mut rights = [S::as_simd_f32s(&right[..0]).0; N];
            for n in 0..N {
                let start = self.offsets[column + n] as usize;
                rights[n] = S::as_simd_f32s(&right[start..][..self.span]).0;
            }
            for m in 0..M {
                lefts[m] = &lefts[m][..vectors];
            }
            for n in 0..N {
                rights[n] = &rights[n][..vectors];
            }
            for vector in 0..vectors {
                let mut met = [simd.splat_f32s(0.0); M];
                for m in 0..M {
                    met[m] = lefts[m][vector];
                }
                for n in 0..N {
                    let element = rights[n][vector];
                    for m in 0..M {
                        sums[m][n] = simd.mul_add_f32s(met[m], element, sums[m][n]);
                    }
                }
            }
        }
        for m in 0..M {
            for n in 0..N {
                self.out[(row + m) * steps + column + n] += simd.reduce_sum_f32s(sums[m][n]);
            }
        }
        N
    }
}
