//! Pictures in files: their headers, their pixels, and those of a folder.

mod changes;
mod encoded;
mod files;
mod folder;
mod header;
mod load;
mod picture;
mod target;
mod transparency;

pub use encoded::encode_picture;
pub use files::Pictures;
pub(crate) use load::{Loaded, load, load_one};
