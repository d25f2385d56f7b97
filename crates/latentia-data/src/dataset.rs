//! A set of examples of equal shape.

mod chosen;
mod factors;
mod joined;

use std::fmt;
use std::io;
use std::sync::Arc;

use latentia_tensor::{Axes, ColumnKind, ExampleShape, Factors, MatrixMut, Rows, Windows};

use sha2::{Digest, Sha256};

use crate::error::DataError;
use crate::example_size::example_size;
use crate::paired::pairs;
use crate::pictures::Pictures;
use crate::series::{check_series, count_windows};
use crate::stored::StoredValues;
use crate::table::{Carried, Table};
use crate::values::{Values, WindowValues};

/// The most classes of examples: a model may have weights for each.
pub(crate) const MOST_CLASSES: usize = 1 << 16;

/// One set of examples of equal shape, as it came: raw values, no preprocessing.
///
/// Bytes stay bytes and become floats from 0 to 255 when they are read. Examples are in memory up to a limit
/// ([`LoadOptions`](crate::LoadOptions)).
///
/// ```
/// use latentia_data::Dataset;
/// use latentia_tensor::{Matrix, Rows};
///
/// // Two pictures of 2 x 2 pixels, of classes 7 and 1.
/// let pixels = vec![0, 255, 255, 0, 10, 20, 30, 40];
/// let pictures = Dataset::from_bytes("two", vec![2, 2], pixels)?.with_labels(vec![7, 1])?;
/// assert_eq!((pictures.rows(), pictures.label(1)), (2, Some(1)));
/// assert_eq!(pictures.shape(), [2, 2]);
///
/// // Raw values; whoever reads them knows what stands for one.
/// let mut first = Matrix::zeros(1, 4);
/// pictures.read(&[0], first.view_mut())?;
/// assert_eq!(first.row(0), [0.0, 255.0, 255.0, 0.0]);
/// assert_eq!(pictures.full_scale(), 255.0);
///
/// let refused = Dataset::from_floats("broken", vec![2], vec![1.0, f32::NAN]);
/// assert!(refused.is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Dataset {
    name: String,
    shape: ExampleShape,
    cols: usize,
    values: Arc<Values>,
    range: (f32, f32),
    labels: Option<Vec<u32>>,
    factors: Option<Factors>,
    table: Option<Table>,
    /// What names pictures, and their classes.
    carried: Vec<Carried>,
    notes: Vec<String>,
    /// What examples are to be reconstructed as, and the place there of each.
    targets: Option<(Box<Self>, Vec<u32>)>,
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
        let range = (values.iter()).fold((u8::MAX, u8::MIN), |(low, high), &value| {
            (low.min(value), high.max(value))
        });
        let range = (range.0.into(), range.1.into());
        Self::new(name.into(), shape, Values::Bytes(values), range)
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
        let cols = example_size(&name, &shape, values.len())?;
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(DataError::not_finite(&name, at, cols, values[at]));
        }
        let range = (values.iter())
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &value| {
                (low.min(value), high.max(value))
            });
        Self::new(name, shape, Values::Floats(values), range)
    }

    /// A set of examples of shape `shape`, whose values are within `range` or missing.
    pub(crate) fn from_values(
        name: String,
        shape: Vec<usize>,
        values: Vec<f32>,
        range: (f32, f32),
    ) -> Result<Self, DataError> {
        Self::new(name, shape, Values::Floats(values), range)
    }

    /// A set of examples of shape `shape` in a file, all finite and within `range`.
    pub(crate) fn from_stored(
        name: &str,
        shape: Vec<usize>,
        stored: StoredValues,
        range: (f32, f32),
    ) -> Result<Self, DataError> {
        Self::new(name.to_owned(), shape, Values::Stored(stored), range)
    }

    /// A set of pictures.
    pub(crate) fn from_pictures(name: &str, pictures: Pictures) -> Result<Self, DataError> {
        let (low, high) = pictures.range();
        let range = (low.into(), high.into());
        let shape = pictures.shape();
        let values = Values::Pictures(Box::new(pictures));
        Self::new(name.to_owned(), shape, values, range)
    }

    fn new(
        name: String,
        shape: Vec<usize>,
        values: Values,
        range: (f32, f32),
    ) -> Result<Self, DataError> {
        Ok(Self {
            cols: example_size(&name, &shape, values.len())?,
            name,
            shape: shape.into(),
            values: Arc::new(values),
            range,
            labels: None,
            factors: None,
            table: None,
            carried: Vec::new(),
            notes: Vec::new(),
            targets: None,
        })
    }

    /// The same set with a class for each example.
    ///
    /// # Errors
    /// When there are not as many labels as examples.
    pub fn with_labels(self, labels: Vec<u32>) -> Result<Self, DataError> {
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

    /// The same set, whose examples are to be reconstructed as those of `targets`: pictures of folders as those of the same names,
    /// which may differ in their endings, all else as those in the same places. What has no partner there is noted.
    ///
    /// # Errors
    /// When an example has none, or one of another shape or type.
    pub fn with_targets(mut self, targets: Self) -> Result<Self, DataError> {
        let refuse = |place: &str, seen: String, expected: String| {
            Err(DataError::invalid(&targets.name, place, seen, expected))
        };
        let words = |set: &Self| match set.is_bytes() {
            true => format!("{} bytes", set.shape),
            false => format!("{} floats", set.shape),
        };
        if words(&targets) != words(&self) {
            return refuse("shape of a target", words(&targets), words(&self));
        }
        let names = self.pictures().zip(targets.pictures());
        let places = match names.map(|(own, others)| pairs(own.names(), others.names())) {
            Some(Ok((places, note))) => {
                self.notes.extend(note);
                places
            }
            Some(Err(seen)) => {
                let expected = "a picture of the same name for each example".into();
                return refuse("targets", seen, expected);
            }
            None if targets.rows() == self.rows() => (0..self.rows() as u32).collect(),
            None => {
                let expected = format!("{}, one for each example", self.rows());
                return refuse("targets", targets.rows().to_string(), expected);
            }
        };
        self.targets = Some((Box::new(targets), places));
        Ok(self)
    }

    /// The same set, whose dimensions are these; elements alone are the time steps of a series of one feature.
    ///
    /// # Errors
    /// When an example has more dimensions or fewer.
    pub fn with_axes(self, axes: Axes) -> Result<Self, DataError> {
        let mut sizes = self.shape.to_vec();
        if axes == Axes::Ntf && sizes.len() == 1 {
            sizes.push(1);
        }
        match ExampleShape::new(sizes, axes) {
            Some(shape) => Ok(Self { shape, ..self }),
            None => Err(DataError::invalid(
                self.name.clone(),
                "dimensions of an example",
                format!("{} (shape {})", self.shape.len(), self.shape),
                format!(
                    "{}, {} (`{}`)",
                    axes.dimensions().unwrap_or_default(),
                    axes.in_words(),
                    axes.name()
                ),
            )),
        }
    }

    /// Windows of the set, which is a series with a row a time step: `[length, features]`, each of as many rows, the first of which names it.
    ///
    /// # Errors
    /// When rows are no plain numbers, values are missing, or there are fewer rows than a window has.
    pub fn windows(self, mut windows: Windows) -> Result<Self, DataError> {
        let rows = self.rows();
        check_series(
            &self.name,
            &self.shape,
            self.table.as_ref().map(|own| &own.schema),
        )?;
        if let Some(table) = &self.table {
            windows.schema = Some(table.schema.clone());
        }
        let (count, uncovered) = count_windows(&self.name, &windows, rows)?;
        let starts = |own: &Carried| {
            let rows = (0..count).map(|window| window * windows.stride);
            Carried::of(&own.name, own.kind, rows.map(|row| own.text(row)))
        };
        let mut notes = self.notes.clone();
        notes.extend(uncovered);
        if self.labels.is_some() {
            notes.push("windows have no classes: labels of time steps are not used".into());
        }
        let carried = self.carried().iter().map(starts).collect();
        let of_steps = self.carried().to_vec();
        let shape = vec![windows.length, self.cols];
        let values = Values::Windows(Box::new(WindowValues {
            series: self.values,
            features: self.cols,
            windows,
            carried: of_steps,
        }));
        let set = Self::new(self.name, shape, values, self.range)?;
        let set = set.with_axes(Axes::Ntf)?.with_notes(notes);
        Ok(set.carrying(carried))
    }

    /// How a series was cut into the examples, where they are the windows of one, how many time steps it has, and what is carried along of each.
    pub fn cut(&self) -> Option<(&Windows, usize, &[Carried])> {
        match &*self.values {
            Values::Windows(own) => Some((&own.windows, own.steps(), &own.carried)),
            _ => None,
        }
    }

    /// The same set, of a table of which this is known, and what there is to say of how it was read.
    pub(crate) fn with_table(self, table: Table, notes: Vec<String>) -> Self {
        Self {
            table: Some(table),
            notes,
            ..self
        }
    }

    /// The same set, of which these texts are carried along.
    pub(crate) fn carrying(self, carried: Vec<Carried>) -> Self {
        Self { carried, ..self }
    }

    /// The same set, with what there is to say of how it was read.
    pub(crate) fn with_notes(self, notes: Vec<String>) -> Self {
        Self { notes, ..self }
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
    pub fn shape(&self) -> &ExampleShape {
        &self.shape
    }

    /// What is known of the columns, where the set is a table that has some. A value that is missing is NaN.
    pub fn table(&self) -> Option<&Table> {
        self.table.as_ref()
    }

    /// What is carried along to be written beside what a model gives, one text an example: ids and labels of a table, paths and
    /// classes of pictures, where [`TableOptions::carry`](crate::TableOptions::carry) and
    /// [`PictureOptions::carry`](crate::PictureOptions::carry) asked for them.
    pub fn carried(&self) -> &[Carried] {
        let of_table = self.table.as_ref().map(|table| &table.carried);
        of_table.unwrap_or(&self.carried)
    }

    /// What names the examples, of what is carried along: the first id of a table's rows, the paths of pictures.
    pub fn ids(&self) -> Option<&Carried> {
        (self.carried().iter()).find(|own| own.kind == ColumnKind::Id)
    }

    /// What was guessed or left out when the set was read, a sentence each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The class of each example, where the set has classes.
    pub fn labels(&self) -> Option<&[u32]> {
        self.labels.as_deref()
    }

    /// Whether every value is an integer from 0 to 255 by its type.
    pub fn is_bytes(&self) -> bool {
        self.values.is_bytes()
    }

    /// The files that the examples are of, where they are a folder of pictures: one each, by their [number](Self::number).
    pub fn pictures(&self) -> Option<&Pictures> {
        self.values.pictures()
    }

    /// The smallest and the largest raw value.
    pub fn range(&self) -> (f32, f32) {
        self.range
    }

    /// SHA-256, in hexadecimal, of the type, the shape, the count and the values, those of targets too.
    ///
    /// Equal for equal content, whatever its name, its labels and the file it came from.
    ///
    /// # Errors
    /// When the values are in a file that cannot be read any more.
    pub fn fingerprint(&self) -> io::Result<String> {
        let own = self.values.fingerprint(&self.shape, self.rows())?;
        match &self.targets {
            None => Ok(own),
            Some((targets, places)) => {
                let both = format!("{own} {} {places:?}", targets.fingerprint()?);
                Ok(hex::encode(Sha256::digest(both)))
            }
        }
    }
}

impl Rows for Dataset {
    fn rows(&self) -> usize {
        self.values.len() / self.cols
    }

    fn cols(&self) -> usize {
        self.cols
    }

    fn full_scale(&self) -> f32 {
        if self.is_bytes() { 255.0 } else { 1.0 }
    }

    fn label(&self, index: u32) -> Option<u32> {
        self.labels.as_ref()?.get(index as usize).copied()
    }

    fn read(&self, indices: &[u32], mut out: MatrixMut<'_>) -> io::Result<()> {
        self.values.read(indices, self.cols, &mut out)
    }

    fn has_targets(&self) -> bool {
        self.targets.is_some()
    }

    fn read_targets(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        match &self.targets {
            Some((targets, places)) => {
                let places: Vec<u32> = indices.iter().map(|&i| places[i as usize]).collect();
                targets.read(&places, out)
            }
            None => self.read(indices, out),
        }
    }
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
