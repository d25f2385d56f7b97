//! The one model type, and running it over any number of examples.

mod build;
mod codebook;
mod compressed_image;
mod description;
mod encoded;
mod encoder;
mod fitting_sizes;
mod graph;
mod identity;
pub(crate) mod inference;
mod labelled;
mod mean_bias;
mod model;
mod parts;
mod quantiles;
mod scaled;
mod scaling;
mod sections;
pub(crate) mod value_range;
mod weights;
mod workspace;

#[cfg(feature = "train")]
pub(crate) use labelled::labels;

pub use compressed_image::CompressedImage;
#[cfg(feature = "train")]
pub(crate) use description::Description;
pub use description::Foreign;
pub use encoded::Encoded;
pub use encoder::Encoder;
pub use graph::GraphRows;
pub use labelled::Labelled;
pub use mean_bias::MeanBias;
pub use model::Autoencoder;
pub use parts::Parts;
pub use quantiles::Quantiles;
pub use scaled::Scaled;
pub use scaling::Scaling;
pub use sections::Sections;
