//! The sets that are known by name. Each is in the file of its family, and a line in [`CATALOGUE`].

mod catalogue;
mod cifar;
mod mnist;
mod mt19937;
mod named_set;
mod random;
mod shapes;

pub use catalogue::CATALOGUE;
pub use named_set::{NamedFile, NamedSet};
