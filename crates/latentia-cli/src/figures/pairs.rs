//! Examples of a model above what it makes of them.

use std::collections::BTreeMap;

use latentia_models::Autoencoder;
use latentia_tensor::{Matrix, MatrixMut, Rows, Subset, Targets};

use super::picture::Picture;
use super::sheet::Sheet;

/// The examples `indices` above their reconstructions, and above their targets where they have some. Values outside `[0, 1]` are drawn on the scale of the originals.
///
/// # Errors
/// When the examples do not fit the model or cannot be read.
pub fn reconstruction_pairs(
    model: &Autoencoder,
    (examples, indices): (&dyn Rows, &[u32]),
    captions: &[String],
) -> anyhow::Result<Picture> {
    let shown = Subset::new(examples, indices.to_vec());
    let originals = model.inputs(&shown)?;
    let mut sets = vec![originals, model.reconstruct(&shown)?];
    let title = match model.shape().is_series() {
        true => "original in black, reconstruction in blue, the error below",
        false if examples.has_targets() => {
            sets.push(model.inputs(&Targets(&shown))?);
            "examples, their reconstructions, and what these were to be"
        }
        false => "originals above reconstructions",
    };
    let sheet = Sheet {
        title,
        captions,
        ..Sheet::default()
    };
    Ok(above_each_other(model, sets, &sheet))
}

/// A picture of sets of examples, each above the next; of windows of series, the last over the first.
pub fn above_each_other(model: &Autoencoder, mut sets: Vec<Matrix>, sheet: &Sheet<'_>) -> Picture {
    if !model.shape().is_series() {
        let values = sets.first().map_or(&[][..], |first| first.as_slice());
        let (low, high) = (values.iter()).fold((0.0f32, 1.0f32), |(low, high), &x| {
            (low.min(x), high.max(x))
        });
        for matrix in &mut sets {
            to_brightness(matrix.view_mut(), low, high);
        }
    }
    let sets: Vec<_> = sets.iter().map(Matrix::view).collect();
    sheet.comparison(&sets, model.shape())
}

fn to_brightness(mut matrix: MatrixMut<'_>, low: f32, high: f32) {
    for x in matrix.as_mut_slice() {
        *x = (*x - low) / (high - low);
    }
}

/// At most `count` examples that stand for all: of each class in turn where they have classes, else evenly spaced.
pub fn mixed(examples: &dyn Rows, count: usize) -> Vec<u32> {
    let rows = examples.rows() as u32;
    let count = count.min(rows as usize);
    let mut classes: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for row in (0..rows).rev() {
        if let Some(label) = examples.label(row) {
            classes.entry(label).or_default().push(row);
        }
    }
    if classes.is_empty() {
        let spaced = |i: usize| (i * rows as usize / count) as u32;
        return (0..count).map(spaced).collect();
    }
    // Of more classes than are shown, evenly spaced ones.
    let step = (classes.len() / count.max(1)).max(1);
    let mut classes: Vec<Vec<u32>> = classes.into_values().step_by(step).collect();
    let mut shown = Vec::new();
    while shown.len() < count && classes.iter().any(|class| !class.is_empty()) {
        shown.extend(classes.iter_mut().filter_map(Vec::pop));
    }
    shown.truncate(count);
    shown
}
