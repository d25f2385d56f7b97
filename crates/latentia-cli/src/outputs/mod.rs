//! What commands write: a format by the name's ending, arrays, examples.

mod arrays;
mod columns;
mod examples;
mod findings;
mod format;
mod picture_folder;

pub use arrays::{Element, Sink, write, write_blocks, write_column};
pub use columns::OutputColumns;
pub use examples::{samples, write_decoded, write_examples, write_row_pairs};
pub use findings::write_findings;
pub use format::Format;
pub use picture_folder::PictureFolder;
