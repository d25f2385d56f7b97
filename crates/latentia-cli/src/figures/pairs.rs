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
) -> anyhow::Result<Picture> {
    let indices: Vec<u32> = (0..examples.rows().min(count) as u32).collect();
    let first = Subset::new(examples, indices);
    Ok(pairs(
        model,
        model.inputs(&first)?,
        model.reconstruct(&first)?,
    ))
}

/// A picture of two sets of examples, one above the other; of windows of series, the one over the other.
pub fn pairs(model: &Autoencoder, mut above: Matrix, mut below: Matrix) -> Picture {
    if model.shape().is_series() {
        return curves(above.view(), Some(below.view()), model.shape()[1]);
    }
    let values = above.as_slice().iter();
    let (low, high) = values.fold((0.0f32, 1.0f32), |(low, high), &x| {
        (low.min(x), high.max(x))
    });
    for matrix in [&mut above, &mut below] {
        to_brightness(matrix.view_mut(), low, high);
    }
    comparison(above.view(), below.view(), model.shape())
}

fn to_brightness(mut matrix: MatrixMut<'_>, low: f32, high: f32) {
    for x in matrix.as_mut_slice() {
        *x = (*x - low) / (high - low);
    }
}
