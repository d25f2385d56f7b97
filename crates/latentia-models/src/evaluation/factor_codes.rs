//! Codes of examples whose factors are known.

use latentia_tensor::{Factors, Matrix};

use crate::ModelError;

/// Codes of examples whose factors are known, of which some change.
pub(super) struct FactorCodes<'a> {
    pub(super) codes: &'a Matrix,
    /// The factors that change.
    pub(super) factors: Vec<FactorValues>,
}

/// A factor that changes.
pub(super) struct FactorValues {
    pub(super) name: String,
    /// Its value for each example, numbered in ascending order.
    pub(super) values: Vec<u32>,
    /// How many there are.
    pub(super) count: usize,
}

impl<'a> FactorCodes<'a> {
    /// What is measured on `codes`, `[examples, dimensions]`.
    ///
    /// # Errors
    /// When there are not as many codes as examples, a code has a value that is not finite, or no factor changes.
    pub(super) fn new(codes: &'a Matrix, factors: &Factors) -> Result<Self, ModelError> {
        let (rows, cols) = (codes.rows(), codes.cols());
        if factors.examples() != rows {
            return Err(ModelError::Factors {
                seen: format!(
                    "factors of {} examples for {rows} codes",
                    factors.examples()
                ),
                valid: "each code is of one example",
            });
        }
        if let Some(at) = codes.as_slice().iter().position(|z| !z.is_finite()) {
            let (row, column) = (at / cols, at % cols);
            return Err(ModelError::NonFinite { row, column });
        }
        let all = factors.names().iter().enumerate();
        let changing = all.filter_map(|(factor, name)| {
            let mut known: Vec<u32> = factors.column(factor).collect();
            known.sort_unstable();
            known.dedup();
            let number = |value| known.partition_point(|&other| other < value) as u32;
            (known.len() > 1).then(|| FactorValues {
                name: name.clone(),
                values: factors.column(factor).map(number).collect(),
                count: known.len(),
            })
        });
        let factors: Vec<FactorValues> = changing.collect();
        if factors.is_empty() {
            return Err(ModelError::Factors {
                seen: format!("no factor of {rows} examples changes"),
                valid: "examples must differ in at least one",
            });
        }
        Ok(Self { codes, factors })
    }

    /// One dimension of all codes.
    pub(super) fn dimension(&self, dimension: usize) -> impl Iterator<Item = f32> + Clone {
        let (all, width) = (self.codes.as_slice(), self.codes.cols());
        all.iter().skip(dimension).step_by(width.max(1)).copied()
    }
}
