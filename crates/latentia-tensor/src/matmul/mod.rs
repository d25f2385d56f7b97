//! Products of matrices.
//!
//! faer computes `dy · Wᵀ` and `xᵀ · dy` of single calls. Four things it does not do, and kernels of our own do:
//!
//! - Where most of `x` is zero, as in pictures of digits, the steps at which all rows of a tile are zero are left out, in both
//!   products of the first layer; the result is the same to the bit.
//! - Every element of `x · W` is a sum in the order of the inner dimension, each term fused into it: a row has the same bits
//!   alone, in a batch and on every instruction set. What is encoded on one machine is decoded on another by it.
//! - A right matrix of many products is laid out once ([`PackedMatrix`]), so that a product of 16 rows is as fast as one of 64.
//! - A gradient is summed over several blocks of rows in one go, in the order of the rows, and its right matrix is read where it lies:
//!   a narrow part of a gradient costs no more than its share.
//!
//! Our kernels go through the right matrix in panels that stay in the first-level cache, and hold a tile of the output in
//! registers (Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008). The left matrix is read where
//! it lies, element by element.
//!
//! Every call runs on the calling thread, and allocates nothing after a thread's first. Without the feature `train` there is no
//! faer: gradients are computed by the forward kernel, from a transposed copy.

mod accumulate;
mod columns;
#[cfg(feature = "train")]
mod dense;
mod nonzero;
mod ordered;
mod packed;
mod panel;
mod part;
mod product;
mod products;
mod sparse;
mod tile;
mod tile_rows;
#[cfg(not(feature = "train"))]
mod transposed;

#[cfg(not(feature = "train"))]
use transposed as dense;

pub use accumulate::Accumulate;
pub use packed::{PackedMatrix, PackedPiece};
pub use products::{matmul_nn, matmul_nt, matmul_packed, matmul_tn, sum_matmul_tn};
