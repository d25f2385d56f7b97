//! How exactly a model knows what to expect of each column.

use latentia_tensor::Rows;

use super::rows::raw;
use super::standard::quantile;
use crate::{Autoencoder, ModelError};

/// How far the training examples' numbers are from their reconstructions, a column each, robustly: 1.4826 times the median of the absolute
/// differences, or the root of their mean square where that is 0; in the data's own scale.
pub(super) fn deviations(model: &Autoencoder, training: &dyn Rows) -> Result<Vec<f32>, ModelError> {
    let (values, expected) = (raw(training)?, model.reconstruct(training)?);
    let deviation = |column: usize| {
        let pairs = values.view().iter_rows().zip(expected.view().iter_rows());
        let differences = pairs.map(|(x, y)| f64::from((x[column] - y[column]).abs()));
        let mut differences: Vec<f64> = differences.filter(|x| x.is_finite()).collect();
        if differences.is_empty() {
            return 0.0;
        }
        differences.sort_unstable_by(f64::total_cmp);
        let robust = 1.4826 * quantile(&differences, 0.5);
        let squares = differences.iter().map(|x| x * x).sum::<f64>();
        match robust > 0.0 {
            true => robust as f32,
            false => (squares / differences.len() as f64).sqrt() as f32,
        }
    };
    Ok((0..values.cols()).map(deviation).collect())
}
