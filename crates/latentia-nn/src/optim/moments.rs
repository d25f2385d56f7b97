//! What an optimiser remembers of a parameter.

use latentia_tensor::Matrix;

/// A parameter's gradient and the optimiser's memory of it.
#[derive(Clone, Debug)]
pub struct Moments {
    /// Gradient of the last step.
    pub gradient: Matrix,
    /// First moment.
    pub first: Matrix,
    /// Second moment.
    pub second: Matrix,
}

impl Moments {
    /// Those of a parameter like `value`, before the first step.
    pub fn new(value: &Matrix) -> Self {
        let zeros = || Matrix::zeros(value.rows(), value.cols());
        Self {
            gradient: zeros(),
            first: zeros(),
            second: zeros(),
        }
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        for matrix in [&mut self.gradient, &mut self.first, &mut self.second] {
            matrix.as_mut_slice().fill(0.0);
        }
    }
}
