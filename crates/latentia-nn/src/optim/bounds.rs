//! The values that hyperparameters may have.

/// A hyperparameter by its name in a specification.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hyperparameter {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: f32,
    /// What it may be.
    pub bound: Bound,
}

/// The values that a hyperparameter may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// In `[0, 1)`: what decays.
    Decay,
    /// Finite and greater than 0.
    Positive,
    /// A whole number from 1 on.
    Count,
    /// In `[0, 1]`.
    Share,
}

impl Bound {
    /// Whether `x` is such a value.
    pub fn holds(self, x: f32) -> bool {
        match self {
            Self::Decay => (0.0..1.0).contains(&x),
            Self::Positive => x.is_finite() && x > 0.0,
            Self::Count => x >= 1.0,
            Self::Share => (0.0..=1.0).contains(&x),
        }
    }

    /// In words, what is valid.
    pub fn valid(self) -> &'static str {
        match self {
            Self::Decay => "at least 0 and less than 1",
            Self::Positive => "a positive number",
            Self::Count => "at least 1",
            Self::Share => "from 0 to 1",
        }
    }
}
