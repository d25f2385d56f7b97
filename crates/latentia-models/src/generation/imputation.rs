//! Gaps of a table filled with what a model expects there.

use latentia_tensor::{Matrix, Rows};

use crate::{Autoencoder, Labelled, ModelError};

impl Autoencoder {
    /// `examples` with their gaps filled, in the data's own scale: `[rows, width]`. What is known stays as it is.
    ///
    /// The first pass through the code fills each gap with what the model expects from the rest of the row: the mean of a number,
    /// the likeliest level. Each of the further passes encodes the row so filled and fills its gaps again (pseudo-Gibbs sampling
    /// at its means; Rezende, Mohamed and Wierstra 2014, appendix F).
    ///
    /// ```
    /// use latentia_models::{ModelSpec, TrainingSpec};
    /// use latentia_tensor::Matrix;
    ///
    /// let spec: ModelSpec = toml::from_str(r#"
    ///     preprocessing = "standardise"
    ///     likelihood = "columns"
    ///     corruption = { kind = "hide", rate = 0.3 }
    ///     encoder = [{ layer = "dense", units = 16, activation = "tanh" }, { layer = "dense", units = 1 }]
    ///     decoder = [{ layer = "dense" }]
    /// "#)?;
    /// let mut model = spec.build(&[2], 42)?;
    /// let pairs = (0..200).flat_map(|c| [c as f32, 1.8 * c as f32 + 32.0]).collect();
    /// let training = TrainingSpec { epochs: 100, batch_size: 10, learning_rate: 0.01, ..TrainingSpec::default() };
    /// model.fit(&Matrix::from_vec(200, 2, pairs), &training, 42)?;
    /// // 100 degrees Celsius are 212 degrees Fahrenheit.
    /// let filled = model.impute(&Matrix::from_vec(1, 2, vec![100.0, f32::NAN]), 1)?;
    /// assert!((filled.row(0)[1] - 212.0).abs() < 20.0);
    /// assert_eq!(filled.row(0)[0], 100.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the likelihood takes no gaps, or the examples do not fit the model or cannot be read.
    pub fn impute(&self, examples: &dyn Rows, passes: u32) -> Result<Matrix, ModelError> {
        if !self.likelihood().takes_missing() {
            return Err(ModelError::Part {
                part: "likelihood",
                seen: format!("`{}` takes no gaps", self.likelihood().name()),
                valid: "use `columns` or `columns-learned-scale`".into(),
            });
        }
        let indices: Vec<u32> = (0..examples.rows() as u32).collect();
        let mut filled = Matrix::zeros(indices.len(), self.width());
        examples.read(&indices, filled.view_mut())?;
        let gaps = filled.as_slice().iter().enumerate();
        let gaps: Vec<usize> = gaps.filter(|(_, x)| x.is_nan()).map(|(at, _)| at).collect();
        for _ in 0..passes.max(1) {
            let expected = match Labelled::like(&filled, examples) {
                Some(labelled) => self.reconstruct(&labelled)?,
                None => self.reconstruct(&filled)?,
            };
            for &gap in &gaps {
                filled.as_mut_slice()[gap] = expected.as_slice()[gap];
            }
        }
        Ok(filled)
    }
}
