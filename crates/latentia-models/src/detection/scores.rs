//! How badly a model explains each single example: what does not belong has a high score.

use latentia_nn::BLOCK_ROWS;
use latentia_tensor::Rows;

use crate::autoencoder::inference::for_each_block;
use crate::{Autoencoder, ModelError};

impl Autoencoder {
    /// The likelihood's loss of each example, in its unit, at the mean of its code: `[rows]`. High where the example does not
    /// look like those that the model learned from.
    ///
    /// # Errors
    /// When the examples do not fit the model, cannot be read, or have values so large that a score is not finite.
    pub fn score(&self, examples: &dyn Rows) -> Result<Vec<f64>, ModelError> {
        let scaled = self.scaled(examples)?;
        let mut scores = Vec::with_capacity(examples.rows());
        for_each_block(self.chain(), self.whole(), &scaled, |_, block| {
            let (inputs, outputs) = (block.input(), block.output());
            let mut losses = [0.0; BLOCK_ROWS];
            let losses = &mut losses[..inputs.rows()];
            self.likelihood().losses(outputs, inputs, losses);
            scores.extend_from_slice(losses);
            Ok::<_, ModelError>(())
        })?;
        // Only then is it worth another look at the examples.
        if !scores.iter().all(|score| score.is_finite()) {
            self.check_values(examples)?;
        }
        Ok(scores)
    }
}
