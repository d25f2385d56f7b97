//! Row-major `f32` matrices and the kernels that train autoencoders on the CPU.
//!
//! Everything here runs on the calling thread, writes into memory that the caller owns, and gives the same bits on every
//! call. It knows nothing about layers or files.
//!
//! ```
//! use latentia_tensor::{Accumulate, Matrix, add_bias_map, matmul_nn};
//!
//! // y = relu(x W + b)
//! let x = Matrix::from_vec(1, 2, vec![1.0, -2.0]);
//! let w = Matrix::from_vec(2, 2, vec![3.0, 1.0, 1.0, 4.0]);
//! let mut y = Matrix::zeros(1, 2);
//! matmul_nn(y.view_mut(), Accumulate::Replace, x.view(), w.view());
//! add_bias_map(y.view_mut(), &[0.5, 0.5], |z| z.max(0.0));
//! assert_eq!(y.as_slice(), [1.5, 0.0]);
//! ```
//!
//! - [`Matrix`], [`MatrixRef`], [`MatrixMut`]: matrices and views of them
//! - [`Rows`]: where examples come from, and what they are to be reconstructed as; [`Subset`]: some of them; [`split`]: which are held back for validation; [`Picture`]: what an
//!   example is by its shape; [`Schema`]: what its elements are, where it is a row of a table; [`Factors`]: what examples were made of
//! - [`matmul_nn`], [`matmul_nt`], [`matmul_tn`]: products; with the feature `train`, `symmetric_eigen`: eigenvalues, `cholesky`: factors
//! - [`Convolution`], [`Pooling`], [`Window`]: feature maps under a window
//! - [`math`]: elementary functions; [`vectorized`], [`map`], [`update`], …: loops over them
//! - [`loss`]: losses with their gradients
//! - [`optimizer`]: update rules
//! - [`from_half`]: floats of half precision, as files have them
//! - [`Noise`]: random numbers by position
//!
//! With the feature `ndarray`, arrays and views of the crate `ndarray` are [`Rows`], a [`Matrix`] becomes an array without a copy, and an array
//! a matrix.

#![forbid(unsafe_code)]

mod aligned;
#[cfg(feature = "ndarray")]
mod arrays;
mod convolution;
mod dispatch;
mod distance;
mod elementwise;
mod example_shape;
mod factors;
mod half;
#[cfg(feature = "train")]
mod linalg;
pub mod loss;
pub mod math;
mod matmul;
mod matrix;
mod noise;
pub mod optimizer;
mod picture;
mod pooling;
mod preparation;
mod reduction;
mod rows;
mod schema;
mod split;
mod subset;
mod upsampling;
mod window;
mod windows;

#[cfg(feature = "ndarray")]
pub use arrays::Element;
pub use convolution::Convolution;
pub use dispatch::{instruction_set, vectorized};
pub use distance::{dot, squared_distance};
pub use elementwise::{add_bias_map, map, map_in_place, update};
pub use example_shape::{Axes, ExampleShape};
pub use factors::Factors;
pub use half::from_half;
#[cfg(feature = "train")]
pub use linalg::{
    add_gram, add_product_nt, add_product_tn, cholesky, orthonormalise_rows, symmetric_eigen,
};
pub use matmul::{
    Accumulate, PackedMatrix, PackedPiece, matmul_nn, matmul_nt, matmul_packed, matmul_tn,
    sum_matmul_tn,
};
pub use matrix::{Matrix, MatrixMut, MatrixRef, transpose};
pub use noise::Noise;
pub use picture::Picture;
pub use pooling::Pooling;
pub use preparation::{Background, Fit, Preparation};
pub use reduction::{add_column_sums, sum_and_dot, sum_of_squares};
pub use rows::{Rows, Targets};
pub use schema::{Column, ColumnKind, ElementKind, Schema};
pub use split::split;
pub use subset::Subset;
pub use upsampling::Upsampling;
pub use window::Window;
pub use windows::Windows;

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
