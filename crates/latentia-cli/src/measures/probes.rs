//! How well classes are told from a model's codes, from PCA's components and from raw values.

use latentia_models::{Autoencoder, Labelled, ModelError, Pca, Probe};
use latentia_tensor::{Matrix, Rows};
use serde::Serialize;

use crate::terminal::table;

/// Accuracies of classifiers that learned from the training part and were measured on the test part; see [`Probe`].
#[derive(Debug, Serialize)]
pub struct Probes {
    /// How many examples they learned from.
    pub training_examples: usize,
    /// How many neighbours vote.
    pub neighbours: usize,
    /// From the model's codes.
    pub model: Probe,
    /// From as many principal components.
    pub pca: Option<Probe>,
    /// From the examples themselves, in the model's scale.
    pub raw: Probe,
}

impl Probes {
    /// Probes `model`, and `pca` as learned from `training`, encoded and its gaps filled with `fill`. `None` where the examples have no labels, or one class alone.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn measure(
        model: &Autoencoder,
        (pca, fill): (&Pca, &[f32]),
        training: &dyn Rows,
        examples: &dyn Rows,
    ) -> Result<Option<Self>, ModelError> {
        let probe = |codes: &Matrix, test_codes: &Matrix| {
            let training = Labelled::like(codes, training);
            match training.zip(Labelled::like(test_codes, examples)) {
                Some((training, test)) => Probe::measure(&training, &test),
                None => Ok(None),
            }
        };
        // Codes of all examples are not computed in vain.
        if training.label(0).and(examples.label(0)).is_none() {
            return Ok(None);
        }
        let codes = probe(&model.encode(training)?, &model.encode(examples)?)?;
        let encoded = model.encoded(training, fill.to_vec())?;
        let encoded_examples = model.encoded(examples, fill.to_vec())?;
        let pca = probe(&pca.project(&encoded)?, &pca.project(&encoded_examples)?)?;
        let Some((codes, raw)) = codes.zip(Probe::measure(&encoded, &encoded_examples)?) else {
            return Ok(None);
        };
        Ok(Some(Self {
            training_examples: training.rows(),
            neighbours: Probe::NEIGHBOURS,
            model: codes,
            pca,
            raw,
        }))
    }

    /// The accuracies in percent as a table: the model's column, then that of PCA with `components`, then that of the raw values.
    pub fn table(&self, components: usize) -> String {
        let row = |name: String, of: fn(&Probe) -> f64| {
            let percent = |probe: &Probe| format!("{:.2}", 100.0 * of(probe));
            let pca = self.pca.as_ref().map_or_else(String::new, percent);
            vec![name, percent(&self.model), pca, percent(&self.raw)]
        };
        table(&[
            vec![
                "classes from features, % right".into(),
                "model".into(),
                format!("pca {components}"),
                "raw".into(),
            ],
            row("linear probe".into(), |probe| probe.linear_accuracy),
            row(format!("{} nearest neighbours", self.neighbours), |probe| {
                probe.neighbour_accuracy
            }),
        ])
    }
}
