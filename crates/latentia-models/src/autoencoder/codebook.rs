//! Codes that are vectors of a codebook.

use latentia_nn::{CodeValues, Parameter};
use latentia_tensor::{Matrix, Rows};

use super::inference::{Run, for_each_block};
use super::model::Autoencoder;
use crate::ModelError;

impl Autoencoder {
    /// The codebook, where codes are made of one that is learned: `[vectors, dimension]`; of several one behind the other,
    /// `[codebooks · vectors, dimension]`.
    pub fn codebook(&self) -> Option<&Matrix> {
        let CodeValues::Codebook { .. } = self.latent.values() else {
            return None;
        };
        Some(&self.latent_parameters().first()?.value)
    }

    /// The parameters of the latent's last layer.
    fn latent_parameters(&self) -> &[Parameter] {
        self.chain.parameters_of(self.sections.code.end - 1)
    }

    /// Which vectors of the codebook the codes of all examples are made of, one code after the other. Empty for codes without a
    /// codebook. Of several codebooks the indices of one place stand side by side, in their order; each counts from 0.
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

    /// The codes that are made of these vectors of the codebook, one code after the other, `[codes, code_width]`: the way back from
    /// [`Self::encode_indices`].
    ///
    /// ```
    /// use latentia_models::ModelSpec;
    /// use latentia_tensor::Matrix;
    ///
    /// let spec: ModelSpec = toml::from_str(r#"
    ///     likelihood = "mse"
    ///     code = { kind = "finite-scalar-quantised", levels = [5, 3] }
    ///     encoder = [{ layer = "dense", units = 4 }]
    ///     decoder = [{ layer = "dense" }]
    /// "#)?;
    /// let model = spec.build(&[3], 42)?;
    /// let examples = Matrix::from_vec(2, 3, vec![1.0, -1.0, 0.5, -2.0, 1.0, 3.0]);
    /// let indices = model.encode_indices(&examples)?;
    /// assert_eq!(model.decode_indices(&indices)?, model.encode(&examples)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When codes have no codebook, the indices are not those of whole codes, or one is out of range.
    pub fn decode_indices(&self, indices: &[u32]) -> Result<Matrix, ModelError> {
        let values = self.latent.values();
        let CodeValues::Codebook { vectors, .. } = values else {
            return Err(ModelError::Indices {
                seen: format!("code is {}, without a codebook", self.latent.name()),
                valid: "codes from a codebook have indices: vector-quantised, finite-scalar-quantised, lookup-free-quantised, gumbel-softmax".into(),
            });
        };
        let of_code = values.indices(self.code_width());
        if !indices.len().is_multiple_of(of_code) {
            return Err(ModelError::Indices {
                seen: format!("{} indices are not whole codes", indices.len()),
                valid: format!("a code has {of_code}"),
            });
        }
        let is_out = |&&index: &&u32| index as usize >= vectors;
        if let Some(index) = indices.iter().find(is_out) {
            return Err(ModelError::Indices {
                seen: format!("index {index} is none of the codebook's {vectors} vectors"),
                valid: "they count from 0".into(),
            });
        }
        let mut codes = Matrix::zeros(indices.len() / of_code, self.code_width());
        let mut view = codes.view_mut();
        for (code, indices) in view.iter_rows_mut().zip(indices.chunks(of_code)) {
            self.latent
                .read_code(self.latent_parameters(), indices, code);
        }
        Ok(codes)
    }
}
