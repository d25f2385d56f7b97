//! A picture of 8-bit colours, written as PNG.

use std::io::{self, Write};
use std::path::Path;

use latentia_models::write_atomically;

use super::tile::Tile;

/// A grey that is neither black nor white, so that the border of every tile shows.
pub(super) const SHEET: [u8; 3] = [112; 3];

/// A finished picture, to write.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Row after row, `width * height` of them.
    pub(super) pixels: Vec<[u8; 3]>,
}

impl Picture {
    /// An empty sheet of `width` by `height` pixels inside its margin.
    pub(super) fn sheet(tile: &Tile, width: usize, height: usize) -> Self {
        let margin = 2 * tile.gap();
        let (width, height) = (width + 2 * margin, height + 2 * margin);
        Self {
            width,
            height,
            pixels: vec![SHEET; width * height],
        }
    }

    /// Paints one example; `x` and `y` count from the corner inside the margin.
    pub(super) fn paint(&mut self, tile: &Tile, x: usize, y: usize, example: &[f32]) {
        assert_eq!(
            example.len(),
            tile.values,
            "an example has as many values as its shape"
        );
        let margin = 2 * tile.gap();
        for row in 0..tile.layout.height * tile.scale {
            let start = (margin + y + row) * self.width + margin + x;
            for column in 0..tile.layout.width * tile.scale {
                let cell = row / tile.scale * tile.layout.width + column / tile.scale;
                self.pixels[start + column] = tile.colour(example, cell);
            }
        }
    }

    /// A sheet of one colour.
    pub(super) fn blank(width: usize, height: usize, colour: [u8; 3]) -> Self {
        Self {
            width,
            height,
            pixels: vec![colour; width * height],
        }
    }

    /// Paints a rectangle, as far as it is on the sheet.
    pub(super) fn fill(
        &mut self,
        [x, y]: [usize; 2],
        [width, height]: [usize; 2],
        colour: [u8; 3],
    ) {
        let columns = x.min(self.width)..(x + width).min(self.width);
        for row in y.min(self.height)..(y + height).min(self.height) {
            let own = row * self.width;
            self.pixels[own + columns.start..own + columns.end].fill(colour);
        }
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Writes the picture as a PNG with 8 bits a channel: greyscale if no pixel has a colour, else RGB.
    ///
    /// The file appears under its name only when it is complete, in place of one that was there.
    ///
    /// # Errors
    /// When the file cannot be written; the message names it.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        Ok(write_atomically(path, |out| self.encode(out))?)
    }

    /// The file that [`Self::write`] writes.
    ///
    /// # Errors
    /// When the picture is larger than a PNG can be.
    pub fn png(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.encode(&mut bytes)?;
        Ok(bytes)
    }

    fn encode(&self, out: impl Write) -> io::Result<()> {
        let side = |n: usize| u32::try_from(n).map_err(io::Error::other);
        let (width, height) = (side(self.width)?, side(self.height)?);
        let mut encoder = png::Encoder::new(out, width, height);
        encoder.set_depth(png::BitDepth::Eight);
        let grey = self.pixels.iter().all(|[r, g, b]| r == g && g == b);
        if grey {
            encoder.set_color(png::ColorType::Grayscale);
            let levels: Vec<u8> = self.pixels.iter().map(|[level, ..]| *level).collect();
            let mut writer = encoder.write_header()?;
            writer.write_image_data(&levels)?;
            writer.finish()?;
        } else {
            encoder.set_color(png::ColorType::Rgb);
            let mut writer = encoder.write_header()?;
            writer.write_image_data(self.pixels.as_flattened())?;
            writer.finish()?;
        }
        Ok(())
    }
}
