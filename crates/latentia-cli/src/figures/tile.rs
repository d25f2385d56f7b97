//! One example as a rectangle of cells.
//!
//! A tile is enlarged by a whole factor, without smoothing, so that its pixels are seen as they are. Values are taken
//! as brightness in `[0, 1]` and clamped to it; NaN is magenta, so that it is seen.

use latentia_tensor::ExampleShape;

use super::layout::PixelLayout;

/// Side that a tile is enlarged to, about, in pixels of the picture: 28 becomes three times 28.
const SIDE: usize = 84;

/// Fills the cells that an example without a shape leaves over in its last row.
pub(super) const PAD: [u8; 3] = [64; 3];
pub(super) const NOT_A_NUMBER: [u8; 3] = [255, 0, 255];

/// How one example becomes a rectangle.
pub(super) struct Tile {
    /// The cells: in these are all lengths but those of the methods below.
    pub(super) layout: PixelLayout,
    /// Values of an example; fewer than the cells hold where the shape is not an image's.
    pub(super) values: usize,
    /// Pixels of the picture along a cell.
    pub(super) scale: usize,
}

impl Tile {
    pub(super) fn new(shape: impl Into<ExampleShape>) -> Self {
        let shape = shape.into();
        let values: usize = shape.iter().product();
        let near_square = || {
            let width = values.isqrt() + usize::from(values.isqrt().pow(2) < values);
            PixelLayout::grey_rows(values, width)
        };
        let layout = PixelLayout::of_grey_or_rgb(&shape).unwrap_or_else(near_square);
        let side = layout.height.max(layout.width).max(1);
        Self {
            layout,
            values,
            scale: ((SIDE + side / 2) / side).max(1),
        }
    }

    /// Pixels between two tiles; the margin is twice as wide.
    pub(super) fn gap(&self) -> usize {
        // Tiles of few cells would stand far apart with a gap of a whole cell.
        self.scale.clamp(2, 4)
    }

    /// Pixels from the start of a tile to the start of the next, `cells` being its height or width.
    pub(super) fn pitch(&self, cells: usize) -> usize {
        cells * self.scale + self.gap()
    }

    /// Pixels of `count` tiles with their gaps.
    pub(super) fn extent(&self, count: usize, cells: usize) -> usize {
        (count * self.pitch(cells)).saturating_sub(self.gap())
    }

    /// Colour of cell `cell`, counted row after row.
    pub(super) fn colour(&self, example: &[f32], cell: usize) -> [u8; 3] {
        let last = self.layout.channels - 1;
        match example.get(self.layout.index(cell, last)) {
            None => PAD,
            Some(_) => {
                // A grey cell has one value for all three.
                let values =
                    [0, 1, 2].map(|c: usize| example[self.layout.index(cell, c.min(last))]);
                match values.iter().any(|value| value.is_nan()) {
                    true => NOT_A_NUMBER,
                    false => values.map(level),
                }
            }
        }
    }
}

/// Brightness as a byte.
fn level(value: f32) -> u8 {
    // A cast from float to integer saturates, so infinities need no word of their own.
    (value * 255.0).round() as u8
}
