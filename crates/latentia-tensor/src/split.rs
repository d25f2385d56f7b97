//! Which examples are held back for validation.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

/// Divides the rows `0..rows` at random into those to train on and those to validate on, each in ascending order.
///
/// `round(rows * validation)` rows go to validation, but at least one, and at least one stays to train on. A share
/// `validation` of zero, less, or NaN holds nothing back, nor can fewer than two rows be divided. The same arguments
/// give the same rows on every machine.
///
/// ```
/// use latentia_tensor::{Matrix, Rows, Subset, split};
///
/// let examples = Matrix::zeros(50, 3);
/// let (training, validation) = split(examples.rows(), 0.1, 42);
/// assert_eq!((training.len(), validation.len()), (45, 5));
/// assert!(validation.iter().all(|row| !training.contains(row)));
///
/// let training = Subset::new(&examples, training);
/// assert_eq!(training.rows(), 45);
/// ```
///
/// # Panics
/// When `rows` is beyond the range of `u32`.
pub fn split(rows: usize, validation: f64, seed: u64) -> (Vec<u32>, Vec<u32>) {
    let count = u32::try_from(rows).expect("rows are numbered by u32");
    let mut training: Vec<u32> = (0..count).collect();
    if rows < 2 || validation.is_nan() || validation <= 0.0 {
        return (training, Vec::new());
    }
    training.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    // A share beyond the range of usize saturates.
    let held_back = ((rows as f64 * validation).round() as usize).clamp(1, rows - 1);
    let mut validation = training.split_off(rows - held_back);
    training.sort_unstable();
    validation.sort_unstable();
    (training, validation)
}
