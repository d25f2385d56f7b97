//! Examples that a model made, as a picture or as an array.

use std::path::Path;

use latentia_models::Autoencoder;
use latentia_tensor::{Matrix, Rows};

use super::arrays::write;
use super::columns::OutputColumns;
use super::format::Format;
use crate::figures::grid;
use crate::terminal::{counted, tell};

/// Writes the examples that `codes` stand for; a picture has `columns` of them beside each other.
///
/// # Errors
/// When the codes do not fit the model, or the file cannot be written.
pub fn write_decoded(
    model: &Autoencoder,
    codes: &dyn Rows,
    format: Format,
    columns: usize,
    output: &Path,
) -> anyhow::Result<()> {
    write_examples(model, &model.decode(codes)?, format, columns, output)
}

/// Writes examples in the data's scale; a picture has `columns` of them beside each other.
///
/// # Errors
/// When the file cannot be written.
pub fn write_examples(
    model: &Autoencoder,
    examples: &Matrix,
    format: Format,
    columns: usize,
    output: &Path,
) -> anyhow::Result<()> {
    match format {
        Format::Png => grid(examples.view(), model.shape(), columns).write(output)?,
        Format::Npy | Format::Csv => {
            write(output, format, &OutputColumns::examples_of(model), examples)?;
        }
    }
    let count = counted(examples.rows(), "example");
    tell(&format!("wrote {}: {count}", output.display()));
    Ok(())
}
