//! The formats of files that data come in.

pub(crate) mod cifar;
pub(crate) mod csv;
pub(crate) mod idx;
pub(crate) mod npy;
pub(crate) mod pictures;
