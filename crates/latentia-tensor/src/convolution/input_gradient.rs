//! The gradient with respect to the input.

use super::geometry::{Convolution, SLACK};
use super::layout::{add, span};
use super::shifted::Shifted;
use crate::dispatch::ARCH;
use crate::{MatrixMut, MatrixRef};

impl Convolution {
    /// `dx`, from `dy`; with a bias of one value a channel of the input, a transposed convolution.
    ///
    /// Shapes: `dy` `[rows, output]`, `dx` `[rows, input]`, `weight` as [`Self::weight`], `bias` `[channels in]` or empty;
    /// `workspace` as [`Self::workspace`], with any content.
    pub fn input_gradient(
        &self,
        dy: MatrixRef<'_>,
        weight: &[f32],
        bias: &[f32],
        mut dx: MatrixMut<'_>,
        workspace: &mut [f32],
    ) {
        let [depth, height, width] = self.input;
        let (out, kernel, cols) = (self.output[0], self.kernel(), self.weight()[1]);
        let (copy, rest) = workspace.split_at_mut(self.output_layout.len() + SLACK);
        let (transposed, sums) = rest.split_at_mut(weight.len());
        copy.fill(0.0);
        // The weight transposed: for each remainder, a row for each channel of the input.
        let mut elements = transposed.iter_mut();
        for remainder in &self.remainders {
            for c in 0..depth {
                for o in 0..out {
                    let row = &weight[o * cols + c * kernel..][..kernel];
                    for (&k, to) in remainder.kernel.iter().zip(&mut elements) {
                        *to = row[k];
                    }
                }
            }
        }
        let stride = self.window.stride;
        for (dy, dx) in dy.iter_rows().zip(dx.iter_rows_mut()) {
            self.output_layout
                .take(copy, dy, [self.output[1], self.output[2]]);
            if self.remainders.len() < stride[0] * stride[1] {
                fill(dx, bias, height * width);
            }
            let mut left = &*transposed;
            for remainder in &self.remainders {
                let span = span(remainder.places, self.output_layout.row);
                let (own, rest) = left.split_at(depth * remainder.offsets.len());
                left = rest;
                ARCH.dispatch(Shifted {
                    out: &mut sums[..depth * span],
                    span,
                    left: own,
                    right: copy,
                    offsets: &remainder.offsets,
                });
                let maps = dx.chunks_mut(height * width).zip(sums.chunks(span));
                for (c, (dx, sums)) in maps.enumerate() {
                    let bias = bias.get(c).copied().unwrap_or(0.0);
                    let rows = dx.chunks_mut(width).skip(remainder.first[0]);
                    let rows = rows
                        .step_by(stride[0])
                        .zip(sums.chunks(self.output_layout.row));
                    for (dx, sums) in rows {
                        if stride[1] == 1 {
                            add(dx, sums, bias);
                            continue;
                        }
                        let places = dx[remainder.first[1]..].iter_mut().step_by(stride[1]);
                        for (dx, sum) in places.zip(sums) {
                            *dx = sum + bias;
                        }
                    }
                }
            }
        }
    }
}

/// Fills each map with its bias.
fn fill(x: &mut [f32], bias: &[f32], map: usize) {
    for (c, x) in x.chunks_mut(map).enumerate() {
        x.fill(bias.get(c).copied().unwrap_or(0.0));
    }
}
