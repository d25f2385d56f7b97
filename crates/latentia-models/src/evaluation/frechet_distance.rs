//! The Fréchet distance between features of two sets of examples.

use std::io;

use latentia_tensor::{Matrix, add_product_nt, symmetric_eigen};

use super::covariance::scatter;
use super::features;
use crate::ModelError;
use crate::autoencoder::inference::column_means;

/// Fewer examples have no covariance.
const LEAST: usize = 2;

/// The squared Fréchet distance between Gaussians with the means and covariances of features of real and of generated examples, `[examples,
/// features]` each (Dowson and Landau 1982; Heusel et al. 2017):
///
/// `d² = ‖μ₁ - μ₂‖² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½)`
///
/// Covariances divide by one less than the number of examples. The distance is in the units of the features, and the fewer examples
/// there are, the larger it is: only distances in the same features of equally many examples compare. Called FID it is of features of one
/// Inception network, which these need not be.
///
/// ```
/// use latentia_models::frechet_distance;
/// use latentia_tensor::Matrix;
///
/// // Means 0 and 3, variances 1 and 4: 3² + (2 - 1)².
/// let real = Matrix::from_vec(3, 1, vec![-1.0, 0.0, 1.0]);
/// let generated = Matrix::from_vec(3, 1, vec![1.0, 3.0, 5.0]);
/// assert!((frechet_distance(&real, &generated)? - 10.0).abs() < 1e-12);
/// # Ok::<(), latentia_models::ModelError>(())
/// ```
///
/// # Errors
/// When features differ in width, are of fewer than two examples, or have a value that is not finite.
pub fn frechet_distance(real: &Matrix, generated: &Matrix) -> Result<f64, ModelError> {
    features::check(real, generated, LEAST)?;
    let n = real.cols();
    let [(mean, covariance), (other_mean, other_covariance)] =
        [moments(real)?, moments(generated)?];
    let means = mean.iter().zip(&other_mean);
    let of_means: f64 = means.map(|(a, b)| (a - b).powi(2)).sum();
    let trace = |a: &[f64]| -> f64 { a.iter().step_by(n + 1).sum() };
    let of_root = trace_of_root(&covariance, &other_covariance, n)
        .ok_or_else(|| io::Error::other("the eigenvectors did not converge"))?;
    let of_covariances = trace(&covariance) + trace(&other_covariance) - 2.0 * of_root;
    // Rounding may take what is 0 below it.
    Ok(of_means + of_covariances.max(0.0))
}

/// Mean and covariance `[n, n]` of features.
fn moments(features: &Matrix) -> io::Result<(Vec<f64>, Vec<f64>)> {
    let (rows, n) = (features.rows(), features.cols());
    let mean = column_means(features)?;
    let mut covariance = scatter(features, &mean)?;
    for i in 0..n {
        for j in 0..=i {
            let own = covariance[i * n + j] / (rows - 1) as f64;
            covariance[i * n + j] = own;
            covariance[j * n + i] = own;
        }
    }
    Ok((mean, covariance))
}

/// `tr (A B)^½` of covariances `[n, n]`: the sum of the square roots of the eigenvalues of `A^½ B A^½`, which are those of `Λ^½ Uᵀ B U Λ^½`
/// where `A = U Λ Uᵀ`. `None` where they are not found.
fn trace_of_root(a: &[f64], b: &[f64], n: usize) -> Option<f64> {
    let (values, mut axes) = symmetric_eigen(a, n)?;
    for (axis, value) in axes.chunks_exact_mut(n.max(1)).zip(values) {
        let root = value.max(0.0).sqrt();
        axis.iter_mut().for_each(|x| *x *= root);
    }
    let [mut half, mut product] = [vec![0.0; n * n], vec![0.0; n * n]];
    add_product_nt(&mut half, &axes, b, n);
    add_product_nt(&mut product, &half, &axes, n);
    let (values, _) = symmetric_eigen(&product, n)?;
    Some(values.iter().map(|value| value.max(0.0).sqrt()).sum())
}

#[cfg(test)]
mod tests {
    use latentia_testing::numbers;

    use super::*;

    /// Features of which dimension `j` has the standard deviation `scales[j]` and the mean `shifts[j]`, all exactly, and no correlation.
    fn crossed(scales: [f32; 2], shifts: [f32; 2]) -> Matrix {
        // Four corners: the sum of squares is 4, the variance 4/3.
        let corners = [[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0f32]];
        let rows = corners
            .iter()
            .flat_map(|corner| [0, 1].map(|j| corner[j] * scales[j] + shifts[j]));
        Matrix::from_vec(4, 2, rows.collect())
    }

    #[test]
    fn gaussians_along_the_axes_have_the_textbook_distance() {
        let distance = frechet_distance(
            &crossed([1.0, 2.0], [0.0, 0.0]),
            &crossed([3.0, 0.5], [1.0, -2.0]),
        );
        // ‖μ‖² + Σ (σ - σ')², of variances that are 4/3 of the squared scales.
        let expected = 5.0 + 4.0 / 3.0 * (4.0 + 2.25);
        assert!((distance.expect("they fit") - expected).abs() < 1e-12);
    }

    /// `n` features that depend on each other.
    fn correlated(seed: u64, rows: usize, n: usize) -> Matrix {
        let noise = numbers(seed, rows * n);
        let mixed = noise.chunks(n).flat_map(|own| {
            (0..n).map(|j| own[..=j].iter().sum::<f32>() / (1 + j) as f32 + j as f32)
        });
        Matrix::from_vec(rows, n, mixed.collect())
    }

    #[test]
    fn the_root_is_the_one_that_iteration_finds() {
        let n = 5;
        let [first, second] = [correlated(1, 300, n), correlated(2, 200, n)];
        let [(_, a), (_, b)] = [&first, &second].map(|own| moments(own).expect("in memory"));
        let times = |x: &[f64], y: &[f64]| -> Vec<f64> {
            let at = |i: usize, j: usize| (0..n).map(|k| x[i * n + k] * y[k * n + j]).sum();
            (0..n * n).map(|ij| at(ij / n, ij % n)).collect()
        };
        // Denman and Beavers 1976, scaled so that it converges fast: Y becomes (A B)^½, by an inverse of Gauss and Jordan.
        let mut y = times(&a, &b);
        let mut z: Vec<f64> = (0..n * n).map(|ij| f64::from(ij / n == ij % n)).collect();
        for _ in 0..60 {
            let (iy, iz) = (inverse(&y, n), inverse(&z, n));
            let mean = |x: &[f64], y: &[f64]| -> Vec<f64> {
                x.iter().zip(y).map(|(x, y)| 0.5 * (x + y)).collect()
            };
            (y, z) = (mean(&y, &iz), mean(&z, &iy));
        }
        let expected: f64 = y.iter().step_by(n + 1).sum();
        let obtained = trace_of_root(&a, &b, n).expect("it converges");
        assert!(
            (obtained - expected).abs() < 1e-9 * expected,
            "{obtained} {expected}"
        );
    }

    fn inverse(a: &[f64], n: usize) -> Vec<f64> {
        let mut rows: Vec<Vec<f64>> = (0..n)
            .map(|i| {
                let unit = (0..n).map(|j| f64::from(i == j));
                a[i * n..][..n].iter().copied().chain(unit).collect()
            })
            .collect();
        for i in 0..n {
            let pivot = rows[i][i];
            rows[i].iter_mut().for_each(|x| *x /= pivot);
            let own = rows[i].clone();
            for (_, row) in rows.iter_mut().enumerate().filter(|(at, _)| *at != i) {
                let factor = row[i];
                row.iter_mut()
                    .zip(&own)
                    .for_each(|(x, own)| *x -= factor * own);
            }
        }
        rows.iter().flat_map(|row| row[n..].to_vec()).collect()
    }

    #[test]
    fn equal_features_are_at_no_distance_and_a_shift_is_its_square() {
        let own = correlated(3, 500, 7);
        let distance = |other: &Matrix| frechet_distance(&own, other).expect("they fit");
        assert!(distance(&own) < 1e-9);
        let shifted = own.as_slice().iter().map(|x| x + 0.5).collect();
        let shifted = Matrix::from_vec(500, 7, shifted);
        assert!((distance(&shifted) - 7.0 * 0.25).abs() < 1e-5);
        // Fewer examples than features, and a feature that never changes.
        let few = correlated(4, 3, 7);
        assert!(frechet_distance(&few, &few).expect("they fit") < 1e-9);
    }

    #[test]
    fn features_that_cannot_be_compared_are_refused() {
        let own = correlated(1, 9, 3);
        let refused = |other: &Matrix| {
            let error = frechet_distance(&own, other);
            error.expect_err("nothing to compare").to_string()
        };
        assert!(refused(&Matrix::zeros(9, 2)).contains("2 values"));
        let error = refused(&Matrix::zeros(1, 3));
        assert!(
            error.contains("1 examples") && error.contains('2'),
            "{error}"
        );
        let infinite = Matrix::from_vec(2, 3, vec![0.0, 1.0, 2.0, 3.0, f32::INFINITY, 4.0]);
        assert!(refused(&infinite).contains("example 1, column 1"));
    }
}
