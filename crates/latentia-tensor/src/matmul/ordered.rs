//! Products whose elements are sums in one order, whatever the shape.

use pulp::{Simd, WithSimd};

use super::accumulate::Accumulate;
use super::packed::PackedMatrix;
use super::panel::{DEPTH, Panel};
use super::part::Part;
use super::product::{Product, Right};
use super::tile_rows::{InPlace, ROWS};
use crate::dispatch::ARCH;
use crate::{MatrixMut, MatrixRef};

/// Whether the right matrix is read where it lies: it is used so seldom that a copy of it does not pay, or a layout for tiles would be no
/// faster.
pub(super) fn is_in_place(out: &MatrixMut<'_>, right: MatrixRef<'_>) -> bool {
    out.rows() <= ROWS
        || out.rows() * right.rows() * right.cols() <= 1 << 14
        || !PackedMatrix::pays(right.rows(), right.cols())
}

/// `out = left · right`
pub(super) fn multiply(
    out: MatrixMut<'_>,
    accumulate: Accumulate,
    left: MatrixRef<'_>,
    right: MatrixRef<'_>,
) {
    let is_in_place = is_in_place(&out, right);
    let product = Product {
        out,
        accumulate,
        right: Right::Matrix(right),
    };
    // Ways of their own, so that a small product does not pay for the memory of a large one.
    match is_in_place {
        true => ARCH.dispatch(InPlaceProduct(product, left)),
        false => ARCH.dispatch(CopyingProduct(product, left)),
    }
}

/// `out = left · right`, of a right matrix that is laid out for it.
pub(super) fn multiply_packed(
    out: MatrixMut<'_>,
    accumulate: Accumulate,
    left: MatrixRef<'_>,
    right: &PackedMatrix,
) {
    let product = Product {
        out,
        accumulate,
        right: Right::Packed(right),
    };
    ARCH.dispatch(InPlaceProduct(product, left));
}

/// A product that reads the right matrix where it lies.
struct InPlaceProduct<'a>(Product<'a>, MatrixRef<'a>);

impl WithSimd for InPlaceProduct<'_> {
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
struct CopyingProduct<'a>(Product<'a>, MatrixRef<'a>);

impl WithSimd for CopyingProduct<'_> {
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
