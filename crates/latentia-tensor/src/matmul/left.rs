//! The left matrix, as a tile goes through it.

// Loops over indices that are known when compiling: they become registers.
#![allow(clippy::needless_range_loop, clippy::manual_memcpy)]

/// Rows of the largest tile. With the widest one's columns it fills 16 registers as well as 32: the tile, a row of the right
/// matrix and one element of the left one.
pub(super) const ROWS: usize = 6;

/// The left matrix: element `(i, k)` of the product's `[m, k]`.
#[derive(Clone, Copy)]
pub(super) enum Side<'a> {
    /// At `i · stride + k`.
    Rows { data: &'a [f32], stride: usize },
    /// At `k · stride + i`.
    Columns { data: &'a [f32], stride: usize },
}

/// `M` rows of the left matrix, in the order in which a tile goes through them.
pub(super) trait Left<const M: usize>: Copy {
    /// How many steps there are.
    fn steps(self) -> usize;
    /// Which row of the right matrix step `step` meets.
    #[inline(always)]
    fn met(self, step: usize) -> usize {
        step
    }

    /// The elements of the rows at step `step`.
    fn elements(self, step: usize) -> [f32; M];
}

/// Rows that lie one after another, as in `x` of `x · W`.
#[derive(Clone, Copy)]
pub(super) struct Across<'a, const M: usize> {
    rows: [&'a [f32]; M],
    steps: usize,
}

impl<'a, const M: usize> Across<'a, M> {
    /// The first `M` rows of `data`, of which `steps` elements are used.
    #[inline(always)]
    pub(super) fn new(data: &'a [f32], stride: usize, steps: usize) -> Self {
        // A plain loop: `from_fn` would be compiled for the baseline, and each length be checked at each step.
        let mut rows = [&data[..0]; M];
        for m in 0..M {
            rows[m] = &data[m * stride..][..steps];
        }
        Self { rows, steps }
    }
}

impl<const M: usize> Left<M> for Across<'_, M> {
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

/// Rows of a transposed matrix, side by side, as in `xᵀ` of `xᵀ · dy`.
#[derive(Clone, Copy)]
pub(super) struct Down<'a> {
    pub(super) data: &'a [f32],
    pub(super) stride: usize,
    pub(super) steps: usize,
}

impl<const M: usize> Left<M> for Down<'_> {
    #[inline(always)]
    fn steps(self) -> usize {
        self.steps
    }

    #[inline(always)]
    fn elements(self, step: usize) -> [f32; M] {
        let row = &self.data[step * self.stride..][..M];
        let mut elements = [0.0; M];
        elements.copy_from_slice(row);
        elements
    }
}

/// Steps of which at least one element is not zero.
#[derive(Clone, Copy)]
pub(super) struct Listed<'a> {
    pub(super) elements: &'a [[f32; ROWS]],
    pub(super) met: &'a [u8],
}

impl<const M: usize> Left<M> for Listed<'_> {
    #[inline(always)]
    fn steps(self) -> usize {
        self.met.len()
    }

    #[inline(always)]
    fn met(self, step: usize) -> usize {
        self.met[step].into()
    }

    #[inline(always)]
    fn elements(self, step: usize) -> [f32; M] {
        let mut elements = [0.0; M];
        elements.copy_from_slice(&self.elements[step][..M]);
        elements
    }
}
