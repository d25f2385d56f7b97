//! Examples that a model made, as a picture, an array or a table.

use std::path::Path;

use latentia_data::{Carried, ColumnKind};
use latentia_models::{Autoencoder, ModelError};
use latentia_tensor::{Matrix, Rows};

use super::arrays::write;
use super::columns::OutputColumns;
use super::format::Format;
use crate::figures::Sheet;
use crate::terminal::{counted, tell};

/// Writes the examples that `codes` stand for, a picture as a `grid` of so many columns and these words.
///
/// # Errors
/// When the codes do not fit the model, or the file cannot be written.
pub fn write_decoded(
    model: &Autoencoder,
    codes: &dyn Rows,
    format: Format,
    grid: (&Sheet<'_>, usize),
    output: &Path,
) -> anyhow::Result<()> {
    write_examples(model, (codes, &model.decode(codes)?), format, grid, output)
}

/// Writes examples in the data's scale, which `codes` became, a picture as a `grid` of so many columns and these words.
///
/// # Errors
/// When the file cannot be written.
pub fn write_examples(
    model: &Autoencoder,
    (codes, examples): (&dyn Rows, &Matrix),
    format: Format,
    grid: (&Sheet<'_>, usize),
    output: &Path,
) -> anyhow::Result<()> {
    match format {
        Format::Png => {
            let (sheet, columns) = grid;
            let picture = sheet.grid(examples.view(), model.shape(), columns);
            picture.write(output)?;
        }
        _ => {
            let columns = OutputColumns::decoded_from(model, codes);
            write(output, format, &columns, examples)?;
        }
    }
    let count = counted(examples.rows(), "example");
    tell(&format!("wrote {}: {count}", output.display()));
    Ok(())
}

/// Examples that sampled `codes` become, in the data's scale: means, or draws from the likelihood by `seed` where that is asked for.
/// Counts are always drawn, and a table's rows where the model knows how far numbers are from their means.
///
/// # Errors
/// When the codes do not fit the model.
pub fn samples(
    model: &Autoencoder,
    codes: &dyn Rows,
    draw: bool,
    seed: u64,
) -> Result<Matrix, ModelError> {
    let likelihood = model.likelihood();
    let has_scale = likelihood
        .columns()
        .is_some_and(|columns| columns.has_learned_scale());
    match draw || has_scale || likelihood.is_of_counts() {
        true => model.decode_draws(codes, seed),
        false => model.decode(codes),
    }
}

/// Writes rows of a table as CSV, each followed by its reconstruction; `numbers` are those of the rows in their table.
///
/// # Errors
/// When the rows do not fit the model or cannot be read, or the file cannot be written.
pub fn write_row_pairs(
    model: &Autoencoder,
    rows: &dyn Rows,
    numbers: &[u32],
    output: &Path,
) -> anyhow::Result<()> {
    let width = model.width();
    let reconstructions = model.reconstruct(rows)?;
    let indices: Vec<u32> = (0..rows.rows() as u32).collect();
    let mut originals = Matrix::zeros(rows.rows(), width);
    rows.read(&indices, originals.view_mut())?;
    let pairs = originals
        .view()
        .iter_rows()
        .zip(reconstructions.view().iter_rows());
    let both: Vec<f32> = pairs.flat_map(|(x, y)| [x, y].concat()).collect();
    let twice = numbers
        .iter()
        .flat_map(|row| [row.to_string(), row.to_string()]);
    let what = numbers.iter().flat_map(|_| ["original", "reconstruction"]);
    let columns = OutputColumns::examples_of(model).behind(vec![
        Carried::of("row", ColumnKind::Id, twice),
        Carried::of("what", ColumnKind::Label, what),
    ]);
    let both = Matrix::from_vec(2 * rows.rows(), width, both);
    write(output, Format::Csv, &columns, &both)
}
