//! Products whose left matrix is mostly zero. Every element is the sum that [`super::ordered`] makes, without the terms that are
//! zero.

use pulp::{Simd, WithSimd};

use super::accumulate::Accumulate;
use super::nonzero::{GROUPS, Left, Lists};
use super::panel::{DEPTH, Panel};
use super::product::{Part, Product};
use super::tile_rows::ROWS;
use crate::dispatch::ARCH;
use crate::{MatrixMut, MatrixRef};

/// `out = left · right`
pub(super) fn multiply(
    out: MatrixMut<'_>,
    accumulate: Accumulate,
    left: Left<'_>,
    right: MatrixRef<'_>,
) {
    let product = Product {
        out,
        accumulate,
        right,
    };
    ARCH.dispatch(Sparse(product, left));
}

/// A product whose left matrix is read as lists of the steps that count.
struct Sparse<'a>(Product<'a>, Left<'a>);

impl WithSimd for Sparse<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self(mut product, left) = self;
        let mut panel = Panel::new();
        let mut lists = Lists::new();
        for top in (0..product.out.rows()).step_by(GROUPS * ROWS) {
            let rows = (GROUPS * ROWS).min(product.out.rows() - top);
            for first in (0..product.right.rows()).step_by(DEPTH) {
                let steps = DEPTH.min(product.right.rows() - first);
                lists.fill(left, top, rows, first, steps);
                let part = Part {
                    top,
                    rows,
                    first,
                    steps,
                };
                product.part(simd, &lists, part, Some(&mut panel));
            }
        }
    }
}
