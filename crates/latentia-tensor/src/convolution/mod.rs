//! Convolutions of feature maps.
//!
//! An example is feature maps one after another, `[channels, height, width]`. A convolution is a product of the weight,
//! `[channels out, channels in · kernel]`, with a matrix whose columns are the windows. That matrix is never made: the
//! maps are copied once with their padding, such that each of its rows is a slice of the copy; the product reads the slices
//! where they lie. A row of a map follows the one before with no more than the wider of left and right padding between them,
//! for the zeros behind one row are those before the next. What the product computes between the rows is left out
//! afterwards. Where the stride is greater than 1, the copy has a map for each remainder of the position.
//!
//! The gradient with respect to the input is the same product over the maps of `dy`, for each remainder with the kernel's elements that
//! meet it; a transposed convolution goes forward by it. The gradient with respect to the weight is sums of products of slices.

mod dots;
mod forward;
mod geometry;
mod input_gradient;
mod layout;
mod remainder;
mod shifted;
mod weight_gradient;

pub use geometry::Convolution;
