//! What a gradient check found.

use std::fmt;

use crate::engine::ChainError;

/// One element of a gradient, computed in both ways.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Its row.
    pub row: usize,
    /// Its column.
    pub col: usize,
    /// Its value by the part's own gradient.
    pub analytic: f64,
    /// Its value by central differences.
    pub numeric: f64,
    /// `|analytic - numeric|` over the largest of both, of the root mean square of this gradient, and of 3 % of that of the largest
    /// gradient in the check.
    pub relative_error: f64,
}

/// One gradient of a part: with respect to a parameter, to the input, to outputs or to codes.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedGradient {
    /// With respect to what: a parameter by its name, or `input`, `outputs`, `codes`.
    pub name: String,
    /// Elements that were compared.
    pub compared: usize,
    /// Elements without a derivative where they stand, as at the kink of a ReLU.
    pub skipped: usize,
    /// The element with the largest relative error.
    pub worst: Comparison,
}

impl fmt::Display for ComparedGradient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            compared,
            skipped,
            worst,
        } = self;
        let Comparison {
            row,
            col,
            analytic,
            numeric,
            relative_error,
        } = worst;
        write!(
            f,
            "{name}: relative error {relative_error:.1e} at [{row}, {col}], {analytic:e} where central differences give {numeric:e}; \
             {compared} elements compared"
        )?;
        match skipped {
            0 => Ok(()),
            _ => write!(f, ", {skipped} at kinks left out"),
        }
    }
}

/// All gradients of a part, compared. `Display` gives a line for each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GradientReport {
    /// One for each thing that there is a gradient for.
    pub gradients: Vec<ComparedGradient>,
}

impl GradientReport {
    /// The largest relative error of all elements that were compared; 0 for a part without gradients.
    pub fn largest_error(&self) -> f64 {
        let errors = self.gradients.iter().map(|g| g.worst.relative_error);
        errors.fold(0.0, f64::max)
    }

    /// The gradient with respect to `name`.
    pub fn gradient(&self, name: &str) -> Option<&ComparedGradient> {
        self.gradients.iter().find(|gradient| gradient.name == name)
    }
}

impl fmt::Display for GradientReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, gradient) in self.gradients.iter().enumerate() {
            let end = if number == 0 { "" } else { "\n" };
            write!(f, "{end}{gradient}")?;
        }
        Ok(())
    }
}

/// Why a part's gradients are not those of its values.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GradientMismatch {
    /// Some gradients are not those of central differences.
    #[error("{part}: the gradient of {} is wrong, at a tolerance of {tolerance:e}\n{report}", .wrong.join(", "))]
    Gradients {
        /// The part's name.
        part: String,
        /// With respect to what gradients are wrong.
        wrong: Vec<String>,
        /// The tolerance of the check.
        tolerance: f64,
        /// All gradients, the right ones too.
        report: GradientReport,
    },
    /// No element of a gradient has a derivative where it stands.
    #[error(
        "{part}: no element of {name} has a derivative where it was tried; try other inputs, or a larger tolerance"
    )]
    NoDerivative {
        /// The part's name.
        part: String,
        /// With respect to what.
        name: String,
    },
    /// A value or a gradient is not finite.
    #[error("{part}: {what} is not finite for inputs from {low} to {high}; try another range")]
    NotFinite {
        /// The part's name.
        part: String,
        /// What is not finite.
        what: String,
        /// Least value of an input.
        low: f32,
        /// Largest value of an input.
        high: f32,
    },
    /// The value is another one when the gradient is computed too.
    #[error(
        "{part}: the value is {without} without the gradient and {with} with it; they must be the same"
    )]
    Value {
        /// The part's name.
        part: String,
        /// The value without the gradient.
        without: f64,
        /// The value with it.
        with: f64,
    },
    /// A penalty overwrites gradients to which it must add its own.
    #[error("{part}: the gradient of {name} is written over what is there; it must be added to it")]
    NotAdded {
        /// The part's name.
        part: String,
        /// With respect to what.
        name: &'static str,
    },
    /// The layers are no chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
}
