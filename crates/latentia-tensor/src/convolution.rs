//! Convolutions of planes.
//!
//! An example is planes one after another, `[channels, height, width]`. A convolution is a product of the weight,
//! `[channels out, channels in · kernel]`, with a matrix whose columns are the windows. That matrix is never made: planes are
//! copied once with their padding, such that each of its rows is a stretch of the copy; the product reads the stretches where
//! they lie. A row of a plane follows the one before with no more than the wider of left and right padding between them,
//! for the zeros behind one row are those before the next. What the product computes between the rows is left out
//! afterwards. Where the window moves by more than one number, the copy has a plane for each remainder.
//!
//! The gradient by the input is the same product over planes of `dy`, for each remainder the window's numbers that meet it; a
//! transposed convolution goes forward by it. The gradient by the weight is sums of products of stretches.

mod tile;

use crate::elementwise::ARCH;
use crate::{MatrixMut, MatrixRef, Window};
use tile::{Dots, Shifted};

/// Numbers that a tile may read or write beyond its last.
const SLACK: usize = 256;

/// Numbers of copies that stay in the second cache together.
const GROUP_NUMBERS: usize = 1 << 15;

/// A convolution of planes of one size: `y[o, p] = Σ_{c, k} w[o, c, k] · x[c, p · stride + k · dilation - padding]`.
///
/// Weights are `[channels out, channels in · kernel height · kernel width]`, as PyTorch has them.
#[derive(Clone, Debug)]
pub struct Convolution {
    input: [usize; 3],
    output: [usize; 3],
    window: Window,
    /// Of the input, for forward and for the weight's gradient.
    planes: Planes,
    /// Where in the copy each number of a weight's row begins.
    offsets: Vec<u32>,
    /// Of the output, for the input's gradient.
    back: Planes,
    remainders: Vec<Remainder>,
}

/// How planes are laid out in their copy.
#[derive(Clone, Copy, Debug)]
struct Planes {
    channels: usize,
    /// Planes of a channel: one for each remainder of the place by the stride.
    stride: [usize; 2],
    /// Zeros above and left.
    before: [usize; 2],
    /// Numbers from the start of a row to that of the next.
    row: usize,
    /// Numbers of a plane.
    plane: usize,
}

/// The numbers of the input whose padded place has one remainder by the stride.
#[derive(Clone, Debug)]
struct Remainder {
    /// The first place, and how many there are, `stride` apart.
    first: [usize; 2],
    places: [usize; 2],
    /// The window's numbers that meet them.
    kernel: Vec<usize>,
    /// Where in the copy of the output each of them begins, channel after channel.
    offsets: Vec<u32>,
}

impl Planes {
    /// Room for planes that are read `places` times in a row from place `reach` on, and down to row `rows`.
    fn new(
        [channels, _, width]: [usize; 3],
        stride: [usize; 2],
        before: [usize; 2],
        rows: usize,
        (places, last): (usize, usize),
    ) -> Self {
        let after = (last + 1).saturating_sub(before[1] + width);
        let row = (width + before[1].max(after)).div_ceil(stride[1]);
        let row = row.max(places);
        // One row more: the zeros behind the last one.
        let plane = row * (rows.div_ceil(stride[0]) + 1);
        Self {
            channels,
            stride,
            before,
            row,
            plane,
        }
    }

    /// Numbers of a channel.
    fn channel(&self) -> usize {
        self.plane * self.stride[0] * self.stride[1]
    }

    /// Numbers of all planes.
    fn len(&self) -> usize {
        self.channels * self.channel()
    }

    /// Where the number at the padded place `at` of the first channel lies.
    fn offset(&self, at: [usize; 2]) -> usize {
        let remainder = [0, 1].map(|axis| at[axis] % self.stride[axis]);
        let plane = remainder[0] * self.stride[1] + remainder[1];
        plane * self.plane + at[0] / self.stride[0] * self.row + at[1] / self.stride[1]
    }

    /// Copies `x`, `[channels, height, width]`, into `copy`, whose padding is zero.
    fn take(&self, copy: &mut [f32], x: &[f32], [height, width]: [usize; 2]) {
        let images = copy.chunks_mut(self.channel());
        for (copy, x) in images.zip(x.chunks(height * width)) {
            for (y, x) in x.chunks(width).enumerate() {
                let at = y + self.before[0];
                if self.stride[1] == 1 {
                    copy[self.offset([at, self.before[1]])..][..width].copy_from_slice(x);
                    continue;
                }
                for first in 0..self.stride[1].min(width) {
                    let start = self.offset([at, first + self.before[1]]);
                    let count = (width - first).div_ceil(self.stride[1]);
                    let from = x[first..].iter().step_by(self.stride[1]);
                    for (copy, x) in copy[start..][..count].iter_mut().zip(from) {
                        *copy = *x;
                    }
                }
            }
        }
    }
}

/// Numbers from the first of the first row to the last of the last, up to whole registers.
fn span(places: [usize; 2], row: usize) -> usize {
    ((places[0] - 1) * row + places[1]).next_multiple_of(tile::LANES)
}

impl Convolution {
    /// From planes `[channels, height, width]` to `channels` planes; nothing when the window does not fit them once, or the
    /// planes have more than 2³¹ numbers.
    pub fn new(input: [usize; 3], channels: usize, window: Window) -> Option<Self> {
        let [depth, height, width] = input;
        let [down, across] = window.places([height, width])?;
        let output = [channels, down, across];
        let before = window.padding.map(|padding| padding[0]);
        let reach = [0, 1].map(|axis| (window.kernel[axis] - 1) * window.dilation[axis]);
        let [last_row, last] =
            [(down, 0), (across, 1)].map(|(n, axis)| (n - 1) * window.stride[axis] + reach[axis]);
        let rows = (height + before[0]).max(last_row + 1);
        let planes = Planes::new(input, window.stride, before, rows, (across, last));

        // A number of the input at padded place u is met from place U - K of the output, by the numbers of the window whose
        // reach is r + K · stride, where u = r + U · stride.
        let stride = window.stride;
        let lead = [0, 1].map(|axis| reach[axis] / stride[axis]);
        let size = [height, width];
        let top = [0, 1].map(|axis| (size[axis] - 1 + before[axis]) / stride[axis]);
        let back = Planes::new(
            output,
            [1; 2],
            lead,
            (top[0] + 1).max(down) + lead[0],
            (top[1] + 1, top[1] + lead[1]),
        );
        let sizes = [
            input.iter().try_fold(1, |n: usize, &m| n.checked_mul(m))?,
            output.iter().try_fold(1, |n: usize, &m| n.checked_mul(m))?,
            depth.checked_mul(planes.channel())?,
            channels.checked_mul(back.channel())?,
        ];
        if sizes.iter().any(|&numbers| numbers >= 1 << 31) {
            return None;
        }
        let kernel = || {
            let [kernel_height, kernel_width] = window.kernel;
            (0..kernel_height * kernel_width).map(move |k| {
                let at = [k / kernel_width, k % kernel_width];
                [0, 1].map(|axis| at[axis] * window.dilation[axis])
            })
        };
        let offsets = (0..depth)
            .flat_map(|c| kernel().map(move |at| (c * planes.channel() + planes.offset(at)) as u32))
            .collect();
        let remainders = (0..stride[0] * stride[1])
            .filter_map(|r| {
                let r = [r / stride[1], r % stride[1]];
                // The first U of each remainder that is behind the padding.
                let low =
                    [0, 1].map(|axis| before[axis].saturating_sub(r[axis]).div_ceil(stride[axis]));
                let first = [0, 1].map(|axis| low[axis] * stride[axis] + r[axis] - before[axis]);
                if first[0] >= height || first[1] >= width {
                    return None;
                }
                let places = [0, 1].map(|axis| (size[axis] - first[axis]).div_ceil(stride[axis]));
                let met: Vec<(usize, [usize; 2])> = kernel()
                    .enumerate()
                    .filter(|(_, at)| (0..2).all(|axis| at[axis] % stride[axis] == r[axis]))
                    .collect();
                let offset = |at: [usize; 2]| {
                    let at = [0, 1].map(|axis| low[axis] + lead[axis] - at[axis] / stride[axis]);
                    back.offset(at)
                };
                let offsets = (0..channels).flat_map(|o| {
                    let starts = met.iter();
                    starts.map(move |(_, at)| (o * back.channel() + offset(*at)) as u32)
                });
                Some(Remainder {
                    first,
                    places,
                    offsets: offsets.collect(),
                    kernel: met.iter().map(|(k, _)| *k).collect(),
                })
            })
            .collect();
        Some(Self {
            input,
            output,
            window,
            planes,
            offsets,
            back,
            remainders,
        })
    }

    /// `[channels, height, width]` of an input.
    pub fn input(&self) -> [usize; 3] {
        self.input
    }

    /// `[channels, height, width]` of an output.
    pub fn output(&self) -> [usize; 3] {
        self.output
    }

    /// The window.
    pub fn window(&self) -> Window {
        self.window
    }

    /// Numbers of the kernel, for one channel in and one out.
    fn kernel(&self) -> usize {
        self.window.kernel[0] * self.window.kernel[1]
    }

    /// `[rows, cols]` of the weight: `[channels out, channels in · kernel]`.
    pub fn weight(&self) -> [usize; 2] {
        [self.output[0], self.input[0] * self.kernel()]
    }

    /// Multiplications for one example.
    pub fn work(&self) -> usize {
        let [rows, cols] = self.weight();
        rows * cols * self.output[1] * self.output[2]
    }

    /// Numbers of memory that every call borrows.
    pub fn scratch(&self) -> usize {
        let [out, height, width] = self.output;
        let forward = self.planes.len() + out * span([height, width], self.planes.row);
        let widest = self.remainders.iter();
        let widest = widest.map(|r| span(r.places, self.back.row)).max();
        let [rows, cols] = self.weight();
        let back = self.back.len() + self.input[0] * widest.unwrap_or(0) + rows * cols;
        let group =
            self.group() * (self.planes.len() + out * span([height, width], self.planes.row));
        forward.max(back).max(group) + 2 * SLACK
    }

    /// Examples whose copies are summed over at once.
    fn group(&self) -> usize {
        let [out, height, width] = self.output;
        let example = self.planes.len() + out * span([height, width], self.planes.row);
        (GROUP_NUMBERS / example.max(1)).clamp(1, 64)
    }

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

    /// `dx`, from `dy`; with a bias of one number a channel of the input, a transposed convolution.
    ///
    /// Shapes: `dy` `[rows, output]`, `dx` `[rows, input]`, `weight` as [`Self::weight`], `bias` `[channels in]` or empty;
    /// `scratch` as [`Self::scratch`], with any content.
    pub fn input_gradient(
        &self,
        dy: MatrixRef<'_>,
        weight: &[f32],
        bias: &[f32],
        mut dx: MatrixMut<'_>,
        scratch: &mut [f32],
    ) {
        let [depth, height, width] = self.input;
        let (out, kernel, cols) = (self.output[0], self.kernel(), self.weight()[1]);
        let (copy, rest) = scratch.split_at_mut(self.back.len() + SLACK);
        let (turned, sums) = rest.split_at_mut(weight.len());
        copy.fill(0.0);
        // The weight turned: for each remainder, a row for each channel of the input.
        let mut numbers = turned.iter_mut();
        for remainder in &self.remainders {
            for c in 0..depth {
                for o in 0..out {
                    let row = &weight[o * cols + c * kernel..][..kernel];
                    for (&k, to) in remainder.kernel.iter().zip(&mut numbers) {
                        *to = row[k];
                    }
                }
            }
        }
        let stride = self.window.stride;
        for (dy, dx) in dy.iter_rows().zip(dx.iter_rows_mut()) {
            self.back.take(copy, dy, [self.output[1], self.output[2]]);
            if self.remainders.len() < stride[0] * stride[1] {
                fill(dx, bias, height * width);
            }
            let mut left = &*turned;
            for remainder in &self.remainders {
                let span = span(remainder.places, self.back.row);
                let (own, rest) = left.split_at(depth * remainder.offsets.len());
                left = rest;
                ARCH.dispatch(Shifted {
                    out: &mut sums[..depth * span],
                    span,
                    left: own,
                    right: copy,
                    offsets: &remainder.offsets,
                });
                let planes = dx.chunks_mut(height * width).zip(sums.chunks(span));
                for (c, (dx, sums)) in planes.enumerate() {
                    let bias = bias.get(c).copied().unwrap_or(0.0);
                    let rows = dx.chunks_mut(width).skip(remainder.first[0]);
                    let rows = rows.step_by(stride[0]).zip(sums.chunks(self.back.row));
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

/// `y = x + bias`, as many as `y` has.
fn add(y: &mut [f32], x: &[f32], bias: f32) {
    for (y, x) in y.iter_mut().zip(x) {
        *y = x + bias;
    }
}

/// Fills each plane with its bias.
fn fill(x: &mut [f32], bias: &[f32], plane: usize) {
    for (c, x) in x.chunks_mut(plane).enumerate() {
        x.fill(bias.get(c).copied().unwrap_or(0.0));
    }
}
