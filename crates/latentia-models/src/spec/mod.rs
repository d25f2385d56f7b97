//! What a model and its training are made of, as plain data.

mod augmentation;
#[cfg(feature = "train")]
mod detection_spec;
mod model_spec;
mod preprocessing;
#[cfg(feature = "train")]
mod preset;
#[cfg(feature = "schema")]
mod schema;
mod training_spec;

pub(crate) use model_spec::no_encoder;
pub(crate) use training_spec::is_false;

pub use augmentation::AugmentationSpec;
#[cfg(feature = "train")]
pub use detection_spec::DetectionSpec;
pub use model_spec::{ConditionSpec, LossOn, ModelSpec, OutputBias};
pub use preprocessing::Preprocessing;
#[cfg(feature = "train")]
pub use preset::{Expected, Preset};
pub use training_spec::{FrozenPart, Part, TrainingSpec, Validation};
