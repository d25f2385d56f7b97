//! Rows with classes that they do not bring themselves.

use std::io;

use latentia_tensor::{MatrixMut, Rows};

/// Rows with a class for each: the codes of labelled examples, or codes for a conditional model.
///
/// ```
/// use latentia_models::{Labelled, ModelSpec};
/// use latentia_tensor::Matrix;
///
/// let spec: ModelSpec = toml::from_str(r#"
///     likelihood = "mse"
///     condition = { classes = 10 }
///     encoder = [{ layer = "dense", units = 2 }]
///     decoder = [{ layer = "dense" }]
/// "#)?;
/// let model = spec.build(&[4], 42)?;
///
/// // One code, decoded as class 3 and as class 8.
/// let codes = Matrix::zeros(2, 2);
/// assert!(model.decode(&codes).is_err(), "it must be told the class");
/// let decoded = model.decode(&Labelled::new(&codes, vec![3, 8]))?;
/// assert_ne!(decoded.row(0), decoded.row(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Labelled<'a> {
    rows: &'a dyn Rows,
    labels: Vec<u32>,
}

impl<'a> Labelled<'a> {
    /// Row `i` of `rows` has class `labels[i]`.
    ///
    /// # Panics
    /// When there are not as many labels as rows.
    pub fn new(rows: &'a dyn Rows, labels: Vec<u32>) -> Self {
        assert_eq!(rows.rows(), labels.len(), "one label for each row");
        Self { rows, labels }
    }

    /// Row `i` of `rows`, as codes of `examples`, has the class of example `i`. `None` where an example has no class.
    ///
    /// # Panics
    /// When there are not as many rows as examples.
    pub fn like(rows: &'a dyn Rows, examples: &dyn Rows) -> Option<Self> {
        Some(Self::new(rows, labels(examples)?))
    }
}

/// The class of every row, where all have one.
pub(crate) fn labels(rows: &dyn Rows) -> Option<Vec<u32>> {
    (0..rows.rows() as u32)
        .map(|index| rows.label(index))
        .collect()
}

impl Rows for Labelled<'_> {
    fn rows(&self) -> usize {
        self.rows.rows()
    }

    fn cols(&self) -> usize {
        self.rows.cols()
    }

    fn full_scale(&self) -> f32 {
        self.rows.full_scale()
    }

    fn label(&self, index: u32) -> Option<u32> {
        self.labels.get(index as usize).copied()
    }

    fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        self.rows.read(indices, out)
    }

    fn has_targets(&self) -> bool {
        self.rows.has_targets()
    }

    fn read_targets(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        self.rows.read_targets(indices, out)
    }
}
