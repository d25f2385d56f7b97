//! Products whose elements are sums in one order, whatever the shape.

use pulp::{Simd, WithSimd};

use super::accumulate::Accumulate;
use super::panel::{DEPTH, Panel};
use super::product::{Part, Product};
use super::tile_rows::{InPlace, ROWS};
use crate::dispatch::ARCH;
use crate::{MatrixMut, MatrixRef};

/// Whether the right matrix is used so seldom that a copy of it does not pay.
pub(super) fn is_small(out: &MatrixMut<'_>, right: MatrixRef<'_>) -> bool {
    out.rows() <= ROWS || out.rows() * right.rows() * right.cols() <= 1 << 14
}

/// `out = left · right`
pub(super) fn multiply(
    out: MatrixMut<'_>,
    accumulate: Accumulate,
    left: MatrixRef<'_>,
    right: MatrixRef<'_>,
) {
    let is_small = is_small(&out, right);
    let product = Product {
        out,
        accumulate,
        right,
    };
    // Ways of their own, so that a small product does not pay for the memory of a large one.
    match is_small {
        true => ARCH.dispatch(Small(product, left)),
        false => ARCH.dispatch(Large(product, left)),
    }
}

/// A product that reads the right matrix where it lies.
struct Small<'a>(Product<'a>, MatrixRef<'a>);

impl WithSimd for Small<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self(mut product, left) = self;
        let part = Part {
            top: 0,
            rows: left.rows(),
            first: 0,
            steps: left.cols(),
        };
        product.part(simd, in_place(left, part), part, None);
    }
}

/// A product that copies the right matrix panel by panel.
struct Large<'a>(Product<'a>, MatrixRef<'a>);

impl WithSimd for Large<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self(mut product, left) = self;
        let mut panel = Panel::new();
        for first in (0..left.cols()).step_by(DEPTH) {
            let part = Part {
                top: 0,
                rows: left.rows(),
                first,
                steps: DEPTH.min(left.cols() - first),
            };
            product.part(simd, in_place(left, part), part, Some(&mut panel));
        }
    }
}

fn in_place(left: MatrixRef<'_>, part: Part) -> InPlace<'_> {
    InPlace {
        data: left.span().get(part.first..).unwrap_or_default(),
        stride: left.stride(),
        steps: part.steps,
    }
}
