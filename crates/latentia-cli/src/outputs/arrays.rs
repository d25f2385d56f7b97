//! Arrays as files: NPY, CSV and Parquet.

use std::io;
use std::path::Path;

use latentia_data::{ParquetWriter, TableWriter};
use latentia_models::write_atomically;
use latentia_tensor::{Matrix, MatrixRef};
use npyz::WriterBuilder;

use super::columns::OutputColumns;
use super::format::Format;
use crate::inputs::elements_in_words;
use crate::terminal::tell;

/// The type of an NPY file's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// u8
    Byte,
    /// f32
    Float,
}

impl Element {
    /// The value that stands for one.
    pub fn full_scale(self) -> f32 {
        match self {
            Self::Byte => 255.0,
            Self::Float => 1.0,
        }
    }
}

/// Where a block of rows goes.
pub type Sink<'a> = dyn FnMut(MatrixRef<'_>) -> io::Result<()> + 'a;

/// Writes an array of any shape whose first dimension are the rows, as a table with `columns` in CSV and Parquet. It comes block by block:
/// `produce` hands each to the function it is given. Bytes come as whole numbers of 0 to 255.
///
/// # Errors
/// When `produce` fails or the file cannot be written; nothing is then left under its name.
pub fn write_blocks(
    path: &Path,
    (format, element): (Format, Element),
    shape: &[usize],
    columns: &OutputColumns<'_>,
    produce: impl FnOnce(&mut Sink<'_>) -> io::Result<()>,
) -> anyhow::Result<()> {
    let shape: Vec<u64> = shape.iter().map(|&n| n as u64).collect();
    if let (Format::Npy, Some(how)) = (format, elements_in_words(&columns.schema)) {
        tell(&format!(
            "{} has {how}; .csv has them as the table does",
            path.display()
        ));
    }
    write_atomically(path, |out| match (format, element) {
        (Format::Npy, Element::Float) => {
            let options = npyz::WriteOptions::new().default_dtype().shape(&shape);
            let mut writer = options.writer(out).begin_nd()?;
            produce(&mut |block| {
                let mut rows = block.iter_rows();
                rows.try_for_each(|row| writer.extend(row.iter().copied()))
            })?;
            writer.finish()
        }
        (Format::Npy, Element::Byte) => {
            let options = npyz::WriteOptions::new().default_dtype().shape(&shape);
            let mut writer = options.writer(out).begin_nd()?;
            produce(&mut |block| {
                let mut rows = block.iter_rows();
                rows.try_for_each(|row| writer.extend(row.iter().map(|&x| x as u8)))
            })?;
            writer.finish()
        }
        (Format::Parquet, _) => {
            let mut writer = ParquetWriter::new(out, &columns.schema, &columns.carried_names())?;
            let write = |texts: &[&str], row: &[f32]| writer.write(texts.iter().copied(), row);
            write_rows(columns, produce, write)?;
            writer.finish()
        }
        _ => {
            let mut writer = TableWriter::new(out, &columns.schema, &columns.carried_names())?;
            let write = |texts: &[&str], row: &[f32]| writer.write(texts.iter().copied(), row);
            write_rows(columns, produce, write)?;
            writer.finish()
        }
    })?;
    Ok(())
}

/// Hands each row that `produce` gives to `write`, behind the texts that are carried along.
fn write_rows(
    columns: &OutputColumns<'_>,
    produce: impl FnOnce(&mut Sink<'_>) -> io::Result<()>,
    mut write: impl FnMut(&[&str], &[f32]) -> io::Result<()>,
) -> io::Result<()> {
    let mut texts = Vec::new();
    let mut row = 0;
    produce(&mut |block| {
        for elements in block.iter_rows() {
            texts.clear();
            texts.extend(columns.carried.iter().map(|own| own.text(row)));
            write(&texts, elements)?;
            row += 1;
        }
        Ok(())
    })
}

/// Writes a matrix.
///
/// # Errors
/// When the file cannot be written; nothing is then left under its name.
pub fn write(
    path: &Path,
    format: Format,
    columns: &OutputColumns<'_>,
    matrix: &Matrix,
) -> anyhow::Result<()> {
    let shape = [matrix.rows(), matrix.cols()];
    write_blocks(path, (format, Element::Float), &shape, columns, |sink| {
        sink(matrix.view())
    })
}

/// Writes a value for each example: an array of one dimension, or a column.
///
/// # Errors
/// When the file cannot be written; nothing is then left under its name.
pub fn write_column(
    path: &Path,
    format: Format,
    columns: &OutputColumns<'_>,
    values: &[f32],
) -> anyhow::Result<()> {
    let block = MatrixRef::new(values, values.len(), 1);
    write_blocks(
        path,
        (format, Element::Float),
        &[values.len()],
        columns,
        |sink| sink(block),
    )
}
