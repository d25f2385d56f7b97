//! Autoencoders as ONNX models that any runtime runs.
//!
//! [`export`] writes a [`Part`] of a [`ModelFile`]. What goes in and comes out is in the data's own scale: the preprocessing and its inverse are
//! inside. Inputs and outputs have the examples along their first axis, any number of them, and then the shape of an example, f32:
//!
//! | part | inputs | outputs |
//! |---|---|---|
//! | [`Part::Reconstruct`] | `x` | `reconstruction` |
//! | [`Part::Encode`] | `x` | `code` |
//! | [`Part::Decode`] | `code` | `reconstruction` |
//! | [`Part::Score`] | `x` | `score`, f64; `is_anomaly`; `p_value`, f64: one each |
//!
//! - Pictures are values in `[0, 1]`, laid out as the examples that the model learned from; with [`GraphRows::Bytes`] they go in as bytes.
//! - A row of a table has an element for each column that is learned from: a number less its column's `offset`, a boolean as 0 or 1, a category
//!   as the number of its level from 0, and NaN where it is missing. The property `latentia.schema` has offsets and levels.
//!   With [`GraphRows::Columns`] each such column is an input by its name instead: numbers in f64, levels as text.
//! - A model that is told the class takes an input `label` beside the other: whole numbers from 0, `[batch]`.
//! - Nothing is random: a code is its mean, and what is dropped or corrupted in training stays. A model that draws pixels as 0 or 1 takes pixels
//!   that are drawn already.
//!
//! [`write()`] writes any [`Graph`](latentia_nn::graph::Graph). The messages are in [`proto`], for who reads them.

#![forbid(unsafe_code)]

mod attribute;
mod error;
mod export;
mod operator;
pub mod proto;
mod writer;

pub use error::OnnxError;
pub use export::{Part, export, write};

/// What the signatures here show of the layers below.
pub use latentia_models::{GraphRows, ModelFile, Rule};

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
