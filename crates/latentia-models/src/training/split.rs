//! Which examples a run learns from, and which it chooses its best epoch by.

use latentia_tensor::{Rows, Subset, split};

use crate::{ModelError, Part, Validation};

/// The examples of a run.
#[derive(Debug)]
pub struct Split<'a> {
    /// To learn from.
    pub training: Subset<'a>,
    /// To choose the best epoch by.
    pub validation: Option<Subset<'a>>,
}

impl<'a> Split<'a> {
    /// Divides `examples` as `validation` asks for, a share of them drawn from `seed`; `test` are those that it calls a part of its
    /// own.
    ///
    /// # Errors
    /// When there are no examples, or what `validation` asks for cannot be had.
    pub fn new(
        examples: &'a dyn Rows,
        test: Option<&'a dyn Rows>,
        validation: Validation,
        seed: u64,
    ) -> Result<Self, ModelError> {
        if examples.rows() == 0 {
            return Err(ModelError::NoExamples {
                purpose: "train on",
            });
        }
        let refuse = |seen: String, valid| {
            Err(ModelError::Option {
                name: "validation",
                seen,
                valid,
            })
        };
        match (validation, test) {
            (Validation::Part(Part::Test), Some(test)) if test.rows() > 0 => Ok(Self {
                training: Subset::all(examples),
                validation: Some(Subset::all(test)),
            }),
            (Validation::Part(Part::Test), _) => refuse(
                "`test`, but there are no test examples".into(),
                "a share of the training examples such as 0.1, where none are given",
            ),
            (Validation::Share(share), Some(_)) => refuse(
                format!("{share} beside test examples"),
                "`test` where they are to be validated on",
            ),
            (Validation::Share(share), None) => {
                let (training, held_out) = split(examples.rows(), share, seed);
                if held_out.is_empty() && share > 0.0 {
                    let seen = format!("{share} of a single example");
                    return refuse(seen, "0 where there is but one");
                }
                Ok(match held_out.is_empty() {
                    true => Self {
                        training: Subset::all(examples),
                        validation: None,
                    },
                    false => Self {
                        training: Subset::new(examples, training),
                        validation: Some(Subset::new(examples, held_out)),
                    },
                })
            }
        }
    }

    /// The examples to choose the best epoch by, as rows.
    pub fn validation_rows(&self) -> Option<&dyn Rows> {
        self.validation.as_ref().map(|subset| subset as &dyn Rows)
    }
}
