//! Where a step of logistic regression should lead.

use std::io;

use latentia_tensor::{Accumulate, Matrix, MatrixRef, Rows, matmul_nn, matmul_nt};

use super::covariance::{Sample, principal_axes};

/// Examples from which the covariance is estimated.
const SAMPLE: usize = 8192;

/// The most features whose covariance is decomposed; its cost grows with their cube.
const MOST_FEATURES: usize = 1024;

/// Added to the variances, which are 1 on average. Away from zero weights the examples no longer weigh alike, and where features
/// vary little, their covariance says little of the Hessian: without it MNIST's raw values take four times the steps.
const RIDGE: f64 = 2.0;

/// About the inverse Hessian of a logistic regression's loss. Where all weights are zero the Hessian is the same for each class,
/// `C/K + λ I` with the features' covariance `C` and `K` classes, for changes whose sum over the classes is zero, as the
/// gradient's is; for the biases it is `1/K`. Here it is `H = (C + ridge I)/K + λ I`.
pub(crate) struct Preconditioner {
    /// `(eigenvalues of H)^(-1/2) · eigenvectors`: `[cols, cols]`; none where features are taken as uncorrelated.
    root: Option<Matrix>,
    cols: usize,
    classes: usize,
    penalty: f64,
}

impl Preconditioner {
    /// For `features` that are standardised.
    pub(crate) fn new(features: &dyn Rows, classes: usize, penalty: f64) -> io::Result<Self> {
        let cols = features.cols();
        let root = match cols <= MOST_FEATURES {
            true => root(features, classes, penalty)?,
            false => None,
        };
        Ok(Self {
            root,
            cols,
            classes,
            penalty,
        })
    }

    /// `H⁻¹ · gradient`, of weights `[classes, cols]` with the biases behind them.
    pub(crate) fn apply(&self, gradient: &[f64]) -> Vec<f64> {
        let (weights, biases) = gradient.split_at(self.cols * self.classes);
        let classes = self.classes as f64;
        let mut out = match &self.root {
            Some(root) => inverse_product(root, weights, self.classes),
            None => {
                let curvature = (1.0 + RIDGE) / classes + self.penalty;
                weights.iter().map(|w| w / curvature).collect()
            }
        };
        out.extend(biases.iter().map(|b| classes * b));
        out
    }
}

/// The root of a [`Preconditioner`]; none where a feature is not finite.
fn root(features: &dyn Rows, classes: usize, penalty: f64) -> io::Result<Option<Matrix>> {
    let (sample, cols) = (Sample::new(features, SAMPLE), features.cols());
    let axes = principal_axes(&sample, &vec![0.0; cols])?;
    Ok(axes.map(|(values, vectors)| {
        let axes = vectors.chunks(cols.max(1)).zip(values);
        let elements = axes.flat_map(|(vector, value)| {
            let variance = value.max(0.0) / sample.rows() as f64;
            let curvature = (variance + RIDGE) / classes as f64 + penalty;
            vector.iter().map(move |x| (x / curvature.sqrt()) as f32)
        });
        Matrix::from_vec(cols, cols, elements.collect())
    }))
}

/// `x · rootᵀ · root` for the rows of `x`, in f32: a direction need not be exact.
fn inverse_product(root: &Matrix, x: &[f64], rows: usize) -> Vec<f64> {
    let cols = root.cols();
    // A small gradient has small squares.
    let scale = x
        .iter()
        .fold(f64::MIN_POSITIVE, |most, x| most.max(x.abs()));
    let scaled: Vec<f32> = x.iter().map(|x| (x / scale) as f32).collect();
    let (mut rotated, mut out) = (Matrix::zeros(rows, cols), Matrix::zeros(rows, cols));
    let (x, replace) = (MatrixRef::new(&scaled, rows, cols), Accumulate::Replace);
    matmul_nt(rotated.view_mut(), replace, x, root.view());
    matmul_nn(out.view_mut(), replace, rotated.view(), root.view());
    let out = out.as_slice().iter();
    out.map(|&x| scale * f64::from(x)).collect()
}

#[cfg(test)]
mod tests {
    use latentia_testing::numbers;

    use super::*;

    #[test]
    fn it_undoes_the_hessian() {
        let (rows, cols, classes, penalty) = (300, 4, 3, 0.1);
        let noise = numbers(1, rows * cols);
        // Correlated.
        let data = noise.chunks(cols).flat_map(|x| {
            let mut x = x.to_vec();
            x[1] += 2.0 * x[0];
            x
        });
        let x = Matrix::from_vec(rows, cols, data.collect());
        let found = Preconditioner::new(&x, classes, penalty).expect("in memory");
        let expected: Vec<f64> = numbers(2, (cols + 1) * classes)
            .iter()
            .map(|&x| 1e-60 * f64::from(x))
            .collect();
        let mut product = Vec::new();
        for v in expected[..cols * classes].chunks(cols) {
            for (i, own) in v.iter().enumerate() {
                let along = |row: &[f32]| -> f64 {
                    let dot: f64 = row.iter().zip(v).map(|(&x, v)| f64::from(x) * v).sum();
                    f64::from(row[i]) * dot
                };
                let covariance = x.view().iter_rows().map(along).sum::<f64>() / rows as f64;
                product.push((covariance + RIDGE * own) / classes as f64 + penalty * own);
            }
        }
        let biases = expected[cols * classes..].iter();
        product.extend(biases.map(|b| b / classes as f64));
        for (found, expected) in found.apply(&product).iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-65, "{found} {expected}");
        }
    }
}
