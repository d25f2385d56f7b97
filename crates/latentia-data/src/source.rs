//! What a name or a path stands for.

use crate::dataset::Dataset;

/// The examples that a name or a path stands for.
#[derive(Clone, Debug)]
pub struct Source {
    /// Those to train on: all that a file holds.
    pub train: Dataset,
    /// Those to test on, where the set keeps some apart.
    pub test: Option<Dataset>,
}
