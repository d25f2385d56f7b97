//! Products of matrices.
//!
//! A product goes through the right matrix in panels that stay in the first-level cache, and holds a tile of the output in
//! registers (Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008). The left matrix is read where
//! it lies, element by element. Where most of it is zero, as in pictures of digits, the steps at which all rows of a tile are
//! zero are left out; the result is the same to the bit.
//!
//! Every element of `x · W` and of `xᵀ · dy` is a sum in the order of the inner dimension: a row's result does not depend on
//! the rows beside it. Every call runs on the calling thread and allocates nothing.

mod accumulate;
mod blocked;
mod left;
mod nonzero;
mod panel;
mod products;
mod tile;
mod transposed;

pub use accumulate::Accumulate;
pub use products::{matmul_nn, matmul_nt, matmul_tn};
