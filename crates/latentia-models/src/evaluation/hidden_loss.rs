//! The loss of elements that are hidden from a masked autoencoder.

use latentia_nn::{BLOCK_ROWS, Objective, ObjectiveBuffers};
use latentia_tensor::Rows;

use crate::autoencoder::inference::{Run, fold_blocks};
use crate::{Autoencoder, ModelError};

impl Autoencoder {
    /// The likelihood's loss on the elements that the model's own corruption hides, in its unit, mean over `examples`, of a model whose
    /// [loss is counted on these](crate::LossOn::Hidden); `None` of others. Without what is added for the code; what is hidden, and samples of a code that has a distribution,
    /// are the same for the same `seed`.
    ///
    /// ```
    /// use latentia_models::ModelSpec;
    /// use latentia_tensor::Matrix;
    ///
    /// let spec: ModelSpec = toml::from_str(r#"
    ///     likelihood = "mse"
    ///     corruption = { kind = "patches", size = 2, rate = 0.5 }
    ///     loss-on = "hidden"
    ///     encoder = [{ layer = "dense", units = 3 }]
    ///     decoder = [{ layer = "dense", initializer = "zeros" }]
    /// "#)?;
    /// let model = spec.build(&[4, 4], 42)?;
    /// let twos = Matrix::from_vec(50, 16, vec![2.0; 800]);
    /// assert_eq!(model.hidden_loss(&twos, 1)?, Some(4.0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When there are no examples, or they do not fit the model or cannot be read.
    pub fn hidden_loss(&self, examples: &dyn Rows, seed: u64) -> Result<Option<f64>, ModelError> {
        let objective = Objective {
            penalties: Vec::new(),
            importance: None,
            ..self.objective()
        };
        if objective.hidden.is_none() {
            return Ok(None);
        }
        let rows = examples.rows();
        if rows == 0 {
            return Err(ModelError::NoExamples { purpose: "measure" });
        }
        let chain = self.chain();
        let run = Run::to_evaluate(&objective, chain, seed);
        let mode = run.mode;
        let start = || {
            let buffers = ObjectiveBuffers::new(chain, &objective, mode, BLOCK_ROWS);
            (0.0, buffers)
        };
        let slots = fold_blocks(
            chain,
            run,
            &self.scaled(examples)?,
            start,
            |(sum, buffers), _, tape| *sum += objective.evaluate(chain, tape, buffers, rows),
        )?;
        Ok(Some(slots.iter().map(|(sum, _)| sum).sum()))
    }
}
