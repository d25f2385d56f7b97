//! Examples as tiles on a sheet, with words around them.

use latentia_tensor::{ExampleShape, MatrixRef};

use super::curves::curves;
use super::picture::Picture;
use super::text::{LETTER, SMALL, shortened};
use super::tile::Tile;

const WORDS: [u8; 3] = [255; 3];

/// Examples beside each other, where nothing else decides.
pub const COLUMNS: usize = 10;
/// Examples beside each other in a comparison.
const PAIRS: usize = 10;

/// The words around the tiles of a sheet; what there are none of takes no margins. Texts that are too long are shortened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sheet<'a> {
    /// Above all.
    pub title: &'a str,
    /// Above the columns.
    pub columns: &'a [String],
    /// To the left of the rows; of a comparison, of the sets in each band.
    pub rows: &'a [String],
    /// Below the tiles of a grid, or the columns of a comparison.
    pub captions: &'a [String],
}

/// Pixels around the tiles that words take, and between the rows of tiles.
struct Margins {
    top: usize,
    left: usize,
    /// The lines of a caption.
    caption: usize,
    /// From one small line to the next.
    line: usize,
}

impl Sheet<'_> {
    /// Draws sets of examples above each other, column by column: originals above their reconstructions; of windows of series, the
    /// last set over the first.
    ///
    /// Ten columns make a band; further ones go into further bands below, set apart by a wider gap. Where one of the sets has more rows,
    /// the rest is left out.
    ///
    /// # Shapes
    /// Each of `sets`: `[examples, product of shape]`. `shape`: that of a picture in grey or RGB, see
    /// [`PixelLayout::of_grey_or_rgb`](super::PixelLayout::of_grey_or_rgb); examples of any other are drawn as a near-square tile,
    /// value after value.
    ///
    /// # Panics
    /// When the columns of a set are not the product of `shape`.
    pub fn comparison(&self, sets: &[MatrixRef<'_>], shape: impl Into<ExampleShape>) -> Picture {
        let shape = shape.into();
        if let [first, .., last] = sets
            && shape.is_series()
        {
            return curves((self.title, self.captions), *first, Some(*last), shape[1]);
        }
        let tile = Tile::new(shape);
        let margins = self.margins(&tile);
        let columns = sets.iter().map(|set| set.rows()).min().unwrap_or_default();
        let bands = columns.div_ceil(PAIRS);
        let band_height = tile.extent(sets.len(), tile.layout.height);
        let band_pitch = band_height + margins.caption + 4 * tile.gap();
        let width = tile.extent(columns.min(PAIRS), tile.layout.width);
        let height = (bands * band_pitch).saturating_sub(4 * tile.gap());
        let mut picture = self.blank(&tile, &margins, [width, height]);
        let corner = |index: usize, place: usize| {
            let x = (index % PAIRS) * tile.pitch(tile.layout.width);
            let y = (index / PAIRS) * band_pitch + place * tile.pitch(tile.layout.height);
            [margins.left + x, margins.top + y]
        };
        for (index, text) in self.captions.iter().take(columns).enumerate() {
            let [x, y] = corner(index, 0);
            self.write_below(&mut picture, &tile, &margins, [x, y + band_height], text);
        }
        for band in 0..bands {
            for (place, text) in self.rows.iter().take(sets.len()).enumerate() {
                self.write_beside(&mut picture, &tile, corner(band * PAIRS, place)[1], text);
            }
        }
        for (place, set) in sets.iter().enumerate() {
            for (index, example) in set.iter_rows().take(columns).enumerate() {
                let [x, y] = corner(index, place);
                picture.paint(&tile, x, y, example);
            }
        }
        picture
    }

    /// Draws images in reading order, `columns` beside each other (at least one); windows of series as curves.
    ///
    /// # Shapes
    /// `images`: `[examples, product of shape]`; `shape` as in [`comparison`](Self::comparison).
    ///
    /// # Panics
    /// When the columns of `images` are not the product of `shape`.
    pub fn grid(
        &self,
        images: MatrixRef<'_>,
        shape: impl Into<ExampleShape>,
        columns: usize,
    ) -> Picture {
        let shape = shape.into();
        if shape.is_series() {
            return curves((self.title, self.captions), images, None, shape[1]);
        }
        let tile = Tile::new(shape);
        let margins = self.margins(&tile);
        let columns = columns.min(images.rows()).max(1);
        let rows = images.rows().div_ceil(columns);
        let pitch = tile.pitch(tile.layout.height) + margins.caption;
        let width = tile.extent(columns, tile.layout.width);
        let height = tile.extent(rows, tile.layout.height) + rows * margins.caption;
        let mut picture = self.blank(&tile, &margins, [width, height]);
        for (row, text) in self.rows.iter().take(rows).enumerate() {
            self.write_beside(&mut picture, &tile, margins.top + row * pitch, text);
        }
        for (index, image) in images.iter_rows().enumerate() {
            let x = margins.left + (index % columns) * tile.pitch(tile.layout.width);
            let y = margins.top + (index / columns) * pitch;
            picture.paint(&tile, x, y, image);
            if let Some(text) = self.captions.get(index) {
                let y = y + tile.layout.height * tile.scale;
                self.write_below(&mut picture, &tile, &margins, [x, y], text);
            }
        }
        picture
    }

    fn margins(&self, tile: &Tile) -> Margins {
        let gap = tile.gap();
        let line = SMALL + gap;
        let title = if self.title.is_empty() {
            0
        } else {
            LETTER + 2 * gap
        };
        let columns = if self.columns.is_empty() { 0 } else { line };
        let longest = self.rows.iter().map(|text| text.chars().count()).max();
        let lines = self.captions.iter().map(|text| text.lines().count()).max();
        Margins {
            top: title + columns,
            left: longest.map_or(0, |letters| letters * SMALL + 2 * gap),
            caption: line * lines.unwrap_or_default(),
            line,
        }
    }

    /// A sheet for tiles that take `width` by `height` pixels, with its title and the words above its columns.
    fn blank(&self, tile: &Tile, margins: &Margins, [width, height]: [usize; 2]) -> Picture {
        let mut picture = Picture::sheet(tile, margins.left + width, margins.top + height);
        let margin = 2 * tile.gap();
        picture.write_title([margin, margin], self.title, margins.left + width, WORDS);
        let pitch = tile.pitch(tile.layout.width);
        for (column, text) in self.columns.iter().enumerate() {
            let text = shortened(text, pitch / SMALL);
            let inset =
                (tile.layout.width * tile.scale).saturating_sub(text.chars().count() * SMALL);
            let x = margin + margins.left + column * pitch + inset / 2;
            if x < margin + margins.left + width {
                let y = margin + margins.top - margins.line;
                picture.write_caption([x, y], &text, WORDS);
            }
        }
        picture
    }

    /// Writes to the left of the row of tiles at `y`.
    fn write_beside(&self, picture: &mut Picture, tile: &Tile, y: usize, text: &str) {
        let margin = 2 * tile.gap();
        let middle = (tile.layout.height * tile.scale).saturating_sub(SMALL) / 2;
        picture.write_caption([margin, margin + y + middle], text, WORDS);
    }

    /// Writes a caption below the tile that ends at `y`.
    fn write_below(
        &self,
        picture: &mut Picture,
        tile: &Tile,
        margins: &Margins,
        [x, y]: [usize; 2],
        text: &str,
    ) {
        let margin = 2 * tile.gap();
        let letters = tile.layout.width * tile.scale / SMALL;
        for (number, text) in text.lines().enumerate() {
            let text = shortened(text, letters);
            let own = text.chars().count() * SMALL;
            let x = margin + x + (tile.layout.width * tile.scale).saturating_sub(own) / 2;
            let y = margin + y + tile.gap() + number * margins.line;
            picture.write_caption([x, y], &text, WORDS);
        }
    }
}

/// Draws one image as it is, a pixel for each of its own and nothing around it.
///
/// # Shapes
/// `image`: `[product of shape]`; `shape` as in [`Sheet::comparison`].
pub fn exact(image: &[f32], shape: impl Into<ExampleShape>) -> Picture {
    let tile = Tile::new(shape);
    let cells = 0..tile.layout.height * tile.layout.width;
    Picture {
        width: tile.layout.width,
        height: tile.layout.height,
        pixels: cells.map(|cell| tile.colour(image, cell)).collect(),
    }
}
