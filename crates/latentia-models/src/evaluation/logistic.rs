//! Multinomial logistic regression.

use std::{io, mem};

use latentia_tensor::math::exp;
use latentia_tensor::{
    Accumulate, Matrix, MatrixRef, Rows, add_bias_map, map_in_place, matmul_nt, matmul_tn, update,
    vectorized,
};

use super::lbfgs::{Stop, minimise};
use super::preconditioner::Preconditioner;
use crate::autoencoder::inference::{ROW_SLOTS, ROWS_AT_ONCE, refill_slots};
use crate::{Preprocessing, Scaled, Scaling};

/// Weight `λ` of the penalty.
const PENALTY: f64 = 1e-4;

/// Where the accuracy no longer changes by more than a few of 10,000.
const STOP: Stop = Stop {
    gradient: 1e-4,
    steps: 300,
};

/// The most elements of rows that are multiplied at once: they stay in a core's cache.
const ELEMENTS: usize = 1 << 17;

/// A linear classifier of features that are standardised by the means and deviations of the training features:
/// `p(class | x) = softmax(x Wᵀ + b)`, where `mean(-ln p(label | x)) + λ/2 ‖W‖²` is least, `λ = 10⁻⁴`.
#[derive(Debug)]
pub(crate) struct Logistic {
    scaling: Scaling,
    linear: Linear,
    /// The labels of the training features, each once, in rising order.
    classes: Vec<u32>,
}

impl Logistic {
    /// Learns from `features`, of which there are some, and the label of each.
    pub(crate) fn fit(features: &dyn Rows, labels: &[u32]) -> io::Result<Self> {
        let mut classes = labels.to_vec();
        classes.sort_unstable();
        classes.dedup();
        let scaling = Scaling::learn(Preprocessing::Standardise, features)?;
        let standardised = Scaled::new(features, &scaling);
        let inverse = Preconditioner::new(&standardised, classes.len(), PENALTY)?;
        let targets = labels
            .iter()
            .map(|label| classes.partition_point(|class| class < label));
        let mut problem = Problem::new(
            Centred::new(features, &scaling),
            targets.collect(),
            classes.len(),
        );
        let start = vec![0.0; (features.cols() + 1) * classes.len()];
        let solution = minimise(
            start,
            STOP,
            |gradient| inverse.apply(gradient),
            |at| problem.evaluate(at),
        )?;
        Ok(Self {
            linear: Linear::new(&solution, classes.len()),
            scaling,
            classes,
        })
    }

    /// Share of `features`, of which there are some, whose most probable class is their label.
    pub(crate) fn accuracy(&self, features: &dyn Rows, labels: &[u32]) -> io::Result<f64> {
        let (rows, classes) = (features.rows(), self.classes.len());
        let centred = Centred::new(features, &self.scaling);
        let linear = self.linear.of_centred(&centred.divisor);
        let slots = centred.slots(|| (0, Matrix::zeros(centred.at_once, classes)));
        let slots = centred.refill(slots, |(right, logits), first, block| {
            let logits = linear.apply(block, logits);
            for (row, &label) in logits.iter_rows().zip(&labels[first..]) {
                *right += usize::from(self.classes[argmax(row)] == label);
            }
        })?;
        let right: usize = slots.iter().map(|(_, (right, _))| right).sum();
        Ok(right as f64 / rows as f64)
    }
}

/// Features less their means. Their deviations are left to the weights: `(x - mean) / deviation · w = (x - mean) · w / deviation`.
struct Centred<'a> {
    features: &'a dyn Rows,
    mean: Vec<f32>,
    divisor: Vec<f32>,
    /// Rows that are read at once.
    at_once: usize,
}

impl<'a> Centred<'a> {
    fn new(features: &'a dyn Rows, scaling: &Scaling) -> Self {
        let full_scale = features.full_scale();
        let scaled = |constants: &[f32]| constants.iter().map(|x| x * full_scale).collect();
        let most = (ELEMENTS / features.cols().max(1)).clamp(1, ROWS_AT_ONCE);
        Self {
            features,
            mean: scaled(&scaling.shift),
            divisor: scaled(&scaling.divisor),
            at_once: most.min(features.rows()),
        }
    }

    /// Slots with what `start` gives, and a block of rows each.
    fn slots<S>(&self, start: impl Fn() -> S) -> Vec<(Matrix, S)> {
        let count = self.features.rows().div_ceil(ROWS_AT_ONCE).min(ROW_SLOTS);
        let block = || Matrix::zeros(self.at_once, self.features.cols());
        (0..count).map(|_| (block(), start())).collect()
    }

    /// Lets each slot gather from its rows what `add` takes of them, with the number of the first.
    fn refill<S: Send>(
        &self,
        slots: Vec<(Matrix, S)>,
        add: impl Fn(&mut S, usize, MatrixRef<'_>) + Sync,
    ) -> io::Result<Vec<(Matrix, S)>> {
        refill_slots(self.features.rows(), slots, |(block, gathered), rows| {
            for rows in rows.chunks(self.at_once) {
                self.features.read(rows, block.top_mut(rows.len()))?;
                for row in block.top_mut(rows.len()).iter_rows_mut() {
                    update(row, &self.mean, |x, mean| x - mean);
                }
                let first = rows.first().map_or(0, |&row| row as usize);
                add(gathered, first, block.top(rows.len()));
            }
            Ok(())
        })
    }
}

/// Where the largest value stands; of equal ones the first.
fn argmax(x: &[f32]) -> usize {
    (1..x.len()).fold(0, |best, i| if x[i] > x[best] { i } else { best })
}

/// `x Wᵀ + b`
#[derive(Clone, Debug)]
struct Linear {
    /// `[classes, cols]`
    weight: Matrix,
    /// `[classes]`
    bias: Vec<f32>,
}

impl Linear {
    /// From the elements of `W`, row by row, and those of `b` behind them.
    fn new(elements: &[f64], classes: usize) -> Self {
        let mut weight: Vec<f32> = elements.iter().map(|&x| x as f32).collect();
        let bias = weight.split_off(weight.len() - classes);
        Self {
            weight: Matrix::from_vec(classes, weight.len() / classes, weight),
            bias,
        }
    }

    /// The same of features that are not yet divided by `divisor`.
    fn of_centred(&self, divisor: &[f32]) -> Self {
        let mut linear = self.clone();
        for row in linear.weight.view_mut().iter_rows_mut() {
            update(row, divisor, |w, divisor| w / divisor);
        }
        linear
    }

    /// Writes the logits of `block` to the top of `buffer`.
    fn apply<'a>(&self, block: MatrixRef<'_>, buffer: &'a mut Matrix) -> MatrixRef<'a> {
        let rows = block.rows();
        let weight = self.weight.view();
        matmul_nt(buffer.top_mut(rows), Accumulate::Replace, block, weight);
        add_bias_map(buffer.top_mut(rows), &self.bias, |z| z);
        buffer.top(rows)
    }
}

/// What is minimised.
struct Problem<'a> {
    features: Centred<'a>,
    /// The number of each label among the classes.
    targets: Vec<usize>,
    classes: usize,
    slots: Vec<(Matrix, Sums)>,
}

/// The loss of some rows and its gradient by the weights of centred features, summed, with buffers for a block of them.
struct Sums {
    logits: Matrix,
    weight_gradient: Matrix,
    loss: f64,
    gradient: Vec<f64>,
}

impl<'a> Problem<'a> {
    fn new(features: Centred<'a>, targets: Vec<usize>, classes: usize) -> Self {
        let cols = features.features.cols();
        let slots = features.slots(|| Sums {
            logits: Matrix::zeros(features.at_once, classes),
            weight_gradient: Matrix::zeros(classes, cols),
            loss: 0.0,
            gradient: vec![0.0; (cols + 1) * classes],
        });
        Self {
            features,
            targets,
            classes,
            slots,
        }
    }

    /// The objective and its gradient by the elements of [`Linear::new`].
    fn evaluate(&mut self, at: &[f64]) -> io::Result<(f64, Vec<f64>)> {
        let (features, targets) = (&self.features, &self.targets);
        let linear = Linear::new(at, self.classes).of_centred(&features.divisor);
        let mut slots = mem::take(&mut self.slots);
        for (_, sums) in &mut slots {
            sums.loss = 0.0;
            sums.gradient.fill(0.0);
        }
        self.slots = features.refill(slots, |sums, first, block| {
            sums.add(&linear, block, &targets[first..]);
        })?;
        let rows = features.features.rows() as f64;
        let loss: f64 = self.slots.iter().map(|(_, sums)| sums.loss).sum();
        let mut gradient = vec![0.0; at.len()];
        for (_, sums) in &self.slots {
            for (total, own) in gradient.iter_mut().zip(&sums.gradient) {
                *total += own;
            }
        }
        for element in &mut gradient {
            *element /= rows;
        }
        // The bias goes free.
        let weights = &at[..linear.weight.as_slice().len()];
        let squares: f64 = weights.iter().map(|w| w * w).sum();
        let divisors = features.divisor.iter().cycle();
        for ((g, weight), &divisor) in gradient.iter_mut().zip(weights).zip(divisors) {
            *g = *g / f64::from(divisor) + PENALTY * weight;
        }
        Ok((loss / rows + 0.5 * PENALTY * squares, gradient))
    }
}

impl Sums {
    fn add(&mut self, linear: &Linear, block: MatrixRef<'_>, targets: &[usize]) {
        let rows = block.rows();
        linear.apply(block, &mut self.logits);
        let bias_gradient = self.gradient.len() - linear.bias.len();
        let mut logits = self.logits.top_mut(rows);
        let at_targets: Vec<f64> = logits
            .iter_rows_mut()
            .zip(targets)
            .map(|(row, &target)| {
                let shift = row[argmax(row)];
                for z in row.iter_mut() {
                    *z -= shift;
                }
                f64::from(row[target])
            })
            .collect();
        // Of the whole block at once, which is a vectorised loop.
        map_in_place(logits.as_mut_slice(), exp);
        // From powers to the loss's gradient, p - 1 at the target and p elsewhere.
        let rows = logits.iter_rows_mut().zip(targets).zip(at_targets);
        for ((row, &target), logit) in rows {
            let sum: f64 = row.iter().map(|&z| f64::from(z)).sum();
            self.loss += sum.ln() - logit;
            let scale = 1.0 / sum as f32;
            for z in row.iter_mut() {
                *z *= scale;
            }
            row[target] -= 1.0;
            for (g, &z) in self.gradient[bias_gradient..].iter_mut().zip(&*row) {
                *g += f64::from(z);
            }
        }
        let logits = self.logits.top(block.rows());
        matmul_tn(
            self.weight_gradient.view_mut(),
            Accumulate::Replace,
            logits,
            block,
        );
        let (gradient, summands) = (&mut self.gradient, self.weight_gradient.as_slice());
        vectorized(
            #[inline(always)]
            move || {
                for (g, &x) in gradient.iter_mut().zip(summands) {
                    *g += f64::from(x);
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use latentia_testing::numbers;

    use super::*;

    /// Three classes that overlap, of three features, of which one never changes.
    fn overlapping() -> (Matrix, Vec<u32>) {
        let noise = numbers(5, 2 * 700);
        let labels: Vec<u32> = (0..700).map(|i| [3, 7, 200][i % 3]).collect();
        let rows = noise.chunks(2).zip(&labels);
        let data = rows.flat_map(|(noise, &label)| {
            let (x, y) = match label {
                3 => (0.0, 0.0),
                7 => (0.8, 0.2),
                _ => (0.1, 0.9),
            };
            [100.0 + x + noise[0], 0.01 * (y + noise[1]), 4.0]
        });
        (Matrix::from_vec(700, 3, data.collect()), labels)
    }

    /// The objective's gradient at `linear`, for standardised features, in f64.
    fn gradient(linear: &Linear, x: &Matrix, labels: &[u32], classes: &[u32]) -> Vec<f64> {
        let n = classes.len();
        let weight = linear.weight.as_slice();
        let mut gradient: Vec<f64> = weight.iter().map(|&w| PENALTY * f64::from(w)).collect();
        gradient.resize(gradient.len() + n, 0.0);
        for (row, label) in x.view().iter_rows().zip(labels) {
            let logit = |c: usize| {
                let products = row.iter().zip(linear.weight.row(c));
                let sum: f64 = products.map(|(&x, &w)| f64::from(x) * f64::from(w)).sum();
                sum + f64::from(linear.bias[c])
            };
            let powers: Vec<f64> = (0..n).map(|c| logit(c).exp()).collect();
            for c in 0..n {
                let target = f64::from(u8::from(classes[c] == *label));
                let error = (powers[c] / powers.iter().sum::<f64>() - target) / x.rows() as f64;
                for (i, &x) in row.iter().enumerate() {
                    gradient[c * row.len() + i] += f64::from(x) * error;
                }
                gradient[n * row.len() + c] += error;
            }
        }
        gradient
    }

    #[test]
    fn the_gradient_at_the_solution_is_zero() {
        let (features, labels) = overlapping();
        let fitted = Logistic::fit(&features, &labels).expect("in memory");
        assert_eq!(fitted.classes, [3, 7, 200]);
        let mut standardised = features.clone();
        fitted.scaling.apply(standardised.view_mut(), 1.0);
        let found = gradient(&fitted.linear, &standardised, &labels, &fitted.classes);
        assert!(found.iter().all(|g| g.abs() < 1.1e-4), "{found:?}");
        // It was not there from the start.
        let start = Linear::new(&[0.0; 12], 3);
        let before = gradient(&start, &standardised, &labels, &fitted.classes);
        assert!(before.iter().any(|g| g.abs() > 0.1), "{before:?}");
        // The constant feature says nothing.
        assert!(fitted.linear.weight.view().iter_rows().all(|w| w[2] == 0.0));
    }

    #[test]
    fn separate_clusters_are_told_apart() {
        let noise = numbers(8, 2 * 90);
        let labels: Vec<u32> = (0..90).map(|i| i % 3).collect();
        let data = noise.iter().enumerate().map(|(i, noise)| {
            let centre = [0.0, 0.0, 5.0, 0.0, 0.0, 5.0][i % 6];
            centre + noise
        });
        let features = Matrix::from_vec(90, 2, data.collect());
        let fitted = Logistic::fit(&features, &labels).expect("in memory");
        assert_eq!(fitted.accuracy(&features, &labels).ok(), Some(1.0));
        // A class that was never seen is never right.
        let others = vec![9; 90];
        assert_eq!(fitted.accuracy(&features, &others).ok(), Some(0.0));
    }
}
