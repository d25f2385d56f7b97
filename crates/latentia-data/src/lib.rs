//! Data sets for autoencoders: what a name or a path stands for, as examples that are read by index.
//!
//! ```
//! use latentia_data::{Locations, Matrix, Rows, Subset, load, split};
//!
//! let source = load("mnist-mini", &Locations::new(None))?;
//! assert_eq!(source.train.shape(), [28, 28]);
//!
//! // A tenth of the 5,000 images is held back.
//! let (training, validation) = split(source.train.rows(), 0.1, 42);
//! let training = Subset::new(&source.train, training);
//! assert_eq!((training.rows(), validation.len()), (4_500, 500));
//!
//! let mut batch = Matrix::zeros(2, training.cols());
//! training.read(&[0, 1], batch.view_mut())?;
//! assert!(batch.as_slice().contains(&255.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The parts:
//! - [`load`] turns a name or a path into a [`Source`], [`load_with`] does so with [`LoadOptions`], tables with [`TableOptions`], pictures with
//!   [`PictureOptions`];
//! - [`Dataset`] holds examples, [`DatasetView`] borrows them, [`Pictures`] are those of a folder, [`RowReader`] reads a table's rows as they come;
//! - [`CATALOGUE`] lists the [`NamedSet`]s, [`Locations`] where they are looked for;
//! - [`little_to_learn`] says which examples teach little, [`check_times`] what is odd in the times of a series;
//! - [`DataError`] says what is wrong with a file, [`nearest_name`] which name was meant.
//!
//! Files may come from anyone. A parser never panics, and never allocates what only a header claims.

#![forbid(unsafe_code)]

mod dataset;
mod dataset_view;
mod error;
mod example_size;
mod fingerprint;
mod float_buffer;
mod formats;
mod input;
mod little_to_learn;
mod load;
mod load_options;
mod locations;
mod nearest_name;
mod others;
mod paired;
mod parts;
mod picture_options;
#[cfg(feature = "pictures")]
mod pictures;
mod series;
mod sets;
mod source;
mod standard_input;
mod stored;
mod table;
mod table_options;
mod values;
#[cfg(not(feature = "pictures"))]
mod without_pictures;

#[cfg(not(feature = "pictures"))]
use without_pictures as pictures;

pub use dataset::Dataset;
pub use dataset_view::DatasetView;
pub use error::{DataError, Problem};
#[cfg(feature = "parquet")]
pub use formats::ParquetWriter;
pub use formats::{RowReader, check_times};
pub use little_to_learn::little_to_learn;
pub use load::{load, load_standard_input, load_with};
pub use load_options::LoadOptions;
pub use locations::Locations;
pub use nearest_name::nearest_name;
pub use picture_options::PictureOptions;
pub use pictures::Pictures;
#[cfg(feature = "pictures")]
pub use pictures::encode_picture;
pub use sets::{CATALOGUE, NamedFile, NamedSet};
pub use source::Source;
pub use table::{Carried, Profile, Table, TableRow, TableWriter, cell, is_missing};
pub use table_options::{Carry, TableOptions};

/// What a data set is read through, and cut with.
pub use latentia_tensor::{
    Axes, Column, ColumnKind, ElementKind, ExampleShape, Factors, Matrix, MatrixMut, Rows, Schema,
    Subset, split,
};

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
