//! A part of the score on a common scale.

use latentia_nn::graph::{Graph, Value};

/// Deviation, as a share of the mean, up to which values are all the same but for rounding.
const CONSTANT: f64 = 1e-12;

/// Mean and deviation of a part of the score over training rows: `z = (x - mean) / deviation`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Standard {
    pub(super) mean: f64,
    pub(super) deviation: f64,
}

impl Standard {
    /// Those of `values`. Where they are all the same, nothing is known of their scale: it is 1.
    pub(super) fn of(values: &[f64]) -> Self {
        let n = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        let deviation = variance.sqrt();
        Self {
            mean,
            deviation: match deviation > CONSTANT * mean.abs() {
                true => deviation,
                false => 1.0,
            },
        }
    }

    pub(super) fn z(self, x: f64) -> f64 {
        (x - self.mean) / self.deviation
    }

    /// Adds to `graph` what [`Self::z`] makes of `x`, f64.
    pub(super) fn describe(self, graph: &mut Graph, x: Value) -> Value {
        let above = graph.plus(x, -self.mean);
        graph.times(above, 1.0 / self.deviation)
    }

    pub(super) fn is_valid(self) -> bool {
        self.mean.is_finite() && self.deviation.is_finite() && self.deviation > 0.0
    }
}

/// The value at a share of `sorted`, ascending, by linear interpolation; there must be some.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let (below, above) = (at.floor() as usize, at.ceil() as usize);
    sorted[below] + (at - below as f64) * (sorted[above] - sorted[below])
}
