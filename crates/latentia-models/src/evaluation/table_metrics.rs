//! How good reconstructions of a table are, column by column.

use latentia_nn::likelihoods::Columns;
use latentia_tensor::{ElementKind, Matrix, MatrixRef, Rows, Subset};
use serde::Serialize;

use crate::{Autoencoder, ModelError, Pca};

/// Rows that are measured at once.
const AT_ONCE: usize = 4096;

/// Measures of a model on the rows of a table, column by column, beside those of principal components.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TableMetrics {
    /// In the order of an example's elements.
    pub columns: Vec<ColumnMetrics>,
    /// Squared error of the components, mean over the encoded elements that are not missing, in the model's scale.
    #[serde(skip)]
    pub pca_mse: f64,
}

/// Measures of one column, over the rows in which it is not missing.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ColumnMetrics {
    /// The column's name, or its number from 1.
    pub name: String,
    /// `number`, `boolean` or `category`.
    pub kind: &'static str,
    /// Rows in which it is not missing.
    pub known: u64,
    /// Its own part of the loss, mean over the rows in which it is known, in nats.
    pub nats: f64,
    /// How it is reconstructed.
    #[serde(flatten)]
    pub model: Fidelity,
    /// The same by as many principal components as the code has dimensions, of one-hot rows.
    pub pca: Fidelity,
}

/// How well the values of a column are reconstructed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Fidelity {
    /// Of a number: the share of the variance that is explained, `1 - Σ (x - y)² / Σ (x - mean)²`; absent where all are equal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r2: Option<f64>,
    /// Of a number: root of the mean squared error, in the column's own unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rmse: Option<f64>,
    /// Of a boolean or a category: the share of rows whose likeliest level is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
}

impl Fidelity {
    /// The share that is right: R² of a number, else the accuracy.
    pub fn share(&self) -> Option<f64> {
        self.r2.or(self.accuracy)
    }
}

impl TableMetrics {
    /// Measures `model` on `examples`, and `pca`, which learned from encoded rows whose gaps were filled with `fill`. `None` where the
    /// model's likelihood is not over columns.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn measure(
        model: &Autoencoder,
        examples: &dyn Rows,
        pca: &Pca,
        fill: &[f32],
    ) -> Result<Option<Self>, ModelError> {
        let Some(columns) = model.likelihood().columns() else {
            return Ok(None);
        };
        let width = model.width();
        let mut sums = vec![ColumnSums::default(); width];
        let (mut squares, mut elements) = (0.0, 0u64);
        for first in (0..examples.rows()).step_by(AT_ONCE) {
            let last = examples.rows().min(first + AT_ONCE);
            let indices: Vec<u32> = (first as u32..last as u32).collect();
            let rows = Subset::new(examples, indices.clone());
            let mut raw = Matrix::zeros(indices.len(), width);
            examples.read(&indices, raw.view_mut())?;
            let own = model.reconstruct(&rows)?;
            let encoded = model.encoded(&rows, fill.to_vec())?;
            let linear = pca.reconstruct(&encoded)?;
            let (more, known) = squared_error(columns, model, &rows, linear.view())?;
            squares += more;
            elements += known;
            let linear = model.unscaled(likeliest(columns, linear.view(), width));
            let nats = model.element_scores(&rows)?;
            for row in 0..raw.rows() {
                let cells = raw.row(row).iter().zip(own.row(row));
                let cells = cells.zip(linear.row(row)).zip(nats.row(row));
                for (sums, (((&x, &own), &linear), &nats)) in sums.iter_mut().zip(cells) {
                    if !x.is_nan() {
                        sums.add(x.into(), [own.into(), linear.into()], nats.into());
                    }
                }
            }
        }
        let names = model.column_names().into_iter();
        let kind = |column: usize| columns.kinds().get(column).copied();
        let named = names.zip(&sums).enumerate();
        Ok(Some(Self {
            columns: named
                .map(|(column, (name, sums))| {
                    sums.metrics(name, kind(column).unwrap_or(ElementKind::Number))
                })
                .collect(),
            pca_mse: squares / elements.max(1) as f64,
        }))
    }
}

/// Squared error of encoded `rows` beside `linear`, over what is not missing, and how many elements that is.
fn squared_error(
    columns: &Columns,
    model: &Autoencoder,
    rows: &dyn Rows,
    linear: MatrixRef<'_>,
) -> Result<(f64, u64), ModelError> {
    let with_gaps = model.encoded(rows, Vec::new())?;
    let indices: Vec<u32> = (0..rows.rows() as u32).collect();
    let mut targets = Matrix::zeros(rows.rows(), columns.encoded_width(model.width()));
    with_gaps.read(&indices, targets.view_mut())?;
    let pairs = targets.as_slice().iter().zip(linear.span());
    let known = pairs.filter(|(target, _)| !target.is_nan());
    Ok(known.fold((0.0, 0), |(sum, count), (target, linear)| {
        (sum + f64::from(target - linear).powi(2), count + 1)
    }))
}

/// Encoded rows as those of a table: each category at its largest element, a boolean at the nearer of its values.
fn likeliest(columns: &Columns, encoded: MatrixRef<'_>, width: usize) -> Matrix {
    let ranges = columns.ranges(width);
    let mut cells = Matrix::zeros(encoded.rows(), width);
    for (row, encoded) in encoded.iter_rows().enumerate() {
        for (column, range) in ranges.iter().enumerate() {
            let own = &encoded[range.clone()];
            let kind = columns.kinds().get(column);
            let cell = match kind {
                Some(ElementKind::Boolean) => f32::from(own[0] >= 0.5),
                Some(ElementKind::Category { .. }) => {
                    let levels = own.iter().zip(0u16..);
                    let likeliest = levels.max_by(|a, b| a.0.total_cmp(b.0).then(b.1.cmp(&a.1)));
                    likeliest.map_or(0.0, |(_, level)| level.into())
                }
                Some(ElementKind::Number) | None => own[0],
            };
            cells.as_mut_slice()[row * width + column] = cell;
        }
    }
    cells
}

/// What the measures of a column follow from, over the rows in which it is not missing.
#[derive(Clone, Copy, Default)]
struct ColumnSums {
    known: u64,
    nats: f64,
    /// Mean and sum of squared deviations, by Welford's update.
    mean: f64,
    deviations: f64,
    /// Of the model and of the components.
    errors: [f64; 2],
    right: [u64; 2],
}

impl ColumnSums {
    fn add(&mut self, x: f64, reconstructions: [f64; 2], nats: f64) {
        self.known += 1;
        self.nats += nats;
        let from_mean = x - self.mean;
        self.mean += from_mean / self.known as f64;
        self.deviations += from_mean * (x - self.mean);
        for (by, y) in reconstructions.into_iter().enumerate() {
            self.errors[by] += (x - y).powi(2);
            self.right[by] += u64::from(x == y);
        }
    }

    fn metrics(&self, name: String, kind: ElementKind) -> ColumnMetrics {
        let known = self.known as f64;
        let fidelity = |by: usize| match kind {
            _ if self.known == 0 => Fidelity::default(),
            ElementKind::Number => Fidelity {
                r2: (self.deviations > 0.0).then(|| 1.0 - self.errors[by] / self.deviations),
                rmse: Some((self.errors[by] / known).sqrt()),
                accuracy: None,
            },
            ElementKind::Boolean | ElementKind::Category { .. } => Fidelity {
                accuracy: Some(self.right[by] as f64 / known),
                ..Fidelity::default()
            },
        };
        ColumnMetrics {
            name,
            kind: match kind {
                ElementKind::Number => "number",
                ElementKind::Boolean => "boolean",
                ElementKind::Category { .. } => "category",
            },
            known: self.known,
            nats: self.nats / known.max(1.0),
            model: fidelity(0),
            pca: fidelity(1),
        }
    }
}
