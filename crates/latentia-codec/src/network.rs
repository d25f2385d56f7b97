//! One part of a model, run on one row at a time.

use std::ops::Range;

use latentia_models::{Autoencoder, Code};
use latentia_nn::{Block, Chain, Mode, Place};

/// The encoder or the decoder of a model with the memory to run it on one row at a time, as coding with a stack needs it.
///
/// A row gives the same bits as in [`Autoencoder::encode`] and [`Autoencoder::decode`] where all layers are exact for a row
/// alone, and always the same bits as before, whatever the processor's instruction set.
pub(crate) struct Network<'a> {
    chain: &'a Chain,
    block: Block,
}

impl<'a> Network<'a> {
    fn new(model: &'a Autoencoder, layers: Range<usize>) -> Self {
        let chain = model.chain();
        let block = Block::for_use(chain, layers, Mode::Use, 1);
        Self { chain, block }
    }

    /// From an example in the model's scale, `[width]`, to the means and the log-variances of its code before their bound,
    /// `[2 code_width]`; see [`latentia_nn::Gaussian`]. `None` where codes have no distribution.
    pub(crate) fn posterior(model: &'a Autoencoder) -> Option<Self> {
        let is_gaussian = matches!(model.spec().code, Code::Gaussian { .. });
        is_gaussian.then(|| Self::new(model, 0..model.sections().code.end - 1))
    }

    /// From a code, `[code_width]`, to the likelihood's outputs; see [`latentia_nn::Likelihood`].
    pub(crate) fn decoder(model: &'a Autoencoder) -> Self {
        Self::new(model, model.sections().decoder.clone())
    }

    /// The output for one row.
    ///
    /// # Panics
    /// When `input` is not as wide as the first layer's.
    pub(crate) fn run(&mut self, input: &[f32]) -> &[f32] {
        self.block
            .input_mut(1, &[])
            .row_mut(0)
            .copy_from_slice(input);
        self.block.forward(self.chain, Place::default());
        self.block.output().row(0)
    }
}
