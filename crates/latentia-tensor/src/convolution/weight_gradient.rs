//! The gradient by the weight.

use super::dots::Dots;
use super::geometry::{Convolution, SLACK};
use super::layout::span;
use crate::MatrixRef;
use crate::dispatch::ARCH;

impl Convolution {
    /// `dw = Σ dy · x` over all rows.
    ///
    /// Shapes: `x` `[rows, input]`, `dy` `[rows, output]`, `dw` as [`Self::weight`]; `scratch` as [`Self::scratch`], with any
    /// content.
    pub fn weight_gradient(
        &self,
        x: MatrixRef<'_>,
        dy: MatrixRef<'_>,
        dw: &mut [f32],
        scratch: &mut [f32],
    ) {
        let [out, height, width] = self.output;
        let span = span([height, width], self.planes.row);
        let group = self.group();
        let (length, slopes_length) = (self.planes.len(), out * span);
        let (copies, slopes) = scratch.split_at_mut(group * length + SLACK);
        let slopes = &mut slopes[..group * slopes_length];
        copies.fill(0.0);
        slopes.fill(0.0);
        dw.fill(0.0);
        for first in (0..x.rows()).step_by(group) {
            let rows = group.min(x.rows() - first);
            for at in 0..rows {
                let copy = &mut copies[at * length..][..length];
                self.planes
                    .take(copy, x.row(first + at), [self.input[1], self.input[2]]);
                let planes = slopes[at * slopes_length..][..slopes_length].chunks_mut(span);
                for (slopes, dy) in planes.zip(dy.row(first + at).chunks(height * width)) {
                    let rows = slopes.chunks_mut(self.planes.row).zip(dy.chunks(width));
                    for (slopes, dy) in rows {
                        slopes[..width].copy_from_slice(dy);
                    }
                }
            }
            ARCH.dispatch(Dots {
                out: &mut *dw,
                left: &slopes[..rows * slopes_length],
                span,
                right: copies,
                length,
                offsets: &self.offsets,
            });
        }
    }
}
