//! Parquet, flat tables, read and written row by row.
//!
//! Parsed here and not by the crate `parquet`, which panics on files that are damaged, allocates lists and pages of the size that
//! they claim, and reads Zstandard by a library in C. What is read follows version 2.12 of the format: every type of a flat column,
//! every encoding but the bit-packed levels of old, Snappy, gzip, Zstandard and LZ4. Lists, maps and structures, encrypted files,
//! Brotli and LZO are refused in words.
//!
//! In memory are the footer, and a page and a dictionary of each column, together 1 GiB at most; nothing is allocated that a
//! file only claims.

mod bits;
mod cell;
mod cursor;
mod fault;
mod footer;
mod output;
mod page;
mod rows;
mod table;
mod thrift;
mod thrift_writer;
mod values;
mod writer;
#[cfg(test)]
mod written;

pub use writer::ParquetWriter;

use rows::Rows;
use table::MAGIC;

use super::format::Format;
use super::table::read;

/// One example a row.
pub(crate) static PARQUET: Format = Format {
    name: "Parquet",
    endings: &[".parquet"],
    other_endings: &[".pq"],
    signatures: &[MAGIC],
    in_gzip: false,
    read: |path, subject, options| read(|| Rows::open(path, subject), options),
};
