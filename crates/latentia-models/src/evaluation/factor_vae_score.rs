//! FactorVAE's score of codes.

use latentia_tensor::{Factors, Matrix, Noise};
use rand::RngExt;
use rayon::prelude::*;
use serde::Serialize;

use super::factor_codes::{FactorCodes, FactorValues};
use crate::{ModelError, stream};

/// Batches that the classifier learns from, and those that it is measured by.
const VOTES: [u32; 2] = [10_000, 5_000];

/// Examples in a batch.
const BATCH: usize = 64;

/// Dimensions that deviate less over all examples are left out: a collapsed one is lowest in every batch.
const LEAST_DEVIATION: f64 = 0.05;

/// FactorVAE's score (Kim and Mnih 2018, Disentangling by Factorising): how often the dimension that varies least tells which factor is fixed.
///
/// A vote is a batch of 64 examples that share the value of one factor, drawn at random, as that of an example, and differ in the others; it is
/// cast for that factor by the dimension whose variance in the batch, divided by that over all examples, is the lowest. A dimension stands for
/// the factor for which it cast most of 10,000 votes; the score is the share of 5,000 more that go by this rule: 1 where every factor has a
/// dimension of its own, one in as many as there are factors by chance. Dimensions whose standard deviation over all examples is below 0.05
/// are left out, as in disentanglement_lib (Locatello et al. 2019), where these numbers are from; a score without any is 0. A factor that is
/// the same for all examples is left out.
///
/// ```
/// use latentia_models::{FactorVaeScore, Factors};
/// use latentia_tensor::Matrix;
///
/// // Two factors of four values, in all combinations; a code that is them.
/// let values: Vec<u32> = (0..160).flat_map(|i| [i / 4 % 4, i % 4]).collect();
/// let codes = values.iter().map(|&value| value as f32).collect();
/// let factors = Factors::new(["a", "b"].map(String::from).to_vec(), values);
/// let score = FactorVaeScore::measure(&Matrix::from_vec(160, 2, codes), &factors, 0)?;
/// assert_eq!((score.score, score.active_dimensions), (1.0, 2));
/// # Ok::<(), latentia_models::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FactorVaeScore {
    /// The share of votes that go by the rule.
    pub score: f64,
    /// Dimensions that are not left out.
    pub active_dimensions: usize,
}

impl FactorVaeScore {
    /// Measures codes `[examples, dimensions]` of examples that were made of `factors`, on batches drawn by `seed`.
    ///
    /// # Errors
    /// When there are not as many codes as examples, a code has a value that is not finite, or no factor changes.
    pub fn measure(codes: &Matrix, factors: &Factors, seed: u64) -> Result<Self, ModelError> {
        Ok(Self::of(&FactorCodes::new(codes, factors)?, seed))
    }

    pub(super) fn of(own: &FactorCodes<'_>, seed: u64) -> Self {
        let variances = (0..own.codes.cols()).map(|at| (at, variance(own.dimension(at))));
        let active = variances.filter(|(_, variance)| variance.sqrt() >= LEAST_DEVIATION);
        let active: Vec<(usize, f64)> = active.collect();
        if active.is_empty() {
            return Self {
                score: 0.0,
                active_dimensions: 0,
            };
        }
        let examples: Vec<Vec<Vec<u32>>> = own.factors.iter().map(examples_by_value).collect();
        let noise = Noise::new(seed, stream::VOTES);
        // Of each vote the dimension, by its place among the active ones, and the factor.
        let vote = |number: u32| {
            let mut random = noise.row(number);
            let factor = random.random_range(0..own.factors.len());
            let values = &own.factors[factor].values;
            let value = values[random.random_range(0..values.len())];
            let from = &examples[factor][value as usize];
            let batch: [u32; BATCH] =
                std::array::from_fn(|_| from[random.random_range(0..from.len())]);
            let share = |&(dimension, all): &(usize, f64)| {
                let own = batch
                    .iter()
                    .map(|&row| own.codes.row(row as usize)[dimension]);
                variance(own) / all
            };
            let shares = active.iter().map(share).enumerate();
            let lowest = shares.min_by(|a, b| a.1.total_cmp(&b.1));
            (lowest.map_or(0, |(place, _)| place), factor)
        };
        let votes = |numbers: std::ops::Range<u32>| -> Vec<(usize, usize)> {
            numbers.into_par_iter().map(vote).collect()
        };
        let mut counts = vec![vec![0u32; own.factors.len()]; active.len()];
        for (place, factor) in votes(0..VOTES[0]) {
            counts[place][factor] += 1;
        }
        let stands_for: Vec<usize> = counts.iter().map(|counts| argmax(counts)).collect();
        let others = votes(VOTES[0]..VOTES[0] + VOTES[1]).into_iter();
        let right = others.filter(|&(place, factor)| stands_for[place] == factor);
        Self {
            score: right.count() as f64 / f64::from(VOTES[1]),
            active_dimensions: active.len(),
        }
    }
}

/// `Σ (z - mean)² / (n - 1)`
fn variance(values: impl Iterator<Item = f32> + Clone) -> f64 {
    let (count, sum) = values.clone().fold((0.0, 0.0), |(count, sum), z| {
        (count + 1.0, sum + f64::from(z))
    });
    let mean = sum / count;
    let squares = values.map(|z| (f64::from(z) - mean).powi(2));
    squares.sum::<f64>() / (count - 1.0f64).max(1.0)
}

/// The examples of each value.
fn examples_by_value(factor: &FactorValues) -> Vec<Vec<u32>> {
    let mut examples = vec![Vec::new(); factor.count];
    for (row, &value) in (0..).zip(&factor.values) {
        examples[value as usize].push(row);
    }
    examples
}

/// The first of the largest.
fn argmax(counts: &[u32]) -> usize {
    let largest = counts.iter().max();
    counts
        .iter()
        .position(|count| Some(count) == largest)
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use latentia_testing::numbers;

    use super::*;

    /// Every combination of four factors, `[720, 4]`.
    fn factors() -> Factors {
        let values = (0..720).flat_map(|i| [i % 3, i / 3 % 6, i / 18 % 8, i / 144]);
        let names = ["shape", "scale", "x", "y"].map(String::from);
        Factors::new(names.to_vec(), values.collect())
    }

    fn measure(width: usize, code: impl Fn(usize, &[u32]) -> Vec<f32>) -> FactorVaeScore {
        let own = factors();
        let codes = (0..own.examples()).flat_map(|row| code(row, own.of(row)));
        let codes = Matrix::from_vec(own.examples(), width, codes.collect());
        FactorVaeScore::measure(&codes, &own, 3).expect("factors that change")
    }

    #[test]
    fn a_code_that_is_the_factors_has_the_full_score_whatever_its_scale() {
        // A collapsed dimension is passed over, one of noise casts no vote.
        let noise = numbers(1, 720);
        let score = measure(6, |row, own| {
            let [shape, scale, x, y] = [own[0], own[1], own[2], own[3]].map(|v| v as f32);
            vec![
                1e-3 * noise[row],
                -9.0 * x,
                noise[row],
                0.1 * y + 7.0,
                shape,
                scale,
            ]
        });
        assert_eq!((score.score, score.active_dimensions), (1.0, 5));
    }

    #[test]
    fn a_code_without_information_is_right_by_chance() {
        let noise = numbers(2, 720 * 4);
        let score = measure(4, |row, _| noise[4 * row..][..4].to_vec());
        assert!((0.2..0.35).contains(&score.score), "{score:?}");
    }

    #[test]
    fn a_turned_code_has_a_lower_score() {
        let score = measure(4, |_, own| {
            let [shape, scale, x, y] = [own[0], own[1], own[2], own[3]].map(|v| v as f32);
            let [shape, scale, x, y] = [shape / 2.0, scale / 5.0, x / 7.0, y / 4.0];
            vec![
                shape + scale + x + y,
                shape + scale - x - y,
                shape - scale + x - y,
                shape - scale - x + y,
            ]
        });
        assert!((0.2..0.8).contains(&score.score), "{score:?}");
    }

    #[test]
    fn a_code_that_never_changes_has_no_score() {
        let score = measure(2, |_, _| vec![1.0, 0.0]);
        assert_eq!((score.score, score.active_dimensions), (0.0, 0));
    }

    #[test]
    fn the_score_does_not_depend_on_the_number_of_threads() {
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let noise = numbers(4, 720 * 4);
            let code = |row: usize, own: &[u32]| {
                let noise = noise[4 * row..][..4].iter();
                noise
                    .zip(own)
                    .map(|(noise, &v)| v as f32 + 3.0 * noise)
                    .collect()
            };
            pool.expect("threads start").install(|| measure(4, code))
        };
        let score = with(1);
        assert_eq!(score, with(3));
        assert!((0.4..0.999).contains(&score.score), "{score:?}");
    }
}
