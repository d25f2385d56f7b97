//! Encoding again and again.

use latentia_tensor::{MatrixMut, MatrixRef, Rows};

use super::inference::Run;
use super::model::Autoencoder;
use super::workspace::{Workspace, copy};
use crate::ModelError;

/// A model's encoder with the memory to run it: for codes again and again, or of one example with the least latency.
///
/// Codes have the bits that [`Autoencoder::encode`] gives, alone, in a batch of any size, and on any number of threads. Memory is
/// allocated by the first call, and by one with more examples than those before it, up to that of a block of examples for each
/// thread; other calls allocate nothing, where examples can be read without.
///
/// A model is shared by all threads, an encoder belongs to one of them.
///
/// ```
/// use latentia_models::ModelSpec;
/// use latentia_tensor::{Matrix, MatrixRef};
///
/// let spec: ModelSpec = toml::from_str(r#"
///     likelihood = "mse"
///     encoder = [{ layer = "dense", units = 8, activation = "tanh" }, { layer = "dense", units = 2 }]
///     decoder = [{ layer = "dense" }]
/// "#)?;
/// let model = spec.build(&[3], 42)?;
/// let mut encoder = model.encoder();
///
/// let code = encoder.encode_one(&[0.5, -1.0, 2.0])?.to_vec();
/// assert_eq!(code.len(), 2);
///
/// // Many at once, from memory that is borrowed, into memory that is borrowed.
/// let examples = [0.1, 0.2, 0.3, 0.5, -1.0, 2.0];
/// let mut codes = Matrix::zeros(2, 2);
/// encoder.encode_into(&MatrixRef::new(&examples, 2, 3), codes.view_mut())?;
/// assert_eq!(codes.row(1), code);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Encoder<'a> {
    model: &'a Autoencoder,
    workspace: Workspace<'a>,
}

impl<'a> Encoder<'a> {
    /// That of `model`; it has no memory yet.
    pub fn new(model: &'a Autoencoder) -> Self {
        let layers = 0..model.sections.decoder.start;
        let workspace = Workspace::new(&model.chain, Run::of(layers));
        Self { model, workspace }
    }

    /// Codes of all examples: row `i` of `codes`, `[rows, code_width]`, receives that of example `i`.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read, or `codes` has another shape.
    pub fn encode_into(
        &mut self,
        examples: &dyn Rows,
        codes: MatrixMut<'_>,
    ) -> Result<(), ModelError> {
        let scaled = self.model.scaled(examples)?;
        let seen = [codes.rows(), codes.cols()];
        let expected = [examples.rows(), self.model.code_width()];
        match seen == expected {
            true => Ok(self.workspace.write(&scaled, codes, copy)?),
            false => Err(ModelError::CodesShape { seen, expected }),
        }
    }

    /// The code of one example, `[width]`, in the scale that the model was trained on, bytes as fractions of 255: `[code_width]`.
    /// It runs on the calling thread.
    ///
    /// # Errors
    /// When the example is not as wide as the model, or the model is conditioned on a class, which
    /// [`crate::Labelled`] gives to [`Self::encode_into`].
    pub fn encode_one(&mut self, example: &[f32]) -> Result<&[f32], ModelError> {
        let example = MatrixRef::new(example, 1, example.len());
        Ok(self.workspace.first(&self.model.scaled(&example)?)?)
    }
}

impl Autoencoder {
    /// The encoder with memory that is kept from one call to the next.
    pub fn encoder(&self) -> Encoder<'_> {
        Encoder::new(self)
    }
}
