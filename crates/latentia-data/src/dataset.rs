//! Examples of equal shape.

use std::fmt;
use std::io;

use latentia_tensor::{MatrixMut, Rows, vectorized};

use crate::fingerprint::Fingerprint;
use crate::stored::Stored;
use crate::{DataError, Pictures};

/// One set of examples of equal shape, as it came: raw values, no preprocessing.
///
/// Bytes stay bytes and become numbers 0 to 255 when they are read. Examples are in memory up to a limit
/// ([`LoadOptions`](crate::LoadOptions)).
#[derive(Clone, PartialEq)]
pub struct Dataset {
    name: String,
    shape: Vec<usize>,
    cols: usize,
    values: Values,
    range: (f32, f32),
    labels: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq)]
enum Values {
    Bytes(Vec<u8>),
    Floats(Vec<f32>),
    Pictures(Pictures),
    Stored(Stored),
}

impl Dataset {
    /// A set of examples of shape `shape`, one after another in `values`, each in row-major order.
    ///
    /// # Errors
    /// When there is no example, when an example has no value, or when `values` does not hold whole examples.
    pub fn from_bytes(
        name: impl Into<String>,
        shape: Vec<usize>,
        values: Vec<u8>,
    ) -> Result<Self, DataError> {
        let name = name.into();
        let cols = width(&name, &shape, values.len())?;
        let (low, high) = values
            .iter()
            .fold((u8::MAX, u8::MIN), |(low, high), &value| {
                (low.min(value), high.max(value))
            });
        Ok(Self {
            name,
            shape,
            cols,
            values: Values::Bytes(values),
            range: (low.into(), high.into()),
            labels: None,
        })
    }

    /// A set of examples of shape `shape`, one after another in `values`, each in row-major order.
    ///
    /// # Errors
    /// When there is no example, when an example has no value, when `values` does not hold whole examples, or when a
    /// value is not finite.
    pub fn from_floats(
        name: impl Into<String>,
        shape: Vec<usize>,
        values: Vec<f32>,
    ) -> Result<Self, DataError> {
        let name = name.into();
        let cols = width(&name, &shape, values.len())?;
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(DataError::not_finite(&name, at, cols, values[at]));
        }
        let range = values
            .iter()
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &value| {
                (low.min(value), high.max(value))
            });
        Ok(Self {
            name,
            shape,
            cols,
            values: Values::Floats(values),
            range,
            labels: None,
        })
    }

    /// A set of examples of shape `shape` in a file, all finite and within `range`.
    pub(crate) fn from_stored(
        name: &str,
        shape: Vec<usize>,
        stored: Stored,
        range: (f32, f32),
    ) -> Result<Self, DataError> {
        Ok(Self {
            name: name.to_owned(),
            cols: width(name, &shape, stored.values())?,
            shape,
            values: Values::Stored(stored),
            range,
            labels: None,
        })
    }

    /// A set of pictures.
    pub(crate) fn from_pictures(name: &str, pictures: Pictures) -> Result<Self, DataError> {
        let shape = pictures.shape();
        let values = pictures.rows() * shape.iter().product::<usize>();
        let (low, high) = pictures.range();
        Ok(Self {
            name: name.to_owned(),
            cols: width(name, &shape, values)?,
            shape,
            values: Values::Pictures(pictures),
            range: (low.into(), high.into()),
            labels: None,
        })
    }

    /// The same set with a class for each example.
    ///
    /// # Errors
    /// When there are not as many labels as examples.
    pub fn with_labels(self, labels: Vec<u8>) -> Result<Self, DataError> {
        if labels.len() != self.rows() {
            return Err(DataError::invalid(
                self.name.clone(),
                "labels",
                labels.len().to_string(),
                format!("{}, one for each example", self.rows()),
            ));
        }
        Ok(Self {
            labels: Some(labels),
            ..self
        })
    }

    /// The same set under another name.
    pub(crate) fn renamed(self, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..self
        }
    }

    /// What the set is called: a name or a path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Shape of one example: `[28, 28]` for MNIST, `[10]` for a table of ten columns.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The class of each example, where the set has classes.
    pub fn labels(&self) -> Option<&[u8]> {
        self.labels.as_deref()
    }

    /// Whether every value is an integer from 0 to 255 by its type.
    pub fn is_bytes(&self) -> bool {
        match &self.values {
            Values::Bytes(_) | Values::Pictures(_) => true,
            Values::Floats(_) => false,
            Values::Stored(stored) => stored.is_bytes(),
        }
    }

    /// The files behind the examples, where they are a folder of pictures.
    pub fn pictures(&self) -> Option<&Pictures> {
        match &self.values {
            Values::Pictures(pictures) => Some(pictures),
            Values::Bytes(_) | Values::Floats(_) | Values::Stored(_) => None,
        }
    }

    /// The smallest and the largest raw value.
    pub fn range(&self) -> (f32, f32) {
        self.range
    }

    /// SHA-256, in hexadecimal, of the type, the shape, the count and the values.
    ///
    /// Equal for equal content, whatever its name, its labels and the file it came from.
    ///
    /// # Errors
    /// When the values are in a file that cannot be read any more.
    pub fn fingerprint(&self) -> io::Result<String> {
        let mut hash = Fingerprint::new(self.is_bytes(), &self.shape, self.rows());
        match &self.values {
            Values::Bytes(values) => hash.update(values),
            Values::Floats(values) => hash.update_floats(values),
            Values::Stored(stored) => stored.hash(&mut hash)?,
            Values::Pictures(pictures) => return Ok(pictures.fingerprint().to_owned()),
        }
        Ok(hash.finish())
    }
}

impl Rows for Dataset {
    fn rows(&self) -> usize {
        match &self.values {
            Values::Bytes(values) => values.len() / self.cols,
            Values::Floats(values) => values.len() / self.cols,
            Values::Pictures(pictures) => pictures.rows(),
            Values::Stored(stored) => stored.values() / self.cols,
        }
    }

    fn cols(&self) -> usize {
        self.cols
    }

    fn full_scale(&self) -> f32 {
        if self.is_bytes() { 255.0 } else { 1.0 }
    }

    fn label(&self, index: u32) -> Option<u8> {
        self.labels.as_ref()?.get(index as usize).copied()
    }

    fn read(&self, indices: &[u32], mut out: MatrixMut<'_>) -> io::Result<()> {
        let rows = out.iter_rows_mut().zip(indices);
        match &self.values {
            Values::Bytes(values) => {
                for (row, &index) in rows {
                    widen(&values[index as usize * self.cols..][..self.cols], row);
                }
            }
            Values::Pictures(pictures) => {
                for (row, &index) in rows {
                    pictures.with_example(index as usize, |example| widen(example, row))?;
                }
            }
            Values::Stored(stored) => {
                drop(rows);
                stored.read(indices, self.cols, out.as_mut_slice())?;
            }
            Values::Floats(values) => {
                for (row, &index) in rows {
                    row.copy_from_slice(&values[index as usize * self.cols..][..self.cols]);
                }
            }
        }
        Ok(())
    }
}

/// Bytes as numbers from 0 to 255.
fn widen(example: &[u8], row: &mut [f32]) {
    vectorized(
        #[inline(always)]
        || {
            for (number, &value) in row.iter_mut().zip(example) {
                *number = f32::from(value);
            }
        },
    );
}

// The values would fill screens.
impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dataset")
            .field("name", &self.name)
            .field("rows", &self.rows())
            .field("shape", &self.shape)
            .field("is_bytes", &self.is_bytes())
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

/// Numbers in an example of `shape`, when `values` of them make whole examples.
fn width(name: &str, shape: &[usize], values: usize) -> Result<usize, DataError> {
    let cols = shape
        .iter()
        .try_fold(1, |cols: usize, &size| cols.checked_mul(size));
    let Some(cols) = cols.filter(|&cols| cols > 0 && !shape.is_empty()) else {
        return Err(DataError::invalid(
            name,
            "shape of an example",
            format!("{shape:?}"),
            "one dimension or more, each of size 1 or more",
        ));
    };
    if values == 0 || !values.is_multiple_of(cols) {
        return Err(DataError::invalid(
            name,
            "values",
            values.to_string(),
            format!("one example or more, each of {cols} values (shape {shape:?})"),
        ));
    }
    if values / cols > u32::MAX as usize {
        return Err(DataError::invalid(
            name,
            "examples",
            (values / cols).to_string(),
            format!("{} at most", u32::MAX),
        ));
    }
    Ok(cols)
}
