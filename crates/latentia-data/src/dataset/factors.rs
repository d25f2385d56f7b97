//! What the examples of a set were made of.

use latentia_tensor::{Factors, Rows};

use super::Dataset;
use crate::error::DataError;

impl Dataset {
    /// The same set, whose examples were made of these factors.
    ///
    /// # Errors
    /// When there are not the factors of as many examples.
    pub fn with_factors(self, factors: Factors) -> Result<Self, DataError> {
        if factors.examples() != self.rows() {
            return Err(DataError::invalid(
                self.name.clone(),
                "examples with factors",
                factors.examples().to_string(),
                format!("{}, all of them", self.rows()),
            ));
        }
        Ok(Self {
            factors: Some(factors),
            ..self
        })
    }

    /// What the examples were made of, where that is known: of the named set `shapes`, which is generated.
    ///
    /// ```
    /// use latentia_data::{Locations, load};
    ///
    /// let test = load("shapes", &Locations::new(None))?.test.expect("a test part");
    /// let factors = test.factors().expect("it is generated");
    /// assert_eq!(factors.names(), ["shape", "scale", "orientation", "x", "y"]);
    /// # Ok::<(), latentia_data::DataError>(())
    /// ```
    pub fn factors(&self) -> Option<&Factors> {
        self.factors.as_ref()
    }
}
