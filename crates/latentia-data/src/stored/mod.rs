//! Values that are partly in memory and partly in a file, read by position.

mod file;
mod in_memory;
mod values;

pub(crate) use file::FileState;
pub(crate) use in_memory::InMemory;
pub(crate) use values::StoredValues;
