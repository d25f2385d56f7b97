//! CSV, a table of numbers as text: parted by commas, semicolons, tabs or spaces, plain or in gzip.

mod dialect;
mod first_row;
mod head;
mod table;

use table::Table;

use super::format::Format;
use crate::dataset::Dataset;
use crate::error::DataError;
use crate::float_buffer::FloatBuffer;
use crate::input::Input;
use crate::load_options::LoadOptions;

/// One example a row.
pub(crate) static CSV: Format = Format {
    name: "CSV",
    endings: &[".csv", ".tsv"],
    other_endings: &[".csv.gz", ".tsv.gz"],
    signatures: &[],
    read: |path, subject, options| read(Input::open_gzip(path, subject)?, options),
};

/// Reads a table, one example a row, with or without a header.
///
/// How fields are parted, how decimals are written and whether the first row is a header follows from the first rows, where the
/// options do not say it. Empty lines are skipped. What was guessed is among the set's [notes](Dataset::notes).
fn read(input: Input<'_>, options: &LoadOptions) -> Result<Dataset, DataError> {
    let mut table = Table::new(input, &options.table)?;
    let mut floats = FloatBuffer::new(table.subject(), options.memory);
    let mut row = Vec::new();
    while table.read_row(&mut row)? {
        floats.push(&row)?;
    }
    match floats.count() {
        0 => Err(table.without_rows()),
        _ => {
            let dataset = floats.into_dataset(vec![row.len()])?;
            Ok(table.describe(dataset))
        }
    }
}
