//! Rows of the left matrix, as tiles go through them.

// Loops over indices that are known when compiling: they become registers.
#![allow(clippy::needless_range_loop, clippy::manual_memcpy)]

/// Rows of the largest tile. With the widest one's columns it fills 16 registers as well as 32: the tile, a row of the right
/// matrix and one element of the left one.
pub(super) const ROWS: usize = 6;

/// `M` rows of the left matrix, in the order in which a tile goes through them.
pub(super) trait TileRows<const M: usize>: Copy {
    /// How many steps there are.
    fn steps(self) -> usize;

    /// Which row of the right matrix step `step` multiplies.
    #[inline(always)]
    fn right_row(self, step: usize) -> usize {
        step
    }

    /// The elements of the rows at step `step`.
    fn elements(self, step: usize) -> [f32; M];
}

/// Where the tiles of one part of a product take their rows from.
pub(super) trait LeftPart: Copy {
    /// The `M` rows from row `row` of the part on.
    fn tile_rows<const M: usize>(self, row: usize) -> impl TileRows<M>;
}

/// A part of a matrix, read where it lies: `steps` columns of rows that are `stride` apart.
#[derive(Clone, Copy)]
pub(super) struct InPlace<'a> {
    pub(super) data: &'a [f32],
    pub(super) stride: usize,
    pub(super) steps: usize,
}

impl LeftPart for InPlace<'_> {
    #[inline(always)]
    fn tile_rows<const M: usize>(self, row: usize) -> impl TileRows<M> {
        let data = self.data.get(row * self.stride..).unwrap_or_default();
        Across::<M>::new(data, self.stride, self.steps)
    }
}

/// Rows that lie one after another, as in `x` of `x · W`.
#[derive(Clone, Copy)]
struct Across<'a, const M: usize> {
    rows: [&'a [f32]; M],
    steps: usize,
}

impl<'a, const M: usize> Across<'a, M> {
    /// The first `M` rows of `data`, of which `steps` elements are used.
    #[inline(always)]
    fn new(data: &'a [f32], stride: usize, steps: usize) -> Self {
        // A plain loop: `from_fn` would be compiled for the baseline, and each length be checked at each step.
        let mut rows = [&data[..0]; M];
        for m in 0..M {
            rows[m] = &data[m * stride..][..steps];
        }
        Self { rows, steps }
    }
}

impl<const M: usize> TileRows<M> for Across<'_, M> {
    #[inline(always)]
    fn steps(self) -> usize {
        self.steps
    }

    #[inline(always)]
    fn elements(self, step: usize) -> [f32; M] {
        let mut elements = [0.0; M];
        for m in 0..M {
            elements[m] = self.rows[m][step];
        }
        elements
    }
}

/// The columns of a matrix whose rows these are, as in `xᵀ · dy`: the elements of a step lie side by side.
#[derive(Clone, Copy)]
pub(super) struct Down<'a>(pub(super) &'a [&'a [f32]]);

impl LeftPart for Down<'_> {
    #[inline(always)]
    fn tile_rows<const M: usize>(self, row: usize) -> impl TileRows<M> {
        Below { rows: self.0, row }
    }
}

/// Columns of rows, from column `row` on.
#[derive(Clone, Copy)]
struct Below<'a> {
    rows: &'a [&'a [f32]],
    row: usize,
}

impl<const M: usize> TileRows<M> for Below<'_> {
    #[inline(always)]
    fn steps(self) -> usize {
        self.rows.len()
    }

    #[inline(always)]
    fn elements(self, step: usize) -> [f32; M] {
        let mut elements = [0.0; M];
        elements.copy_from_slice(&self.rows[step][self.row..][..M]);
        elements
    }
}

/// Steps of which at least one element is not zero.
#[derive(Clone, Copy)]
pub(super) struct Listed<'a> {
    pub(super) elements: &'a [[f32; ROWS]],
    pub(super) right_rows: &'a [u8],
}

impl<const M: usize> TileRows<M> for Listed<'_> {
    #[inline(always)]
    fn steps(self) -> usize {
        self.right_rows.len()
    }

    #[inline(always)]
    fn right_row(self, step: usize) -> usize {
        self.right_rows[step].into()
    }

    #[inline(always)]
    fn elements(self, step: usize) -> [f32; M] {
        let mut elements = [0.0; M];
        elements.copy_from_slice(&self.elements[step][..M]);
        elements
    }
}
