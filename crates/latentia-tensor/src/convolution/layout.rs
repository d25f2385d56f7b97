//! Feature maps copied with their padding, such that each row of the matrix of windows is a slice of the copy.

use crate::Window;

/// A multiple of the elements of a register, on any processor.
const LANES: usize = 16;

/// How feature maps are laid out in their copy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    channels: usize,
    /// Maps of a channel: one for each remainder of the position by the stride.
    stride: [usize; 2],
    /// Zeros above and left.
    before: [usize; 2],
    /// Elements from the start of a row to that of the next.
    pub(super) row: usize,
    /// Elements of a map.
    map: usize,
}

impl Layout {
    /// Of the input of a convolution, for forward and for the weight's gradient.
    pub(super) fn of_input(
        input: [usize; 3],
        [_, down, across]: [usize; 3],
        window: Window,
    ) -> Self {
        let before = window.padding.map(|padding| padding[0]);
        let [last_row, last] = [(down, 0), (across, 1)]
            .map(|(places, axis)| (places - 1) * window.stride[axis] + window.extent()[axis] - 1);
        let rows = (input[1] + before[0]).max(last_row + 1);
        Self::new(input, window.stride, before, rows, (across, last))
    }

    /// Of the output of a convolution, for the input's gradient: an element of the input at padded position `u` is met from
    /// position `U - K` of the output, by the kernel's elements whose offset is `r + K · stride`, where `u = r + U · stride`.
    pub(super) fn of_output(
        [_, height, width]: [usize; 3],
        output: [usize; 3],
        window: Window,
    ) -> Self {
        let lead = [0, 1].map(|axis| (window.extent()[axis] - 1) / window.stride[axis]);
        let last = [(height, 0), (width, 1)]
            .map(|(size, axis)| (size - 1 + window.padding[axis][0]) / window.stride[axis]);
        let rows = (last[0] + 1).max(output[1]) + lead[0];
        let places = (last[1] + 1, last[1] + lead[1]);
        Self::new(output, [1; 2], lead, rows, places)
    }

    /// For maps that are read in slices of `places` elements, as far as column `last`, and down to row `rows`.
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
        let map = row * (rows.div_ceil(stride[0]) + 1);
        Self {
            channels,
            stride,
            before,
            row,
            map,
        }
    }

    /// Zeros above and left.
    pub(super) fn before(&self) -> [usize; 2] {
        self.before
    }

    /// Elements of a channel.
    pub(super) fn channel(&self) -> usize {
        self.map * self.stride[0] * self.stride[1]
    }

    /// Elements of all channels.
    pub(super) fn len(&self) -> usize {
        self.channels * self.channel()
    }

    /// Where the element at the padded position `at` of the first channel lies.
    pub(super) fn offset(&self, at: [usize; 2]) -> usize {
        let remainder = [0, 1].map(|axis| at[axis] % self.stride[axis]);
        let map = remainder[0] * self.stride[1] + remainder[1];
        map * self.map + at[0] / self.stride[0] * self.row + at[1] / self.stride[1]
    }

    /// Copies `x`, `[channels, height, width]`, into `copy`, whose padding is zero.
    pub(super) fn take(&self, copy: &mut [f32], x: &[f32], [height, width]: [usize; 2]) {
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

/// Elements from the first of the first row to the last of the last, up to whole registers.
pub(super) fn span(places: [usize; 2], row: usize) -> usize {
    ((places[0] - 1) * row + places[1]).next_multiple_of(LANES)
}

/// Offset of each of the kernel's elements from its first, dilated.
pub(super) fn kernel_offsets(window: Window) -> impl Iterator<Item = [usize; 2]> + Clone {
    let [height, width] = window.kernel;
    (0..height * width).map(move |k| {
        let at = [k / width, k % width];
        [0, 1].map(|axis| at[axis] * window.dilation[axis])
    })
}

/// `y = x + bias`, as many as `y` has.
pub(super) fn add(y: &mut [f32], x: &[f32], bias: f32) {
    for (y, x) in y.iter_mut().zip(x) {
        *y = x + bias;
    }
}
