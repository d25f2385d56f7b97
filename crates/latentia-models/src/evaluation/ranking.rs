//! How well scores tell known anomalies from normal examples.

use latentia_tensor::Noise;
use rand::RngExt;
use rayon::prelude::*;
use serde::Serialize;

use crate::{ModelError, stream};

/// What of a ranking is measured, and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankingOptions {
    /// Examples at the top among which anomalies are counted, from 1 to all; the number of anomalies where it is `None`.
    pub k: Option<usize>,
    /// Score from which on an example is flagged: those of this very score are.
    pub threshold: Option<f64>,
    /// Bootstrap samples behind each interval; without any there are no intervals.
    pub resamples: u32,
    /// Of the bootstrap.
    pub seed: u64,
}

impl Default for RankingOptions {
    /// All without a threshold, from 1,000 bootstrap samples of seed 0.
    fn default() -> Self {
        Self {
            k: None,
            threshold: None,
            resamples: 1000,
            seed: 0,
        }
    }
}

/// Measures of scores, of which higher ones are stranger, against examples that are known to be anomalous or normal.
///
/// ```
/// use latentia_models::{RankingMetrics, RankingOptions};
///
/// // Eight examples, of which two are anomalies: the strangest, and the one in the fourth place.
/// let scores = [9.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0];
/// let anomalous = [true, false, false, true, false, false, false, false];
/// let options = RankingOptions { threshold: Some(4.5), ..RankingOptions::default() };
/// let metrics = RankingMetrics::measure(&scores, &anomalous, &options)?;
///
/// // Of 12 pairs of an anomaly and a normal example, 10 are in the right order.
/// assert_eq!(metrics.auroc.value, 10.0 / 12.0);
/// // One anomaly among the first one, two among the first four; a random order has about 0.25.
/// assert_eq!(metrics.average_precision.value, (1.0 + 0.5) / 2.0);
/// assert_eq!(metrics.average_precision_baseline, 0.25);
/// assert_eq!((metrics.k, metrics.precision_at_k.value), (2, 0.5));
///
/// let flagged = metrics.at_threshold.expect("a threshold");
/// assert_eq!((flagged.flagged, flagged.recall.value), (4, 1.0));
/// // Eight examples say little.
/// let [low, high] = metrics.auroc.interval.expect("bootstrap samples");
/// assert!(low <= 0.75 && high == 1.0);
/// # Ok::<(), latentia_models::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RankingMetrics {
    /// Number of examples.
    pub examples: usize,
    /// How many of them are anomalies.
    pub anomalies: usize,
    /// Area under the receiver operating characteristic: the share of pairs of an anomaly and a normal example in which the anomaly
    /// has the higher score, pairs of equal scores counted half (Mann and Whitney 1947, Fawcett 2006). 0.5 is chance.
    pub auroc: Estimate,
    /// `Σ (Rᵢ - Rᵢ₋₁) Pᵢ` over the distinct scores from the highest down, `Rᵢ` the recall and `Pᵢ` the precision of all examples that
    /// score at least as high; not interpolated, as scikit-learn's `average_precision_score`.
    pub average_precision: Estimate,
    /// The share of anomalies, about which the average precision of scores without meaning lies.
    pub average_precision_baseline: f64,
    /// Examples that `precision_at_k` looks at.
    pub k: usize,
    /// The share of anomalies among the `k` examples with the highest scores; with as many as there are anomalies, the recall too
    /// (R-precision). Where only some of equal scores are among them, its mean over their orders.
    pub precision_at_k: Estimate,
    /// Of a decision, where a threshold was given.
    pub at_threshold: Option<ThresholdMetrics>,
}

/// Measures of a decision, which flags the examples whose score is the threshold or higher.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ThresholdMetrics {
    /// The threshold.
    pub threshold: f64,
    /// Number of examples that are flagged.
    pub flagged: usize,
    /// The share of anomalies that are flagged (true positive rate).
    pub recall: Estimate,
    /// The share of normal examples that are flagged (false positive rate).
    pub false_alarm_rate: Estimate,
    /// The share of anomalies among the flagged examples, where there are some. Its interval is of the bootstrap samples that have
    /// any, and holds for this share of anomalies.
    pub precision: Option<Estimate>,
}

/// A measure, and how far it may be off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Of the examples as they are.
    pub value: f64,
    /// From the 2.5th to the 97.5th percentile, linear between values, of the measure over bootstrap samples, in each of which as many
    /// anomalies and as many normal examples as there are were drawn with replacement from their own (Efron and Tibshirani 1993). It
    /// knows of no value that the examples do not have: with few of them it is too narrow, and where all are right it has no width.
    pub interval: Option<[f64; 2]>,
}

impl RankingMetrics {
    /// Measures `scores`, one an example, against whether each is `anomalous`, in a time of `O(n log n)` and `O(n)` for each bootstrap
    /// sample. The same arguments give the same measures, whatever the number of threads.
    ///
    /// # Errors
    /// When there is not one flag a score, no example is anomalous or all are, a score is not finite, `k` is 0 or above the number of
    /// examples, or the threshold is not finite.
    pub fn measure(
        scores: &[f64],
        anomalous: &[bool],
        options: &RankingOptions,
    ) -> Result<Self, ModelError> {
        check(scores, anomalous, options)?;
        let ranking = Ranking::new(scores, anomalous, options);
        let [normal, anomalies] = [&ranking.runs[0], &ranking.runs[1]].map(Vec::len);
        let values = ranking.measures(&ranking.counts);
        let samples = ranking.bootstrap(options);
        let estimate = |measure: fn(&Measures) -> f64| Estimate {
            value: measure(&values),
            interval: interval(samples.iter().map(measure)),
        };
        let flagged = values.flagged;
        Ok(Self {
            examples: scores.len(),
            anomalies,
            auroc: estimate(|m| m.auroc),
            average_precision: estimate(|m| m.average_precision),
            average_precision_baseline: anomalies as f64 / (normal + anomalies) as f64,
            k: ranking.k as usize,
            precision_at_k: estimate(|m| m.precision_at_k),
            at_threshold: options.threshold.map(|threshold| ThresholdMetrics {
                threshold,
                flagged: flagged.iter().sum::<u64>() as usize,
                recall: estimate(|m| m.recall),
                false_alarm_rate: estimate(|m| m.false_alarm_rate),
                precision: (flagged != [0; 2]).then(|| estimate(|m| m.precision())),
            }),
        })
    }
}

fn check(scores: &[f64], anomalous: &[bool], options: &RankingOptions) -> Result<(), ModelError> {
    let refuse = |seen: String, valid| Err(ModelError::Ranking { seen, valid });
    let examples = scores.len();
    if anomalous.len() != examples {
        let flags = anomalous.len();
        let seen = format!("there are {examples} scores, and of {flags} examples it is known");
        return refuse(seen, "there must be as many");
    }
    if u32::try_from(examples).is_err() {
        let seen = format!("there are {examples} examples");
        return refuse(seen, "at most 4294967295 are taken");
    }
    let valid = "at least one must be, and at least one must not";
    match anomalous.iter().filter(|&&anomalous| anomalous).count() {
        0 => return refuse(format!("none of {examples} examples is an anomaly"), valid),
        all if all == examples => {
            return refuse(format!("all of {examples} examples are anomalies"), valid);
        }
        _ => {}
    }
    if let Some(at) = scores.iter().position(|score| !score.is_finite()) {
        let seen = format!("the score of example {at} (from 0) is {}", scores[at]);
        return refuse(seen, "scores must be finite");
    }
    if let Some(k) = options.k.filter(|k| !(1..=examples).contains(k)) {
        return Err(ModelError::Option {
            name: "k",
            seen: k.to_string(),
            valid: "from 1 to the number of examples",
        });
    }
    match options.threshold.filter(|threshold| !threshold.is_finite()) {
        Some(threshold) => Err(ModelError::Option {
            name: "threshold",
            seen: threshold.to_string(),
            valid: "finite",
        }),
        None => Ok(()),
    }
}

/// Examples by their scores, the highest first. Those of equal scores are one run, as are normal ones between two anomalies, on one
/// side of the threshold: no measure depends on their order.
struct Ranking {
    /// Of each normal example, and of each anomaly, the number of its run.
    runs: [Vec<u32>; 2],
    /// Normal examples and anomalies of each run.
    counts: Vec<[u32; 2]>,
    /// How many of the runs are flagged.
    flagged_runs: usize,
    k: u64,
}

/// The measures of one set of examples.
struct Measures {
    auroc: f64,
    average_precision: f64,
    precision_at_k: f64,
    recall: f64,
    false_alarm_rate: f64,
    /// Normal examples and anomalies.
    flagged: [u64; 2],
}

impl Measures {
    /// NaN where nothing is flagged.
    fn precision(&self) -> f64 {
        let [normal, anomalies] = self.flagged;
        anomalies as f64 / (normal + anomalies) as f64
    }
}

impl Ranking {
    fn new(scores: &[f64], anomalous: &[bool], options: &RankingOptions) -> Self {
        let mut sorted: Vec<(f64, bool)> = scores
            .iter()
            .copied()
            .zip(anomalous.iter().copied())
            .collect();
        sorted.par_sort_unstable_by(|(a, _), (b, _)| b.total_cmp(a));
        let threshold = options.threshold.unwrap_or(f64::INFINITY);
        let mut counts: Vec<[u32; 2]> = Vec::new();
        let mut runs = [Vec::new(), Vec::new()];
        let mut flagged_runs = 0;
        for tied in sorted.chunk_by(|(a, _), (b, _)| a == b) {
            let anomalies = tied.iter().filter(|(_, anomalous)| *anomalous).count();
            let tied_counts = [tied.len() - anomalies, anomalies].map(|count| count as u32);
            let flagged = tied[0].0 >= threshold;
            let same_side = flagged == (flagged_runs == counts.len());
            match counts.last_mut() {
                Some([normal, 0]) if anomalies == 0 && same_side => {
                    *normal += tied_counts[0];
                }
                _ => counts.push(tied_counts),
            }
            if flagged {
                flagged_runs = counts.len();
            }
            for (runs, count) in runs.iter_mut().zip(tied_counts) {
                runs.resize(runs.len() + count as usize, counts.len() as u32 - 1);
            }
        }
        Self {
            k: options.k.unwrap_or(runs[1].len()) as u64,
            runs,
            counts,
            flagged_runs,
        }
    }

    /// Those of examples of which `counts` are in each run.
    fn measures(&self, counts: &[[u32; 2]]) -> Measures {
        let [normal, anomalies] = [&self.runs[0], &self.runs[1]].map(|runs| runs.len() as f64);
        let (mut above, mut flagged) = ([0u64; 2], [0; 2]);
        // Twice the pairs in the right order: at most half the square of the examples, so that no sum overflows.
        let mut pairs = 0;
        let (mut precisions, mut among_k) = (0.0, 0.0);
        for (run, counts) in counts.iter().enumerate() {
            let [own_normal, own] = counts.map(u64::from);
            pairs += own_normal * (2 * above[1] + own);
            let before = above[0] + above[1];
            above = [above[0] + own_normal, above[1] + own];
            let to_here = above[0] + above[1];
            if own > 0 {
                precisions += own as f64 * above[1] as f64 / to_here as f64;
                let share = (to_here.min(self.k) - before.min(self.k)) as f64;
                among_k += own as f64 * share / (to_here - before) as f64;
            }
            if run < self.flagged_runs {
                flagged = above;
            }
        }
        Measures {
            auroc: pairs as f64 / (2.0 * normal * anomalies),
            average_precision: precisions / anomalies,
            precision_at_k: among_k / self.k as f64,
            recall: flagged[1] as f64 / anomalies,
            false_alarm_rate: flagged[0] as f64 / normal,
            flagged,
        }
    }

    /// The measures of each bootstrap sample.
    fn bootstrap(&self, options: &RankingOptions) -> Vec<Measures> {
        let noise = Noise::new(options.seed, stream::BOOTSTRAP);
        let buffer = || vec![[0; 2]; self.counts.len()];
        let sample = |counts: &mut Vec<[u32; 2]>, sample| {
            let mut random = noise.row(sample);
            counts.fill([0; 2]);
            for (class, runs) in self.runs.iter().enumerate() {
                let examples = runs.len() as u32;
                for _ in 0..examples {
                    let run = runs[random.random_range(0..examples) as usize];
                    counts[run as usize][class] += 1;
                }
            }
            self.measures(counts)
        };
        let samples = (0..options.resamples).into_par_iter();
        samples.map_init(buffer, sample).collect()
    }
}

/// The 2.5th and the 97.5th percentile of what is no NaN.
fn interval(values: impl Iterator<Item = f64>) -> Option<[f64; 2]> {
    let mut values: Vec<f64> = values.filter(|value| !value.is_nan()).collect();
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    Some([0.025, 0.975].map(|share| {
        let place = share * last as f64;
        let (low, high) = (values[place as usize], values[place.ceil() as usize]);
        low + (high - low) * place.fract()
    }))
}
