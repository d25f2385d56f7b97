//! Examples of a model above what it makes of them.

use latentia_models::Autoencoder;
use latentia_tensor::{Matrix, MatrixMut, Rows, Subset};

use super::curves::curves;
use super::picture::Picture;
use super::sheet::comparison;

/// The first `count` examples above their reconstructions. Values outside `[0, 1]` are drawn on the scale of the originals.
///
/// # Errors
/// When the examples do not fit the model or cannot be read.
pub fn reconstruction_pairs(
    model: &Autoencoder,
    examples: &dyn Rows,
    count: usize,
    captions: &[String],
) -> anyhow::Result<Picture> {
    let indices: Vec<u32> = (0..examples.rows().min(count) as u32).collect();
    let first = Subset::new(examples, indices);
    let originals = model.inputs(&first)?;
    let sets = vec![originals, model.reconstruct(&first)?];
    Ok(above_each_other(model, sets, captions))
}

/// A picture of sets of examples, each above the next, with `captions` below, if there are some; of windows of series, the last over the first.
pub fn above_each_other(
    model: &Autoencoder,
    mut sets: Vec<Matrix>,
    captions: &[String],
) -> Picture {
    if let [first, .., last] = &sets[..]
        && model.shape().is_series()
    {
        return curves(first.view(), Some(last.view()), model.shape()[1]);
    }
    let values = sets.first().map_or(&[][..], |first| first.as_slice());
    let (low, high) = (values.iter()).fold((0.0f32, 1.0f32), |(low, high), &x| {
        (low.min(x), high.max(x))
    });
    for matrix in &mut sets {
        to_brightness(matrix.view_mut(), low, high);
    }
    let sets: Vec<_> = sets.iter().map(Matrix::view).collect();
    comparison(&sets, model.shape(), captions)
}

fn to_brightness(mut matrix: MatrixMut<'_>, low: f32, high: f32) {
    for x in matrix.as_mut_slice() {
        *x = (*x - low) / (high - low);
    }
}
