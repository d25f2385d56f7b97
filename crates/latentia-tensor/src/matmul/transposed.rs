//! `a · bᵀ`.

use pulp::{Simd, WithSimd};

use super::accumulate::Accumulate;
use super::blocked::{Columns, Cut, Product, from};
use super::left::Side;
use super::panel::{DEPTH, Panel, WIDTH};
use super::tile::vectors;
use crate::dispatch::ARCH;
use crate::{MatrixMut, MatrixRef};

/// `out = a · bᵀ`, shapes as of [`super::matmul_nt`].
pub(super) fn multiply_transposed(
    out: MatrixMut<'_>,
    accumulate: Accumulate,
    a: MatrixRef<'_>,
    b: MatrixRef<'_>,
) {
    let product = Transposed {
        out,
        accumulate,
        a,
        b,
    };
    match product.a.rows() < WORTH_PANEL {
        true => ARCH.dispatch(Dots(product)),
        false => ARCH.dispatch(product),
    }
}

/// `out = a · bᵀ`.
struct Transposed<'a> {
    out: MatrixMut<'a>,
    accumulate: Accumulate,
    a: MatrixRef<'a>,
    b: MatrixRef<'a>,
}

/// Rows of `b` whose products with a panel of `a` are kept at a time.
const KEPT: usize = 256;

/// Fewer rows of `a` than this are not worth a panel.
const WORTH_PANEL: usize = 8;

/// A product of so few rows that it is computed number by number, each of two rows.
struct Dots<'a>(Transposed<'a>);

impl WithSimd for Dots<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self(Transposed {
            mut out,
            accumulate,
            a,
            b,
        }) = self;
        for i in 0..a.rows() {
            let left = a.row(i);
            for (j, out) in out.row_mut(i).iter_mut().enumerate() {
                let product = dot(simd, left, b.row(j));
                *out = match accumulate {
                    Accumulate::Replace => product,
                    Accumulate::Add => *out + product,
                };
            }
        }
    }
}

impl WithSimd for Transposed<'_> {
    type Output = ();

    /// As `outᵀ = b · aᵀ`, with a panel of `aᵀ` on the right: `b`, a weight, is then read as it lies.
    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let widest = vectors::<S>() * S::F32_LANES;
        let mut panel = Panel::new();
        let mut kept = [0.0; KEPT * WIDTH];
        for top in (0..self.a.rows()).step_by(widest) {
            let rows = widest.min(self.a.rows() - top);
            let vectors = rows.div_ceil(S::F32_LANES);
            let width = vectors * S::F32_LANES;
            for column in (0..self.b.rows()).step_by(KEPT) {
                let columns = KEPT.min(self.b.rows() - column);
                for first in (0..self.a.cols().max(1)).step_by(DEPTH) {
                    let steps = DEPTH.min(self.a.cols() - first);
                    let stride = self.a.stride();
                    let data = from(self.a, top * stride + first);
                    panel.take_transposed(data, stride, rows, steps, width);
                    let mut product = Product {
                        out: MatrixMut::new(&mut kept[..columns * width], columns, width),
                        accumulate: Accumulate::Replace,
                        left: Side::Rows {
                            data: from(self.b, column * self.b.stride()),
                            stride: self.b.stride(),
                        },
                        right: self.a,
                    };
                    let cut = Cut {
                        top: 0,
                        rows: columns,
                        first,
                        steps,
                    };
                    let right = panel.right(width);
                    product.tiles(simd, Columns::Vectors(vectors), 0, right, None, cut);
                }
                for row in 0..rows {
                    let out = &mut self.out.row_mut(top + row)[column..][..columns];
                    let kept = kept[..columns * width].chunks_exact(width);
                    for (out, kept) in out.iter_mut().zip(kept) {
                        *out = match self.accumulate {
                            Accumulate::Replace => kept[row],
                            Accumulate::Add => *out + kept[row],
                        };
                    }
                }
            }
        }
    }
}

/// `Σ a[i] b[i]`.
#[inline(always)]
fn dot<S: Simd>(simd: S, a: &[f32], b: &[f32]) -> f32 {
    let zero = simd.splat_f32s(0.0);
    let mut sums = [zero; 4];
    let (a, a_rest) = S::as_simd_f32s(a);
    let (b, b_rest) = S::as_simd_f32s(b);
    for (number, (&a, &b)) in a.iter().zip(b).enumerate() {
        sums[number % 4] = simd.mul_add_f32s(a, b, sums[number % 4]);
    }
    let rest = simd.partial_load_f32s(a_rest);
    sums[0] = simd.mul_add_f32s(rest, simd.partial_load_f32s(b_rest), sums[0]);
    let sum = simd.add_f32s(
        simd.add_f32s(sums[0], sums[1]),
        simd.add_f32s(sums[2], sums[3]),
    );
    simd.reduce_sum_f32s(sum)
}
