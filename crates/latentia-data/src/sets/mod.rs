//! The sets that are known by name.

mod catalogue;
mod mnist;
mod mt19937;
mod random;

pub(crate) use catalogue::nearest;
pub use catalogue::{CATALOGUE, NamedFile, NamedSet};
