//! The parts of the input's gradient: one for each remainder of a position by the stride.

use super::layout::{Layout, kernel_offsets};
use crate::Window;

/// The elements of the input whose padded position has one remainder by the stride.
#[derive(Clone, Debug)]
pub(super) struct Remainder {
    /// The first position, and how many there are, `stride` apart.
    pub(super) first: [usize; 2],
    pub(super) places: [usize; 2],
    /// The kernel's elements that meet them.
    pub(super) kernel: Vec<usize>,
    /// Where in the copy of the output each of them begins, channel after channel.
    pub(super) offsets: Vec<u32>,
}

impl Remainder {
    /// All that occur in maps of `size`, whose outputs, of `channels` channels, are laid out as `layout`.
    pub(super) fn all(
        size: [usize; 2],
        channels: usize,
        window: Window,
        layout: &Layout,
    ) -> Vec<Self> {
        let [down, across] = window.stride;
        (0..down * across)
            .filter_map(|r| Self::new([r / across, r % across], size, channels, window, layout))
            .collect()
    }

    /// That of remainder `r`, if any position has it.
    fn new(
        r: [usize; 2],
        size: [usize; 2],
        channels: usize,
        window: Window,
        layout: &Layout,
    ) -> Option<Self> {
        let stride = window.stride;
        let before = window.padding.map(|padding| padding[0]);
        // The first U of each remainder that is behind the padding.
        let low = [0, 1].map(|axis| before[axis].saturating_sub(r[axis]).div_ceil(stride[axis]));
        let first = [0, 1].map(|axis| low[axis] * stride[axis] + r[axis] - before[axis]);
        if first[0] >= size[0] || first[1] >= size[1] {
            return None;
        }
        let places = [0, 1].map(|axis| (size[axis] - first[axis]).div_ceil(stride[axis]));
        let (kernel, starts): (Vec<usize>, Vec<usize>) = kernel_offsets(window)
            .enumerate()
            .filter(|(_, offset)| (0..2).all(|axis| offset[axis] % stride[axis] == r[axis]))
            .map(|(k, offset)| {
                let lead = layout.before();
                let start = [0, 1].map(|axis| low[axis] + lead[axis] - offset[axis] / stride[axis]);
                (k, layout.offset(start))
            })
            .unzip();
        let offsets = (0..channels).flat_map(|o| {
            let starts = starts.iter();
            starts.map(move |start| (o * layout.channel() + start) as u32)
        });
        Some(Self {
            first,
            places,
            offsets: offsets.collect(),
            kernel,
        })
    }
}
