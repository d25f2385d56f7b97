//! How good a model is.

mod denoising;
mod lbfgs;
mod logistic;
mod metrics;
mod neighbours;
mod pca;
mod probe;
mod psnr;
mod ssim;
mod usage;
mod variational;

pub use denoising::Denoising;
pub use metrics::Metrics;
pub use pca::{PCA_MAX_COLUMNS, Pca};
pub use probe::Probe;
pub use psnr::psnr;
pub use ssim::ssim;
pub use usage::Usage;
pub use variational::Variational;
