//! Autoencoders as combinations of parts: what they are made of, training, metrics, files.
//!
//! It knows nothing about where data comes from, or about terminals.
//!
//! ```
//! use latentia_models::{ModelSpec, Training, TrainingSpec};
//! use latentia_tensor::Matrix;
//!
//! // Points on a line in three dimensions, as one number each.
//! let spec: ModelSpec = toml::from_str(r#"
//!     likelihood = "mse"
//!     encoder = [{ layer = "dense", units = 1 }]
//!     decoder = [{ layer = "dense" }]
//! "#)?;
//! let mut model = spec.build(&[3], 42)?;
//! let line = (0..64).flat_map(|i| [1.0, 2.0, -1.0].map(|slope| slope * i as f32 / 64.0)).collect();
//! let points = Matrix::from_vec(64, 3, line);
//! let training = TrainingSpec { epochs: 200, batch_size: 8, learning_rate: 0.01, ..TrainingSpec::default() };
//! Training::new(&mut model, training, 42, &points, None)?.run(&mut ())?;
//!
//! let codes = model.encode(&points)?;
//! assert_eq!((codes.rows(), codes.cols()), (64, 1));
//! let metrics = latentia_models::Metrics::measure(&model, &points)?;
//! assert!(metrics.mse < 1e-3, "{}", metrics.mse);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - [`ModelSpec`], [`Preprocessing`], [`Code`], [`ObjectiveSpec`], [`ConditionSpec`]: what a model is made of; [`Autoencoder`]: the model
//! - [`TrainingSpec`], [`AugmentationSpec`], [`Training`], [`Observer`]: how it learns; [`Setback`], [`GradientReport`]: what goes wrong on the way
//! - [`Metrics`], [`Variational`], [`Usage`], [`Denoising`], [`ssim`], [`Pca`], [`Probe`]: how good it is
//! - [`Mixture`]: a density of codes, to draw new ones from
//! - [`Quantiser`], [`Network`]: what a compressor needs of a model
//! - [`Preset`]: whole experiments as TOML
//! - [`ModelFile`], [`write_atomically`]: files

#![forbid(unsafe_code)]

mod atomic;
mod augmentation;
mod autoencoder;
mod balance;
mod checkpoint;
mod code;
mod compressed_image;
mod denoising;
mod error;
mod explanation;
mod extent;
mod generate;
mod gradients;
mod inference;
mod labelled;
mod lbfgs;
mod logistic;
mod metrics;
mod mixture;
mod model_file;
mod neighbours;
mod network;
mod objective;
mod pca;
mod preprocessing;
mod preset;
mod probe;
mod quantiser;
mod scores;
mod setback;
mod spec;
mod ssim;
mod stream;
mod tensor_file;
mod training;
mod training_spec;
mod usage;
mod variational;

pub use atomic::write_atomically;
pub use augmentation::AugmentationSpec;
pub use autoencoder::{Autoencoder, Sections};
pub use code::Code;
pub use compressed_image::CompressedImage;
pub use denoising::Denoising;
pub use error::ModelError;
pub use explanation::Filters;
pub use gradients::{GradientFault, GradientReport};
pub use labelled::Labelled;
pub use metrics::Metrics;
pub use mixture::Mixture;
pub use model_file::{ModelFile, Provenance};
pub use network::Network;
pub use objective::ObjectiveSpec;
pub use pca::{PCA_MAX_COLUMNS, Pca};
pub use preprocessing::{Preprocessing, Scaled, Scaling};
pub use preset::{Expected, Preset};
pub use probe::Probe;
pub use quantiser::{Quantiser, Symbols};
pub use setback::{Breakdown, Setback};
pub use spec::{ConditionSpec, ModelSpec, OutputBias};
pub use ssim::ssim;
pub use training::{Epoch, Observer, StoppedBy, Training};
pub use training_spec::{Part, TrainingSpec, Validation};
pub use usage::Usage;
pub use variational::Variational;
