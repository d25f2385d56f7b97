//! Forward.

use super::geometry::{Convolution, SLACK};
use super::layout::{add, span};
use super::shifted::Shifted;
use crate::dispatch::ARCH;
use crate::{MatrixMut, MatrixRef};

impl Convolution {
    /// `y = x * w + bias`, the bias one number a channel.
    ///
    /// Shapes: `x` `[rows, input]`, `y` `[rows, output]`, `weight` as [`Self::weight`], `bias` `[channels out]` or empty; `scratch` as
    /// [`Self::scratch`], with any content.
    pub fn forward(
        &self,
        x: MatrixRef<'_>,
        weight: &[f32],
        bias: &[f32],
        mut y: MatrixMut<'_>,
        scratch: &mut [f32],
    ) {
        let [out, height, width] = self.output;
        let span = span([height, width], self.planes.row);
        let (copy, sums) = scratch.split_at_mut(self.planes.len() + SLACK);
        copy.fill(0.0);
        for (x, y) in x.iter_rows().zip(y.iter_rows_mut()) {
            self.planes.take(copy, x, [self.input[1], self.input[2]]);
            ARCH.dispatch(Shifted {
                out: &mut sums[..out * span],
                span,
                left: weight,
                right: copy,
                offsets: &self.offsets,
            });
            let planes = y.chunks_mut(height * width).zip(sums.chunks(span));
            for (channel, (y, sums)) in planes.enumerate() {
                let bias = bias.get(channel).copied().unwrap_or(0.0);
                for (y, sums) in y.chunks_mut(width).zip(sums.chunks(self.planes.row)) {
                    add(y, sums, bias);
                }
            }
        }
    }
}
