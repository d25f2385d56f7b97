//! Codes to decode: from the model's own prior, one that its file keeps, or one that is fitted to examples.

use latentia::models::{Autoencoder, FittedPrior, ModelError, ModelFile, PriorKind};
use latentia::tensor::{Matrix, Rows};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// What `name` calls, or what fits the codes of a model in `file`.
pub(crate) fn kind(name: Option<&str>, components: usize, file: &ModelFile) -> PyResult<PriorKind> {
    let autoregressive = PriorKind::Autoregressive;
    match name {
        None if autoregressive.fits(&file.model) => Ok(autoregressive),
        None | Some("mixture") => Ok(PriorKind::Mixture { components }),
        Some("flow") => Ok(PriorKind::Flow),
        Some("knn") => Ok(PriorKind::Neighbours),
        Some("hypersphere") => Ok(PriorKind::Hypersphere),
        Some("autoregressive") => Ok(autoregressive),
        Some(other) => Err(PyValueError::new_err(format!(
            "prior is {other:?}; it must be \"mixture\", \"flow\", \"knn\", \"hypersphere\" or \"autoregressive\""
        ))),
    }
}

/// `count` codes from the prior that `file` keeps, or the model's own.
pub(crate) fn codes(file: &ModelFile, count: usize, seed: u64) -> Result<Matrix, ModelError> {
    match FittedPrior::of(&file.model, &file.attachments)? {
        Some(kept) => kept.sample_codes(&file.model, count, seed),
        None => file.model.sample_codes(count, seed),
    }
}

/// What codes are decoded to, drawn from the likelihood where that is asked for, or where rows of tables know their spread.
pub(crate) fn decoded(
    model: &Autoencoder,
    codes: &dyn Rows,
    draw: bool,
    seed: u64,
) -> Result<Matrix, ModelError> {
    let columns = model.likelihood().columns();
    match draw || columns.is_some_and(|columns| columns.has_learned_scale()) {
        true => model.decode_draws(codes, seed),
        false => model.decode(codes),
    }
}
