//! NPY, NumPy's format for one array.

mod array;
mod header;

pub(crate) use array::NPY;
