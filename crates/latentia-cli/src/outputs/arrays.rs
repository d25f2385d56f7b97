//! Arrays as files: NPY and CSV.

use std::io::{self, Write};
use std::path::Path;

use latentia_models::write_atomically;
use latentia_tensor::{Matrix, MatrixRef};
use npyz::WriterBuilder;

use super::format::Format;

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

/// Writes a matrix of `rows` rows that comes block by block: `produce` hands each block to the function it is given.
///
/// # Errors
/// When `produce` fails or the file cannot be written; nothing is then left under its name.
pub fn write_blocks(
    path: &Path,
    format: Format,
    shape: [usize; 2],
    produce: impl FnOnce(&mut dyn FnMut(MatrixRef<'_>) -> io::Result<()>) -> io::Result<()>,
) -> anyhow::Result<()> {
    write_values(path, format, &shape, Element::Float, produce)
}

/// As [`write_blocks`], an array of any shape whose first dimension are the rows. Bytes come as whole numbers of 0 to 255.
///
/// # Errors
/// When `produce` fails or the file cannot be written; nothing is then left under its name.
pub fn write_values(
    path: &Path,
    format: Format,
    shape: &[usize],
    element: Element,
    produce: impl FnOnce(&mut dyn FnMut(MatrixRef<'_>) -> io::Result<()>) -> io::Result<()>,
) -> anyhow::Result<()> {
    let shape: Vec<u64> = shape.iter().map(|&n| n as u64).collect();
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
        (Format::Csv | Format::Png, _) => produce(&mut |block| write_csv(out, block)),
    })?;
    Ok(())
}

/// Writes a matrix.
///
/// # Errors
/// When the file cannot be written; nothing is then left under its name.
pub fn write(path: &Path, format: Format, matrix: &Matrix) -> anyhow::Result<()> {
    let shape = [matrix.rows(), matrix.cols()];
    write_blocks(path, format, shape, |sink| sink(matrix.view()))
}

/// Writes a value for each example: an array of one dimension, or a column.
///
/// # Errors
/// When the file cannot be written; nothing is then left under its name.
pub fn write_column(path: &Path, format: Format, values: &[f32]) -> anyhow::Result<()> {
    let block = MatrixRef::new(values, values.len(), 1);
    write_values(path, format, &[values.len()], Element::Float, |sink| {
        sink(block)
    })
}

fn write_csv(out: &mut dyn Write, block: MatrixRef<'_>) -> io::Result<()> {
    for row in block.iter_rows() {
        for (column, x) in row.iter().enumerate() {
            let comma = if column > 0 { "," } else { "" };
            write!(out, "{comma}{x}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}
