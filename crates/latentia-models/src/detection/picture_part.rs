//! How badly a model reconstructs a picture, where it does worst.

use latentia_nn::graph::{Graph, Operation, Sliding, Type, Value};
use latentia_tensor::{Picture, Rows, Window};

use super::rows::{few_at_a_time, raw};
use super::standard::quantile;
use crate::ModelError;

/// The side of a window, as a part of the picture's shorter side.
const PART: usize = 4;

/// The length of a window of a picture of one row, as a series has it, as a part of the row.
const STEPS: usize = 16;

/// Least contrast, as a share of the usual one.
const LEAST_CONTRAST: f64 = 0.1;

/// Added to what is taken the logarithm of.
const LEAST: f64 = 1e-9;

/// The logarithm of the mean excess in the window that has the most, over the picture's contrast, the mean of `|t - median(t)|`: thin
/// strokes are reconstructed well whatever they show. A window is as wide as a quarter of the shorter side; of a picture of
/// one row, as a series has it, a sixteenth of that.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PicturePart {
    picture: Picture,
    /// Added to each contrast.
    pub(super) contrast: f64,
}

/// A part of a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Region {
    /// The first row, from 0 at the top.
    pub top: usize,
    /// The first column, from 0 at the left.
    pub left: usize,
    /// How many rows.
    pub height: usize,
    /// How many columns.
    pub width: usize,
    /// How much of the picture's excess is in it, from 0 to 1.
    pub share: f64,
}

impl PicturePart {
    /// That of training pictures.
    pub(super) fn fit(picture: Picture, training: &dyn Rows) -> Result<Self, ModelError> {
        let mut contrasts = few_at_a_time(training, |few| {
            Ok(raw(few)?.view().iter_rows().map(contrast).collect())
        })?;
        contrasts.sort_unstable_by(f64::total_cmp);
        let usual = match contrasts.is_empty() {
            true => 1.0,
            false => quantile(&contrasts, 0.5),
        };
        Ok(Self::with(picture, (LEAST_CONTRAST * usual).max(LEAST)))
    }

    pub(super) fn with(picture: Picture, contrast: f64) -> Self {
        Self { picture, contrast }
    }

    /// The part of a picture with this excess.
    pub(super) fn value(&self, excess: &[f32], values: &[f32]) -> f64 {
        let (_, worst) = self.worst(excess);
        (worst / (contrast(values) + self.contrast) + LEAST).ln()
    }

    /// The window with the most excess, and its mean.
    pub(super) fn worst(&self, excess: &[f32]) -> (Region, f64) {
        let Picture { height, width, .. } = self.picture;
        let [rows, columns] = self.window();
        let sums = self.sums(excess);
        let at = |row: usize, column: usize| sums[row * (width + 1) + column];
        let mut most = (0, 0, f64::NEG_INFINITY);
        for top in 0..=height - rows {
            for left in 0..=width - columns {
                let (below, right) = (top + rows, left + columns);
                let sum = at(below, right) + at(top, left) - at(top, right) - at(below, left);
                if sum > most.2 {
                    most = (top, left, sum);
                }
            }
        }
        let (top, left, sum) = most;
        let region = Region {
            top,
            left,
            height: rows,
            width: columns,
            share: match sums.last() {
                Some(&total) if total > 0.0 => (sum / total).clamp(0.0, 1.0),
                _ => 0.0,
            },
        };
        let elements = rows * columns * self.picture.channels;
        (region, (sum / elements as f64).max(0.0))
    }

    /// Rows and columns of a window.
    fn window(&self) -> [usize; 2] {
        let Picture { height, width, .. } = self.picture;
        match height {
            1 => [1, (width / STEPS).max(1)],
            _ => [(height.min(width) / PART).max(1); 2],
        }
    }

    /// Sums over what is above and to the left of each pixel's corner: `[height + 1, width + 1]`.
    fn sums(&self, excess: &[f32]) -> Vec<f64> {
        let Picture {
            height,
            width,
            channels,
            channels_last,
        } = self.picture;
        let pixel = |row: usize, column: usize| -> f64 {
            let place = row * width + column;
            let element = |channel: usize| match channels_last {
                true => place * channels + channel,
                false => channel * height * width + place,
            };
            let each = (0..channels).map(|channel| f64::from(excess[element(channel)]));
            each.filter(|x| !x.is_nan()).sum()
        };
        let mut sums = vec![0.0; (height + 1) * (width + 1)];
        for row in 0..height {
            let mut along = 0.0;
            for column in 0..width {
                along += pixel(row, column);
                let above = sums[row * (width + 1) + column + 1];
                sums[(row + 1) * (width + 1) + column + 1] = above + along;
            }
        }
        sums
    }
}

impl PicturePart {
    /// Adds to `graph` the part of pictures `raw` with this excess, f64.
    pub(super) fn describe(&self, graph: &mut Graph, excess: Value, raw: Value) -> Value {
        let Picture {
            height,
            width,
            channels,
            channels_last,
        } = self.picture;
        let (shape, axis) = match channels_last {
            true => ([height, width, channels], 2),
            false => ([channels, height, width], 0),
        };
        let excess = graph.reshape(excess, &shape);
        let excess = graph.node(Operation::ReduceMean(axis), &[excess]);
        let excess = graph.reshape(excess, &[1, height, width]);
        let [rows, columns] = self.window();
        let window = Sliding {
            window: Window {
                kernel: [rows, columns],
                ..Window::square(1, 1)
            },
            output: [height - rows + 1, width - columns + 1],
        };
        let windows = graph.node(Operation::AveragePool(window), &[excess]);
        let windows = graph.flat(windows);
        let worst = graph.node(Operation::ReduceMax(0), &[windows]);
        let worst = graph.cast(worst, Type::F64);
        let worst = graph.at_least(worst, 0.0);
        let contrast = describe_contrast(graph, raw);
        let contrast = graph.plus(contrast, self.contrast);
        let share = graph.div(worst, contrast);
        let share = graph.plus(share, LEAST);
        graph.node(Operation::Log, &[share])
    }
}

/// Adds to `graph` what [`contrast`] makes of pictures, f64.
fn describe_contrast(graph: &mut Graph, values: Value) -> Value {
    let half = graph.shape(values)[0] / 2;
    let k = half + 1;
    let lower = graph.node(Operation::TopK { k, largest: false }, &[values]);
    let median = graph.slice(lower, [half, k]);
    let differences = graph.sub(values, median);
    let differences = graph.node(Operation::Abs, &[differences]);
    let differences = graph.cast(differences, Type::F64);
    graph.node(Operation::ReduceMean(0), &[differences])
}

/// The mean of `|t - median(t)|`.
fn contrast(values: &[f32]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let mut sorted = values.to_vec();
    let (_, &mut median, _) = sorted.select_nth_unstable_by(values.len() / 2, f32::total_cmp);
    let differences = values.iter().map(|&x| f64::from((x - median).abs()));
    differences.sum::<f64>() / values.len() as f64
}
