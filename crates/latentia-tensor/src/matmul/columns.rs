//! Products whose left matrix is transposed, summed over blocks of rows: the gradient of a weight over a batch. Every element is a
//! sum in the order of the rows, however these are cut into blocks.

use pulp::{Simd, WithSimd};

use super::accumulate::Accumulate;
use super::nonzero::{GROUPS, LISTED, Left, Lists, is_mostly_zero};
use super::panel::DEPTH;
use super::part::Part;
use super::product::{Product, Right};
use super::tile_rows::{Down, ROWS};
use crate::dispatch::ARCH;
use crate::{MatrixMut, MatrixRef};

/// `out = Σ aᵀ · b` over `blocks` of `(a, b)`
pub(super) fn multiply(
    out: MatrixMut<'_>,
    accumulate: Accumulate,
    blocks: &[(MatrixRef<'_>, MatrixRef<'_>)],
) {
    let rows: usize = blocks.iter().map(|(a, _)| a.rows()).sum();
    // Ways of their own, so that a small product does not pay for the memory of a large one.
    match rows <= FEW && rows * out.rows() < LISTED {
        true => ARCH.dispatch(Columns::<FEW> {
            out,
            accumulate,
            blocks,
        }),
        false => ARCH.dispatch(Columns::<DEPTH> {
            out,
            accumulate,
            blocks,
        }),
    }
}

/// Rows of all blocks of a small product.
const FEW: usize = 8;

/// A product that takes up to `STEPS` rows of the blocks at a time.
struct Columns<'a, const STEPS: usize> {
    out: MatrixMut<'a>,
    accumulate: Accumulate,
    blocks: &'a [(MatrixRef<'a>, MatrixRef<'a>)],
}

impl<const STEPS: usize> WithSimd for Columns<'_, STEPS> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let blocks = self.blocks.iter();
        let mut rows = blocks.flat_map(|(a, b)| a.iter_rows().zip(b.iter_rows()));
        let mut lists = None;
        let (mut left, mut right) = ([&[][..]; STEPS], [&[][..]; STEPS]);
        loop {
            let mut steps = 0;
            for ((left, right), row) in left.iter_mut().zip(&mut right).zip(rows.by_ref()) {
                (*left, *right) = row;
                steps += 1;
            }
            if steps == 0 {
                break;
            }
            let left = &left[..steps];
            let mut product = Product {
                out: self.out.reborrow(),
                accumulate: self.accumulate,
                right: Right::Rows(&right[..steps]),
            };
            let part = |top: usize, rows| Part {
                top,
                rows,
                first: 0,
                steps,
            };
            let all = product.out.rows();
            if STEPS > FEW && is_mostly_zero(Left::Columns(left)) {
                let lists = lists.get_or_insert_with(Lists::new);
                for top in (0..all).step_by(GROUPS * ROWS) {
                    let part = part(top, (GROUPS * ROWS).min(all - top));
                    lists.fill(Left::Columns(left), part);
                    product.part(simd, &*lists, part, None);
                }
            } else {
                product.part(simd, Down(left), part(0, all), None);
            }
            self.accumulate = Accumulate::Add;
        }
        // Of no rows.
        if self.accumulate == Accumulate::Replace {
            self.out.as_mut_slice().fill(0.0);
        }
    }
}
