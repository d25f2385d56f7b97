//! Losses of a batch of predictions, each with its gradient in the same pass.
//!
//! Every function writes each row's sum of terms into `losses`, and `scale` times its derivative with respect to the prediction into
//! `gradient` where one is asked for. Shapes: predictions, targets and gradient `[rows, n]`, losses `[rows]`; a
//! distribution of learned scale or shape takes more predictions than targets, and says so.

pub mod beta_binomial;
mod binary_cross_entropy;
#[cfg(test)]
mod checks;
pub mod columns;
pub mod counts;
pub mod discretised_logistic;
mod each_row;
pub mod gaussian;
mod level;
mod log_scale;
pub mod ms_ssim;
mod squared_error;

pub use beta_binomial::beta_binomial;
pub use binary_cross_entropy::binary_cross_entropy;
pub use columns::Columns;
pub use discretised_logistic::discretised_logistic;
pub use gaussian::{gaussian_learned_scale, gaussian_shared_scale};
pub use squared_error::squared_error;
