//! How good a model is.

mod covariance;
mod denoising;
mod elbo;
mod imputation;
mod latent_usage;
mod lbfgs;
mod logistic;
mod metrics;
mod neighbours;
mod observed;
mod pca;
mod preconditioner;
mod probe;
mod probes;
mod ranking;
mod report;
mod sketch;
mod ssim;
mod table_metrics;
mod wide;

pub use denoising::Denoising;
pub use elbo::ElboReport;
pub use imputation::{ImputationReport, ImputedColumn};
pub use latent_usage::{CodebookUsage, LatentUsage};
pub use metrics::Metrics;
pub use observed::{ObservedRows, ProgressObserver};
pub use pca::Pca;
pub use probe::Probe;
pub use probes::Probes;
pub use ranking::{Estimate, RankingMetrics, RankingOptions, ThresholdMetrics};
pub use report::{Evaluation, EvaluationOptions};
pub use ssim::ssim;
pub use table_metrics::{ColumnMetrics, Fidelity, TableMetrics};
