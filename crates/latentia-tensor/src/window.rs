//! A window that slides over feature maps.

use serde::Serialize;

/// What a convolution or a pooling looks at: a window of `kernel` elements, `dilation` apart, that moves by `stride` over a
/// feature map with `padding` zeros around it. All are `[down, across]`, padding is `[before, after]` of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Window {
    /// Elements of the window.
    pub kernel: [usize; 2],
    /// How far it moves.
    pub stride: [usize; 2],
    /// Distance of its elements.
    pub dilation: [usize; 2],
    /// Zeros around the map, before and after: `[[above, below], [left, right]]`.
    pub padding: [[usize; 2]; 2],
}

impl Window {
    /// A square window of `kernel` elements a side that moves by `stride`, without dilation and padding.
    pub fn square(kernel: usize, stride: usize) -> Self {
        Self {
            kernel: [kernel; 2],
            stride: [stride; 2],
            dilation: [1; 2],
            padding: [[0; 2]; 2],
        }
    }

    /// How far the window reaches: `(kernel - 1) · dilation + 1`.
    pub fn extent(&self) -> [usize; 2] {
        [0, 1].map(|axis| {
            let gaps = self.kernel[axis].saturating_sub(1);
            gaps.saturating_mul(self.dilation[axis]).saturating_add(1)
        })
    }

    /// Positions of the window on a map of `size`: `⌊(size + padding - extent) / stride⌋ + 1` each way; `None` when it does not
    /// fit once, or a kernel, a stride or a dilation is 0.
    pub fn places(&self, size: [usize; 2]) -> Option<[usize; 2]> {
        let sizes = [self.kernel, self.stride, self.dilation];
        if sizes.iter().flatten().any(|&n| n == 0) {
            return None;
        }
        let mut places = [0; 2];
        for axis in 0..2 {
            let [before, after] = self.padding[axis];
            let padded = size[axis].checked_add(before)?.checked_add(after)?;
            places[axis] = padded.checked_sub(self.extent()[axis])? / self.stride[axis] + 1;
        }
        Some(places)
    }

    /// Where element `at` of the window lies on a map of `size` when the window is at position `place`, along `axis`; `None`
    /// in the padding.
    pub(crate) fn position(
        &self,
        axis: usize,
        place: usize,
        at: usize,
        size: usize,
    ) -> Option<usize> {
        let padded = place * self.stride[axis] + at * self.dilation[axis];
        let position = padded.checked_sub(self.padding[axis][0])?;
        (position < size).then_some(position)
    }
}
