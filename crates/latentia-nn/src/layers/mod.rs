//! Layers: one file for each kind.

mod activate;
pub(crate) mod activation;
mod batch_norm;
mod condition;
mod conv;
pub(crate) mod corruption;
mod dense;
mod dropout;
mod group_norm;
mod permute;
mod pool;
mod size;
mod spec;
mod stack;

pub use activate::Activate;
pub use activation::Activation;
pub use batch_norm::BatchNorm;
pub use condition::Condition;
pub use conv::Conv;
pub use corruption::{Corrupt, Corruption};
pub use dense::Dense;
pub use dropout::Dropout;
pub use group_norm::GroupNorm;
pub use permute::Permute;
pub use pool::{Pool, Pooled, Upsample};
pub use size::{NamedPadding, Padding, Size};
pub use spec::{LayerSpec, SpecError, Widths};
