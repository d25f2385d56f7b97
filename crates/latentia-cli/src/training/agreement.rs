//! What processes must have in common to train one model.

use anyhow::Error;
use latentia_models::Training;
use latentia_nn::Collective;

use crate::processes::agree_on;

/// Refuses processes that differ in what the model's bits depend on; `all_data` is the fingerprint of all data.
///
/// # Errors
/// In each process that differs from the first: in what.
pub fn agree(
    training: &Training<'_>,
    all_data: &str,
    collective: &dyn Collective,
) -> anyhow::Result<()> {
    let facts = [
        ("data", all_data.to_string()),
        (
            "model, training or seed",
            training.identity().map_err(Error::from_boxed)?,
        ),
    ];
    agree_on(&facts, collective)
}
