//! The rows of a Parquet file as text, as those of every table.

use std::path::Path;

use csv::ByteRecord;

use super::super::table::Records;
use super::cell::Cell;
use super::table::ParquetTable;
use crate::error::DataError;
use crate::input::open;
use crate::table::date_text;

/// Rows that kinds of columns are guessed from.
const FIRST: usize = 500;

/// The rows of a Parquet file as text.
pub(super) struct Rows<'a> {
    subject: &'a str,
    table: ParquetTable,
    names: Vec<String>,
    first_rows: Vec<ByteRecord>,
    /// Whether there are times beside the dates of a column.
    has_times: Vec<bool>,
    /// Rows that were handed on.
    done: u64,
}

impl<'a> Rows<'a> {
    /// Opens a file and reads its first rows.
    pub(super) fn open(path: &Path, subject: &'a str) -> Result<Self, DataError> {
        let table = ParquetTable::open(open(path)?, subject)?;
        let names: Vec<String> = table.names().map(String::from).collect();
        let mut rows = Self {
            subject,
            table,
            has_times: vec![false; names.len()],
            names,
            first_rows: Vec::new(),
            done: 0,
        };
        // A time among the first rows says that there are some.
        let mut first = ParquetTable::open(open(path)?, subject)?;
        for _ in 0..FIRST {
            if !first.next_row()? {
                break;
            }
            for (has_times, cell) in rows.has_times.iter_mut().zip(first.cells()) {
                *has_times |= matches!(cell, Cell::Date(days) if days.fract() != 0.0);
            }
        }
        let mut record = ByteRecord::new();
        while rows.first_rows.len() < FIRST && rows.read(&mut record)? {
            rows.first_rows.push(record.clone());
        }
        Ok(rows)
    }

    fn read(&mut self, record: &mut ByteRecord) -> Result<bool, DataError> {
        if !self.table.next_row()? {
            return Ok(false);
        }
        record.clear();
        for (cell, &has_times) in self.table.cells().zip(&self.has_times) {
            record.push_field(text(cell, has_times).as_bytes());
        }
        Ok(true)
    }
}

/// A cell as a table of text has it.
fn text(cell: Cell<'_>, has_times: bool) -> String {
    match cell {
        Cell::Missing => String::new(),
        Cell::Number(number) => number.to_string(),
        Cell::Bool(is) => is.to_string(),
        Cell::Date(days) => {
            let format = match has_times || days.fract() != 0.0 {
                true => "%Y-%m-%d %H:%M:%S",
                false => "%Y-%m-%d",
            };
            // One that no calendar has is refused as text.
            date_text(days, format).unwrap_or_else(|| format!("{days} days since 1970"))
        }
        Cell::Text(text) => text.to_owned(),
    }
}

impl Records for Rows<'_> {
    fn subject(&self) -> &str {
        self.subject
    }

    fn names(&self) -> Option<Vec<String>> {
        Some(self.names.clone())
    }

    fn fields(&self) -> usize {
        self.names.len()
    }

    fn has_index(&self) -> bool {
        false
    }

    fn first_rows(&self) -> &[ByteRecord] {
        &self.first_rows
    }

    fn decimal(&self) -> u8 {
        b'.'
    }

    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    fn next(&mut self, record: &mut ByteRecord) -> Result<bool, DataError> {
        let is_there = match self.first_rows.get(self.done as usize) {
            Some(first) => {
                record.clone_from(first);
                true
            }
            None => self.read(record)?,
        };
        self.done += u64::from(is_there);
        Ok(is_there)
    }

    fn place(&self, _record: &ByteRecord) -> String {
        format!("row {}", self.done)
    }
}
