//! The innermost loop: a tile of the output held in registers.

use pulp::Simd;

/// Rows of the largest tile. With [`vectors`] columns of registers it fills 16 registers as well as 32: the tile, a row of
/// the right matrix and one number of the left one.
pub(super) const ROWS: usize = 6;

/// Registers in a row of the widest tile.
pub(super) const fn vectors<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 4 } else { 2 }
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

    /// The numbers of the rows at step `step`.
    fn numbers(self, step: usize) -> [f32; M];
}

/// Rows that lie one after another, as in `x` of `x · W`.
#[derive(Clone, Copy)]
pub(super) struct Across<'a, const M: usize> {
    rows: [&'a [f32]; M],
    steps: usize,
}

impl<'a, const M: usize> Across<'a, M> {
    /// The first `M` rows of `data`, of which `steps` numbers are used.
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
    fn numbers(self, step: usize) -> [f32; M] {
        let mut numbers = [0.0; M];
        for m in 0..M {
            numbers[m] = self.rows[m][step];
        }
        numbers
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
    fn numbers(self, step: usize) -> [f32; M] {
        let row = &self.data[step * self.stride..][..M];
        let mut numbers = [0.0; M];
        numbers.copy_from_slice(row);
        numbers
    }
}

/// Steps of which at least one number is not zero.
#[derive(Clone, Copy)]
pub(super) struct Listed<'a> {
    pub(super) numbers: &'a [[f32; ROWS]],
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
    fn numbers(self, step: usize) -> [f32; M] {
        let mut numbers = [0.0; M];
        numbers.copy_from_slice(&self.numbers[step][..M]);
        numbers
    }
}

/// The right matrix from a tile's first column on.
#[derive(Clone, Copy)]
pub(super) struct Right<'a> {
    pub(super) data: &'a [f32],
    pub(super) stride: usize,
}

/// The output from a tile's first number on.
pub(super) struct Out<'a> {
    pub(super) data: &'a mut [f32],
    pub(super) stride: usize,
    /// Whether the product is added to what is there.
    pub(super) add: bool,
}

/// `out = left · right`: `M` rows of `V` registers. Each number is a sum over the steps in order, each term fused into it
/// where the processor can: it does not depend on the size of the tile.
#[inline(always)]
fn tile<S: Simd, L: Left<M>, const M: usize, const V: usize>(
    simd: S,
    left: L,
    right: Right<'_>,
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
        let (row, _) = S::as_simd_f32s(&right.data[left.met(step) * right.stride..][..width]);
        let mut met = [simd.splat_f32s(0.0); V];
        for v in 0..V {
            met[v] = row[v];
        }
        let numbers = left.numbers(step);
        for m in 0..M {
            let number = simd.splat_f32s(numbers[m]);
            for v in 0..V {
                sums[m][v] = simd.mul_add_f32s(number, met[v], sums[m][v]);
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
pub(super) fn full<S: Simd, L: Left<M>, const M: usize>(
    simd: S,
    vectors: usize,
    left: L,
    right: Right<'_>,
    out: Out<'_>,
) {
    match vectors {
        1 => tile::<S, L, M, 1>(simd, left, right, out),
        2 => tile::<S, L, M, 2>(simd, left, right, out),
        3 => tile::<S, L, M, 3>(simd, left, right, out),
        _ => tile::<S, L, M, 4>(simd, left, right, out),
    }
}

/// A tile of `M` rows and `width` columns, fewer than a register has.
#[inline(always)]
pub(super) fn ragged<S: Simd, L: Left<M>, const M: usize>(
    simd: S,
    width: usize,
    left: L,
    right: Right<'_>,
    out: Out<'_>,
) {
    let mut sums = [simd.splat_f32s(0.0); M];
    if out.add {
        for m in 0..M {
            sums[m] = simd.partial_load_f32s(&out.data[m * out.stride..][..width]);
        }
    }
    for step in 0..left.steps() {
        let row = &right.data[left.met(step) * right.stride..][..width];
        let met = simd.partial_load_f32s(row);
        let numbers = left.numbers(step);
        for m in 0..M {
            sums[m] = simd.mul_add_f32s(simd.splat_f32s(numbers[m]), met, sums[m]);
        }
    }
    for m in 0..M {
        simd.partial_store_f32s(&mut out.data[m * out.stride..][..width], sums[m]);
    }
}
