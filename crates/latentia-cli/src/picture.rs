//! Pictures for people to look at: examples as tiles on a sheet, written as PNG.
//!
//! A tile is enlarged by a whole factor, without smoothing, so that its pixels are seen as they are. Numbers are taken
//! as brightness in `[0, 1]` and clamped to it; NaN is magenta, so that trouble is visible. The sheet is a grey that is
//! neither black nor white, so that the border of every tile shows.

use std::io::{self, Write};
use std::path::Path;

use latentia_models::write_atomically;
use latentia_tensor::MatrixRef;

/// Side that a tile is enlarged to, about, in pixels of the picture: 28 becomes three times 28.
const SIDE: usize = 84;
/// Pairs beside each other in a comparison.
const PAIRS: usize = 10;

const SHEET: [u8; 3] = [112; 3];
/// Fills the cells that an example without a shape leaves over in its last row.
const PAD: [u8; 3] = [64; 3];
const NOT_A_NUMBER: [u8; 3] = [255, 0, 255];

/// A finished picture, to write.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    width: usize,
    height: usize,
    /// Row after row, `width * height` of them.
    pixels: Vec<[u8; 3]>,
}

/// Draws originals above their reconstructions, column by column.
///
/// Ten pairs make a band; further pairs go into further bands below, set apart by a wider gap. Where one of the two
/// has more rows, the rest is left out.
///
/// # Shapes
/// `originals` and `reconstructions`: `[examples, product of shape]`. `shape`: `[height, width]`,
/// `[height, width, 1]`, `[height, width, 3]` (the colours of a pixel beside each other), `[1, height, width]` or
/// `[3, height, width]` (a plane for each colour); examples of any other shape are drawn as a near-square tile, number
/// after number. Where two would do, as for `[3, 8, 3]`, colours lie beside each other.
///
/// # Panics
/// When the columns of either are not the product of `shape`.
pub fn comparison(
    originals: MatrixRef<'_>,
    reconstructions: MatrixRef<'_>,
    shape: &[usize],
) -> Picture {
    let tile = Tile::new(shape);
    let pairs = originals.rows().min(reconstructions.rows());
    let bands = pairs.div_ceil(PAIRS);
    let band_height = tile.extent(2, tile.height);
    let band_pitch = band_height + 4 * tile.gap();

    let mut picture = Picture::sheet(
        &tile,
        tile.extent(pairs.min(PAIRS), tile.width),
        (bands * band_pitch).saturating_sub(4 * tile.gap()),
    );
    for (index, (above, below)) in originals
        .iter_rows()
        .zip(reconstructions.iter_rows())
        .enumerate()
    {
        let x = (index % PAIRS) * tile.pitch(tile.width);
        let y = (index / PAIRS) * band_pitch;
        picture.paint(&tile, x, y, above);
        picture.paint(&tile, x, y + tile.pitch(tile.height), below);
    }
    picture
}

/// Draws images in reading order, `columns` beside each other (at least one).
///
/// # Shapes
/// `images`: `[examples, product of shape]`; `shape` as in [`comparison`].
///
/// # Panics
/// When the columns of `images` are not the product of `shape`.
pub fn grid(images: MatrixRef<'_>, shape: &[usize], columns: usize) -> Picture {
    let tile = Tile::new(shape);
    let columns = columns.min(images.rows()).max(1);
    let rows = images.rows().div_ceil(columns);

    let mut picture = Picture::sheet(
        &tile,
        tile.extent(columns, tile.width),
        tile.extent(rows, tile.height),
    );
    for (index, image) in images.iter_rows().enumerate() {
        let x = (index % columns) * tile.pitch(tile.width);
        let y = (index / columns) * tile.pitch(tile.height);
        picture.paint(&tile, x, y, image);
    }
    picture
}

/// Draws one image as it is, a pixel for each of its own and nothing around it.
///
/// # Shapes
/// `image`: `[product of shape]`; `shape` as in [`comparison`].
pub fn exact(image: &[f32], shape: &[usize]) -> Picture {
    let tile = Tile::new(shape);
    let cells = 0..tile.height * tile.width;
    Picture {
        width: tile.width,
        height: tile.height,
        pixels: cells.map(|cell| tile.colour(image, cell)).collect(),
    }
}

/// How one example becomes a rectangle.
struct Tile {
    /// In cells, as are all lengths but those of the methods below.
    height: usize,
    width: usize,
    /// Numbers in a cell: 1 or 3.
    channels: usize,
    /// Whether the colours of all cells follow each other, instead of the cells.
    planes: bool,
    /// Numbers in an example; fewer than the cells hold where the shape is not an image's.
    numbers: usize,
    /// Pixels of the picture along a cell.
    scale: usize,
}

impl Tile {
    fn new(shape: &[usize]) -> Self {
        let numbers: usize = shape.iter().product();
        let (height, width, channels) = match *shape {
            [height, width] | [height, width, 1] => (height, width, 1),
            [height, width, 3] | [3, height, width] => (height, width, 3),
            [1, height, width] => (height, width, 1),
            _ => {
                let width = numbers.isqrt() + usize::from(numbers.isqrt().pow(2) < numbers);
                (numbers.div_ceil(width.max(1)), width, 1)
            }
        };
        let side = height.max(width).max(1);
        Self {
            height,
            width,
            channels,
            planes: channels == 3 && shape.last() != Some(&3),
            numbers,
            scale: ((SIDE + side / 2) / side).max(1),
        }
    }

    /// Pixels between two tiles; the margin is twice as wide.
    fn gap(&self) -> usize {
        // Tiles of few cells would stand far apart with a gap of a whole cell.
        self.scale.clamp(2, 4)
    }

    /// Pixels from the start of a tile to the start of the next, `cells` being its height or width.
    fn pitch(&self, cells: usize) -> usize {
        cells * self.scale + self.gap()
    }

    /// Pixels of `count` tiles with their gaps.
    fn extent(&self, count: usize, cells: usize) -> usize {
        (count * self.pitch(cells)).saturating_sub(self.gap())
    }

    /// Colour of cell `cell`, counted row after row.
    fn colour(&self, example: &[f32], cell: usize) -> [u8; 3] {
        let number = |channel: usize| match self.planes {
            true => channel * self.height * self.width + cell,
            false => cell * self.channels + channel,
        };
        let last = number(self.channels - 1);
        match example.get(last) {
            None => PAD,
            Some(_) => {
                // A grey cell has one number for all three.
                let values =
                    [0, 1, 2].map(|channel| example[number(channel.min(self.channels - 1))]);
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

impl Picture {
    /// An empty sheet of `width` by `height` pixels inside its margin.
    fn sheet(tile: &Tile, width: usize, height: usize) -> Self {
        let margin = 2 * tile.gap();
        let (width, height) = (width + 2 * margin, height + 2 * margin);
        Self {
            width,
            height,
            pixels: vec![SHEET; width * height],
        }
    }

    /// Paints one example; `x` and `y` count from the corner inside the margin.
    fn paint(&mut self, tile: &Tile, x: usize, y: usize, example: &[f32]) {
        assert_eq!(
            example.len(),
            tile.numbers,
            "an example has as many numbers as its shape"
        );
        let margin = 2 * tile.gap();
        for row in 0..tile.height * tile.scale {
            let start = (margin + y + row) * self.width + margin + x;
            for column in 0..tile.width * tile.scale {
                let cell = row / tile.scale * tile.width + column / tile.scale;
                self.pixels[start + column] = tile.colour(example, cell);
            }
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

#[cfg(test)]
mod tests {
    use latentia_tensor::Matrix;

    use super::*;

    impl Picture {
        fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
            self.pixels[y * self.width + x]
        }
    }

    /// `rows` examples of equal numbers, the first 0, each next a tenth brighter.
    fn ramp(rows: usize, numbers: usize) -> Matrix {
        let data = (0..rows * numbers).map(|i| (i / numbers) as f32 / 10.0);
        Matrix::from_vec(rows, numbers, data.collect())
    }

    #[test]
    fn grid_has_gaps_and_a_margin() {
        // 28 cells of 3 pixels, gaps of 3, a margin of 6.
        let picture = grid(ramp(5, 784).view(), &[28, 28], 3);
        assert_eq!(picture.width(), 3 * 84 + 2 * 3 + 2 * 6);
        assert_eq!(picture.height(), 2 * 84 + 3 + 2 * 6);
        assert_eq!(picture.pixel(5, 6), SHEET);
        assert_eq!(picture.pixel(6, 6), [0; 3]);
        assert_eq!(picture.pixel(89, 89), [0; 3]);
        assert_eq!(picture.pixel(90, 89), SHEET);
        assert_eq!(picture.pixel(93, 89), [26; 3]);
        assert_eq!(picture.pixel(93, 93), [102; 3]);
        // The sixth place stays empty.
        assert_eq!(picture.pixel(200, 120), SHEET);
    }

    #[test]
    fn grid_is_as_narrow_as_its_images() {
        assert_eq!(grid(ramp(2, 784).view(), &[28, 28], 10).width(), 183);
        assert_eq!(grid(ramp(2, 784).view(), &[28, 28], 0).width(), 96);
        let empty = grid(ramp(0, 784).view(), &[28, 28], 10);
        assert_eq!((empty.width(), empty.height()), (96, 12));
    }

    #[test]
    fn comparison_sets_bands_apart() {
        let (above, below) = (ramp(11, 784), Matrix::zeros(12, 784));
        let picture = comparison(above.view(), below.view(), &[28, 28]);
        assert_eq!(picture.width(), 10 * 84 + 9 * 3 + 12);
        assert_eq!(picture.height(), 2 * (2 * 84 + 3) + 12 + 12);
        // The tenth pair, then the eleventh in the second band.
        let x = 6 + 9 * 87;
        assert_eq!(picture.pixel(x, 6), [230; 3]);
        assert_eq!(picture.pixel(x, 6 + 84), SHEET);
        assert_eq!(picture.pixel(x, 6 + 87), [0; 3]);
        let y = 6 + 171;
        assert_eq!(picture.pixel(6, y + 11), SHEET);
        assert_eq!(picture.pixel(6, y + 12), [255; 3]);
        assert_eq!(picture.pixel(6, y + 12 + 87), [0; 3]);
        assert_eq!(picture.pixel(6 + 87, y + 12), SHEET);
    }

    #[test]
    fn comparison_of_nothing_is_a_margin() {
        let picture = comparison(ramp(0, 4).view(), ramp(3, 4).view(), &[2, 2]);
        assert_eq!((picture.width(), picture.height()), (16, 16));
    }

    #[test]
    fn numbers_without_a_shape_become_a_padded_tile() {
        // Four by three cells for ten numbers.
        let tile = Tile::new(&[10]);
        assert_eq!((tile.width, tile.height, tile.scale), (4, 3, 21));
        let picture = grid(Matrix::zeros(1, 10).view(), &[10], 1);
        assert_eq!(picture.width(), 4 * 21 + 16);
        assert_eq!(picture.height(), 3 * 21 + 16);
        assert_eq!(picture.pixel(8 + 2 * 21 - 1, 8 + 2 * 21), [0; 3]);
        assert_eq!(picture.pixel(8 + 2 * 21, 8 + 2 * 21), PAD);
        for (numbers, side) in [(1, 1), (2, 2), (4, 2), (9, 3), (100, 10), (101, 11)] {
            assert_eq!(Tile::new(&[numbers]).width, side, "{numbers} numbers");
        }
        assert_eq!(Tile::new(&[0]).height, 0);
    }

    #[test]
    fn large_images_keep_their_size() {
        assert_eq!(Tile::new(&[500, 400]).scale, 1);
        assert_eq!(Tile::new(&[32, 32, 3]).scale, 3);
    }

    #[test]
    fn colours_clamps_and_trouble() {
        let nan = f32::NAN;
        let data = vec![-1.0, 0.5, 7.0, f32::INFINITY, nan, 0.0];
        let picture = grid(MatrixRef::new(&data, 1, 6), &[1, 2, 3], 1);
        assert_eq!(picture.pixel(8, 8), [0, 128, 255]);
        assert_eq!(picture.pixel(8 + 42, 8), NOT_A_NUMBER);
        let picture = grid(MatrixRef::new(&data, 1, 6), &[2, 3], 1);
        assert_eq!(picture.pixel(8, 8), [0; 3]);
        assert_eq!(picture.pixel(8 + 28, 8 + 28), NOT_A_NUMBER);
    }

    #[test]
    fn planes_of_colours_look_as_colours_beside_each_other() {
        let beside: Vec<f32> = (0..24).map(|i| i as f32 / 24.0).collect();
        let plane = |channel| (0..8).map(move |cell| 3 * cell + channel);
        let planes: Vec<f32> = (0..3usize).flat_map(plane).map(|i| beside[i]).collect();
        let expected = grid(MatrixRef::new(&beside, 1, 24), &[2, 4, 3], 1);
        let obtained = grid(MatrixRef::new(&planes, 1, 24), &[3, 2, 4], 1);
        assert_eq!(obtained, expected);
        let grey = grid(MatrixRef::new(&beside, 1, 24), &[4, 6], 1);
        for shape in [[4, 6, 1], [1, 4, 6]] {
            assert_eq!(grid(MatrixRef::new(&beside, 1, 24), &shape, 1), grey);
        }
    }

    fn decode(path: &Path) -> (png::ColorType, usize, usize, Vec<u8>) {
        let file = io::BufReader::new(std::fs::File::open(path).expect("the picture"));
        let mut reader = png::Decoder::new(file).read_info().expect("a header");
        let size = reader.output_buffer_size().expect("a size");
        let mut bytes = vec![0; size];
        let info = reader.next_frame(&mut bytes).expect("an image");
        let (width, height) = (info.width as usize, info.height as usize);
        (info.color_type, width, height, bytes)
    }

    #[test]
    fn files_decode_to_the_same_pixels() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("picture.png");

        let grey = grid(ramp(3, 784).view(), &[28, 28], 2);
        grey.write(&path).expect("a written picture");
        let levels: Vec<u8> = grey.pixels.iter().map(|pixel| pixel[0]).collect();
        let expected = (
            png::ColorType::Grayscale,
            grey.width(),
            grey.height(),
            levels,
        );
        assert_eq!(decode(&path), expected);

        // Over the file that is there.
        let data = [1.0, 0.0, 0.0];
        let red = grid(MatrixRef::new(&data, 1, 3), &[1, 1, 3], 1);
        red.write(&path).expect("a written picture");
        let (kind, width, height, bytes) = decode(&path);
        assert_eq!((kind, width, height), (png::ColorType::Rgb, 100, 100));
        assert_eq!(bytes, red.pixels.as_flattened());
        assert_eq!(folder.path().read_dir().expect("a folder").count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let [picture, other] = ["a.png", "b"].map(|name| folder.path().join(name));
        grid(ramp(1, 1).view(), &[1], 1)
            .write(&picture)
            .expect("a written picture");
        std::fs::write(&other, "").expect("a file");
        let mode = |path: &Path| path.metadata().expect("a file").permissions().mode();
        assert_eq!(mode(&picture), mode(&other));
    }

    #[test]
    fn an_error_names_the_path() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("missing").join("picture.png");
        let error = grid(ramp(1, 1).view(), &[1], 1)
            .write(&path)
            .expect_err("no such folder");
        let expected = format!("cannot write `{}`: ", path.display());
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}
