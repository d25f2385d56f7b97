//! Latentia's layers under one name. Depend on this crate for all of them, or on any one alone.
//!
//! - [`tensor`]: row-major `f32` matrices and the kernels that train on the CPU
//! - [`nn`]: layers, likelihoods, optimisers and the training step
//! - [`models`]: what an autoencoder is made of, training, metrics, files
//! - [`codec`]: compression to bytes
//! - [`data`]: data sets by name or path
//!
//! The feature `ndarray` makes arrays of that crate examples, and matrices arrays.
//!
//! ```
//! use latentia::data::{Locations, load};
//! use latentia::models::{Metrics, Preset, TrainingSpec, Validation};
//!
//! let digits = load("mnist-mini", &Locations::new(None))?;
//! let preset = Preset::named("digits").ok_or("no such preset")?;
//! let mut model = preset.model.build(digits.train.shape(), 42)?;
//! let training = TrainingSpec { epochs: 1, validation: Validation::Share(0.1), ..preset.training };
//! model.fit(&digits.train, &training, 42)?;
//! let metrics = Metrics::measure(&model, digits.test.as_ref().ok_or("no test part")?)?;
//! assert!(metrics.mse < 0.04);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

pub use latentia_codec as codec;
pub use latentia_data as data;
pub use latentia_models as models;
pub use latentia_nn as nn;
pub use latentia_tensor as tensor;
