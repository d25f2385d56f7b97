//! Windows of series as curves.

use latentia_tensor::MatrixRef;

use super::picture::Picture;
use super::text::{LETTER, SMALL, shortened};

/// Pixels of a panel: a window, and the error below it.
const WIDTH: usize = 300;
const HEIGHT: usize = 110;
const ERROR: usize = 36;

/// Pixels between panels and around them.
const GAP: usize = 14;

/// Panels beside each other.
const COLUMNS: usize = 3;

const PAPER: [u8; 3] = [255; 3];
const WORDS: [u8; 3] = [40; 3];
const PANEL: [u8; 3] = [240; 3];

// Told apart without colour vision (Okabe and Ito 2008).
const ORIGINAL: [u8; 3] = [40; 3];
const RECONSTRUCTION: [u8; 3] = [0, 114, 178];
const DIFFERENCE: [u8; 3] = [213, 94, 0];

/// Draws windows of `features` series, one value after another at each time step: all of a window in one panel, and where there
/// are `others` those over them, with the mean of `|difference|` over the features below. All panels have one scale; captions stand
/// above them.
///
/// # Shapes
/// `windows`, `others`: `[windows, time · features]`
pub(super) fn curves(
    (title, captions): (&str, &[String]),
    windows: MatrixRef<'_>,
    others: Option<MatrixRef<'_>>,
    features: usize,
) -> Picture {
    let both = || [Some(windows), others].into_iter().flatten();
    let values = both().flat_map(|matrix| matrix.iter_rows().flatten().copied());
    let known = values.filter(|x| x.is_finite());
    let (low, high) = known.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), x| {
        (low.min(x), high.max(x))
    });
    let scale = |x: f32| match high > low {
        true => (x - low) / (high - low),
        false => 0.5,
    };
    let below = if others.is_some() { ERROR } else { 0 };
    let (across, pitch) = (windows.rows().clamp(1, COLUMNS), HEIGHT + below + GAP);
    let top = match title {
        "" => GAP,
        _ => 2 * GAP + LETTER,
    };
    let width = GAP + across * (WIDTH + GAP);
    let mut picture = Picture::blank(
        width,
        top + windows.rows().div_ceil(across).max(1) * pitch,
        PAPER,
    );
    picture.write_title([GAP, GAP], title, width - 2 * GAP, WORDS);
    let of = |row: &[f32], feature: usize| -> Vec<f32> {
        row.iter()
            .skip(feature)
            .step_by(features)
            .map(|&x| scale(x))
            .collect()
    };
    for (index, row) in windows.iter_rows().enumerate() {
        let corner = [
            GAP + index % across * (WIDTH + GAP),
            top + index / across * pitch,
        ];
        if let Some(caption) = captions.get(index) {
            let caption = caption.lines().rev().collect::<Vec<_>>().join("  ");
            let above = [corner[0], corner[1] - SMALL - 2];
            picture.write_caption(above, &shortened(&caption, WIDTH / SMALL), WORDS);
        }
        picture.fill(corner, [WIDTH, HEIGHT], PANEL);
        for feature in 0..features {
            picture.curve(corner, [WIDTH, HEIGHT], &of(row, feature), ORIGINAL);
        }
        let Some(other) = others.map(|others| others.row(index)) else {
            continue;
        };
        let mut error = vec![0.0; row.len() / features];
        for feature in 0..features {
            let (own, made) = (of(row, feature), of(other, feature));
            picture.curve(corner, [WIDTH, HEIGHT], &made, RECONSTRUCTION);
            for (error, (own, made)) in error.iter_mut().zip(own.iter().zip(made)) {
                *error += (own - made).abs() / features as f32;
            }
        }
        picture.columns([corner[0], corner[1] + HEIGHT], [WIDTH, ERROR], &error);
    }
    picture
}

impl Picture {
    /// Draws values from 0, at the bottom, to 1 as a curve.
    fn curve(
        &mut self,
        [x, y]: [usize; 2],
        [width, height]: [usize; 2],
        values: &[f32],
        colour: [u8; 3],
    ) {
        let last = values.len().saturating_sub(1).max(1) as f32;
        let at = |column: usize| {
            let place = column as f32 / (width - 1) as f32 * last;
            let (before, part) = (place.floor() as usize, place.fract());
            let before = before.min(values.len() - 1);
            let after = (before + 1).min(values.len() - 1);
            values[before] + part * (values[after] - values[before])
        };
        let row = |value: f32| ((1.0 - value.clamp(0.0, 1.0)) * (height - 2) as f32) as usize;
        for column in 0..width {
            let (here, next) = (at(column), at((column + 1).min(width - 1)));
            if here.is_finite() && next.is_finite() {
                let (top, bottom) = (row(here).min(row(next)), row(here).max(row(next)));
                self.fill([x + column, y + top], [1, bottom - top + 2], colour);
            }
        }
    }

    /// Draws values from 0 to 1 as columns that hang from the top.
    fn columns(&mut self, [x, y]: [usize; 2], [width, height]: [usize; 2], values: &[f32]) {
        for column in 0..width {
            let value = values[column * values.len() / width];
            if value.is_finite() {
                let length = (value.clamp(0.0, 1.0) * height as f32).round() as usize;
                self.fill([x + column, y], [1, length], DIFFERENCE);
            }
        }
    }
}
