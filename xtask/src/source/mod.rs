//! Rust source files, as far as rules on them need to understand Rust.

mod code;
mod file;
mod function;
mod token;

pub use file::Source;
pub use function::functions;
pub use token::{Token, closing};
