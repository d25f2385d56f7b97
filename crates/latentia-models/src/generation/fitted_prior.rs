//! A distribution of codes that is fitted after training.

use latentia_tensor::Matrix;

use super::autoregressive::Autoregressive;
use super::fitted_flow::FittedFlow;
use super::hypersphere::Hypersphere;
use super::mixture::Mixture;
use super::neighbours::CodeNeighbours;
use super::sampler::CodeSampler;
use crate::{Autoencoder, ModelError};

/// What was fitted to the codes of a model, to draw new ones from; a model file may keep one: [`Self::tensors`].
///
/// ```
/// use latentia_models::{FittedPrior, Mixture, ModelFile, ModelSpec, TrainingSpec};
/// use latentia_tensor::Matrix;
///
/// let spec: ModelSpec = toml::from_str(r#"
///     likelihood = "mse"
///     encoder = [{ layer = "dense", units = 1 }]
///     decoder = [{ layer = "dense" }]
/// "#)?;
/// let mut model = spec.build(&[2], 42)?;
/// let line = (0..50).flat_map(|i| [i as f32 / 50.0, 1.0 - i as f32 / 25.0]).collect();
/// let points = Matrix::from_vec(50, 2, line);
/// let fitted = model.fit(&points, &TrainingSpec { epochs: 2, ..TrainingSpec::default() }, 42)?;
///
/// let prior = FittedPrior::from(Mixture::fit(&model.encode(&points)?, 3, 42)?);
/// let provenance = fitted.provenance("a line", "points", "");
/// let bytes = ModelFile::to_bytes(&model, &provenance, &prior.tensors())?;
///
/// // Without the points:
/// let file = ModelFile::from_bytes(&bytes)?;
/// let prior = FittedPrior::of(&file.model, &file.attachments)?.ok_or("no prior")?;
/// assert_eq!(prior.sample_codes(&file.model, 10, 7)?.rows(), 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FittedPrior {
    /// Of Gaussians.
    Mixture(Mixture),
    /// A normalising flow.
    Flow(FittedFlow),
    /// Between codes of examples.
    Neighbours(CodeNeighbours),
    /// Around their mean.
    Hypersphere(Hypersphere),
    /// Of the indices of codes from a codebook.
    Autoregressive(Autoregressive),
}

impl FittedPrior {
    /// What it is called: `mixture`, `flow`, `knn`, `hypersphere` or `autoregressive`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Mixture(_) => "mixture",
            Self::Flow(_) => "flow",
            Self::Neighbours(_) => "knn",
            Self::Hypersphere(_) => "hypersphere",
            Self::Autoregressive(_) => "autoregressive",
        }
    }

    /// The autoregressive prior, where it is one.
    pub fn autoregressive(&self) -> Option<&Autoregressive> {
        match self {
            Self::Autoregressive(prior) => Some(prior),
            _ => None,
        }
    }

    /// `count` codes of the model whose codes it was fitted to, such that its decoder knows: the nearest where a code has few values.
    /// `[count, code_width]`; code `i` is the same for every `count`.
    ///
    /// # Errors
    /// When it was fitted to codes of another model.
    pub fn sample_codes(
        &self,
        model: &Autoencoder,
        count: usize,
        seed: u64,
    ) -> Result<Matrix, ModelError> {
        let sampler: &dyn CodeSampler = match self {
            Self::Autoregressive(prior) => return prior.sample_codes(model, count, seed),
            Self::Mixture(prior) => prior,
            Self::Flow(prior) => prior,
            Self::Neighbours(prior) => prior,
            Self::Hypersphere(prior) => prior,
        };
        model.quantise_latents(sampler.sample(count, seed))
    }
}

impl From<Mixture> for FittedPrior {
    fn from(prior: Mixture) -> Self {
        Self::Mixture(prior)
    }
}

impl From<FittedFlow> for FittedPrior {
    fn from(prior: FittedFlow) -> Self {
        Self::Flow(prior)
    }
}

impl From<CodeNeighbours> for FittedPrior {
    fn from(prior: CodeNeighbours) -> Self {
        Self::Neighbours(prior)
    }
}

impl From<Hypersphere> for FittedPrior {
    fn from(prior: Hypersphere) -> Self {
        Self::Hypersphere(prior)
    }
}

impl From<Autoregressive> for FittedPrior {
    fn from(prior: Autoregressive) -> Self {
        Self::Autoregressive(prior)
    }
}
