//! What is known of a convolution before it runs.

use super::layout::{Layout, kernel_offsets, span};
use super::remainder::Remainder;
use crate::Window;

/// Elements that a tile may read or write beyond its last.
pub(super) const SLACK: usize = 256;

/// Elements of copies that stay in the second-level cache together.
const GROUP_NUMBERS: usize = 1 << 15;

/// A convolution of feature maps of one size: `y[o, p] = Σ_{c, k} w[o, c, k] · x[c, p · stride + k · dilation - padding]`.
///
/// Weights are `[channels out, channels in · kernel height · kernel width]`, as PyTorch has them.
#[derive(Clone, Debug)]
pub struct Convolution {
    pub(super) input: [usize; 3],
    pub(super) output: [usize; 3],
    pub(super) window: Window,
    /// Of the input, for forward and for the weight's gradient.
    pub(super) input_layout: Layout,
    /// Where in the copy the slice of each element of a weight's row begins.
    pub(super) offsets: Vec<u32>,
    /// Of the output, for the input's gradient.
    pub(super) output_layout: Layout,
    pub(super) remainders: Vec<Remainder>,
}

impl Convolution {
    /// From maps `[channels, height, width]` to `channels` maps; `None` when the window does not fit them once, or they have
    /// more than 2³¹ elements.
    pub fn new(input: [usize; 3], channels: usize, window: Window) -> Option<Self> {
        let [depth, height, width] = input;
        let [down, across] = window.places([height, width])?;
        let output = [channels, down, across];
        let input_layout = Layout::of_input(input, output, window);
        let output_layout = Layout::of_output(input, output, window);
        let sizes = [
            input.iter().try_fold(1, |n: usize, &m| n.checked_mul(m))?,
            output.iter().try_fold(1, |n: usize, &m| n.checked_mul(m))?,
            depth.checked_mul(input_layout.channel())?,
            channels.checked_mul(output_layout.channel())?,
        ];
        if sizes.iter().any(|&len| len >= 1 << 31) {
            return None;
        }
        let offsets = (0..depth).flat_map(|c| {
            let starts = kernel_offsets(window).map(|offset| input_layout.offset(offset));
            starts.map(move |start| (c * input_layout.channel() + start) as u32)
        });
        Some(Self {
            input,
            output,
            window,
            input_layout,
            offsets: offsets.collect(),
            output_layout,
            remainders: Remainder::all([height, width], channels, window, &output_layout),
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

    /// Elements of the kernel, for one channel in and one out.
    pub(super) fn kernel(&self) -> usize {
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

    /// Elements of the workspace that every call borrows.
    pub fn workspace(&self) -> usize {
        let [out, height, width] = self.output;
        let forward = self.input_layout.len() + out * span([height, width], self.input_layout.row);
        let widest = self.remainders.iter();
        let widest = widest.map(|r| span(r.places, self.output_layout.row)).max();
        let [rows, cols] = self.weight();
        let back = self.output_layout.len() + self.input[0] * widest.unwrap_or(0) + rows * cols;
        let group = self.group()
            * (self.input_layout.len() + out * span([height, width], self.input_layout.row));
        forward.max(back).max(group) + 2 * SLACK
    }

    /// Examples whose copies are summed over at once.
    pub(super) fn group(&self) -> usize {
        let [out, height, width] = self.output;
        let example = self.input_layout.len() + out * span([height, width], self.input_layout.row);
        (GROUP_NUMBERS / example.max(1)).clamp(1, 64)
    }
}
