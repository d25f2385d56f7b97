//! Convolutions of planes.
//!
//! An example is planes one after another, `[channels, height, width]`. A convolution is a product of the weight,
//! `[channels out, channels in · kernel]`, with a matrix whose columns are the windows. That matrix is never made: planes are
//! copied once with their padding, such that each of its rows is a stretch of the copy; the product reads the stretches where
//! they lie. A row of a plane follows the one before with no more than the wider of left and right padding between them,
//! for the zeros behind one row are those before the next. What the product computes between the rows is left out
//! afterwards. Where the window moves by more than one number, the copy has a plane for each remainder.
//!
//! The gradient by the input is the same product over planes of `dy`, for each remainder the window's numbers that meet it; a
//! transposed convolution goes forward by it. The gradient by the weight is sums of products of stretches.

mod dots;
mod forward;
mod geometry;
mod input_gradient;
mod layout;
mod remainder;
mod shifted;
mod weight_gradient;

pub use geometry::Convolution;
