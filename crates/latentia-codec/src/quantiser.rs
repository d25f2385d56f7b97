//! How the elements of a code become symbols.

use latentia_models::{Autoencoder, Dtype, Labelled, ModelError, ModelFile, StoredTensor};
use latentia_nn::CodeValues;
use latentia_tensor::{Matrix, Noise, Rows};
use rayon::prelude::*;

use crate::CodecError;
use crate::even_sample::EvenSample;
use crate::symbols::Symbols;

/// What the names of the tensors begin with that a model file keeps.
const PREFIX: &str = "symbols.";

/// Training examples that a quantiser is fitted to, at most; counts of them fit 16 bits.
const MOST_EXAMPLES: usize = 1 << 15;

/// Share of the squared error of a reconstruction that the finest cells add to it.
const ADDED_ERROR: f64 = 1e-3;

/// Elements that are changed to see what a code's unit does to the output, at most, over all units.
const MOST_CHANGES: usize = 1 << 14;

/// Elements of examples that are decoded for that, and multiplications, at most: more take more than seconds.
const MOST_ELEMENTS: usize = 1 << 26;
const MOST_MULTIPLICATIONS: u64 = 1 << 38;

/// Elements of examples that are decoded beside each other, at most.
const ELEMENTS_AT_ONCE: usize = 1 << 24;

/// How the elements of a model's code become symbols, and how often training codes had each: what an entropy coder needs.
///
/// Each element `z` of a code is cut into cells of one width `δ`, the cell of `i` around `i δ`. Widths are such that all units
/// add the same squared error `δ² s² / 12` to a reconstruction, where `s²` is the mean squared change of the output by a unit
/// change of the element (at high rates that is the best choice for a given sum: Gersho and Gray, Vector Quantization and
/// Signal Compression, 1992); together they add a thousandth of what the model's reconstructions err by. Coarser cells are
/// whole numbers of these.
///
/// The cells of a rounded code are its whole numbers. The symbols of a code of a codebook's vectors are the indices of those,
/// for each place and each codebook.
///
/// ```
/// use latentia_codec::Quantiser;
/// use latentia_models::ModelSpec;
/// use latentia_tensor::Matrix;
///
/// let spec: ModelSpec = toml::from_str(r#"
///     likelihood = "mse"
///     encoder = [{ layer = "dense", units = 2 }]
///     decoder = [{ layer = "dense" }]
/// "#)?;
/// let model = spec.build(&[3], 42)?;
/// let examples = Matrix::from_vec(100, 3, (0..300).map(|i| (i as f32).sin()).collect());
///
/// let quantiser = Quantiser::fit(&model, &examples)?;
/// let [first, second] = &quantiser.symbols[..] else { panic!("one for each element of a code") };
/// assert!(first.step > 0.0 && second.counts.len() > 1);
///
/// // What `ModelFile::save` takes beside the weights.
/// let names: Vec<String> = quantiser.tensors().into_iter().map(|tensor| tensor.name).collect();
/// assert!(names.contains(&"symbols.step".to_string()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Quantiser {
    /// The symbols of each element of the code, or of each index of its vectors.
    pub symbols: Vec<Symbols>,
}

impl Quantiser {
    /// Fits the quantiser of `model`'s code to training examples.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn fit(model: &Autoencoder, examples: &dyn Rows) -> Result<Self, ModelError> {
        let examples = EvenSample::over(examples, MOST_EXAMPLES);
        let values = model.latent().values();
        if let CodeValues::Codebook { vectors, .. } = values {
            let none = Symbols {
                step: 0.0,
                first: 0,
                counts: vec![0; vectors],
            };
            let mut symbols = vec![none; values.indices(model.code_width())];
            for code in model.encode_indices(&examples)?.chunks(symbols.len()) {
                for (symbols, &index) in symbols.iter_mut().zip(code) {
                    symbols.counts[index as usize] += 1;
                }
            }
            return Ok(Self { symbols });
        }
        let codes = model.encode(&examples)?;
        if values == CodeValues::Integers {
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
            let values = codes.view().iter_rows().map(|row| row[unit]);
            Symbols::of(values, allowed / sensitivity[unit])
        });
        Ok(Self {
            symbols: symbols.collect(),
        })
    }

    /// Whether these are symbols of `model`'s code.
    fn fits(&self, model: &Autoencoder) -> bool {
        let (values, width) = (model.latent().values(), model.code_width());
        let (vectors, symbols) = match values {
            CodeValues::Codebook { vectors, .. } => (Some(vectors), values.indices(width)),
            _ => (None, width),
        };
        self.symbols.len() == symbols && self.symbols.iter().all(|s| s.fits(vectors))
    }

    /// The quantiser that was kept with a model, where one was.
    ///
    /// # Errors
    /// When what was kept is no quantiser, or none of the model's code.
    pub fn of(file: &ModelFile) -> Result<Option<Self>, CodecError> {
        let is_ours = |tensor: &StoredTensor| tensor.name.starts_with(PREFIX);
        if !file.attachments.iter().any(is_ours) {
            return Ok(None);
        }
        let kept = Self::from_tensors(&file.attachments).filter(|kept| kept.fits(&file.model));
        kept.map(Some).ok_or(CodecError::DamagedSymbols)
    }

    /// The quantiser as what a model file keeps beside the weights: for each of its symbols `symbols.step`, the width of a cell,
    /// `symbols.first`, the first cell, and `symbols.size`, how many there are; in `symbols.counts` all counts one after the
    /// other.
    pub fn tensors(&self) -> Vec<StoredTensor> {
        let symbols = &self.symbols;
        let sizes = symbols.iter().map(|s| s.counts.len() as u32);
        let counts = symbols.iter().flat_map(|s| &s.counts);
        vec![
            tensor(
                "step",
                Dtype::F32,
                symbols.iter().map(|s| s.step.to_le_bytes()),
            ),
            tensor(
                "first",
                Dtype::I32,
                symbols.iter().map(|s| s.first.to_le_bytes()),
            ),
            tensor("size", Dtype::U32, sizes.map(|n| n.to_le_bytes())),
            tensor("counts", Dtype::U16, counts.map(|n| n.to_le_bytes())),
        ]
    }

    /// The quantiser in these tensors; nothing where they do not fit each other.
    fn from_tensors(tensors: &[StoredTensor]) -> Option<Self> {
        let steps = elements(tensors, "step", Dtype::F32)?;
        let first = elements(tensors, "first", Dtype::I32)?;
        let sizes = elements(tensors, "size", Dtype::U32)?;
        let mut counts = elements(tensors, "counts", Dtype::U16)?;
        let mut symbols = Vec::with_capacity(steps.len());
        for ((step, first), size) in steps.iter().zip(first).zip(sizes) {
            let (own, rest) = counts.split_at_checked(u32::from_le_bytes(*size) as usize)?;
            counts = rest;
            symbols.push(Symbols {
                step: f32::from_le_bytes(*step),
                first: i32::from_le_bytes(*first),
                counts: own.iter().map(|n| u16::from_le_bytes(*n)).collect(),
            });
        }
        Some(Self { symbols })
    }
}

fn tensor<const N: usize>(
    name: &str,
    dtype: Dtype,
    elements: impl Iterator<Item = [u8; N]>,
) -> StoredTensor {
    let bytes: Vec<u8> = elements.flatten().collect();
    StoredTensor {
        name: format!("{PREFIX}{name}"),
        dtype,
        shape: vec![bytes.len() / N],
        bytes,
    }
}

fn elements<'a, const N: usize>(
    tensors: &'a [StoredTensor],
    name: &str,
    dtype: Dtype,
) -> Option<&'a [[u8; N]]> {
    let is_named = |tensor: &&StoredTensor| tensor.name.strip_prefix(PREFIX) == Some(name);
    let tensor = tensors.iter().find(is_named)?;
    let (elements, rest) = tensor.bytes.as_chunks();
    (tensor.dtype == dtype && rest.is_empty()).then_some(elements)
}

/// Mean squared error of a reconstruction, summed over its elements.
fn squared_error(model: &Autoencoder, examples: &EvenSample<'_>) -> Result<f64, ModelError> {
    let first = EvenSample::over(examples, 1024);
    let reconstructions = model.reconstruct_encoded(&first)?;
    let mut originals = Matrix::zeros(first.rows(), reconstructions.cols());
    let all: Vec<u32> = (0..first.rows() as u32).collect();
    let encoded = model.encoded(&first, Vec::new())?;
    encoded.read(&all, originals.view_mut())?;
    Ok(distance(originals.as_slice(), reconstructions.as_slice()) / first.rows() as f64)
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    let differences = a.iter().zip(b).map(|(a, b)| f64::from(a - b));
    // A cell of a table that is missing has no error.
    differences.filter(|x| !x.is_nan()).map(|x| x * x).sum()
}

/// For each unit of the code, the root mean square of the output's change by a change of the unit, over it.
///
/// Where a code has so many units of so large an example that to change one after the other would take minutes, neighbours are
/// changed at once, each up or down at random: the squares of their effects add up, for `E ε_i ε_j = 0`, and each has their mean.
fn sensitivity(
    model: &Autoencoder,
    examples: &EvenSample<'_>,
    codes: &Matrix,
) -> Result<Vec<f64>, ModelError> {
    let units = codes.cols();
    let rows = (MOST_CHANGES / units).clamp(16, 256).min(codes.rows());
    // The same examples' codes, in a matrix of their own that is changed unit by unit.
    let chosen = EvenSample::over(examples, rows);
    let rows = chosen.rows();
    let mut codes_of = Matrix::zeros(rows, units);
    let indices: Vec<u32> = chosen.indices().collect();
    codes.read(&indices, codes_of.view_mut())?;
    let before = decode(model, &codes_of, &chosen)?;
    let changes: Vec<f32> = (0..units).map(|unit| change(codes, unit)).collect();
    let elements = before.as_slice().len();
    let decoder = &model.chain().layers()[model.sections().decoder.clone()];
    let of_row = decoder.iter().map(|layer| layer.multiplications() as u64);
    let of_all = (units as u64 * rows as u64).saturating_mul(of_row.sum());
    let by_multiplications = of_all.div_ceil(MOST_MULTIPLICATIONS) as usize;
    let by_elements = units.saturating_mul(elements).div_ceil(MOST_ELEMENTS);
    let at_once = by_elements.max(by_multiplications).max(1);
    let signs = Noise::new(0, 0);
    let of_group = |first: usize| -> Result<Vec<f64>, ModelError> {
        let group = first..units.min(first + at_once);
        let alive = changes[group.clone()]
            .iter()
            .filter(|change| **change > 0.0);
        let alive = alive.count();
        if alive == 0 {
            return Ok(vec![0.0; group.len()]);
        }
        let mut changed = codes_of.clone();
        let mut signs_of = vec![0.0; units];
        for (number, row) in (0..).zip(changed.view_mut().iter_rows_mut()) {
            signs.uniform(number, &mut signs_of);
            for unit in group.clone() {
                let down = at_once > 1 && signs_of[unit] < 0.5;
                row[unit] += if down { -changes[unit] } else { changes[unit] };
            }
        }
        let after = decode(model, &changed, &chosen)?;
        let squared = distance(before.as_slice(), after.as_slice()) / rows as f64;
        let of_each = (squared / alive as f64).sqrt();
        let over = |change: f32| {
            if change > 0.0 {
                of_each / f64::from(change)
            } else {
                0.0
            }
        };
        Ok(changes[group].iter().map(|change| over(*change)).collect())
    };
    let firsts: Vec<usize> = (0..units).step_by(at_once).collect();
    let beside = (ELEMENTS_AT_ONCE / elements.max(1)).max(1);
    let mut found = Vec::with_capacity(units);
    for firsts in firsts.chunks(beside) {
        let groups: Result<Vec<_>, _> = firsts.par_iter().map(|&first| of_group(first)).collect();
        found.extend(groups?.concat());
    }
    Ok(found)
}

/// A tenth of the deviation of a unit of codes; 0 where it has none.
fn change(codes: &Matrix, unit: usize) -> f32 {
    let own = codes.view().iter_rows().map(|row| f64::from(row[unit]));
    let mean = own.clone().sum::<f64>() / codes.rows() as f64;
    let variance = own.map(|z| (z - mean).powi(2)).sum::<f64>() / codes.rows() as f64;
    let change = (0.1 * variance.sqrt()) as f32;
    if change.is_finite() { change } else { 0.0 }
}

fn decode(
    model: &Autoencoder,
    codes: &Matrix,
    examples: &EvenSample<'_>,
) -> Result<Matrix, ModelError> {
    match Labelled::like(codes, examples) {
        Some(labelled) => model.decode_encoded(&labelled),
        None => model.decode_encoded(codes),
    }
}
