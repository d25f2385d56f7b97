//! A distribution of codes that is fitted after training.

use latentia_nn::CodeValues;
use latentia_tensor::{Matrix, Rows};

use super::autoregressive::{self, Autoregressive};
use super::code_sample;
use super::fitted_flow::FittedFlow;
use super::hypersphere::Hypersphere;
use super::mixture::Mixture;
use super::neighbours::CodeNeighbours;
use super::sampler::CodeSampler;
use crate::{Autoencoder, ModelError, ObservedRows, ProgressObserver};

/// Neighbours between which codes are drawn, as in Chawla et al. 2002.
const NEIGHBOURS: usize = 5;

/// What can be fitted to the codes of a model: [`FittedPrior::fit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriorKind {
    /// A [`Mixture`] of so many Gaussians.
    Mixture {
        /// How many, at most.
        components: usize,
    },
    /// A [`FittedFlow`].
    Flow,
    /// [`CodeNeighbours`], five of each code.
    Neighbours,
    /// A [`Hypersphere`].
    Hypersphere,
    /// An [`Autoregressive`] prior.
    Autoregressive,
}

impl PriorKind {
    /// What it is called: `mixture`, `flow`, `knn`, `hypersphere` or `autoregressive`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mixture { .. } => "mixture",
            Self::Flow => "flow",
            Self::Neighbours => "knn",
            Self::Hypersphere => "hypersphere",
            Self::Autoregressive => "autoregressive",
        }
    }

    /// Codes that it learns from, or keeps, at most: those of more examples are taken evenly spread.
    pub fn most_codes(self) -> usize {
        match self {
            Self::Autoregressive => autoregressive::MOST_CODES,
            _ => code_sample::MOST_CODES,
        }
    }

    /// Whether it can be fitted to the codes of `model`: an autoregressive prior to those of a codebook, a mixture to all, as the nearest
    /// code is taken of what it draws, the others where any vector or direction is a code.
    pub fn fits(self, model: &Autoencoder) -> bool {
        let values = model.latent().values();
        match self {
            Self::Mixture { .. } => true,
            Self::Autoregressive => matches!(values, CodeValues::Codebook { .. }),
            _ => matches!(values, CodeValues::Real | CodeValues::Directions),
        }
    }
}

/// What was fitted to the codes of a model, to draw new ones from; a model file may keep one: [`Self::tensors`].
///
/// ```
/// use latentia_models::{FittedPrior, ModelFile, ModelSpec, PriorKind, TrainingSpec};
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
/// let kind = PriorKind::Mixture { components: 3 };
/// let prior = FittedPrior::fit(&model, &points, kind, 42, &())?;
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
    /// Fits what `kind` says to the codes of `examples`, while `observer` watches.
    ///
    /// # Errors
    /// When it does not [fit](PriorKind::fits) the codes of `model`, there are too few, or the examples do not fit the model or cannot be
    /// read.
    pub fn fit(
        model: &Autoencoder,
        examples: &dyn Rows,
        kind: PriorKind,
        seed: u64,
        observer: &dyn ProgressObserver,
    ) -> Result<Self, ModelError> {
        if !kind.fits(model) {
            let (kind, latent) = (kind.name(), model.latent().name());
            return Err(ModelError::Part {
                part: "prior",
                seen: format!("`{kind}` does not fit a code that is {latent}"),
                valid:
                    "`mixture` fits any, `autoregressive` those of a codebook, the others real ones"
                        .into(),
            });
        }
        if kind == PriorKind::Autoregressive {
            return Ok(Autoregressive::fit(model, examples, seed, observer)?.into());
        }
        observer.on_stage("codes", examples.rows() as u64);
        let codes = model.encode(&ObservedRows::new(examples, observer))?;
        Ok(match kind {
            PriorKind::Mixture { components } => Mixture::fit(&codes, components, seed)?.into(),
            PriorKind::Neighbours => CodeNeighbours::fit(&codes, NEIGHBOURS)?.into(),
            PriorKind::Hypersphere => Hypersphere::fit(&codes)?.into(),
            _ => FittedFlow::fit(&codes, seed)?.into(),
        })
    }

    /// What it is called, as [`PriorKind::name`] has it.
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
