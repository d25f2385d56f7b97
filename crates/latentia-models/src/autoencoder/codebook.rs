//! The vectors of a vector-quantised code.

use latentia_nn::CodeValues;
use latentia_tensor::{Matrix, Rows};

use super::inference::{Run, for_each_block};
use super::model::Autoencoder;
use crate::ModelError;

impl Autoencoder {
    /// The codebook, where codes are vector-quantised: `[vectors, dimension]`.
    pub fn codebook(&self) -> Option<&Matrix> {
        let CodeValues::Codebook { .. } = self.latent.values() else {
            return None;
        };
        let codebook = self
            .chain
            .parameters_of(self.sections.code.end - 1)
            .first()?;
        Some(&codebook.value)
    }

    /// Which vectors of the codebook the codes of all examples are made of, one code after the other. Empty for codes without a
    /// codebook.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn encode_indices(&self, examples: &dyn Rows) -> Result<Vec<u32>, ModelError> {
        let (scaled, latent) = (self.scaled(examples)?, self.latent());
        let layers = 0..self.sections.decoder.start;
        let last = layers.end - 1;
        let mut indices = Vec::new();
        for_each_block(&self.chain, Run::of(layers), &scaled, |_, tape| {
            for saved in tape.trace(last).saved.iter_rows() {
                latent.read_indices(saved, &mut indices);
            }
            Ok::<_, ModelError>(())
        })?;
        Ok(indices)
    }
}
