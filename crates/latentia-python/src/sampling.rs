//! Codes to decode: from the model's own prior, one that its file keeps, or one that is fitted to examples.

use latentia::models::{
    Autoencoder, Autoregressive, CodeNeighbours, FittedFlow, FittedPrior, Hypersphere, Mixture,
    ModelError, ModelFile,
};
use latentia::nn::CodeValues;
use latentia::tensor::{Matrix, Rows};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Neighbours between which codes are drawn, as in the program.
const NEIGHBOURS: usize = 5;

/// What is fitted to codes.
#[derive(Clone, Copy)]
pub(crate) enum Fit {
    Mixture,
    Flow,
    Neighbours,
    Hypersphere,
    Autoregressive,
}

impl Fit {
    /// What `name` calls, or what fits the codes of a model in `file`.
    pub(crate) fn named(name: Option<&str>, file: &ModelFile) -> PyResult<Self> {
        let values = file.model.latent().values();
        let has_codebook = matches!(values, CodeValues::Codebook { .. });
        match name {
            None if has_codebook => Ok(Self::Autoregressive),
            None | Some("mixture") => Ok(Self::Mixture),
            Some("flow") => Ok(Self::Flow),
            Some("knn") => Ok(Self::Neighbours),
            Some("hypersphere") => Ok(Self::Hypersphere),
            Some("autoregressive") => Ok(Self::Autoregressive),
            Some(other) => Err(PyValueError::new_err(format!(
                "prior is {other:?}; it must be \"mixture\", \"flow\", \"knn\", \"hypersphere\" or \"autoregressive\""
            ))),
        }
    }

    /// Fitted to the codes of `examples`.
    pub(crate) fn fit(
        self,
        file: &ModelFile,
        examples: &dyn Rows,
        components: usize,
        seed: u64,
    ) -> Result<FittedPrior, ModelError> {
        let codes = || file.model.encode(examples);
        Ok(match self {
            Self::Mixture => Mixture::fit(&codes()?, components, seed)?.into(),
            Self::Flow => FittedFlow::fit(&codes()?, seed)?.into(),
            Self::Neighbours => CodeNeighbours::fit(&codes()?, NEIGHBOURS)?.into(),
            Self::Hypersphere => Hypersphere::fit(&codes()?)?.into(),
            Self::Autoregressive => Autoregressive::fit(&file.model, examples, seed, &())?.into(),
        })
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
