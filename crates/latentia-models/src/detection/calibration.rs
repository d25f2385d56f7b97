//! What scores of examples that belong look like: what a new score is held against.

use latentia_nn::graph::{Graph, Operation, Type, Value};

/// Scores of examples that are taken to belong, and that the model did not learn from.
///
/// ```
/// use latentia_models::{Calibration, CalibrationSource};
///
/// let calibration = Calibration::new((1..=99).map(f64::from).collect(), CalibrationSource::HeldOut);
/// // (1 + #{held out ≥ score}) / (n + 1)
/// assert_eq!(calibration.p_value(98.5), 0.02);
/// assert_eq!(calibration.p_value(1e9), 0.01);
/// assert_eq!(calibration.least_p_value(), 0.01);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    /// Ascending.
    scores: Vec<f64>,
    source: CalibrationSource,
}

/// Whose scores they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CalibrationSource {
    /// Examples that were held out from training.
    HeldOut,
    /// Training examples, each scored by a model that did not learn from it.
    CrossFitted,
    /// Training examples, scored by the model that learned from them: lower than others would be.
    #[default]
    Training,
}

impl CalibrationSource {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::HeldOut => "held-out",
            Self::CrossFitted => "cross-fitted",
            Self::Training => "training",
        }
    }
}

/// How a whole set of scores differs from the calibrating ones.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Drift {
    /// Share of the scores that are above the median of the calibrating ones; ½ where nothing has changed.
    pub share_above_median: f64,
    /// Probability of so large a share or a larger one, were nothing changed.
    pub p_value: f64,
}

impl Calibration {
    /// By these scores, finite ones, in any order.
    pub fn new(mut scores: Vec<f64>, source: CalibrationSource) -> Self {
        scores.retain(|score| score.is_finite());
        scores.sort_unstable_by(f64::total_cmp);
        Self { scores, source }
    }

    /// The scores, ascending.
    pub fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// Whose they are.
    pub fn source(&self) -> CalibrationSource {
        self.source
    }

    /// The conformal p-value `(1 + #{calibrating ≥ score}) / (n + 1)`: of examples that belong, at most a share `p` has a p-value
    /// of at most `p` (Vovk et al. 2005; Bates et al. 2023).
    pub fn p_value(&self, score: f64) -> f64 {
        let below = self.scores.partition_point(|&x| x < score);
        (1 + self.scores.len() - below) as f64 / (self.scores.len() + 1) as f64
    }

    /// Adds to `graph` the p-value of a score, both f64.
    pub(super) fn describe(&self, graph: &mut Graph, score: Value) -> Value {
        let n = self.scores.len();
        let scores = graph.constant("calibration", &[n], self.scores.clone());
        let score = graph.reshape(score, &[1]);
        let below = graph.node(Operation::Less, &[scores, score]);
        let below = graph.indicator(below);
        let below = graph.node(Operation::ReduceSum(0), &[below]);
        let below = graph.cast(below, Type::F64);
        let above = graph.times(below, -1.0);
        let above = graph.plus(above, (1 + n) as f64);
        graph.times(above, 1.0 / (n + 1) as f64)
    }

    /// The least p-value that a score can have, `1 / (n + 1)`: no smaller rate of false alarms can be had.
    pub fn least_p_value(&self) -> f64 {
        1.0 / (self.scores.len() + 1) as f64
    }

    /// The share of the calibrating scores that are lower, from 0 to 1.
    pub fn share_below(&self, score: f64) -> f64 {
        let below = self.scores.partition_point(|&x| x < score);
        below as f64 / self.scores.len().max(1) as f64
    }

    /// The score above which others have a p-value of at most `rate`, a rate of false alarms. None where the rate is below [`Self::least_p_value`], or there are no scores.
    pub fn threshold(&self, rate: f64) -> Option<f64> {
        // At most so many of the calibrating scores may be as high.
        let n = self.scores.len();
        let most = (rate * (n + 1) as f64 + 1e-9).floor() as usize;
        let most = most.checked_sub(1)?.min(n.checked_sub(1)?);
        Some(self.scores[n - 1 - most])
    }

    /// How `scores` as a whole differ: by a test of the share above the median, one-sided, normal (Mood's median test). None
    /// without scores on either side.
    pub fn drift(&self, scores: &[f64]) -> Option<Drift> {
        let (n, m) = (scores.len(), self.scores.len());
        if n == 0 || m == 0 {
            return None;
        }
        let median = super::standard::quantile(&self.scores, 0.5);
        let above = |scores: &[f64]| {
            let of = |score: &f64| match score.total_cmp(&median) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
            scores.iter().map(of).sum::<f64>() / scores.len() as f64
        };
        let share = above(scores);
        let deviation = (0.25 * (1.0 / n as f64 + 1.0 / m as f64)).sqrt();
        // Of whole examples, the nearer edge counts.
        let z = (share - 0.5 - 0.5 / n as f64) / deviation;
        Some(Drift {
            share_above_median: share,
            p_value: upper_tail(z),
        })
    }
}

/// Probability that a standard normal variable is greater than `z`, to 1e-7 relative in the tail (Abramowitz and Stegun 1964, 26.2.17,
/// is too coarse there; this is the continued fraction 26.2.14 beyond 2 and the series 26.2.10 before).
fn upper_tail(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - upper_tail(-z);
    }
    let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if z < 2.0 {
        let (mut term, mut sum) = (z, z);
        for k in 1..60 {
            term *= z * z / f64::from(2 * k + 1);
            sum += term;
        }
        return 0.5 - density * sum;
    }
    let fraction = (1..=100).rev().fold(z, |below, k| z + f64::from(k) / below);
    density / fraction
}
