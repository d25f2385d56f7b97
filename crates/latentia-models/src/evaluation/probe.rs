//! What features say of classes.

use latentia_tensor::Rows;
use serde::Serialize;

use super::logistic::Logistic;
use super::neighbours::vote;
use super::observed::ProgressObserver;
use crate::ModelError;
use crate::autoencoder::labels;

/// How well classes can be told from features, as shares of test examples whose class was found.
///
/// ```
/// use latentia_models::{Labelled, Probe};
/// use latentia_tensor::Matrix;
///
/// // Features of 60 examples, here of one element each: those of class 1 are greater by 2.
/// let labels: Vec<u32> = (0..60).map(|i| (i % 2) as u32).collect();
/// let features = (0..60).map(|i| 2.0 * (i % 2) as f32 + (i as f32).sin() / 2.0).collect();
/// let features = Matrix::from_vec(60, 1, features);
/// let training = Labelled::new(&features, labels);
///
/// let probe = Probe::measure(&training, &training, &())?.expect("two classes");
/// assert_eq!((probe.linear_accuracy, probe.neighbour_accuracy), (1.0, 1.0));
/// # Ok::<(), latentia_models::ModelError>(())
/// ```
///
/// The features of a model are its codes: `Labelled::like(&model.encode(&examples)?, &examples)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Probe {
    /// By a linear classifier of standardised features (Alain and Bengio 2016): multinomial logistic regression with a bias,
    /// `mean(-ln p(label | x)) + λ/2 ‖W‖²` least with `λ = 10⁻⁴`, by L-BFGS. A feature that never changes is only shifted.
    pub linear_accuracy: f64,
    /// By a vote of the [`Probe::NEIGHBOURS`] nearest training examples, in Euclidean distance of the features as they are.
    /// Of equally frequent classes the smallest wins, of equally near examples the first counts.
    pub neighbour_accuracy: f64,
}

impl Probe {
    /// How many neighbours vote.
    pub const NEIGHBOURS: usize = 10;

    /// Learns to tell classes from the features `training`, and measures it on `test`, in bounded memory, while `observer` watches. `None`
    /// when a row has no class, or all training rows are of one.
    ///
    /// # Errors
    /// When there are no features, they differ in width, or they cannot be read.
    pub fn measure(
        training: &dyn Rows,
        test: &dyn Rows,
        observer: &dyn ProgressObserver,
    ) -> Result<Option<Self>, ModelError> {
        let (seen, expected) = (test.cols(), training.cols());
        if seen != expected {
            return Err(ModelError::Width { seen, expected });
        }
        if training.rows() == 0 || test.rows() == 0 {
            return Err(ModelError::NoExamples { purpose: "probe" });
        }
        let (Some(labels), Some(test_labels)) = (labels(training), labels(test)) else {
            return Ok(None);
        };
        if labels.iter().all(|label| *label == labels[0]) {
            return Ok(None);
        }
        // What one of them does on one thread is beside what the other does.
        let (linear, votes) = rayon::join(
            || Logistic::fit(training, &labels),
            || {
                let votes = vote((training, &labels), test, Self::NEIGHBOURS, observer);
                observer.on_stage("linear classifier", 0);
                votes
            },
        );
        let (linear, votes) = (linear?, votes?);
        let right = votes.iter().zip(&test_labels).filter(|(a, b)| a == b);
        Ok(Some(Self {
            linear_accuracy: linear.accuracy(test, &test_labels)?,
            neighbour_accuracy: right.count() as f64 / votes.len() as f64,
        }))
    }
}

#[cfg(test)]
mod tests {
    use latentia_tensor::Matrix;
    use latentia_testing::numbers;

    use super::*;
    use crate::Labelled;

    /// Three classes in four dimensions; the last says nothing but is the largest.
    fn example(rows: usize, seed: u64) -> (Matrix, Vec<u32>) {
        let noise = numbers(seed, 4 * rows);
        let labels: Vec<u32> = (0..rows).map(|i| (i % 3) as u32).collect();
        let data = noise.chunks(4).zip(&labels).flat_map(|(noise, &label)| {
            let mut x = [0.0, 0.0, 0.0, 2.0 * noise[3]];
            for (x, noise) in x[..3].iter_mut().zip(noise) {
                *x = 0.8 * noise;
            }
            x[label as usize] += 1.0;
            x
        });
        (Matrix::from_vec(rows, 4, data.collect()), labels)
    }

    fn measure(training: (&Matrix, &[u32]), test: (&Matrix, &[u32])) -> Option<Probe> {
        let [training, test] = [training, test].map(|(x, y)| Labelled::new(x, y.to_vec()));
        Probe::measure(&training, &test, &()).expect("features that fit")
    }

    fn measured() -> Probe {
        let ((x, y), (other_x, other_y)) = (example(2000, 1), example(500, 2));
        measure((&x, &y), (&other_x, &other_y)).expect("three classes")
    }

    #[test]
    fn classes_are_found_in_features_that_tell_them() {
        let probe = measured();
        assert!((0.8..0.95).contains(&probe.linear_accuracy), "{probe:?}");
        // The useless feature misleads neighbours, but not a linear classifier.
        let less = probe.linear_accuracy - probe.neighbour_accuracy;
        assert!((0.0..0.1).contains(&less), "{probe:?}");
    }

    #[test]
    fn the_probe_does_not_depend_on_the_number_of_threads() {
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads start").install(measured)
        };
        assert_eq!(with(1), with(3));
    }

    #[test]
    fn what_has_no_classes_is_not_probed() {
        let (x, y) = example(9, 1);
        assert_eq!(measure((&x, &[4; 9]), (&x, &y)), None);
        assert_eq!(
            Probe::measure(&x, &x, &()).expect("features that fit"),
            None
        );
        let narrow = Matrix::zeros(1, 3);
        let error = Probe::measure(&x, &narrow, &()).expect_err("another width");
        assert!(error.to_string().contains("3 values"), "{error}");
        assert!(Probe::measure(&Matrix::zeros(0, 4), &x, &()).is_err());
    }
}
