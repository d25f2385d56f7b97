//! Models and runs on disk.

mod atomic;
mod checkpoint;
mod model_file;
mod run_record;
mod tensor_file;

pub use atomic::write_atomically;
pub use model_file::{ModelFile, Provenance};
pub use safetensors::Dtype;
pub use tensor_file::StoredTensor;
