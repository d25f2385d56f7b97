//! The modules of a package, and which file imports what from which.

mod graph;
mod path;
mod reader;
mod resolver;
mod tree;

pub use graph::{Import, ModuleGraph};
