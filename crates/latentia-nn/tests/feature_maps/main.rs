//! The promises of layers on feature maps: outputs and gradients of slow f64 loops, the same bits for any number of threads, and a
//! word about what does not fit.

mod batch;
mod batch_norm;
mod chains;
mod gradients;
mod refusals;
