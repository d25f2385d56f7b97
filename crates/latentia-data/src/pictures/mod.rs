//! Pictures in files: their headers, their pixels, and those of a folder.

mod changes;
mod files;
mod folder;
mod header;
mod load;
mod picture;
mod target;
mod transparency;

pub use files::Pictures;
pub(crate) use load::{Loaded, load, load_one};
