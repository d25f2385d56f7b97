//! One part of a model, run on one row at a time.

use latentia_nn::{Block, Chain, Mode, Place};

use super::model::Autoencoder;
use crate::Code;

/// The encoder or the decoder of a model with the memory to run it on one row at a time, as coding with a stack needs it.
///
/// A row gives the same bits as in [`Autoencoder::encode`] and [`Autoencoder::decode`] where all layers are exact for a row
/// alone, and always the same bits as before, whatever the processor's instruction set.
#[derive(Debug)]
pub struct Network<'a> {
    chain: &'a Chain,
    block: Block,
}

impl Autoencoder {
    /// From an example in the model's scale, `[width]`, to the means and the log-variances of its code before their bound,
    /// `[2 code_width]`; see [`latentia_nn::Gaussian`]. `None` where codes have no distribution.
    pub fn posterior(&self) -> Option<Network<'_>> {
        let layers = 0..self.sections.code.end - 1;
        let block = || Block::for_use(&self.chain, layers, Mode::Use, 1);
        matches!(self.spec.code, Code::Gaussian { .. }).then(|| Network {
            chain: &self.chain,
            block: block(),
        })
    }

    /// From a code, `[code_width]`, to the likelihood's outputs; see [`latentia_nn::Likelihood`].
    pub fn decoder(&self) -> Network<'_> {
        let layers = self.sections.decoder.clone();
        Network {
            chain: &self.chain,
            block: Block::for_use(&self.chain, layers, Mode::Use, 1),
        }
    }
}

impl Network<'_> {
    /// The output for one row.
    ///
    /// # Panics
    /// When `input` is not as wide as the first layer's.
    pub fn run(&mut self, input: &[f32]) -> &[f32] {
        self.block
            .input_mut(1, &[])
            .row_mut(0)
            .copy_from_slice(input);
        self.block.forward(self.chain, Place::default());
        self.block.output().row(0)
    }
}
