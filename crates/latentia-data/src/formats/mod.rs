//! The formats that data come in. Each is a file or a folder, and a line in [`FILES`].

pub(crate) mod cifar;
mod csv;
mod format;
pub(crate) mod idx;
mod npy;
mod npz;
#[cfg(feature = "parquet")]
mod parquet;
mod pictures;
mod table;

pub(crate) use csv::CSV;
pub use csv::RowReader;
pub(crate) use format::Format;
#[cfg(feature = "parquet")]
pub use parquet::ParquetWriter;
pub(crate) use pictures::read as read_folder;
pub use table::check_times;

/// The formats of files; the first that fits is the one.
pub(crate) static FILES: &[&Format] = &[
    &npy::NPY,
    &npz::NPZ,
    #[cfg(feature = "parquet")]
    &parquet::PARQUET,
    &csv::CSV,
    &idx::IDX,
    &cifar::CIFAR,
    &pictures::PICTURE,
];
