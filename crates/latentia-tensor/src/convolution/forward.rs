//! Forward.

use super::geometry::{Convolution, SLACK};
use super::layout::{add, span};
use super::shifted::Shifted;
use crate::dispatch::ARCH;
use crate::{MatrixMut, MatrixRef};

impl Convolution {
    /// `y = x * w + bias`, the bias one value a channel.
    ///
    /// Shapes: `x` `[rows, input]`, `y` `[rows, output]`, `weight` as [`Self::weight`], `bias` `[channels out]` or empty;
    /// `workspace` as [`Self::workspace`], with any content.
    pub fn forward(
        &self,
        x: MatrixRef<'_>,
        weight: &[f32],
        bias: &[f32],
        mut y: MatrixMut<'_>,
        workspace: &mut [f32],
    ) {
        let [out, height, width] = self.output;
        let span = span([height, width], self.input_layout.row);
        let (copy, sums) = workspace.split_at_mut(self.input_layout.len() + SLACK);
        copy.fill(0.0);
        for (x, y) in x.iter_rows().zip(y.iter_rows_mut()) {
            self.input_layout
                .take(copy, x, [self.input[1], self.input[2]]);
            ARCH.dispatch(Shifted {
                out: &mut sums[..out * span],
                span,
                left: weight,
                right: copy,
                offsets: &self.offsets,
            });
            let maps = y.chunks_mut(height * width).zip(sums.chunks(span));
            for (channel, (y, sums)) in maps.enumerate() {
                let bias = bias.get(channel).copied().unwrap_or(0.0);
                for (y, sums) in y.chunks_mut(width).zip(sums.chunks(self.input_layout.row)) {
                    add(y, sums, bias);
                }
            }
        }
    }
}
