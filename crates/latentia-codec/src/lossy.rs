//! Lossy coding: the code's elements in cells, by how often training codes lay in each.

use latentia_models::Autoencoder;
use latentia_nn::CodeValues;
use latentia_tensor::{Matrix, Rows};

use crate::CodecError;
use crate::chunk::{ChunkCoder, Coded};
use crate::distributions::Frequencies;
use crate::quantiser::Quantiser;
use crate::stack::{Distribution, Stack};
use crate::symbols::Symbols;

/// Codes examples as the cells of their codes; what comes back are reconstructions.
pub(crate) struct Lossy<'a> {
    model: &'a Autoencoder,
    units: Vec<Unit>,
    /// Whether examples are bytes.
    bytes: bool,
}

/// One element of the code, or one vector.
struct Unit {
    symbols: Symbols,
    /// Finest cells in one of these.
    step: i64,
    first: i64,
    frequencies: Frequencies,
    /// The value that each cell stands for: the mean of the training codes there. None for vectors of a codebook.
    values: Vec<f32>,
}

impl Unit {
    fn new(symbols: Symbols, step: u16) -> Self {
        let counts = symbols.counts.iter().map(|&count| u64::from(count));
        if symbols.step == 0.0 {
            // Vectors of a codebook have no neighbours and no coarser cells.
            let weights: Vec<u64> = counts.map(|count| 16 * count + 1).collect();
            return Self {
                frequencies: Frequencies::new(&weights),
                symbols,
                step: 1,
                first: 0,
                values: Vec::new(),
            };
        }
        let step = i64::from(step);
        let cell = |symbol: usize| i64::from(symbols.first) + symbol as i64;
        let coarse = |cell: i64| (cell + step / 2).div_euclid(step);
        let first = coarse(cell(0));
        let cells = (coarse(cell(symbols.counts.len() - 1)) - first) as usize + 1;
        let (mut sums, mut moments) = (vec![0u64; cells], vec![0i64; cells]);
        for (symbol, count) in counts.enumerate() {
            let at = (coarse(cell(symbol)) - first) as usize;
            sums[at] += count;
            moments[at] += count as i64 * cell(symbol);
        }
        let width = f64::from(symbols.step);
        let values = sums.iter().zip(&moments).zip(first..);
        let values = values.map(|((&sum, &moment), cell)| match sum {
            0 => (cell * step) as f64 * width,
            _ => moment as f64 / sum as f64 * width,
        });
        // What was not met is not impossible, least of all beside what was.
        let near = |at: usize| {
            let before = at.checked_sub(1).and_then(|at| sums.get(at));
            before.unwrap_or(&0) + sums.get(at + 1).unwrap_or(&0)
        };
        let weights: Vec<u64> = (0..cells).map(|at| 16 * sums[at] + near(at) + 1).collect();
        Self {
            symbols,
            step,
            first,
            frequencies: Frequencies::new(&weights),
            values: values.map(|x| x as f32).collect(),
        }
    }

    fn symbol(&self, x: f32) -> u32 {
        let cell = i64::from(self.symbols.first) + self.symbols.symbol(x) as i64;
        ((cell + self.step / 2).div_euclid(self.step) - self.first) as u32
    }
}

impl<'a> Lossy<'a> {
    pub(crate) fn new(
        model: &'a Autoencoder,
        quantiser: Quantiser,
        step: u16,
        bytes: bool,
    ) -> Self {
        let units = quantiser.symbols.into_iter().map(|s| Unit::new(s, step));
        Self {
            model,
            units: units.collect(),
            bytes,
        }
    }

    /// Whether symbols are the indices of a codebook's vectors.
    fn has_codebook(&self) -> bool {
        matches!(self.model.latent().values(), CodeValues::Codebook { .. })
    }

    /// The symbols of each example's code, one example after the other.
    pub(crate) fn symbols(&self, examples: &dyn Rows) -> Result<Vec<u32>, CodecError> {
        if self.has_codebook() {
            return Ok(self.model.encode_indices(examples)?);
        }
        let codes = self.model.encode(examples)?;
        let mut symbols = Vec::with_capacity(codes.rows() * self.units.len());
        for code in codes.view().iter_rows() {
            symbols.extend(self.units.iter().zip(code).map(|(u, &x)| u.symbol(x)));
        }
        Ok(symbols)
    }

    /// Raw values of the examples that symbols stand for: reconstructions, rounded where examples are bytes.
    pub(crate) fn reconstruct(&self, symbols: &[u32]) -> Result<Matrix, CodecError> {
        let codes = match self.has_codebook() {
            true => self.model.decode_indices(symbols)?,
            false => {
                let units = self.units.iter().cycle();
                let values = units.zip(symbols).map(|(unit, &s)| unit.values[s as usize]);
                let examples = symbols.len() / self.units.len();
                Matrix::from_vec(examples, self.units.len(), values.collect())
            }
        };
        let mut values = self.model.decode_scaled(&codes)?;
        let full_scale = if self.bytes { 255.0 } else { 1.0 };
        self.model.scaling().undo(values.view_mut(), full_scale);
        if self.bytes {
            for x in values.as_mut_slice() {
                *x = (*x + 0.5).floor().clamp(0.0, 255.0);
            }
        }
        Ok(values)
    }

    /// The bytes of the symbols of some examples.
    pub(crate) fn push(&self, symbols: &[u32]) -> Vec<u8> {
        let mut stack = Stack::new();
        let units = self.units.iter().cycle().take(symbols.len());
        let pairs: Vec<_> = symbols.iter().zip(units).collect();
        for (&symbol, unit) in pairs.into_iter().rev() {
            stack.push(unit.frequencies.interval(symbol));
        }
        stack.into_bytes()
    }

    /// The symbols of `examples` examples from what [`Self::push`] gave.
    pub(crate) fn pop(&self, bytes: &[u8], examples: usize) -> Result<Vec<u32>, CodecError> {
        let damaged = || CodecError::Damaged("a chunk does not hold whole codes".into());
        let mut stack = Stack::from_bytes(bytes).ok_or_else(damaged)?;
        let symbols = examples * self.units.len();
        let units = self.units.iter().cycle().take(symbols);
        let symbols = units.map(|unit| stack.pop(&unit.frequencies)).collect();
        match stack.is_empty() {
            true => Ok(symbols),
            false => Err(damaged()),
        }
    }
}

impl ChunkCoder for Lossy<'_> {
    fn encode(&self, examples: &dyn Rows) -> Result<Coded, CodecError> {
        Ok(self.push(&self.symbols(examples)?).into())
    }

    fn decode(&self, bytes: &[u8], examples: usize) -> Result<Matrix, CodecError> {
        self.reconstruct(&self.pop(bytes, examples)?)
    }
}
