//! CSV, a table as text: parted by commas, semicolons, tabs or spaces, plain or in gzip.

mod dialect;
mod first_row;
mod head;
mod line_records;
mod row_reader;
mod rows;

pub use row_reader::RowReader;
use rows::Rows;

use super::format::Format;
use super::table;
use crate::input::Input;

/// One example a row, with or without a header.
///
/// How fields are parted, how decimals are written and whether the first row is a header follows from the first rows, where the
/// options do not say it. Empty lines are skipped; in a table of one column they are gaps. What was guessed is among the set's
/// [notes](crate::Dataset::notes).
pub(crate) static CSV: Format = Format {
    name: "CSV",
    endings: &[".csv", ".tsv"],
    other_endings: &[
        ".csv.gz", ".tsv.gz", ".txt", ".txt.gz", ".dat", ".dat.gz", ".data", ".data.gz",
    ],
    signatures: &[],
    in_gzip: true,
    read: |path, subject, options| {
        let open = || Rows::new(Input::open_gzip(path, subject)?, &options.table);
        table::read(open, options)
    },
};
