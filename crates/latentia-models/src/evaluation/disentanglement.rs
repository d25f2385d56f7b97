//! How far each factor of variation has a dimension of the code of its own.

use latentia_tensor::{Factors, Matrix};
use serde::Serialize;

use super::factor_codes::FactorCodes;
use super::factor_vae_score::FactorVaeScore;
use super::mutual_information_gap::{FactorGap, MutualInformationGap};
use crate::ModelError;

/// How far each factor of variation has a dimension of the code of its own, by two measures: [`MutualInformationGap`] and
/// [`FactorVaeScore`].
///
/// The codes of a model are the means of its posteriors: `model.encode(&examples)?`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Disentanglement {
    /// [`MutualInformationGap::mig`]
    pub mig: f64,
    /// [`FactorVaeScore::score`]
    pub factor_vae_score: f64,
    /// The score of codes that say nothing: one in as many as there are factors that change.
    pub chance: f64,
    /// [`FactorVaeScore::active_dimensions`]
    pub active_dimensions: usize,
    /// The gap of each factor that changes.
    pub factors: Vec<FactorGap>,
}

impl Disentanglement {
    /// Measures codes `[examples, dimensions]` of examples that were made of `factors`, on batches drawn by `seed`.
    ///
    /// # Errors
    /// When there are not as many codes as examples, a code has a value that is not finite, or no factor changes.
    pub fn measure(codes: &Matrix, factors: &Factors, seed: u64) -> Result<Self, ModelError> {
        let codes = FactorCodes::new(codes, factors)?;
        let gap = MutualInformationGap::of(&codes);
        let score = FactorVaeScore::of(&codes, seed);
        Ok(Self {
            mig: gap.mig,
            factor_vae_score: score.score,
            chance: 1.0 / gap.factors.len() as f64,
            active_dimensions: score.active_dimensions,
            factors: gap.factors,
        })
    }
}
