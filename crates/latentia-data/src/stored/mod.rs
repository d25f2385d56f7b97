//! Values that are partly in memory and partly in a file, read by position.

mod file;
mod in_memory;
mod values;

pub(crate) use file::FileState;
#[cfg(feature = "parquet")]
pub(crate) use file::read_exact_at;
pub(crate) use in_memory::InMemory;
pub(crate) use values::StoredValues;
