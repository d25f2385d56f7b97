//! Models and runs on disk.

#[cfg(feature = "train")]
mod atomic;
#[cfg(feature = "train")]
mod checkpoint;
mod model_file;
mod registry;
#[cfg(feature = "train")]
mod run_record;
mod tensor_file;
mod torch;
mod torch_module;

#[cfg(feature = "train")]
pub use atomic::write_atomically;
pub use model_file::ModelFile;
pub use registry::Registry;
pub use safetensors::Dtype;
pub use torch::{TorchNames, TorchSource};
pub use torch_module::TorchModule;
