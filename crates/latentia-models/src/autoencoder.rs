//! The one model type.

use std::io;

use latentia_nn::{Block, Chain, Likelihood};
use latentia_tensor::{Matrix, MatrixRef, Rows};

use crate::inference::{fold_blocks, for_each_block, run};
use crate::{ModelError, ModelSpec, Scaled, Scaling};

/// An autoencoder: a chain of layers, cut at the code.
///
/// Made by [`ModelSpec::build`], taught by [`crate::Training`], kept by [`crate::ModelFile`].
#[derive(Debug)]
pub struct Autoencoder {
    pub(crate) spec: ModelSpec,
    pub(crate) shape: Vec<usize>,
    /// That of unscaled values until training examples have been seen.
    pub(crate) scaling: Scaling,
    pub(crate) chain: Chain,
    pub(crate) encoder_layers: usize,
}

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
        &self.scaling
    }

    /// What the output means.
    pub fn likelihood(&self) -> Likelihood {
        self.spec.likelihood
    }

    /// Sets the last bias: one number for each of an example's.
    pub(crate) fn set_output_bias(&mut self, bias: &[f32]) {
        let parameters = self.chain.parameters_mut().iter_mut();
        if let Some(last) = parameters.rev().find(|parameter| parameter.name == "bias") {
            last.value.as_mut_slice().copy_from_slice(bias);
        }
    }

    /// `examples` as the model sees them.
    ///
    /// # Errors
    /// When their width is not the model's.
    pub fn scaled<'a>(&'a self, examples: &'a dyn Rows) -> Result<Scaled<'a>, ModelError> {
        check_width(examples.cols(), self.width())?;
        Ok(Scaled::new(examples, &self.scaling))
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
        check_width(codes.cols(), self.code_width())?;
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
            |first, block| see(first, block.output()).map_err(ModelError::Codes),
        )
    }

    /// Runs the whole chain over the examples and lets each of a fixed number of slots gather what `add` takes of its
    /// blocks: of the input, in the model's scale, and of the output, before the likelihood. The slots in order.
    pub(crate) fn fold_outputs<S: Send>(
        &self,
        examples: &dyn Rows,
        start: impl Fn() -> S,
        add: impl Fn(&mut S, &Block) + Sync,
    ) -> Result<Vec<S>, ModelError> {
        let scaled = self.scaled(examples)?;
        let layers = 0..self.chain.layers().len();
        Ok(fold_blocks(&self.chain, layers, &scaled, start, add)?)
    }
}

fn check_width(seen: usize, expected: usize) -> Result<(), ModelError> {
    match seen == expected {
        true => Ok(()),
        false => Err(ModelError::Width { seen, expected }),
    }
}
