//! How well classes are told from a model's codes, from PCA's components and from raw values.

use latentia_tensor::{Matrix, Rows};
use serde::Serialize;

use super::observed::{ObservedRows, ProgressObserver};
use super::pca::Pca;
use super::probe::Probe;
use crate::{Autoencoder, Labelled, ModelError};

/// Accuracies of classifiers that learned from the training part and were measured on the test part; see [`Probe`].
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
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
    /// Probes `model`, and `pca` as learned from the training part, encoded and its gaps filled with `fill`, on the examples behind it, while
    /// `observer` watches. `None` where these have no labels, or one class alone.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn measure(
        model: &Autoencoder,
        (pca, fill): (&Pca, &[f32]),
        [training, examples]: [&dyn Rows; 2],
        observer: &dyn ProgressObserver,
    ) -> Result<Option<Self>, ModelError> {
        let probe = |codes: &Matrix, test_codes: &Matrix| {
            let training = Labelled::like(codes, training);
            match training.zip(Labelled::like(test_codes, examples)) {
                Some((training, test)) => Probe::measure(&training, &test, observer),
                None => Ok(None),
            }
        };
        // Codes of all examples are not computed in vain.
        if training.label(0).and(examples.label(0)).is_none() {
            return Ok(None);
        }
        let rows = training.rows() + examples.rows();
        observer.on_stage("codes to probe", rows as u64);
        let encode = |rows| model.encode(&ObservedRows::new(rows, observer));
        let codes = probe(&encode(training)?, &encode(examples)?)?;
        let encoded = model.encoded(training, fill.to_vec())?;
        let encoded_examples = model.encoded(examples, fill.to_vec())?;
        let pca = probe(&pca.project(&encoded)?, &pca.project(&encoded_examples)?)?;
        let Some((codes, raw)) = codes.zip(Probe::measure(&encoded, &encoded_examples, observer)?)
        else {
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
}
