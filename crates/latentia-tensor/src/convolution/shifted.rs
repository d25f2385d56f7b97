//! Products of a matrix with slices of a copy: sums held in registers.

// Loops over indices that are known when compiling: they become registers.
#![allow(clippy::needless_range_loop, clippy::manual_memcpy)]

use pulp::{Simd, WithSimd};

/// `out = left · right`, where row `k` of `right` is the slice of it that begins at `offsets[k]`.
///
/// Shapes: `out` `[rows, span]`, `left` `[rows, steps]`, `offsets` `[steps]`.
pub(super) struct Shifted<'a> {
    pub(super) out: &'a mut [f32],
    pub(super) span: usize,
    pub(super) left: &'a [f32],
    pub(super) right: &'a [f32],
    pub(super) offsets: &'a [u32],
}

impl WithSimd for Shifted<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            out,
            span,
            left,
            right,
            offsets,
        } = self;
        let rows = out.len() / span;
        if offsets.is_empty() {
            return out.fill(0.0);
        }
        let many = S::REGISTER_COUNT >= 32;
        let vectors = span / S::F32_LANES;
        let mut vector = 0;
        while vector < vectors {
            let column = vector * S::F32_LANES;
            let count = (vectors - vector).min(if rows == 1 { 6 } else { 3 });
            let mut row = 0;
            while row < rows {
                let tile = Tile {
                    out: &mut out[row * span + column..],
                    span,
                    left: &left[row * offsets.len()..],
                    right: &right[column..],
                    offsets,
                };
                // As many sums as registers hold, and enough to wait for none of them.
                row += match (rows - row, count) {
                    (1, 6) => tile.tile::<S, 1, 6>(simd),
                    (1, 4..) => tile.tile::<S, 1, 3>(simd),
                    (8.., 3) if many => tile.tile::<S, 8, 3>(simd),
                    (8.., 2) if many => tile.tile::<S, 8, 2>(simd),
                    (8.., 1) => tile.tile::<S, 8, 1>(simd),
                    (4.., 3) => tile.tile::<S, 4, 3>(simd),
                    (4.., 2) => tile.tile::<S, 4, 2>(simd),
                    (4.., _) => tile.tile::<S, 4, 1>(simd),
                    (2.., 3) => tile.tile::<S, 2, 3>(simd),
                    (2.., 2) => tile.tile::<S, 2, 2>(simd),
                    (2.., _) => tile.tile::<S, 2, 1>(simd),
                    (_, 3) => tile.tile::<S, 1, 3>(simd),
                    (_, 2) => tile.tile::<S, 1, 2>(simd),
                    _ => tile.tile::<S, 1, 1>(simd),
                };
            }
            vector += match count {
                4 | 5 => 3,
                count => count,
            };
        }
    }
}

/// A product from a tile's first element on.
struct Tile<'a> {
    out: &'a mut [f32],
    span: usize,
    left: &'a [f32],
    right: &'a [f32],
    offsets: &'a [u32],
}

impl Tile<'_> {
    /// `M` rows of `V` registers; returns how many rows.
    #[inline(always)]
    fn tile<S: Simd, const M: usize, const V: usize>(self, simd: S) -> usize {
        let width = V * S::F32_LANES;
        let steps = self.offsets.len();
        let mut rows = [&self.left[..0]; M];
        for m in 0..M {
            rows[m] = &self.left[m * steps..][..steps];
        }
        let mut sums = [[simd.splat_f32s(0.0); V]; M];
        for step in 0..steps {
            let (slice, _) = S::as_simd_f32s(&self.right[self.offsets[step] as usize..][..width]);
            let mut met = [simd.splat_f32s(0.0); V];
            for v in 0..V {
                met[v] = slice[v];
            }
            for m in 0..M {
                let element = simd.splat_f32s(rows[m][step]);
                for v in 0..V {
                    sums[m][v] = simd.mul_add_f32s(element, met[v], sums[m][v]);
                }
            }
        }
        for m in 0..M {
            let (row, _) = S::as_mut_simd_f32s(&mut self.out[m * self.span..][..width]);
            for v in 0..V {
                row[v] = sums[m][v];
            }
        }
        M
    }
}
