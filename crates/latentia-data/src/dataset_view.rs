//! A set of examples in memory that someone else owns.

use std::io;

use latentia_tensor::{Axes, ExampleShape, MatrixMut, Rows, Windows};

use crate::error::DataError;
use crate::example_size::example_size;
use crate::fingerprint::Fingerprint;
use crate::series::{check_series, count_windows};
use crate::values::widen;

/// A set of examples of equal shape in memory that someone else owns: raw values, without a copy. [`Dataset`](crate::Dataset) owns
/// its values.
///
/// ```
/// use latentia_data::{Dataset, DatasetView, ExampleShape};
///
/// // Two pictures of 2 x 2 pixels.
/// let pixels = [0, 255, 255, 0, 10, 20, 30, 40];
/// let view = DatasetView::from_bytes("two", ExampleShape::from(&[2, 2]), &pixels)?;
/// assert_eq!(view.range(), (0.0, 255.0));
/// let owned = Dataset::from_bytes("two", vec![2, 2], pixels.to_vec())?;
/// assert_eq!(view.fingerprint(), owned.fingerprint()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct DatasetView<'a> {
    name: &'a str,
    shape: ExampleShape,
    cols: usize,
    values: ValuesView<'a>,
    labels: Option<&'a [u32]>,
    series: Option<Series>,
}

/// What examples are windows of.
#[derive(Clone, Debug)]
struct Series {
    stride: usize,
    /// Values of a time step.
    features: usize,
    /// How many windows there are.
    count: usize,
    /// What there is to say of steps that are in none.
    note: Option<String>,
}

#[derive(Clone, Copy, Debug)]
enum ValuesView<'a> {
    Bytes(&'a [u8]),
    Floats(&'a [f32]),
}

impl ValuesView<'_> {
    fn len(self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Floats(values) => values.len(),
        }
    }
}

impl<'a> DatasetView<'a> {
    /// A set of examples of shape `shape`, one after another in `values`, each in row-major order.
    ///
    /// # Errors
    /// When there is no example, when an example has no value, or when `values` does not hold whole examples.
    pub fn from_bytes(
        name: &'a str,
        shape: ExampleShape,
        values: &'a [u8],
    ) -> Result<Self, DataError> {
        Self::new(name, shape, ValuesView::Bytes(values))
    }

    /// A set of examples of shape `shape`, one after another in `values`, each in row-major order. Values may be missing, that is NaN;
    /// see [`Self::check_finite`].
    ///
    /// # Errors
    /// As [`Self::from_bytes`].
    pub fn from_floats(
        name: &'a str,
        shape: ExampleShape,
        values: &'a [f32],
    ) -> Result<Self, DataError> {
        Self::new(name, shape, ValuesView::Floats(values))
    }

    fn new(name: &'a str, shape: ExampleShape, values: ValuesView<'a>) -> Result<Self, DataError> {
        let cols = example_size(name, &shape, values.len())?;
        Ok(Self {
            name,
            shape,
            cols,
            values,
            labels: None,
            series: None,
        })
    }

    /// The same set with a class for each example.
    ///
    /// # Errors
    /// When there are not as many labels as examples.
    pub fn with_labels(self, labels: &'a [u32]) -> Result<Self, DataError> {
        if labels.len() != self.rows() {
            return Err(DataError::invalid(
                self.name,
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

    /// Windows of the set, which is a series with a row a time step, as [`crate::Dataset::windows`] has them: `[length, features]`. What the
    /// columns of the series are is what `windows` says.
    ///
    /// # Errors
    /// When rows are no plain numbers, values may be missing, or there are fewer rows than a window has.
    pub fn windows(self, windows: &Windows) -> Result<Self, DataError> {
        check_series(self.name, &self.shape, windows.schema.as_ref())?;
        let features = self.cols;
        let (count, note) = count_windows(self.name, windows, self.rows())?;
        let sizes = vec![windows.length, features];
        let shape = ExampleShape::new(sizes.clone(), Axes::Ntf);
        Ok(Self {
            cols: windows.length * features,
            shape: shape.unwrap_or_else(|| sizes.into()),
            labels: None,
            series: Some(Series {
                stride: windows.stride,
                features,
                count,
                note,
            }),
            ..self
        })
    }

    /// What there is to say of how a series was cut.
    pub fn note(&self) -> Option<&str> {
        self.series.as_ref()?.note.as_deref()
    }

    /// Refuses values that are infinite, or missing where `takes_missing` does not hold.
    ///
    /// # Errors
    /// Names the first of them, and where it is.
    pub fn check_finite(&self, takes_missing: bool) -> Result<(), DataError> {
        let ValuesView::Floats(values) = self.values else {
            return Ok(());
        };
        let is_wrong = |x: &f32| !(x.is_finite() || takes_missing && x.is_nan());
        match values.iter().position(is_wrong) {
            Some(at) => Err(DataError::not_finite(self.name, at, self.row(), values[at])),
            None => Ok(()),
        }
    }

    /// Shape of one example.
    pub fn shape(&self) -> &ExampleShape {
        &self.shape
    }

    /// Whether every value is an integer from 0 to 255 by its type.
    pub fn is_bytes(&self) -> bool {
        matches!(self.values, ValuesView::Bytes(_))
    }

    /// The smallest and the largest raw value, of those that are not missing.
    pub fn range(&self) -> (f32, f32) {
        match self.values {
            ValuesView::Bytes(values) => (values.iter())
                .map(|&value| f32::from(value))
                .fold((255.0, 0.0), |(low, high), x| (x.min(low), x.max(high))),
            ValuesView::Floats(values) => (values.iter())
                .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &x| {
                    (low.min(x), high.max(x))
                }),
        }
    }

    /// SHA-256, in hexadecimal, of the type, the shape, the count and the values: that of a [`Dataset`](crate::Dataset) of the same content.
    pub fn fingerprint(&self) -> String {
        let Some(series) = &self.series else {
            return self.fingerprint_of(&self.shape, self.rows());
        };
        let steps = self.values.len() / series.features;
        let own = self.fingerprint_of(&[series.features], steps);
        let mut fingerprint = Fingerprint::new(self.is_bytes(), &self.shape, self.rows());
        fingerprint.update_windows(&own, series.stride);
        fingerprint.finish()
    }

    /// The fingerprint of the values as `rows` examples of `shape`.
    fn fingerprint_of(&self, shape: &[usize], rows: usize) -> String {
        let mut fingerprint = Fingerprint::new(self.is_bytes(), shape, rows);
        match self.values {
            ValuesView::Bytes(values) => fingerprint.update(values),
            ValuesView::Floats(values) => fingerprint.update_floats(values),
        }
        fingerprint.finish()
    }

    /// Values of a row: of an example, or of a time step.
    fn row(&self) -> usize {
        self.series.as_ref().map_or(self.cols, |own| own.features)
    }
}

impl Rows for DatasetView<'_> {
    fn rows(&self) -> usize {
        match &self.series {
            Some(series) => series.count,
            None => self.values.len() / self.cols,
        }
    }

    fn cols(&self) -> usize {
        self.cols
    }

    fn full_scale(&self) -> f32 {
        if self.is_bytes() { 255.0 } else { 1.0 }
    }

    fn label(&self, index: u32) -> Option<u32> {
        self.labels?.get(index as usize).copied()
    }

    fn read(&self, indices: &[u32], mut out: MatrixMut<'_>) -> io::Result<()> {
        let cols = self.cols;
        let series = self.series.as_ref();
        let step = series.map_or(cols, |own| own.stride * own.features);
        for (row, &index) in out.iter_rows_mut().zip(indices) {
            let at = index as usize * step;
            match self.values {
                ValuesView::Bytes(values) => widen(&values[at..][..cols], row),
                ValuesView::Floats(values) => row.copy_from_slice(&values[at..][..cols]),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use latentia_tensor::Matrix;

    use super::*;
    use crate::Dataset;

    #[test]
    fn a_view_reads_and_hashes_as_the_set_that_owns_the_same_values() {
        let values = [0.5, -1.0, 2.0, 3.0, 4.0, 5.5];
        let view = DatasetView::from_floats("three", ExampleShape::from(&[2]), &values);
        let view = view.expect("three rows").with_labels(&[4, 5, 6]);
        let view = view.expect("three labels");
        let owned = Dataset::from_floats("three", vec![2], values.to_vec()).expect("three rows");
        assert_eq!(
            view.fingerprint(),
            owned.fingerprint().expect("it is in memory")
        );
        assert_eq!((view.range(), view.label(2)), (owned.range(), Some(6)));
        let mut rows = Matrix::zeros(2, 2);
        view.read(&[2, 0], rows.view_mut()).expect("memory");
        assert_eq!(rows.as_slice(), [4.0, 5.5, 0.5, -1.0]);
    }

    #[test]
    fn windows_of_a_view_are_those_of_the_set_that_owns_the_series() {
        let values: Vec<f32> = (0..22).map(|x| x as f32).collect();
        let windows = Windows {
            length: 4,
            stride: 3,
            schema: None,
        };
        let view = DatasetView::from_floats("steps", ExampleShape::from(&[2]), &values);
        let view = view.expect("rows").windows(&windows).expect("a series");
        let owned = Dataset::from_floats("steps", vec![2], values.clone()).expect("rows");
        let owned = owned.windows(windows).expect("a series");
        assert_eq!((view.rows(), view.shape()), (3, owned.shape()));
        let (fingerprint, note) = (owned.fingerprint().expect("memory"), &owned.notes()[0]);
        assert_eq!(
            (view.fingerprint(), view.note()),
            (fingerprint, Some(&**note))
        );
        let [mut own, mut other] = [Matrix::zeros(2, 8), Matrix::zeros(2, 8)];
        view.read(&[2, 0], own.view_mut()).expect("memory");
        owned.read(&[2, 0], other.view_mut()).expect("memory");
        assert_eq!((own.row(0)[0], &own), (12.0, &other));
        // What is not finite is where it lies in the series.
        let mut gap = values;
        gap[13] = f32::NAN;
        let view = DatasetView::from_floats("steps", ExampleShape::from(&[2]), &gap).expect("rows");
        let windows = Windows {
            length: 12,
            stride: 1,
            schema: None,
        };
        let short = view.clone().windows(&windows);
        let short = short.expect_err("too short").to_string();
        assert!(
            short.contains("12 or more, as many as a window has"),
            "{short}"
        );
        let windows = Windows {
            length: 4,
            stride: 3,
            schema: None,
        };
        let view = view.windows(&windows).expect("a series");
        let refused = view.check_finite(false).expect_err("a gap").to_string();
        assert!(refused.contains("row 6, column 1"), "{refused}");
    }

    #[test]
    fn what_is_not_finite_is_refused_where_it_lies_and_gaps_only_where_none_are_taken() {
        let check = |values: &[f32], takes_missing| {
            let view = DatasetView::from_floats("array", ExampleShape::from(&[2]), values);
            let checked = view.expect("two rows").check_finite(takes_missing);
            checked.map_err(|error| error.to_string())
        };
        assert_eq!(check(&[1.0, f32::NAN, 0.0, 2.0], true), Ok(()));
        let refused = check(&[1.0, 2.0, f32::NAN, 2.0], false).expect_err("a gap");
        assert!(refused.contains("row 1, column 0"), "{refused}");
        let refused = check(&[1.0, f32::INFINITY, 0.0, 2.0], true).expect_err("infinite");
        assert!(refused.contains("row 0, column 1"), "{refused}");
    }
}
