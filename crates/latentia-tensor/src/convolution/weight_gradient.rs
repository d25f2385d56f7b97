//! The gradient with respect to the weight.

use super::dots::Dots;
use super::geometry::{Convolution, SLACK};
use super::layout::span;
use crate::MatrixRef;
use crate::dispatch::ARCH;

impl Convolution {
    /// `dw = Σ dy · x` over all rows.
    ///
    /// Shapes: `x` `[rows, input]`, `dy` `[rows, output]`, `dw` as [`Self::weight`]; `workspace` as
    /// [`Self::workspace`], with any content.
    pub fn weight_gradient(
        &self,
        x: MatrixRef<'_>,
        dy: MatrixRef<'_>,
        dw: &mut [f32],
        workspace: &mut [f32],
    ) {
        let [out, height, width] = self.output;
        let span = span([height, width], self.input_layout.row);
        let group = self.group();
        let (length, gradient_len) = (self.input_layout.len(), out * span);
        let (copies, gradients) = workspace.split_at_mut(group * length + SLACK);
        let gradients = &mut gradients[..group * gradient_len];
        copies.fill(0.0);
        gradients.fill(0.0);
        dw.fill(0.0);
        for first in (0..x.rows()).step_by(group) {
            let rows = group.min(x.rows() - first);
            for at in 0..rows {
                let copy = &mut copies[at * length..][..length];
                self.input_layout
                    .take(copy, x.row(first + at), [self.input[1], self.input[2]]);
                let maps = gradients[at * gradient_len..][..gradient_len].chunks_mut(span);
                for (gradients, dy) in maps.zip(dy.row(first + at).chunks(height * width)) {
                    let rows = gradients
                        .chunks_mut(self.input_layout.row)
                        .zip(dy.chunks(width));
                    for (gradients, dy) in rows {
                        gradients[..width].copy_from_slice(dy);
                    }
                }
            }
            ARCH.dispatch(Dots {
                out: &mut *dw,
                left: &gradients[..rows * gradient_len],
                span,
                right: copies,
                length,
                offsets: &self.offsets,
            });
        }
    }
}
