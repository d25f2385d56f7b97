//! Multinomial logistic regression.

use std::io;

use latentia_tensor::math::exp;
use latentia_tensor::{
    Accumulate, Matrix, MatrixRef, Rows, add_bias_map, map_in_place, matmul_nt, matmul_tn,
};

use super::lbfgs::{Stop, minimise};
use super::preconditioner::Preconditioner;
use crate::autoencoder::inference::{ROW_SLOTS, ROWS_AT_ONCE, fold_numbered_rows, total};
use crate::{Preprocessing, Scaled, Scaling};

/// Weight `λ` of the penalty.
const PENALTY: f64 = 1e-4;

/// Where the accuracy no longer changes by more than a few of 10,000.
const STOP: Stop = Stop {
    gradient: 1e-4,
    steps: 300,
};

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
        let problem = Problem {
            features: &Scaled::new(features, &scaling),
            targets: labels
                .iter()
                .map(|label| classes.partition_point(|class| class < label))
                .collect(),
            classes: classes.len(),
        };
        let inverse = Preconditioner::new(problem.features, classes.len(), PENALTY)?;
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
        let slots = fold_numbered_rows(
            &Scaled::new(features, &self.scaling),
            ROW_SLOTS,
            || (0, Matrix::zeros(ROWS_AT_ONCE.min(rows), classes)),
            |(right, logits), first, block| {
                let logits = self.linear.apply(block, logits);
                for (row, &label) in logits.iter_rows().zip(&labels[first..]) {
                    *right += usize::from(self.classes[argmax(row)] == label);
                }
            },
        )?;
        let right: usize = slots.iter().map(|(right, _)| right).sum();
        Ok(right as f64 / rows as f64)
    }
}

/// Where the largest value stands; of equal ones the first.
fn argmax(x: &[f32]) -> usize {
    (1..x.len()).fold(0, |best, i| if x[i] > x[best] { i } else { best })
}

/// `x Wᵀ + b`
#[derive(Debug)]
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
    /// Standardised.
    features: &'a dyn Rows,
    /// The number of each label among the classes.
    targets: Vec<usize>,
    classes: usize,
}

/// The loss of some blocks and its gradient, summed, with buffers for one block.
struct Sums {
    logits: Matrix,
    weight_gradient: Matrix,
    loss: f64,
    gradient: Vec<f64>,
}

impl Problem<'_> {
    /// The objective and its gradient by the elements of [`Linear::new`].
    fn evaluate(&self, at: &[f64]) -> io::Result<(f64, Vec<f64>)> {
        let linear = Linear::new(at, self.classes);
        let (rows, cols) = (self.features.rows(), self.features.cols());
        let start = || Sums {
            logits: Matrix::zeros(ROWS_AT_ONCE.min(rows), self.classes),
            weight_gradient: Matrix::zeros(self.classes, cols),
            loss: 0.0,
            gradient: vec![0.0; at.len()],
        };
        let slots = fold_numbered_rows(self.features, ROW_SLOTS, start, |sums, first, block| {
            sums.add(&linear, block, &self.targets[first..]);
        })?;
        let loss: f64 = slots.iter().map(|sums| sums.loss).sum();
        let mut gradient = total(slots.into_iter().map(|sums| sums.gradient));
        for element in &mut gradient {
            *element /= rows as f64;
        }
        // The bias goes free.
        let weights = &at[..cols * self.classes];
        let squares: f64 = weights.iter().map(|w| w * w).sum();
        for (g, weight) in gradient.iter_mut().zip(weights) {
            *g += PENALTY * weight;
        }
        Ok((loss / rows as f64 + 0.5 * PENALTY * squares, gradient))
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
        for (g, &x) in self
            .gradient
            .iter_mut()
            .zip(self.weight_gradient.as_slice())
        {
            *g += f64::from(x);
        }
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
