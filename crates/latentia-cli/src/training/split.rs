//! Which examples a run learns from, and which it is judged by.

use std::io;

use latentia_data::{Dataset, Source};
use latentia_models::{Part, TrainingSpec, Validation};
use latentia_tensor::{Rows, Subset, split};
use sha2::{Digest, Sha256};

/// Held out where a preset asks for a test part that the data does not have.
const HELD_OUT: f64 = 0.1;

/// The examples of a run.
pub struct DataSplit<'a> {
    /// To learn from.
    pub training: Subset<'a>,
    /// To choose the best epoch by.
    pub validation: Option<Subset<'a>>,
    test: Option<&'a Dataset>,
}

impl<'a> DataSplit<'a> {
    /// Splits `source` as `spec` asks for.
    pub fn new(source: &'a Source, spec: &TrainingSpec, seed: u64) -> Self {
        let all = |dataset: &'a Dataset| Subset::new(dataset, (0..dataset.rows() as u32).collect());
        let test = source.test.as_ref();
        let share = match (spec.validation, test) {
            (Validation::Part(Part::Test), Some(test)) => {
                return Self {
                    training: all(&source.train),
                    validation: Some(all(test)),
                    test: Some(test),
                };
            }
            (Validation::Part(Part::Test), None) => HELD_OUT,
            (Validation::Share(share), _) => share,
        };
        let (training, held_out) = split(source.train.rows(), share, seed);
        Self {
            training: Subset::new(&source.train, training),
            validation: (!held_out.is_empty()).then(|| Subset::new(&source.train, held_out)),
            test,
        }
    }

    /// The examples to choose the best epoch by.
    pub fn validation_rows(&self) -> Option<&dyn Rows> {
        self.validation.as_ref().map(|subset| subset as &dyn Rows)
    }

    /// The examples to measure and to show: the test part, else those held out, else what was trained on.
    pub fn to_show(&self) -> (&'static str, &dyn Rows) {
        match (self.test, &self.validation) {
            (Some(test), _) => ("test", test),
            (None, Some(validation)) => ("validation", validation),
            (None, None) => ("train", &self.training),
        }
    }
}

/// SHA-256 of all that a run may look at: its examples, by their fingerprint, their classes, and the test part.
///
/// # Errors
/// When examples cannot be read.
pub fn fingerprint_of_all(source: &Source, training: &str) -> io::Result<String> {
    let mut hash = Sha256::new_with_prefix(training);
    hash.update(source.train.labels().unwrap_or_default());
    if let Some(test) = &source.test {
        hash.update(test.fingerprint()?);
        hash.update(test.labels().unwrap_or_default());
    }
    Ok(hex::encode(hash.finalize()))
}
