//! Pictures in files: their heads, their pixels, and those of a folder.

mod header;
mod picture;
#[allow(clippy::module_inception)]
mod pictures;

pub use pictures::Pictures;
pub(crate) use pictures::load;
