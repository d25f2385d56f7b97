use std::io;
use std::path::Path;

use latentia_tensor::{Matrix, MatrixRef};

use super::layout::PixelLayout;
use super::pairs::mixed;
use super::picture::{Picture, SHEET};
use super::sheet::Sheet;
use super::tile::{NOT_A_NUMBER, PAD, Tile};

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
    let picture = Sheet::default().grid(ramp(5, 784).view(), &[28, 28], 3);
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
    assert_eq!(
        Sheet::default()
            .grid(ramp(2, 784).view(), &[28, 28], 10)
            .width(),
        183
    );
    assert_eq!(
        Sheet::default()
            .grid(ramp(2, 784).view(), &[28, 28], 0)
            .width(),
        96
    );
    let empty = Sheet::default().grid(ramp(0, 784).view(), &[28, 28], 10);
    assert_eq!((empty.width(), empty.height()), (96, 12));
}

#[test]
fn comparison_sets_bands_apart() {
    let (above, below) = (ramp(11, 784), Matrix::zeros(12, 784));
    let picture = Sheet::default().comparison(&[above.view(), below.view()], &[28, 28]);
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
fn captions_stand_below_and_are_shortened() {
    let (above, below) = (ramp(11, 784), Matrix::zeros(11, 784));
    let sets = [above.view(), below.view()];
    let captions = vec!["cats/a long name.png".to_owned(); 11];
    let sheet = Sheet {
        captions: &captions,
        ..Sheet::default()
    };
    let plain = Sheet::default().comparison(&sets, &[28, 28]);
    let named = sheet.comparison(&sets, &[28, 28]);
    assert_eq!(named.width(), plain.width());
    assert_eq!(named.height(), plain.height() + 2 * 11);
    // Ten letters of 8 pixels below a tile of 84, and none in the gap behind them.
    let row = |x: usize| (6 + 171 + 3..6 + 171 + 11).any(|y| named.pixel(x, y) == [255; 3]);
    assert!((6..90).any(row) && !(90..93).any(row));
}

#[test]
fn words_stand_around_the_tiles_and_move_none_of_them() {
    let plain = Sheet::default().grid(ramp(6, 784).view(), &[28, 28], 3);
    let texts = |texts: &[&str]| -> Vec<String> { texts.iter().map(ToString::to_string).collect() };
    let (columns, rows) = (texts(&["-3", "0", "3"]), texts(&["z1", "z2"]));
    let captions = texts(&["a", "b", "c", "d", "e", "f"]);
    let sheet = Sheet {
        title: "a title",
        columns: &columns,
        rows: &rows,
        captions: &captions,
    };
    let picture = sheet.grid(ramp(6, 784).view(), &[28, 28], 3);
    // A title of 16 and a line of 8 above, two letters to the left, a line below each row, with gaps of 3.
    let (top, left, caption) = (16 + 6 + 11, 16 + 6, 11);
    assert_eq!(picture.width(), plain.width() + left);
    assert_eq!(picture.height(), plain.height() + top + 2 * caption);
    for row in 0..2 {
        for y in 0..84 {
            for x in 0..3 * 87 - 3 {
                let (from, to) = (6 + row * 87 + y, 6 + top + row * (87 + caption) + y);
                let (old, new) = (plain.pixel(6 + x, from), picture.pixel(6 + left + x, to));
                assert_eq!(old, new, "row {row}, {y} down, {x} across");
            }
        }
    }
    let is_written = |xs: std::ops::Range<usize>, ys: std::ops::Range<usize>| {
        let mut pixels = ys.flat_map(|y| xs.clone().map(move |x| (x, y)));
        pixels.any(|(x, y)| picture.pixel(x, y) == [255; 3])
    };
    let tile = |column: usize| 6 + left + column * 87..6 + left + column * 87 + 84;
    assert!(is_written(6..6 + 7 * 16, 6..6 + 16), "a title");
    for column in 0..3 {
        assert!(is_written(tile(column), 6 + 22..6 + 30), "column {column}");
        let below = 6 + top + 84 + 3;
        assert!(
            is_written(tile(column), below..below + 8),
            "caption {column}"
        );
    }
    for row in 0..2 {
        let above = 6 + top + row * (87 + caption);
        assert!(is_written(6..6 + 16, above..above + 84), "row {row}");
    }
}

#[test]
fn mixed_examples_are_of_each_class_in_turn_or_evenly_spaced() {
    let rows = Matrix::zeros(12, 1);
    let labels = vec![7, 7, 7, 7, 7, 7, 2, 2, 2, 5, 7, 7];
    let labelled = latentia_models::Labelled::new(&rows, labels);
    assert_eq!(mixed(&labelled, 7), [6, 9, 0, 7, 1, 8, 2]);
    assert_eq!(mixed(&labelled, 20).len(), 12);
    assert_eq!(mixed(&labelled, 1), [6]);
    assert_eq!(mixed(&rows, 4), [0, 3, 6, 9]);
    assert_eq!(mixed(&rows, 20), (0..12).collect::<Vec<u32>>());
    assert!(mixed(&Matrix::zeros(0, 1), 5).is_empty());
}

#[test]
fn comparison_of_nothing_is_a_margin() {
    let picture = Sheet::default().comparison(&[ramp(0, 4).view(), ramp(3, 4).view()], &[2, 2]);
    assert_eq!((picture.width(), picture.height()), (16, 16));
}

#[test]
fn numbers_without_a_shape_become_a_padded_tile() {
    // Four by three cells for ten numbers.
    let tile = Tile::new(&[10]);
    assert_eq!(
        (tile.layout.width, tile.layout.height, tile.scale),
        (4, 3, 21)
    );
    let picture = Sheet::default().grid(Matrix::zeros(1, 10).view(), &[10], 1);
    assert_eq!(picture.width(), 4 * 21 + 16);
    assert_eq!(picture.height(), 3 * 21 + 16);
    assert_eq!(picture.pixel(8 + 2 * 21 - 1, 8 + 2 * 21), [0; 3]);
    assert_eq!(picture.pixel(8 + 2 * 21, 8 + 2 * 21), PAD);
    for (numbers, side) in [(1, 1), (2, 2), (4, 2), (9, 3), (100, 10), (101, 11)] {
        assert_eq!(
            Tile::new(&[numbers]).layout.width,
            side,
            "{numbers} numbers"
        );
    }
    assert_eq!(Tile::new(&[0]).layout.height, 0);
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
    let picture = Sheet::default().grid(MatrixRef::new(&data, 1, 6), &[1, 2, 3], 1);
    assert_eq!(picture.pixel(8, 8), [0, 128, 255]);
    assert_eq!(picture.pixel(8 + 42, 8), NOT_A_NUMBER);
    let picture = Sheet::default().grid(MatrixRef::new(&data, 1, 6), &[2, 3], 1);
    assert_eq!(picture.pixel(8, 8), [0; 3]);
    assert_eq!(picture.pixel(8 + 28, 8 + 28), NOT_A_NUMBER);
}

#[test]
fn planes_of_colours_look_as_colours_beside_each_other() {
    let beside: Vec<f32> = (0..30).map(|i| i as f32 / 30.0).collect();
    let plane = |channel| (0..10).map(move |cell| 3 * cell + channel);
    let planes: Vec<f32> = (0..3usize).flat_map(plane).map(|i| beside[i]).collect();
    let expected = Sheet::default().grid(MatrixRef::new(&beside, 1, 30), &[2, 5, 3], 1);
    let obtained = Sheet::default().grid(MatrixRef::new(&planes, 1, 30), &[3, 2, 5], 1);
    assert_eq!(obtained, expected);
    let grey = Sheet::default().grid(MatrixRef::new(&beside, 1, 30), &[5, 6], 1);
    for shape in [[5, 6, 1], [1, 5, 6]] {
        assert_eq!(
            Sheet::default().grid(MatrixRef::new(&beside, 1, 30), &shape, 1),
            grey
        );
    }
}

#[test]
fn a_shape_is_one_picture_to_all() {
    let layout = |shape: &[usize]| {
        let layout = PixelLayout::from(latentia_tensor::Picture::of(shape)?);
        Some((layout.height, layout.width, layout.channels))
    };
    for (shape, expected, has_colours) in [
        (&[5, 6][..], Some((5, 6, 1)), true),
        (&[5, 6, 1], Some((5, 6, 1)), true),
        (&[5, 6, 3], Some((5, 6, 3)), true),
        (&[3, 5, 6], Some((5, 6, 3)), true),
        (&[1, 5, 6], Some((5, 6, 1)), true),
        // Up to four channels come last, as a convolution takes them.
        (&[3, 8, 3], Some((3, 8, 3)), true),
        (&[3, 5, 4], Some((3, 5, 4)), false),
        (&[5, 6, 2], Some((5, 6, 2)), false),
        (&[16, 7, 7], Some((7, 7, 16)), false),
        (&[784], None, false),
        (&[2, 2, 2, 2], None, false),
    ] {
        assert_eq!(layout(shape), expected, "{shape:?}");
        assert_eq!(
            PixelLayout::of_grey_or_rgb(shape).is_some(),
            has_colours,
            "{shape:?}"
        );
        let tile = Tile::new(shape).layout;
        let drawn = Some((tile.height, tile.width, tile.channels));
        assert_eq!(drawn == expected, has_colours, "{shape:?}");
    }
    let layout = PixelLayout::of_grey_or_rgb(&[3, 1, 5]).expect("a picture");
    let apart: Vec<u8> = (0..15).collect();
    let expected = [0, 5, 10, 1, 6, 11, 2, 7, 12, 3, 8, 13, 4, 9, 14];
    assert_eq!(layout.channels_last(&apart), expected);
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

    let grey = Sheet::default().grid(ramp(3, 784).view(), &[28, 28], 2);
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
    let red = Sheet::default().grid(MatrixRef::new(&data, 1, 3), &[1, 1, 3], 1);
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
    Sheet::default()
        .grid(ramp(1, 1).view(), &[1], 1)
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
    let error = Sheet::default()
        .grid(ramp(1, 1).view(), &[1], 1)
        .write(&path)
        .expect_err("no such folder");
    let expected = format!("cannot write `{}`: ", path.display());
    assert!(error.to_string().starts_with(&expected), "{error}");
}
