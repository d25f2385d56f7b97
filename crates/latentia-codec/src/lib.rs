//! Compression with autoencoders, to bytes that another machine decodes.
//!
//! It knows nothing of training, files of data, or terminals.
//!
//! ```
//! use std::io::Cursor;
//!
//! use latentia_codec::{Archive, Codec, CodecError, Quantiser};
//! use latentia_data::Dataset;
//! use latentia_models::{ModelFile, ModelSpec, TrainingSpec};
//!
//! // Pairs of bytes, the second about twice the first.
//! let pairs = (0..120u8).flat_map(|x| [x, 2 * x + x % 3]).collect();
//! let pairs = Dataset::from_bytes("pairs", vec![2], pairs)?;
//! let spec: ModelSpec = toml::from_str(r#"
//!     likelihood = "mse"
//!     encoder = [{ layer = "dense", units = 1 }]
//!     decoder = [{ layer = "dense" }]
//! "#)?;
//! let mut model = spec.build(&[2], 42)?;
//! let training = TrainingSpec { batch_size: 10, learning_rate: 0.01, ..TrainingSpec::default() };
//! let fitted = model.fit(&pairs, &training, 42)?;
//!
//! // The file of the model also keeps how its codes become symbols.
//! let provenance = fitted.provenance("pairs", pairs.name(), &pairs.fingerprint()?);
//! let tables = Quantiser::fit(&model, &pairs)?.tensors();
//! let file = ModelFile::from_bytes(&ModelFile::to_bytes(&model, &provenance, &tables)?)?;
//!
//! let mut compressed = Vec::new();
//! let codec = Codec::lossless(&file, &pairs)?;
//! codec.compress(&pairs, &mut compressed, &mut |_| {})?;
//!
//! let mut archive = Archive::open(Cursor::new(&compressed), &file)?;
//! assert_eq!(archive.example(50)?, [50.0, 102.0]);
//! let mut decoded = Vec::new();
//! archive.for_each_chunk(|chunk| {
//!     decoded.extend(chunk.as_slice().iter().map(|&x| x as u8));
//!     Ok::<(), CodecError>(())
//! })?;
//! assert_eq!(Dataset::from_bytes("decoded", vec![2], decoded)?.fingerprint()?, pairs.fingerprint()?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - [`Codec`], [`Method`]: examples to bytes; [`Archive`]: bytes to examples, all or one
//! - [`Quantiser`]: how codes become symbols, kept with the model
//! - [`Header`]: what a file says of itself; [`Names`]: what names its examples
//!
//! What is coded follows from integers, and from values that the layers compute with the same bits on every machine: products
//! are sums in one order of fused terms, functions are polynomials of our own.

#![forbid(unsafe_code)]

mod archive;
mod bits_back;
mod chunk;
mod codec;
mod container;
mod distributions;
mod error;
mod even_sample;
mod lossy;
mod method;
mod names;
mod network;
mod quantiser;
mod residual;
mod stack;
mod symbols;

pub use archive::Archive;
pub use chunk::Coded;
pub use codec::{Codec, Compressed};
pub use container::Header;
pub use error::CodecError;
pub use method::Method;
pub use names::Names;
pub use quantiser::Quantiser;
pub use symbols::Symbols;

/// What the signatures here show of the layers below.
pub use latentia_models::{Autoencoder, Matrix, ModelFile, Rows, StoredTensor};

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
