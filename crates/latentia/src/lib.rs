//! Latentia's layers under one name. Depend on this crate for all of them, or on any one alone.
//!
//! - [`tensor`]: row-major `f32` matrices and the kernels that train on the CPU
//! - [`nn`]: layers, likelihoods, optimisers and the training step
//! - [`models`]: what an autoencoder is made of, training, metrics, files
//! - [`codec`]: compression to bytes
//! - [`data`]: data sets by name or path
//!
//! The types that a program begins with are here too: [`ModelSpec`] describes a model, [`Autoencoder::fit`] and [`Training`] teach it,
//! [`ModelFile`] keeps it, [`Autoencoder`] is it, [`Matrix`] and whatever else is [`Rows`] goes through it.
//!
//! ```
//! use latentia::data::{Locations, load};
//! use latentia::models::{Metrics, Validation};
//! use latentia::{Preset, TrainingSpec};
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
//!
//! # Features
//!
//! All are on by default. Without them a program that reads models and encodes with them builds in half the time, from half as
//! many crates: `latentia = { version = "0.1", default-features = false }`.
//!
//! | feature | what it adds |
//! |---|---|
//! | `train` | training, evaluation, mixtures, presets, and what writes files; by faer |
//! | `codec` | [`codec`] |
//! | `data` | [`data`] |
//! | `pictures` | pictures (PNG, JPEG, WebP, BMP, TIFF, GIF) and folders of them in [`data`] |
//!
//! Off by default are `ndarray`, which makes arrays of that crate examples, and matrices arrays, and `onnx`, which writes models for other
//! programs.

#![forbid(unsafe_code)]

#[cfg(feature = "codec")]
pub use latentia_codec as codec;
#[cfg(feature = "data")]
pub use latentia_data as data;
pub use latentia_models as models;
pub use latentia_nn as nn;
#[cfg(feature = "onnx")]
pub use latentia_onnx as onnx;
pub use latentia_tensor as tensor;

pub use models::{Autoencoder, ModelError, ModelFile, ModelSpec, TrainingSpec};
#[cfg(feature = "train")]
pub use models::{Preset, Training};
pub use tensor::{Matrix, Rows};

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
