//! What outputs mean.

mod likelihood;
mod shared_scale;

pub use likelihood::Likelihood;
pub use shared_scale::SharedScale;
