//! How much the columns of codes vary.

use latentia_tensor::Matrix;

/// The variance of each column of `x`, `[rows, cols]`: `[cols]`.
pub fn variances(x: &Matrix) -> Vec<f64> {
    let rows = x.rows().max(1) as f64;
    let variance = |col: usize| {
        let column = || x.view().iter_rows().map(|row| f64::from(row[col]));
        let mean = column().sum::<f64>() / rows;
        column().map(|x| (x - mean).powi(2)).sum::<f64>() / rows
    };
    (0..x.cols()).map(variance).collect()
}
