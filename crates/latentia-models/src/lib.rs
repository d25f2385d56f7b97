//! Autoencoders as combinations of parts: what they are made of, training, metrics, files.
//!
//! It knows nothing about where data comes from, or about terminals.
//!
//! ```
//! use latentia_models::{Matrix, ModelSpec, TrainingSpec};
//!
//! // Points on a line in three dimensions, as one coordinate each.
//! let spec: ModelSpec = toml::from_str(r#"
//!     likelihood = "mse"
//!     encoder = [{ layer = "dense", units = 1 }]
//!     decoder = [{ layer = "dense" }]
//! "#)?;
//! let mut model = spec.build(&[3], 42)?;
//! let line = (0..64).flat_map(|i| [1.0, 2.0, -1.0].map(|slope| slope * i as f32 / 64.0)).collect();
//! let points = Matrix::from_vec(64, 3, line);
//! let training = TrainingSpec { epochs: 200, batch_size: 8, learning_rate: 0.01, ..TrainingSpec::default() };
//! model.fit(&points, &training, 42)?;
//!
//! let codes = model.encode(&points)?;
//! assert_eq!((codes.rows(), codes.cols()), (64, 1));
//! let metrics = latentia_models::Metrics::measure(&model, &points)?;
//! assert!(metrics.mse < 1e-3, "{}", metrics.mse);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - [`ModelSpec`], [`Preprocessing`], [`ConditionSpec`]: what a model is made of; [`Parts`]: one's own parts; [`Autoencoder`]: the
//!   model; [`Encoder`]: codes again and again; [`Picture`]: what an example is by its shape
//! - [`TrainingSpec`], [`AugmentationSpec`], [`Autoencoder::fit`], [`Training`], [`Observer`], [`Split`], [`Fitted`]: how it learns;
//!   [`Rollback`], [`GradientReport`]: what goes wrong on the way
//! - [`Evaluation`]: how good it is, by [`Metrics`], [`TableMetrics`], [`ElboReport`], [`LatentUsage`], [`Denoising`], [`psnr`], [`ssim`], [`Pca`], [`Probes`], [`Probe`], [`Disentanglement`];
//!   [`frechet_distance`], [`PrecisionRecall`]: how near generated examples are to real ones, in features;
//!   [`RankingMetrics`]: how well scores tell known anomalies
//! - [`Detector`], [`Calibration`], [`Rule`], [`Explanation`]: what does not look like the training examples, and why; [`Filters`]: what a
//!   model looks for
//! - [`CodeSampler`]: what is fitted to codes, to draw new ones from: a [`Mixture`], a [`FittedFlow`], [`CodeNeighbours`], a
//!   [`Hypersphere`]; [`Autoregressive`]: a prior of indices;
//!   [`FittedPrior`]: any of these, which a model file may keep
//! - [`Preset`]: whole experiments as TOML
//! - [`ModelFile`], [`Registry`], [`StoredTensor`], [`write_atomically`]: files; [`Autoencoder::import_torch`], [`Autoencoder::torch_module`]: weights of and for PyTorch
//!
//! What may grow: specifications get new keys, so end a literal with `..TrainingSpec::default()`. Errors and reports get new
//! variants and fields, and are `#[non_exhaustive]`. A new case of what a part or a codec has to tell apart ([`latentia_nn::Mode`],
//! [`latentia_nn::Support`]) is a new major version.

#![forbid(unsafe_code)]
// What stays has helpers of training and evaluation beside its own.
#![cfg_attr(not(feature = "train"), allow(dead_code))]

mod autoencoder;
mod detection;
mod error;
#[cfg(feature = "train")]
mod evaluation;
mod files;
mod generation;
mod history;
mod provenance;
mod psnr;
mod spec;
mod stored_tensor;
mod stream;
#[cfg(feature = "train")]
mod training;

pub use autoencoder::{
    Autoencoder, CompressedImage, Encoded, Encoder, Foreign, GraphRows, Labelled, MeanBias, Parts,
    Quantiles, Scaled, Scaling, Sections,
};
pub use detection::{
    Calibration, CalibrationSource, Decision, Detector, Drift, Explanation, Filters, Reason,
    Region, Rule,
};
pub use error::{BoxError, ModelError, NonFiniteLoss};
#[cfg(feature = "train")]
pub use evaluation::{
    CodebookUsage, ColumnMetrics, Denoising, Disentanglement, ElboReport, Estimate, Evaluation,
    EvaluationOptions, FactorGap, FactorVaeScore, Fidelity, ImputationReport, ImputedColumn,
    LatentUsage, Metrics, MutualInformationGap, ObservedRows, Pca, PrecisionRecall, Probe, Probes,
    ProgressObserver, RankingMetrics, RankingOptions, TableMetrics, ThresholdMetrics,
    frechet_distance, ssim,
};
#[cfg(feature = "train")]
pub use files::write_atomically;
pub use files::{Dtype, ModelFile, Registry, TorchModule, TorchNames, TorchSource};
#[cfg(feature = "train")]
pub use generation::{
    Autoregressive, CodeNeighbours, CodeSampler, FittedFlow, FittedPrior, Hypersphere, Mixture,
    PriorKind,
};
pub use history::{Epoch, StoppedBy};
pub use provenance::Provenance;
pub use psnr::psnr;
pub use spec::{
    AugmentationSpec, ConditionSpec, FrozenPart, LossOn, ModelSpec, OutputBias, Part,
    Preprocessing, TrainingSpec, Validation,
};
#[cfg(feature = "train")]
pub use spec::{DetectionSpec, Expected, Preset};
pub use stored_tensor::StoredTensor;
#[cfg(feature = "train")]
pub use training::{
    Attach, Fitted, GradientFault, GradientReport, Observer, Remedies, Rollback, Split, Training,
    hold_out,
};

/// What the signatures here show of the layers below.
pub use latentia_nn::{
    Activation, Chain, Collective, Corruption, Latent, LatentSpec, Layer, LayerSpec, Likelihood,
    LikelihoodSpec, ObjectiveSpec, Optimizer, Penalty, Schedule,
};
pub use latentia_tensor::{Factors, Matrix, MatrixMut, MatrixRef, Picture, Rows, Subset, split};

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
