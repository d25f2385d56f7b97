//! What commands write: a format by the name's ending, arrays, examples.

mod arrays;
mod examples;
mod format;

pub use arrays::{Element, write, write_blocks, write_column, write_values};
pub use examples::{write_decoded, write_examples};
pub use format::Format;
