//! Parquet, flat tables, read row by row.
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
mod page;
mod table;
mod thrift;
mod values;

use std::path::Path;

use cell::{Cell, CellKind};
use table::{MAGIC, ParquetTable};

use super::format::Format;
use crate::dataset::Dataset;
use crate::error::{DataError, printable};
use crate::float_buffer::FloatBuffer;
use crate::input::open;
use crate::load_options::LoadOptions;

/// One example a row, of numbers and booleans.
pub(crate) static PARQUET: Format = Format {
    name: "Parquet",
    endings: &[".parquet"],
    other_endings: &[".pq"],
    signatures: &[MAGIC],
    read,
};

/// Reads the columns that the options name, or all; each must be of numbers or booleans, without gaps.
fn read(path: &Path, subject: &str, options: &LoadOptions) -> Result<Dataset, DataError> {
    let mut table = ParquetTable::open(open(path)?, subject)?;
    let names: Vec<String> = table.names().map(String::from).collect();
    let chosen = chosen(&names, subject, options)?;
    let place = |column: usize| format!("column `{}`", printable(&names[column], 40));
    let kinds: Vec<CellKind> = table.kinds().collect();
    for &column in &chosen {
        if let CellKind::Text | CellKind::Date = kinds[column] {
            let seen = format!("{:?}", kinds[column]).to_lowercase();
            return Err(DataError::invalid(
                subject,
                place(column),
                seen,
                "numbers or booleans",
            ));
        }
    }
    let mut floats = FloatBuffer::new(subject, options.memory);
    let (mut row, mut count) = (Vec::new(), 0_u64);
    while table.next_row()? {
        let cells: Vec<Cell<'_>> = table.cells().collect();
        row.clear();
        for &column in &chosen {
            row.push(match cells[column] {
                Cell::Number(value) => value as f32,
                Cell::Bool(value) => value.into(),
                Cell::Missing | Cell::Text(_) | Cell::Date(_) => {
                    let place = format!("row {count} (from 0), {}", place(column));
                    return Err(DataError::invalid(subject, place, "no value", "a number"));
                }
            });
        }
        floats.push(&row)?;
        count += 1;
    }
    if count == 0 {
        return Err(DataError::invalid(subject, "rows", "none", "one or more"));
    }
    let dataset = floats.into_dataset(vec![chosen.len()])?;
    let mut columns: Vec<String> = chosen.iter().map(|&column| names[column].clone()).collect();
    let named = columns.clone();
    columns.sort_unstable();
    columns.dedup();
    Ok(dataset.with_columns(
        Some(named).filter(|named| named.len() == columns.len()),
        Vec::new(),
    ))
}

/// The columns that are wanted, in the order in which they are.
fn chosen(names: &[String], subject: &str, options: &LoadOptions) -> Result<Vec<usize>, DataError> {
    let Some(wanted) = &options.table.columns else {
        return Ok((0..names.len()).collect());
    };
    let position = |wanted: &String| names.iter().position(|name| name == wanted);
    let found: Option<Vec<usize>> = wanted.iter().map(position).collect();
    found.ok_or_else(|| DataError::MissingColumns {
        subject: subject.to_owned(),
        missing: wanted
            .iter()
            .filter(|wanted| position(wanted).is_none())
            .cloned()
            .collect(),
        names: names.to_vec(),
    })
}
