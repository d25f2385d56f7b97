//! The right matrix, laid out for the tile.

// Loops over indices that are known when compiling: they become registers.
#![allow(clippy::needless_range_loop, clippy::manual_memcpy)]

use super::tile::Strided;

/// Rows of the right matrix that a panel holds: with the widest tile's columns they fill two thirds of a first-level cache.
pub(super) const DEPTH: usize = 128;

/// Elements of a row of the widest panel, on any processor.
pub(super) const WIDTH: usize = 64;

/// Rows of the right matrix, cut to the columns of one tile.
#[repr(align(64))]
pub(super) struct Panel([f32; DEPTH * WIDTH]);

impl Panel {
    pub(super) fn new() -> Self {
        Self([0.0; DEPTH * WIDTH])
    }

    /// Takes `width` columns of `rows` rows of `data`.
    #[inline(always)]
    pub(super) fn take(
        &mut self,
        data: &[f32],
        stride: usize,
        rows: usize,
        width: usize,
    ) -> Strided<'_> {
        // A length known when compiling becomes a few registers, another one a call for each row.
        if width == WIDTH {
            let (to, _) = self.0.as_chunks_mut::<WIDTH>();
            for row in 0..rows {
                to[row].copy_from_slice(&data[row * stride..][..WIDTH]);
            }
        } else {
            for row in 0..rows {
                let from = &data[row * stride..][..width];
                self.0[row * width..][..width].copy_from_slice(from);
            }
        }
        self.right(width)
    }

    /// The panel, whose rows have `width` elements.
    fn right(&self, width: usize) -> Strided<'_> {
        Strided {
            data: &self.0,
            stride: width,
        }
    }
}
