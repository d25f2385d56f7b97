//! Uniform random numbers as a data set.

use std::path::PathBuf;

use super::mt19937::Mt19937;
use super::named_set::NamedSet;
use crate::dataset::Dataset;
use crate::error::DataError;
use crate::source::Source;

/// Numbers without structure.
pub(crate) const RANDOM: NamedSet = NamedSet {
    name: "random",
    summary: "uniform random numbers: NumPy's RandomState(42).rand(100, 10)",
    examples: (100, 0),
    shape: &[10],
    licence: "none",
    source: "computed by the program",
    files: &[],
    unpacked: &[],
    mirrors: &[],
    load,
};

/// `numpy.random.RandomState(42).rand(100, 10)`, rounded to `f32`.
fn load(set: &NamedSet, _: &[PathBuf]) -> Result<Source, DataError> {
    let mut generator = Mt19937::new(42);
    let values = (0..1000).map(|_| generator.next_double() as f32).collect();
    Ok(Source {
        train: Dataset::from_floats(set.name, set.shape.to_vec(), values)?,
        test: None,
    })
}
