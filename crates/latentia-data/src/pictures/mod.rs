//! Pictures in files: their headers, their pixels, and those of a folder.

mod files;
mod folder;
mod header;
mod load;
mod picture;
mod target;

pub use files::Pictures;
pub(crate) use load::load;
