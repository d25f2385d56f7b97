//! The sets that are known by name.

mod catalogue;
mod mnist;
mod mt19937;
mod random;

pub use catalogue::{CATALOGUE, NamedFile, NamedSet};
