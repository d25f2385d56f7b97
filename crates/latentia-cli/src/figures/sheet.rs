//! Examples as tiles on a sheet.

use latentia_tensor::{ExampleShape, MatrixRef};

use super::curves::curves;
use super::picture::Picture;
use super::text::{SMALL, shortened};
use super::tile::Tile;

const CAPTION: [u8; 3] = [255; 3];

/// Examples beside each other, where nothing else decides.
pub const COLUMNS: usize = 10;
/// Examples beside each other in a comparison.
const PAIRS: usize = 10;

/// Draws sets of examples above each other, column by column: originals above their reconstructions.
///
/// Below each column stands its caption, where there are some, as much of it as fits. Ten columns make a band; further ones go into further bands below, set apart by a wider gap. Where one of the sets
/// has more rows, the rest is left out.
///
/// # Shapes
/// Each of `sets`: `[examples, product of shape]`. `shape`: that of a picture in grey or RGB, see
/// [`PixelLayout::of_grey_or_rgb`](super::PixelLayout::of_grey_or_rgb); examples of any other are drawn as a near-square tile,
/// value after value.
///
/// # Panics
/// When the columns of a set are not the product of `shape`.
pub fn comparison(
    sets: &[MatrixRef<'_>],
    shape: impl Into<ExampleShape>,
    captions: &[String],
) -> Picture {
    let tile = Tile::new(shape);
    let columns = sets.iter().map(|set| set.rows()).min().unwrap_or_default();
    let bands = columns.div_ceil(PAIRS);
    let band_height = tile.extent(sets.len(), tile.layout.height);
    let lines = captions.iter().map(|text| text.lines().count()).max();
    let line = SMALL + tile.gap();
    let caption = line * lines.unwrap_or_default();
    let band_pitch = band_height + caption + 4 * tile.gap();

    let mut picture = Picture::sheet(
        &tile,
        tile.extent(columns.min(PAIRS), tile.layout.width),
        (bands * band_pitch).saturating_sub(4 * tile.gap()),
    );
    let letters = tile.layout.width * tile.scale / SMALL;
    for (index, text) in captions.iter().take(columns).enumerate() {
        let margin = 2 * tile.gap();
        let x = margin + (index % PAIRS) * tile.pitch(tile.layout.width);
        let y = margin + (index / PAIRS) * band_pitch + band_height + tile.gap();
        for (number, text) in text.lines().enumerate() {
            let corner = [x, y + number * line];
            picture.write_caption(corner, &shortened(text, letters), CAPTION);
        }
    }
    for (place, set) in sets.iter().enumerate() {
        for (index, example) in set.iter_rows().take(columns).enumerate() {
            let x = (index % PAIRS) * tile.pitch(tile.layout.width);
            let y = (index / PAIRS) * band_pitch + place * tile.pitch(tile.layout.height);
            picture.paint(&tile, x, y, example);
        }
    }
    picture
}

/// Draws images in reading order, `columns` beside each other (at least one); windows of series as curves.
///
/// # Shapes
/// `images`: `[examples, product of shape]`; `shape` as in [`comparison`].
///
/// # Panics
/// When the columns of `images` are not the product of `shape`.
pub fn grid(images: MatrixRef<'_>, shape: impl Into<ExampleShape>, columns: usize) -> Picture {
    let shape = shape.into();
    if shape.is_series() {
        return curves(images, None, shape[1]);
    }
    let tile = Tile::new(shape);
    let columns = columns.min(images.rows()).max(1);
    let rows = images.rows().div_ceil(columns);

    let mut picture = Picture::sheet(
        &tile,
        tile.extent(columns, tile.layout.width),
        tile.extent(rows, tile.layout.height),
    );
    for (index, image) in images.iter_rows().enumerate() {
        let x = (index % columns) * tile.pitch(tile.layout.width);
        let y = (index / columns) * tile.pitch(tile.layout.height);
        picture.paint(&tile, x, y, image);
    }
    picture
}

/// Draws one image as it is, a pixel for each of its own and nothing around it.
///
/// # Shapes
/// `image`: `[product of shape]`; `shape` as in [`comparison`].
pub fn exact(image: &[f32], shape: impl Into<ExampleShape>) -> Picture {
    let tile = Tile::new(shape);
    let cells = 0..tile.layout.height * tile.layout.width;
    Picture {
        width: tile.layout.width,
        height: tile.layout.height,
        pixels: cells.map(|cell| tile.colour(image, cell)).collect(),
    }
}
