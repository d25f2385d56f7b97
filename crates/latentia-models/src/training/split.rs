//! Which examples a run learns from, which it chooses its best epoch by, and which say how good it is.

use latentia_tensor::{Rows, Subset, Windows, split};

use crate::{ModelError, Part, TrainingSpec, Validation};

/// The examples of a run.
#[derive(Debug)]
pub struct Split<'a> {
    /// To learn from.
    pub training: Subset<'a>,
    /// To choose the best epoch by.
    pub validation: Option<Subset<'a>>,
    /// Neither of both, unless `validation` asks for them: to measure the model on.
    pub test: Option<Subset<'a>>,
}

impl<'a> Split<'a> {
    /// Divides `examples`, which are `windows` of a series or drawn one by one, as `spec` asks for, shares of them drawn from `seed`;
    /// `test` are those that the data keeps apart.
    ///
    /// # Errors
    /// When there are no examples, or what `spec` asks for cannot be had.
    pub fn new(
        examples: &'a dyn Rows,
        test: Option<&'a dyn Rows>,
        spec: &TrainingSpec,
        windows: Option<&Windows>,
        seed: u64,
    ) -> Result<Self, ModelError> {
        if examples.rows() == 0 {
            return Err(ModelError::NoExamples {
                purpose: "train on",
            });
        }
        let test = test.filter(|test| test.rows() > 0);
        let (all, test) = match (spec.test > 0.0, test) {
            (false, test) => (None, test.map(Subset::all)),
            (true, Some(test)) => {
                let seen = format!("{}, but there are {} test examples", spec.test, test.rows());
                return refuse("test", seen, "0 where the data has a test part of its own");
            }
            (true, None) => {
                let (rest, test) = hold_out(examples.rows(), spec.test, windows, seed);
                if rest.is_empty() || test.is_empty() {
                    let (share, rows) = (spec.test, examples.rows());
                    let seen = match windows {
                        None => format!("{share} of a single example"),
                        Some(_) => {
                            format!("{share} of {rows} windows, with which all others overlap")
                        }
                    };
                    return refuse("test", seen, "0 where there are so few");
                }
                (Some(rest), Some(Subset::new(examples, test)))
            }
        };
        let rows = all.as_ref().map_or(examples.rows(), Vec::len);
        let subset = |places: Vec<u32>| match &all {
            Some(all) => Subset::new(
                examples,
                places.iter().map(|&place| all[place as usize]).collect(),
            ),
            None => Subset::new(examples, places),
        };
        let whole = || match &all {
            Some(all) => Subset::new(examples, all.clone()),
            None => Subset::all(examples),
        };
        let (training, validation) = match (spec.validation, &test) {
            (Validation::Part(Part::Test), Some(test)) => (whole(), Some(test.clone())),
            (Validation::Part(Part::Test), None) => {
                return refuse(
                    "validation",
                    "`test`, but there are no test examples".into(),
                    "a share of the training examples such as 0.1, where none are given",
                );
            }
            (Validation::Share(share), _) => {
                let (training, held_out) = split(rows, share, seed);
                match (held_out.is_empty(), share > 0.0) {
                    (true, true) => {
                        let seen = format!("{share} of a single example");
                        return refuse("validation", seen, "0 where there is but one");
                    }
                    (true, false) => (whole(), None),
                    (false, _) => (subset(training), Some(subset(held_out))),
                }
            }
        };
        Ok(Self {
            training,
            validation,
            test,
        })
    }

    /// The examples to choose the best epoch by, as rows.
    pub fn validation_rows(&self) -> Option<&dyn Rows> {
        self.validation.as_ref().map(|subset| subset as &dyn Rows)
    }
}

/// The rows of `0..examples` to train and validate on, and the `share` of them to test on, each in ascending order: drawn by `seed`, or of
/// `windows` of a series the last, without those before them that overlap with one of them.
pub fn hold_out(
    examples: usize,
    share: f64,
    windows: Option<&Windows>,
    seed: u64,
) -> (Vec<u32>, Vec<u32>) {
    match windows {
        Some(windows) => windows.split(examples, share),
        None => split(examples, share, seed),
    }
}

fn refuse<T>(name: &'static str, seen: String, valid: &'static str) -> Result<T, ModelError> {
    Err(ModelError::Option { name, seen, valid })
}
