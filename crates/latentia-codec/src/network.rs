//! One part of a model, run on one row at a time.

use std::ops::Range;

use latentia_models::Autoencoder;
use latentia_nn::{Chain, Mode, Position, Tape};

/// The encoder or the decoder of a model with the memory to run it on one row at a time, as coding with a stack needs it.
///
/// A row gives the same bits as in [`Autoencoder::encode`] and [`Autoencoder::decode`] where all layers are exact for a row
/// alone, and always the same bits as before, whatever the processor's instruction set.
pub(crate) struct Network<'a> {
    chain: &'a Chain,
    tape: Tape,
}

impl<'a> Network<'a> {
    fn new(model: &'a Autoencoder, layers: Range<usize>) -> Self {
        let chain = model.chain();
        let tape = Tape::forward_only(chain, layers, Mode::Eval, 1);
        Self { chain, tape }
    }

    /// From an example in the model's scale, `[width]`, to the parameters of the posterior of its code; see
    /// [`latentia_nn::LatentDistribution`]. `None` where codes have no distribution.
    pub(crate) fn posterior(model: &'a Autoencoder) -> Option<Self> {
        model.latent().distribution()?;
        Some(Self::new(model, 0..model.sections().code.end - 1))
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
        self.tape
            .input_mut(1, &[])
            .row_mut(0)
            .copy_from_slice(input);
        self.tape.forward(self.chain, Position::default());
        self.tape.output().row(0)
    }
}
