//! The parts of the input's gradient: one for each remainder of a place by the stride.

use super::layout::{Planes, reaches};
use crate::Window;

/// The numbers of the input whose padded place has one remainder by the stride.
#[derive(Clone, Debug)]
pub(super) struct Remainder {
    /// The first place, and how many there are, `stride` apart.
    pub(super) first: [usize; 2],
    pub(super) places: [usize; 2],
    /// The window's numbers that meet them.
    pub(super) kernel: Vec<usize>,
    /// Where in the copy of the output each of them begins, channel after channel.
    pub(super) offsets: Vec<u32>,
}

impl Remainder {
    /// All that occur in planes of `size`, whose outputs, of `channels` channels, are laid out as `back`.
    pub(super) fn all(
        size: [usize; 2],
        channels: usize,
        window: Window,
        back: &Planes,
    ) -> Vec<Self> {
        let [down, across] = window.stride;
        (0..down * across)
            .filter_map(|r| Self::new([r / across, r % across], size, channels, window, back))
            .collect()
    }

    /// That of remainder `r`, if any place has it.
    fn new(
        r: [usize; 2],
        size: [usize; 2],
        channels: usize,
        window: Window,
        back: &Planes,
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
        let (kernel, starts): (Vec<usize>, Vec<usize>) = reaches(window)
            .enumerate()
            .filter(|(_, reach)| (0..2).all(|axis| reach[axis] % stride[axis] == r[axis]))
            .map(|(k, reach)| {
                let lead = back.before();
                let start = [0, 1].map(|axis| low[axis] + lead[axis] - reach[axis] / stride[axis]);
                (k, back.offset(start))
            })
            .unzip();
        let offsets = (0..channels).flat_map(|o| {
            let starts = starts.iter();
            starts.map(move |start| (o * back.channel() + start) as u32)
        });
        Some(Self {
            first,
            places,
            offsets: offsets.collect(),
            kernel,
        })
    }
}
