//! How badly a model explains each single example: what does not belong has a high score.

use latentia_tensor::{Matrix, MatrixRef, Rows};

use crate::inference::for_each_block;
use crate::{Autoencoder, ModelError};

impl Autoencoder {
    /// The likelihood's loss of each example, in its unit, at the mean of its code: `[rows]`. High where the example does not
    /// look like those that the model learned from.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn scores(&self, examples: &dyn Rows) -> Result<Vec<f64>, ModelError> {
        let scaled = self.scaled(examples)?;
        let mut scores = Vec::with_capacity(examples.rows());
        let mut slopes = Matrix::zeros(1, self.width());
        for_each_block(self.chain(), self.whole(), &scaled, |_, block| {
            for (input, output) in block.input().iter_rows().zip(block.output().iter_rows()) {
                let (input, output) = (one_row(input), one_row(output));
                scores.push(self.likelihood().loss(output, input, 1, slopes.view_mut()));
            }
            Ok::<_, ModelError>(())
        })?;
        Ok(scores)
    }
}

fn one_row(row: &[f32]) -> MatrixRef<'_> {
    MatrixRef::new(row, 1, row.len())
}
