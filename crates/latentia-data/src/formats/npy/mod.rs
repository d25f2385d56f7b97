//! NPY, NumPy's format for one array.
//!
//! Parsed here and not by `npyz`, which multiplies the sizes that a header claims without a check (a panic in debug
//! builds, a wrapped count in others) and allocates a header of the claimed length.

mod array;
mod dictionary;
mod element_type;
mod header;

pub(crate) use array::{Array, NPY, PlainFile};
