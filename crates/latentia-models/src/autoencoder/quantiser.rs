//! How the numbers of a code become symbols.

use std::io;

use latentia_tensor::{Matrix, MatrixMut, Rows};

use super::labelled::Labelled;
use super::model::Autoencoder;
use crate::{Code, ModelError};

/// Training examples that a quantiser is fitted to, at most; counts of them fit 16 bits.
const MOST_EXAMPLES: usize = 1 << 15;

/// Share of the squared error of a reconstruction that the finest cells add to it.
const ADDED_ERROR: f64 = 1e-3;

/// Cells of one number, at most.
const MOST_CELLS: f64 = 4096.0;

/// Numbers that are changed to see what a code's unit does to the output, at most, over all units.
const MOST_CHANGES: usize = 1 << 14;

/// How the numbers of a model's code become symbols, and how often training codes had each: what an entropy coder needs.
///
/// Each number `z` of a code is cut into cells of one width `δ`, the cell of `i` around `i δ`. Widths are such that all units
/// add the same squared error `δ² s² / 12` to a reconstruction, where `s²` is the mean squared change of the output by a unit
/// change of the number (at high rates that is the best choice for a given sum: Gersho and Gray, Vector Quantization and
/// Signal Compression, 1992); together they add a thousandth of what the model's reconstructions err by. Coarser cells are
/// whole numbers of these.
///
/// The cells of a rounded code are its whole numbers. The symbols of a vector-quantised code are the numbers of its vectors, for each place.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantiser {
    /// The symbols of each number of the code, or of each of its vectors.
    pub symbols: Vec<Symbols>,
}

/// The symbols of one number or vector of a code.
#[derive(Clone, Debug, PartialEq)]
pub struct Symbols {
    /// Width `δ` of a cell; 0 where symbols are the vectors of a codebook.
    pub step: f32,
    /// The cell of symbol 0.
    pub first: i32,
    /// How many training codes had each symbol; one at least.
    pub counts: Vec<u16>,
}

impl Quantiser {
    /// Fits the quantiser of `model`'s code to training examples.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn fit(model: &Autoencoder, examples: &dyn Rows) -> Result<Self, ModelError> {
        let examples = Spread::over(examples, MOST_EXAMPLES);
        let codes = model.encode(&examples)?;
        if let Code::VectorQuantised { codebook, .. } = model.spec.code {
            let places = model.code_width() / model.codebook().map_or(1, Matrix::cols);
            let mut symbols = vec![
                Symbols {
                    step: 0.0,
                    first: 0,
                    counts: vec![0; codebook],
                };
                places
            ];
            for row in codes.view().iter_rows() {
                for (symbols, choice) in symbols.iter_mut().zip(model.choices(row)) {
                    symbols.counts[choice as usize] += 1;
                }
            }
            return Ok(Self { symbols });
        }
        if let Code::Rounded { .. } = model.spec.code {
            // Whole numbers are cells already.
            let symbols = (0..codes.cols())
                .map(|unit| Symbols::of(codes.view().iter_rows().map(|row| row[unit]), 1.0));
            return Ok(Self {
                symbols: symbols.collect(),
            });
        }
        let sensitivity = sensitivity(model, &examples, &codes)?;
        let live = sensitivity.iter().filter(|&&s| s > 0.0).count().max(1);
        let error = squared_error(model, &examples)?;
        let allowed = (12.0 * ADDED_ERROR * error / live as f64).sqrt();
        let symbols = (0..codes.cols()).map(|unit| {
            let numbers = codes.view().iter_rows().map(|row| row[unit]);
            Symbols::of(numbers, allowed / sensitivity[unit])
        });
        Ok(Self {
            symbols: symbols.collect(),
        })
    }

    /// Whether these are symbols of `model`'s code.
    pub(crate) fn fits(&self, model: &Autoencoder) -> bool {
        let widths = match model.codebook() {
            Some(codebook) => model.code_width() / codebook.cols(),
            None => model.code_width(),
        };
        let fits = |symbols: &Symbols| match model.codebook() {
            Some(codebook) => symbols.counts.len() == codebook.rows(),
            None => {
                let cells = 1..=MOST_CELLS as usize + 2;
                let last = i64::from(symbols.first) + symbols.counts.len() as i64;
                let far = i64::from(i32::MAX / 2);
                symbols.step.is_finite()
                    && symbols.step > 0.0
                    && cells.contains(&symbols.counts.len())
                    && i64::from(symbols.first) > -far
                    && last < far
            }
        };
        self.symbols.len() == widths && self.symbols.iter().all(fits)
    }
}

impl Symbols {
    /// Cells of width `step` at the least over `numbers`, and how many of them each has.
    fn of(numbers: impl Iterator<Item = f32> + Clone, step: f64) -> Self {
        let range = |(low, high): (f32, f32), x| (low.min(x), high.max(x));
        let (low, high) = numbers
            .clone()
            .fold((f32::INFINITY, f32::NEG_INFINITY), range);
        let (low, high) = (f64::from(low), f64::from(high));
        let least = ((high - low) / MOST_CELLS).max(low.abs().max(high.abs()) / 1e8);
        let cell = step.max(least).max(f64::from(f32::MIN_POSITIVE));
        // A number that the output does not depend on, or that never changes, is one cell around its middle.
        let constant = !step.is_finite() || cell > high - low;
        let step = match constant {
            true => ((low + high).abs() / 2.0).max(1.0),
            false => cell,
        } as f32;
        let mut symbols = Self {
            step,
            first: 0,
            counts: vec![0],
        };
        if constant {
            symbols.first = ((low + high) / 2.0 / f64::from(step)).round() as i32;
        } else {
            symbols.first = (low / f64::from(step)).round() as i32;
            let last = (high / f64::from(step)).round() as i32;
            symbols.counts = vec![0; (last - symbols.first) as usize + 1];
        }
        for x in numbers {
            let symbol = symbols.symbol(x);
            symbols.counts[symbol] += 1;
        }
        symbols
    }

    /// The symbol of a number: that of its cell, or of the nearest.
    pub fn symbol(&self, x: f32) -> usize {
        let last = self.counts.len() - 1;
        // A number that is none has no nearest cell; the first is as good as any.
        let cell = ((x / self.step).round() as i64).saturating_sub(self.first.into());
        cell.clamp(0, last as i64) as usize
    }
}

/// Mean squared error of a reconstruction, summed over its numbers.
fn squared_error(model: &Autoencoder, examples: &Spread<'_>) -> Result<f64, ModelError> {
    let first = Spread::over(examples, 1024);
    let reconstructions = model.reconstruct(&first)?;
    let mut originals = Matrix::zeros(first.rows(), first.cols());
    let all: Vec<u32> = (0..first.rows() as u32).collect();
    model.scaled(&first)?.read(&all, originals.view_mut())?;
    Ok(distance(originals.as_slice(), reconstructions.as_slice()) / first.rows() as f64)
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    let differences = a.iter().zip(b).map(|(a, b)| f64::from(a - b));
    differences.map(|x| x * x).sum()
}

/// For each unit of the code, the root mean square of the output's change by a change of the unit, over it.
fn sensitivity(
    model: &Autoencoder,
    examples: &Spread<'_>,
    codes: &Matrix,
) -> Result<Vec<f64>, ModelError> {
    let units = codes.cols();
    let rows = (MOST_CHANGES / units).clamp(16, 256).min(codes.rows());
    // The same examples' codes, in a matrix of their own that is changed unit by unit.
    let chosen = Spread::over(examples, rows);
    let rows = chosen.rows();
    let mut codes_of = Matrix::zeros(rows, units);
    let indices: Vec<u32> = chosen.indices().collect();
    codes.read(&indices, codes_of.view_mut())?;
    let before = decode(model, &codes_of, &chosen)?;
    let mut found = Vec::with_capacity(units);
    for unit in 0..units {
        let own = codes.view().iter_rows().map(|row| f64::from(row[unit]));
        let mean = own.clone().sum::<f64>() / codes.rows() as f64;
        let variance = own.map(|z| (z - mean).powi(2)).sum::<f64>() / codes.rows() as f64;
        let change = (0.1 * variance.sqrt()) as f32;
        if !(change > 0.0 && change.is_finite()) {
            found.push(0.0);
            continue;
        }
        let mut changed = codes_of.clone();
        for row in changed.view_mut().iter_rows_mut() {
            row[unit] += change;
        }
        let after = decode(model, &changed, &chosen)?;
        let squared = distance(before.as_slice(), after.as_slice()) / rows as f64;
        found.push(squared.sqrt() / f64::from(change));
    }
    Ok(found)
}

fn decode(
    model: &Autoencoder,
    codes: &Matrix,
    examples: &Spread<'_>,
) -> Result<Matrix, ModelError> {
    match Labelled::like(codes, examples) {
        Some(labelled) => model.decode(&labelled),
        None => model.decode(codes),
    }
}

/// Some of the rows, at equal distances.
struct Spread<'a> {
    rows: &'a dyn Rows,
    count: usize,
}

impl<'a> Spread<'a> {
    fn over(rows: &'a dyn Rows, most: usize) -> Self {
        let count = rows.rows().min(most);
        Self { rows, count }
    }

    fn index(&self, at: u32) -> u32 {
        (u64::from(at) * self.rows.rows() as u64 / self.count as u64) as u32
    }

    fn indices(&self) -> impl Iterator<Item = u32> {
        (0..self.count as u32).map(|at| self.index(at))
    }
}

impl Rows for Spread<'_> {
    fn rows(&self) -> usize {
        self.count
    }

    fn cols(&self) -> usize {
        self.rows.cols()
    }

    fn full_scale(&self) -> f32 {
        self.rows.full_scale()
    }

    fn label(&self, index: u32) -> Option<u8> {
        self.rows.label(self.index(index))
    }

    fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        let indices: Vec<u32> = indices.iter().map(|&at| self.index(at)).collect();
        self.rows.read(&indices, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_lie_around_multiples_of_their_width_and_hold_every_number() {
        let numbers = [-0.26f32, 0.0, 0.04, 0.06, 1.0];
        let symbols = Symbols::of(numbers.iter().copied(), 0.1);
        assert_eq!(symbols.first, -3);
        assert_eq!(symbols.counts.len(), 14);
        let found = numbers.map(|x| symbols.symbol(x));
        assert_eq!(found, [0, 3, 3, 4, 13]);
        assert_eq!(symbols.counts.iter().sum::<u16>(), 5);
        // Beyond the ends, and no number.
        let far = [f32::NEG_INFINITY, -9.0, 7.0, f32::INFINITY, f32::NAN];
        assert_eq!(far.map(|x| symbols.symbol(x)), [0, 0, 13, 13, 3]);
    }

    #[test]
    fn a_number_that_never_changes_or_does_nothing_has_one_symbol() {
        for (numbers, step) in [
            (&[0.0f32, 0.0][..], 0.1),
            (&[7.5, 7.5], 0.1),
            (&[-3.0, 4.0], f64::INFINITY),
            (&[-3.0, 4.0], f64::NAN),
        ] {
            let symbols = Symbols::of(numbers.iter().copied(), step);
            assert_eq!(symbols.counts, [2], "{numbers:?}");
            assert!(symbols.step > 0.0 && symbols.step.is_finite());
            let middle = symbols.first as f32 * symbols.step;
            assert!((middle - (numbers[0] + numbers[1]) / 2.0).abs() <= 0.5 * symbols.step);
        }
    }

    #[test]
    fn cells_are_never_more_than_there_is_room_for() {
        let symbols = Symbols::of([-1e6f32, 1e6].into_iter(), 1e-9);
        assert!(symbols.counts.len() <= MOST_CELLS as usize + 1);
        let symbols = Symbols::of([1e6f32, 1e6 + 1.0].into_iter(), 1e-9);
        assert_eq!(symbols.symbol(1e6), 0);
    }
}
