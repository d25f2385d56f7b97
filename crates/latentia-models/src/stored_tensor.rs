//! Tensors beside a model's own.

use safetensors::Dtype;
use safetensors::tensor::TensorView;

/// A tensor as it lies in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTensor {
    /// Its name in the file.
    pub name: String,
    /// The type of its elements.
    pub dtype: Dtype,
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Its elements, little-endian.
    pub bytes: Vec<u8>,
}

impl From<(&str, TensorView<'_>)> for StoredTensor {
    fn from((name, tensor): (&str, TensorView<'_>)) -> Self {
        Self {
            name: name.into(),
            dtype: tensor.dtype(),
            shape: tensor.shape().to_vec(),
            bytes: tensor.data().to_vec(),
        }
    }
}
