//! The innermost loop: a tile of the output held in registers.

// Loops over indices that are known when compiling: they become registers.
#![allow(clippy::needless_range_loop, clippy::manual_memcpy)]

use pulp::Simd;

use super::tile_rows::TileRows;

/// Registers in a row of the widest tile.
pub(super) const fn vectors<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 4 } else { 2 }
}

/// The right matrix from a tile's first column on.
pub(super) trait RightRows: Copy {
    /// Row `row`, from the tile's first column on.
    fn row<'a>(self, row: usize) -> &'a [f32]
    where
        Self: 'a;
}

/// Rows `stride` elements apart.
#[derive(Clone, Copy)]
pub(super) struct Strided<'a> {
    pub(super) data: &'a [f32],
    pub(super) stride: usize,
}

impl RightRows for Strided<'_> {
    #[inline(always)]
    fn row<'a>(self, row: usize) -> &'a [f32]
    where
        Self: 'a,
    {
        &self.data[row * self.stride..]
    }
}

/// Rows that are anywhere.
#[derive(Clone, Copy)]
pub(super) struct Scattered<'a> {
    pub(super) rows: &'a [&'a [f32]],
    pub(super) column: usize,
}

impl RightRows for Scattered<'_> {
    #[inline(always)]
    fn row<'a>(self, row: usize) -> &'a [f32]
    where
        Self: 'a,
    {
        &self.rows[row][self.column..]
    }
}

/// The output from a tile's first element on.
pub(super) struct Out<'a> {
    pub(super) data: &'a mut [f32],
    pub(super) stride: usize,
    /// Whether the product is added to what is there.
    pub(super) add: bool,
}

/// `out = left · right`: `M` rows of `V` registers. Each element is a sum over the steps in order, each term fused into it
/// where the processor can: it does not depend on the size of the tile.
#[inline(always)]
fn tile<S: Simd, L: TileRows<M>, R: RightRows, const M: usize, const V: usize>(
    simd: S,
    left: L,
    right: R,
    out: Out<'_>,
) {
    let width = V * S::F32_LANES;
    let mut sums = [[simd.splat_f32s(0.0); V]; M];
    if out.add {
        for m in 0..M {
            let (row, _) = S::as_simd_f32s(&out.data[m * out.stride..][..width]);
            for v in 0..V {
                sums[m][v] = row[v];
            }
        }
    }
    for step in 0..left.steps() {
        let (row, _) = S::as_simd_f32s(&right.row(left.right_row(step))[..width]);
        let mut met = [simd.splat_f32s(0.0); V];
        for v in 0..V {
            met[v] = row[v];
        }
        let elements = left.elements(step);
        for m in 0..M {
            let element = simd.splat_f32s(elements[m]);
            for v in 0..V {
                sums[m][v] = simd.mul_add_f32s(element, met[v], sums[m][v]);
            }
        }
    }
    for m in 0..M {
        let (row, _) = S::as_mut_simd_f32s(&mut out.data[m * out.stride..][..width]);
        for v in 0..V {
            row[v] = sums[m][v];
        }
    }
}

/// A tile of `M` rows and `vectors` registers.
#[inline(always)]
pub(super) fn full<S: Simd, L: TileRows<M>, R: RightRows, const M: usize>(
    simd: S,
    vectors: usize,
    left: L,
    right: R,
    out: Out<'_>,
) {
    match vectors {
        1 => tile::<S, L, _, M, 1>(simd, left, right, out),
        2 => tile::<S, L, _, M, 2>(simd, left, right, out),
        3 => tile::<S, L, _, M, 3>(simd, left, right, out),
        _ => tile::<S, L, _, M, 4>(simd, left, right, out),
    }
}

/// A tile of `M` rows and `width` columns, fewer than a register has.
#[inline(always)]
pub(super) fn ragged<S: Simd, L: TileRows<M>, R: RightRows, const M: usize>(
    simd: S,
    width: usize,
    left: L,
    right: R,
    out: Out<'_>,
) {
    let mut sums = [simd.splat_f32s(0.0); M];
    if out.add {
        for m in 0..M {
            sums[m] = simd.partial_load_f32s(&out.data[m * out.stride..][..width]);
        }
    }
    for step in 0..left.steps() {
        let row = &right.row(left.right_row(step))[..width];
        let met = simd.partial_load_f32s(row);
        let elements = left.elements(step);
        for m in 0..M {
            sums[m] = simd.mul_add_f32s(simd.splat_f32s(elements[m]), met, sums[m]);
        }
    }
    for m in 0..M {
        simd.partial_store_f32s(&mut out.data[m * out.stride..][..width], sums[m]);
    }
}
