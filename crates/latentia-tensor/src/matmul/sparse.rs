//! Products whose left matrix is mostly zero. Every element is the sum that [`super::ordered`] makes, without the terms that are
//! zero.

use pulp::{Simd, WithSimd};

use super::accumulate::Accumulate;
use super::nonzero::{GROUPS, Left, Lists};
use super::panel::{DEPTH, Panel};
use super::part::Part;
use super::product::{Product, Right};
use super::tile_rows::ROWS;
use crate::dispatch::ARCH;
use crate::{MatrixMut, MatrixRef};

/// `out = left · right`
pub(super) fn multiply(
    out: MatrixMut<'_>,
    accumulate: Accumulate,
    left: MatrixRef<'_>,
    right: Right<'_>,
    copies: bool,
) {
    let product = Product {
        out,
        accumulate,
        right,
    };
    ARCH.dispatch(Sparse(product, left, copies));
}

/// A product whose left matrix is read as lists of the steps that count, and whether the right one is copied panel by panel.
struct Sparse<'a>(Product<'a>, MatrixRef<'a>, bool);

impl WithSimd for Sparse<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self(mut product, left, copies) = self;
        let mut panel = copies.then(Panel::new);
        let mut lists = Lists::new();
        for top in (0..left.rows()).step_by(GROUPS * ROWS) {
            for first in (0..left.cols()).step_by(DEPTH) {
                let part = Part {
                    top,
                    rows: (GROUPS * ROWS).min(left.rows() - top),
                    first,
                    steps: DEPTH.min(left.cols() - first),
                };
                lists.fill(Left::Rows(left), part);
                product.part(simd, &lists, part, panel.as_mut());
            }
        }
    }
}
