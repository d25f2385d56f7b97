//! One image as its code.

use latentia_tensor::Matrix;

use super::model::Autoencoder;
use crate::ModelError;

/// An image reduced to its code by [`Autoencoder::compress_image`].
#[derive(Clone, Debug, PartialEq)]
pub struct CompressedImage {
    /// The code, as wide as the model's.
    pub code: Vec<f32>,
    /// Elements of the image over elements of the code. (Elements, not bytes: real bytes need a quantiser and a coder.)
    pub ratio: f64,
}

impl Autoencoder {
    /// Reduces one image, given in the data's own scale, bytes as values in `[0, 1]`, to its code.
    ///
    /// # Errors
    /// When the image is not as wide as the model's examples.
    pub fn compress_image(&self, image: &[f32]) -> Result<CompressedImage, ModelError> {
        let row = Matrix::from_vec(1, image.len(), image.to_vec());
        Ok(CompressedImage {
            code: self.encode(&row)?.into_vec(),
            ratio: image.len() as f64 / self.code_width() as f64,
        })
    }

    /// The image that a code stands for, in the data's own scale.
    ///
    /// # Errors
    /// When the code is not as wide as the model's.
    pub fn decompress_image(&self, compressed: &CompressedImage) -> Result<Vec<f32>, ModelError> {
        let code = Matrix::from_vec(1, compressed.code.len(), compressed.code.clone());
        Ok(self.decode(&code)?.into_vec())
    }
}
