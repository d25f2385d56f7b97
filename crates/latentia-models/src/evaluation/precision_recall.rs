//! How many generated examples look real, and how much of what is real is generated.

use std::cmp::Ordering;

use latentia_tensor::{Matrix, squared_distance};
use rayon::prelude::*;
use serde::Serialize;

use super::features;
use crate::ModelError;

/// Precision and recall of generated examples (Kynkäänniemi et al. 2019, Improved Precision and Recall Metric for Assessing Generative
/// Models), in features `[examples, features]`.
///
/// A set of features stands for all that lies no farther from one of them than the third nearest other one does. Precision is the share of
/// generated examples within the real ones' manifold, recall that of real ones within the generated ones' manifold. Both depend on the features
/// and on how many examples there are, and compare for equally many alone; two draws of the same distribution have less than 1.
///
/// ```
/// use latentia_models::PrecisionRecall;
/// use latentia_tensor::Matrix;
///
/// // Real examples from 0 to 99, generated ones in the lower half alone, and one far off.
/// let line = |values: Vec<f32>| Matrix::from_vec(values.len(), 1, values);
/// let real = line((0..100).map(|i| i as f32).collect());
/// let generated = line((0..49).map(|i| 0.3 + i as f32).chain([1e4]).collect());
/// let own = PrecisionRecall::measure(&real, &generated)?;
/// assert_eq!(own.precision, 49.0 / 50.0);
/// // The half that is generated, and what lies within the far one's reach.
/// assert!(own.recall >= 0.5);
/// # Ok::<(), latentia_models::ModelError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PrecisionRecall {
    /// The share of generated examples that look real.
    pub precision: f64,
    /// The share of real examples that could be generated.
    pub recall: f64,
}

impl PrecisionRecall {
    /// How many neighbours a feature reaches to.
    pub const NEIGHBOURS: usize = 3;

    /// Compares features of real and of generated examples; every pair of them is looked at.
    ///
    /// # Errors
    /// When features differ in width, are of too few examples to have so many neighbours, or have a value that is not finite.
    pub fn measure(real: &Matrix, generated: &Matrix) -> Result<Self, ModelError> {
        features::check(real, generated, Self::NEIGHBOURS + 1)?;
        Ok(Self {
            precision: share_within(real, generated),
            recall: share_within(generated, real),
        })
    }
}

/// The share of `queries` within the manifold that `features` stand for.
fn share_within(features: &Matrix, queries: &Matrix) -> f64 {
    let rows = (0..features.rows()).into_par_iter();
    let radii: Vec<f32> = rows.map(|row| radius(features, row)).collect();
    let is_within = |query: &usize| {
        let query = queries.row(*query);
        let mut rows = features.view().iter_rows().zip(&radii);
        rows.any(|(row, &radius)| squared_distance(row, query) <= radius)
    };
    let within = (0..queries.rows()).into_par_iter().filter(is_within);
    within.count() as f64 / queries.rows() as f64
}

/// The squared distance of a feature to the last of its nearest neighbours, of which it is none itself.
fn radius(features: &Matrix, own: usize) -> f32 {
    let mut nearest = [f32::INFINITY; PrecisionRecall::NEIGHBOURS];
    for (row, other) in features.view().iter_rows().enumerate() {
        let distance = squared_distance(features.row(own), other);
        let last = nearest[PrecisionRecall::NEIGHBOURS - 1];
        if row != own && distance.total_cmp(&last) == Ordering::Less {
            nearest[PrecisionRecall::NEIGHBOURS - 1] = distance;
            nearest.sort_unstable_by(f32::total_cmp);
        }
    }
    nearest[PrecisionRecall::NEIGHBOURS - 1]
}

#[cfg(test)]
mod tests {
    use latentia_testing::numbers;

    use super::*;

    fn measure(real: &Matrix, generated: &Matrix) -> [f64; 2] {
        let own = PrecisionRecall::measure(real, generated).expect("they fit");
        [own.precision, own.recall]
    }

    fn features(seed: u64, rows: usize, scale: f32) -> Matrix {
        let values = numbers(seed, rows * 4).iter().map(|x| scale * x).collect();
        Matrix::from_vec(rows, 4, values)
    }

    /// The share by all distances, sorted in f64.
    fn reference(features: &Matrix, queries: &Matrix) -> f64 {
        let distance = |a: &[f32], b: &[f32]| -> f64 {
            let pairs = a.iter().zip(b);
            pairs
                .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
                .sum()
        };
        let radius = |row: &[f32]| {
            let all = features.view();
            let mut all: Vec<f64> = all.iter_rows().map(|other| distance(row, other)).collect();
            all.sort_by(f64::total_cmp);
            // The first is the feature itself.
            all[3]
        };
        let radii: Vec<f64> = features.view().iter_rows().map(radius).collect();
        let within = queries.view();
        let within = within.iter_rows().filter(|query| {
            let rows = features.view();
            let mut rows = rows.iter_rows().zip(&radii);
            rows.any(|(row, &radius)| distance(row, query) <= radius)
        });
        within.count() as f64 / queries.rows() as f64
    }

    #[test]
    fn shares_are_those_of_sorted_distances_in_f64() {
        for scale in [0.5, 1.0, 1.6] {
            let (real, generated) = (features(1, 300, 1.0), features(2, 260, scale));
            let expected = [reference(&real, &generated), reference(&generated, &real)];
            assert_eq!(measure(&real, &generated), expected, "scale {scale}");
        }
    }

    #[test]
    fn too_wide_costs_precision_and_too_narrow_recall() {
        let real = features(1, 1000, 1.0);
        let [same, narrow, wide] = [1.0, 0.4, 2.5].map(|scale| features(2, 1000, scale));
        let [[same_p, same_r], [narrow_p, narrow_r], [wide_p, wide_r]] =
            [&same, &narrow, &wide].map(|generated| measure(&real, generated));
        assert!(same_p > 0.85 && same_r > 0.85, "{same_p} {same_r}");
        assert!(narrow_p > 0.95 && narrow_r < 0.2, "{narrow_p} {narrow_r}");
        assert!(wide_p < 0.2 && wide_r > 0.95, "{wide_p} {wide_r}");
        assert_eq!(measure(&real, &real), [1.0; 2]);
    }

    #[test]
    fn too_few_to_have_neighbours_are_refused() {
        let error = PrecisionRecall::measure(&features(1, 9, 1.0), &features(2, 3, 1.0));
        let error = error
            .expect_err("three neighbours beside itself")
            .to_string();
        assert!(
            error.contains("3 examples") && error.contains('4'),
            "{error}"
        );
    }
}
