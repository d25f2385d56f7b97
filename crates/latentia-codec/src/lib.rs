//! Compression with autoencoders, to bytes that another machine decodes.
//!
//! It knows nothing of training, files of data, or terminals.
//!
//! - [`Codec`], [`Method`]: examples to bytes; [`Archive`]: bytes to examples, all or one
//! - [`Quantiser`]: how codes become symbols, kept with the model
//! - [`Header`]: what a file says of itself
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
mod network;
mod quantiser;
mod residual;
mod stack;
mod symbols;

pub use archive::Archive;
pub use codec::{Codec, Compressed};
pub use container::Header;
pub use error::CodecError;
pub use method::Method;
pub use quantiser::Quantiser;
pub use symbols::Symbols;

/// What the signatures here show of the layers below.
pub use latentia_models::{Autoencoder, Matrix, ModelFile, Rows, StoredTensor};

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
