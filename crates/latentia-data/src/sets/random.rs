//! Uniform random numbers as a data set.

use super::mt19937::Mt19937;
use crate::sets::NamedSet;
use crate::{DataError, Dataset, Locations, Source};

/// `numpy.random.RandomState(42).rand(100, 10)`, rounded to `f32`.
pub(crate) fn load(set: &NamedSet, _: &Locations) -> Result<Source, DataError> {
    let mut generator = Mt19937::new(42);
    let values = (0..1000).map(|_| generator.next_double() as f32).collect();
    Ok(Source {
        train: Dataset::from_floats(set.name, set.shape.to_vec(), values)?,
        test: None,
    })
}
