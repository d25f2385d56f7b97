//! What a name or a path stands for.

use crate::dataset::Dataset;

/// The examples that a name or a path stands for.
///
/// ```
/// use latentia_data::{Locations, load};
/// use latentia_tensor::Rows;
///
/// let digits = load("mnist-mini", &Locations::new(None))?;
/// assert_eq!(digits.train.rows(), 5_000);
/// let test = digits.test.ok_or("the set has test examples")?;
/// assert_eq!(test.shape(), digits.train.shape());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Source {
    /// Those to train on: all that a file holds.
    pub train: Dataset,
    /// Those to test on, where the set keeps some apart.
    pub test: Option<Dataset>,
}
