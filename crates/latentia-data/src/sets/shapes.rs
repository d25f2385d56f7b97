//! Pictures of shapes whose factors of variation are known.

use std::f64::consts::TAU;
use std::path::PathBuf;

use latentia_tensor::{Factors, split};

use super::named_set::NamedSet;
use crate::dataset::Dataset;
use crate::error::DataError;
use crate::source::Source;

/// White shapes on black, one for each combination of five factors, as dSprites is made (Matthey et al. 2017): drawn anew, in half as many
/// orientations and places, and at half the height and width, so that a pixel is the mean of four of 64 x 64.
///
/// The factors are independent of each other: shape, a square, an ellipse or a heart; scale, from half of the largest in 6 steps;
/// orientation, 20 of a whole turn; x and y, 16 places each. The class is the shape. A tenth of the combinations, drawn at random, are the
/// test part.
pub(crate) const SHAPES: NamedSet = NamedSet {
    name: "shapes",
    summary: "squares, ellipses and hearts of 6 sizes and 20 orientations in 16 x 16 places, drawn as dSprites is, with their factors",
    examples: (82_944, 9_216),
    shape: &[SIZE, SIZE],
    licence: "none",
    source: "computed by the program; dSprites by Loic Matthey, Irina Higgins, Demis Hassabis, Alexander Lerchner, \
             https://github.com/google-deepmind/dsprites-dataset",
    files: &[],
    unpacked: &[],
    mirrors: &[],
    load,
};

/// Rows of pixels, and pixels in a row.
const SIZE: usize = 32;

/// The factors and how many values each has; the last varies fastest.
const FACTORS: [(&str, u32); 5] = [
    ("shape", 3),
    ("scale", 6),
    ("orientation", 20),
    ("x", 16),
    ("y", 16),
];

/// Share of the combinations that are the test part.
const TEST: f64 = 0.1;

/// Half a side of the largest square, in pixels. None of these sizes puts an edge through a point that is asked for, where rounding would decide.
const SQUARE: f64 = 5.43;

/// Half the axes of the largest ellipse.
const ELLIPSE: [f64; 2] = [7.03, 4.01];

/// A pixel of which so many quarters are white.
const WHITE: [u8; 5] = [0, 64, 128, 191, 255];

/// The unit of the largest heart's curve.
const HEART: f64 = 5.57;

/// No shape reaches further from its centre.
const REACH: f64 = 8.0;

fn load(set: &NamedSet, _: &[PathBuf]) -> Result<Source, DataError> {
    let all = FACTORS.iter().map(|(_, size)| *size as usize).product();
    let (train, test) = split(all, TEST, 0);
    let part = |rows: &[u32]| {
        let mut pixels = Vec::with_capacity(rows.len() * SIZE * SIZE);
        let mut values = Vec::with_capacity(rows.len() * FACTORS.len());
        for &row in rows {
            let own = factors_of(row);
            add_picture(own, &mut pixels);
            values.extend(own);
        }
        let names = FACTORS.iter().map(|(name, _)| (*name).into());
        let factors = Factors::new(names.collect(), values);
        let labels = factors.column(0).collect();
        let pictures = Dataset::from_bytes(set.name, set.shape.to_vec(), pixels)?;
        pictures.with_labels(labels)?.with_factors(factors)
    };
    Ok(Source {
        train: part(&train)?,
        test: Some(part(&test)?),
    })
}

/// The values of the factors in combination `row`.
fn factors_of(mut row: u32) -> [u32; FACTORS.len()] {
    let mut values = [0; FACTORS.len()];
    for (value, (_, size)) in values.iter_mut().zip(FACTORS).rev() {
        *value = row % size;
        row /= size;
    }
    values
}

/// Appends the picture of a combination.
fn add_picture([shape, scale, orientation, x, y]: [u32; FACTORS.len()], pixels: &mut Vec<u8>) {
    let share = |value: u32, factor: usize| f64::from(value) / f64::from(FACTORS[factor].1 - 1);
    let size = 0.5 + 0.5 * share(scale, 1);
    let angle = TAU * f64::from(orientation) / f64::from(FACTORS[2].1);
    let place = |value, factor| REACH + (SIZE as f64 - 2.0 * REACH) * share(value, factor);
    draw(shape, size, angle, [place(x, 3), place(y, 4)], pixels);
}

/// Appends the picture of a shape whose centre is so many pixels from the left and from the top. A pixel is as white as the share of its four
/// quarters whose centres lie within the shape.
fn draw(shape: u32, size: f64, angle: f64, centre: [f64; 2], pixels: &mut Vec<u8>) {
    let (sin, cos) = angle.sin_cos();
    let is_white = |right: f64, down: f64| {
        // In the shape's own axes, the second one upwards.
        let own = [cos * right - sin * down, -sin * right - cos * down];
        is_within(shape, own.map(|at| at / size))
    };
    let first = pixels.len();
    pixels.resize(first + SIZE * SIZE, 0);
    let range = |centre: f64| {
        let ends = [centre - REACH * size, centre + REACH * size + 1.0];
        ends[0] as usize..SIZE.min(ends[1] as usize)
    };
    for row in range(centre[1]) {
        for column in range(centre[0]) {
            let quarters = [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]];
            let quarters = quarters.iter().filter(|[right, down]| {
                is_white(
                    column as f64 + right - centre[0],
                    row as f64 + down - centre[1],
                )
            });
            pixels[first + row * SIZE + column] = WHITE[quarters.count()];
        }
    }
}

/// Whether a point, in pixels from the centre of the largest shape, lies within it.
fn is_within(shape: u32, [x, y]: [f64; 2]) -> bool {
    match shape {
        0 => x.abs().max(y.abs()) <= SQUARE,
        1 => (x / ELLIPSE[0]).powi(2) + (y / ELLIPSE[1]).powi(2) <= 1.0,
        _ => {
            // (x² + y² - 1)³ ≤ x² y³
            let [x, y] = [x / HEART, y / HEART];
            (x * x + y * y - 1.0).powi(3) <= x * x * y.powi(3)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(values: [u32; FACTORS.len()]) -> Vec<u8> {
        let mut pixels = Vec::new();
        add_picture(values, &mut pixels);
        pixels
    }

    /// White pixels, and the mean of their columns and rows.
    fn moments(pixels: &[u8]) -> (f64, [f64; 2]) {
        let sum = |of: fn(usize) -> usize| -> f64 {
            let all = pixels.iter().enumerate();
            all.map(|(at, &x)| of(at) as f64 * f64::from(x)).sum()
        };
        let all = sum(|_| 1);
        (
            all / 255.0,
            [sum(|at| at % SIZE) / all, sum(|at| at / SIZE) / all],
        )
    }

    #[test]
    fn each_factor_changes_what_it_is_called() {
        for shape in 0..FACTORS[0].1 {
            let of = |scale, x, y| moments(&picture([shape, scale, 0, x, y]));
            // A step of a place is 16/15 of a pixel.
            let centre = of(5, 4, 4).1;
            for ([x, y], moved) in [([10, 4], [6.4, 0.0]), ([4, 15], [0.0, 11.73])] {
                let other = of(5, x, y).1;
                for axis in 0..2 {
                    let error = other[axis] - centre[axis] - moved[axis];
                    // A square moves by half pixels.
                    assert!(error.abs() < 0.3, "shape {shape} at {x}, {y}: {error}");
                }
            }
            let areas: Vec<f64> = (0..6).map(|scale| of(scale, 7, 7).0).collect();
            assert!(areas.is_sorted_by(|a, b| a < b), "shape {shape}: {areas:?}");
            assert!((3.2..5.0).contains(&(areas[5] / areas[0])), "{areas:?}");
        }
    }

    #[test]
    fn an_orientation_turns_a_shape_about_its_centre() {
        let at_middle = |shape, share: f64| {
            let mut pixels = Vec::new();
            let middle = SIZE as f64 / 2.0;
            draw(shape, 1.0, TAU * share, [middle; 2], &mut pixels);
            pixels
        };
        for shape in 0..3 {
            // By half a turn: the same pixels from the last on.
            let mut turned = at_middle(shape, 0.5);
            turned.reverse();
            let still = at_middle(shape, 0.0);
            assert_eq!(turned, still, "shape {shape}");
            // By a quarter, against the clock: what was on the right is above.
            let turned = at_middle(shape, 0.25);
            for (at, &pixel) in still.iter().enumerate() {
                let (row, column) = (at / SIZE, at % SIZE);
                let above = (SIZE - 1 - column) * SIZE + row;
                assert_eq!(turned[above], pixel, "shape {shape}, {row}, {column}");
            }
        }
    }

    #[test]
    fn no_shape_reaches_beyond_the_picture() {
        for shape in 0..3 {
            for degree in 0..360 {
                let (sin, cos) = f64::from(degree).to_radians().sin_cos();
                let farthest = [REACH * cos, REACH * sin];
                assert!(!is_within(shape, farthest), "{shape} at {degree} degrees");
            }
        }
    }
}
