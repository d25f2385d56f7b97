//! What the benches share: their inputs.
//!
//! An id ends with the size. Shapes are those of the presets `mnist` and `tiny`, and [`BLOCK_ROWS`] rows are what a
//! training step hands to the kernels.
//!
//! ```sh
//! cargo bench -p latentia-benches -- --quick
//! cargo bench -p latentia-benches --bench step
//! ```

#![forbid(unsafe_code)]

use latentia_data::{Locations, load};
use latentia_nn::layers::Dense;
use latentia_nn::{Activation, Initializer, Layer};
use latentia_tensor::{Matrix, Rows, map_in_place};
use latentia_testing::numbers;

pub use latentia_nn::BLOCK_ROWS;

/// Pixels of an image of MNIST: the width of the preset `mnist`.
pub const PIXELS: usize = 784;

/// Hidden units of the preset `mnist`.
pub const HIDDEN: usize = 256;

/// Values in `[-1, 1)`, of shape `[rows, cols]`; another `seed` gives others.
pub fn matrix(seed: u64, rows: usize, cols: usize) -> Matrix {
    Matrix::from_vec(rows, cols, numbers(seed, rows * cols))
}

/// The training examples of the built-in set `name`, in `[0, 1]`.
///
/// # Panics
/// When no set of that name is built in.
pub fn examples(name: &str) -> Matrix {
    let set = load(name, &Locations::new(None))
        .expect("a built-in set")
        .train;
    let indices: Vec<u32> = (0..set.rows() as u32).collect();
    let mut examples = Matrix::zeros(set.rows(), set.cols());
    set.read(&indices, examples.view_mut()).expect("in memory");
    let full_scale = set.full_scale();
    map_in_place(examples.as_mut_slice(), |x| x / full_scale);
    examples
}

/// A dense layer with the presets' initial weights.
pub fn dense(inputs: usize, outputs: usize, activation: Activation) -> Box<dyn Layer> {
    Box::new(Dense::new(inputs, outputs, activation, Initializer::Glorot))
}
