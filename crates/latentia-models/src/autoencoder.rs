//! The one model type.

use std::io;

use latentia_nn::{Chain, Likelihood};
use latentia_tensor::{Matrix, MatrixRef, Rows};

use crate::inference::{for_each_block, run};
use crate::{ModelError, ModelSpec, Scaled, Scaling};

/// An autoencoder: a chain of layers, cut at the code.
///
/// Made by [`ModelSpec::build`], taught by [`crate::Training`], kept by [`crate::ModelFile`].
#[derive(Debug)]
pub struct Autoencoder {
    pub(crate) spec: ModelSpec,
    pub(crate) shape: Vec<usize>,
    /// Known once training examples have been seen.
    pub(crate) scaling: Option<Scaling>,
    pub(crate) chain: Chain,
    pub(crate) encoder_layers: usize,
}

/// The scale of examples before any were seen.
static UNSCALED: std::sync::LazyLock<Scaling> = std::sync::LazyLock::new(|| Scaling {
    shift: vec![0.0],
    divisor: vec![1.0],
});

impl Autoencoder {
    /// What the model is made of.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// Shape of one example.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Numbers in an example.
    pub fn width(&self) -> usize {
        self.shape.iter().product()
    }

    /// Numbers in a code.
    pub fn code_width(&self) -> usize {
        self.chain.layers()[self.encoder_layers - 1].outputs()
    }

    /// The layers with their parameters, encoder first.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// How many of the chain's layers are the encoder's.
    pub fn encoder_layers(&self) -> usize {
        self.encoder_layers
    }

    /// How raw values become the model's.
    pub fn scaling(&self) -> &Scaling {
        self.scaling.as_ref().unwrap_or(&UNSCALED)
    }

    /// What the output means.
    pub fn likelihood(&self) -> Likelihood {
        self.spec.likelihood
    }

    /// `examples` as the model sees them.
    ///
    /// # Errors
    /// When their width is not the model's.
    pub fn scaled<'a>(&'a self, examples: &'a dyn Rows) -> Result<Scaled<'a>, ModelError> {
        self.check_width(examples.cols(), self.width())?;
        Ok(Scaled::new(examples, self.scaling()))
    }

    fn check_width(&self, seen: usize, expected: usize) -> Result<(), ModelError> {
        match seen == expected {
            true => Ok(()),
            false => Err(ModelError::Width { seen, expected }),
        }
    }

    /// Codes of all examples: `[rows, code_width]`.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn encode(&self, examples: &dyn Rows) -> Result<Matrix, ModelError> {
        let scaled = self.scaled(examples)?;
        Ok(run(&self.chain, 0..self.encoder_layers, &scaled)?)
    }

    /// Reconstructions from codes of shape `[rows, code_width]`, in the model's scale: `[rows, width]`.
    ///
    /// # Errors
    /// When the codes do not fit the model or cannot be read.
    pub fn decode(&self, codes: &dyn Rows) -> Result<Matrix, ModelError> {
        self.check_width(codes.cols(), self.code_width())?;
        let layers = self.encoder_layers..self.chain.layers().len();
        let mut outputs = run(&self.chain, layers, codes)?;
        self.likelihood().reconstruct(outputs.view_mut());
        Ok(outputs)
    }

    /// Examples encoded and decoded, in the model's scale: `[rows, width]`.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn reconstruct(&self, examples: &dyn Rows) -> Result<Matrix, ModelError> {
        let scaled = self.scaled(examples)?;
        let mut outputs = run(&self.chain, 0..self.chain.layers().len(), &scaled)?;
        self.likelihood().reconstruct(outputs.view_mut());
        Ok(outputs)
    }

    /// Hands each block of examples to `see` as `(first row, inputs, outputs)`, in order: inputs in the model's scale,
    /// outputs before the likelihood, both `[rows, width]`. Memory does not grow with the examples.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn for_each_output(
        &self,
        examples: &dyn Rows,
        mut see: impl FnMut(usize, MatrixRef<'_>, MatrixRef<'_>),
    ) -> Result<(), ModelError> {
        let scaled = self.scaled(examples)?;
        let layers = 0..self.chain.layers().len();
        for_each_block(&self.chain, layers, &scaled, |first, block| {
            see(first, block.input(), block.output());
            Ok::<_, io::Error>(())
        })?;
        Ok(())
    }

    /// Hands the codes of each block of examples to `see` as `(first row, codes)`, in order. Memory does not grow with the
    /// examples.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read, or `see` fails.
    pub fn for_each_code(
        &self,
        examples: &dyn Rows,
        mut see: impl FnMut(usize, MatrixRef<'_>) -> io::Result<()>,
    ) -> Result<(), ModelError> {
        let scaled = self.scaled(examples)?;
        for_each_block(
            &self.chain,
            0..self.encoder_layers,
            &scaled,
            |first, block| see(first, block.output()),
        )?;
        Ok(())
    }
}
