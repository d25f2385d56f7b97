//! The one model type, and running it over any number of examples.

mod build;
mod codebook;
mod compressed_image;
pub(crate) mod inference;
mod labelled;
mod model;
mod scaled;
mod scaling;
mod sections;
pub(crate) mod value_range;

pub(crate) use labelled::labels;

pub use compressed_image::CompressedImage;
pub use labelled::Labelled;
pub use model::Autoencoder;
pub use scaled::Scaled;
pub use scaling::Scaling;
pub use sections::Sections;
