//! Models and runs on disk.

mod atomic;
mod checkpoint;
mod model_file;
mod registry;
mod run_record;
mod tensor_file;

pub use atomic::write_atomically;
pub use model_file::ModelFile;
pub use registry::Registry;
pub use safetensors::Dtype;
