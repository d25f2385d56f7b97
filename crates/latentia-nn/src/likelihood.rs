//! How well an output explains an example: the end of every chain.

use std::f64::consts::PI;

use latentia_tensor::{MatrixMut, MatrixRef, loss, map_in_place, math};
use serde::{Deserialize, Serialize};

/// What the decoder's output means, and the loss that follows.
///
/// With `n` numbers in an example, target `t` and output `o`. `mse` and `bce` are means over all elements, as Keras reports
/// them; the others are negative log likelihoods in nats per example: sums over dimensions, means over examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likelihood {
    /// Mean squared error `Σ (o - t)² / n`; the output is the reconstruction.
    Mse,
    /// Binary cross-entropy `-Σ (t ln σ(o) + (1 - t) ln(1 - σ(o))) / n`; the output is logits, targets lie in `[0, 1]`.
    Bce,
    /// Bernoulli on logits, in nats per example: `bce` times `n`.
    Bernoulli,
    /// Gaussian of unit scale, in nats per example: `Σ (o - t)² / 2 + n ln(2π) / 2`; the output is the mean.
    Gaussian,
}

impl Likelihood {
    /// Whether targets must lie in `[0, 1]`, and outputs are logits.
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Bce | Self::Bernoulli)
    }

    /// Whether the loss is a negative log likelihood in nats per example, and not a mean over elements.
    pub fn is_in_nats_per_example(self) -> bool {
        matches!(self, Self::Bernoulli | Self::Gaussian)
    }

    /// Its name in a specification.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mse => "mse",
            Self::Bce => "bce",
            Self::Bernoulli => "bernoulli",
            Self::Gaussian => "gaussian",
        }
    }

    /// What the loss is counted in.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Mse => "squared error, mean over elements",
            Self::Bce => "nats, mean over elements",
            Self::Bernoulli | Self::Gaussian => "nats per example",
        }
    }

    /// Numbers in a row of the output, for examples of `n` numbers.
    pub fn outputs(self, n: usize) -> usize {
        n
    }

    /// The loss of each row, in its unit: `[rows]` from outputs `[rows, outputs(n)]` and targets `[rows, n]`.
    pub fn losses(self, outputs: MatrixRef<'_>, targets: MatrixRef<'_>, losses: &mut [f64]) {
        self.compute(outputs, targets, 0.0, losses, None);
    }

    /// As [`Self::losses`], and `gradient` `[rows, outputs(n)]` receives `scale` times the derivative of each row's loss by
    /// its outputs.
    pub fn losses_with_gradient(
        self,
        outputs: MatrixRef<'_>,
        targets: MatrixRef<'_>,
        scale: f32,
        losses: &mut [f64],
        gradient: MatrixMut<'_>,
    ) {
        self.compute(outputs, targets, scale, losses, Some(gradient));
    }

    fn compute(
        self,
        outputs: MatrixRef<'_>,
        targets: MatrixRef<'_>,
        scale: f32,
        losses: &mut [f64],
        gradient: Option<MatrixMut<'_>>,
    ) {
        let n = targets.cols() as f64;
        let factor = match self {
            Self::Mse | Self::Bce => 1.0 / n,
            Self::Bernoulli => 1.0,
            Self::Gaussian => 0.5,
        };
        let constant = match self {
            Self::Gaussian => n * 0.5 * (2.0 * PI).ln(),
            _ => 0.0,
        };
        let kernel = if self.is_binary() {
            loss::binary_cross_entropy
        } else {
            loss::squared_error
        };
        let scale = (f64::from(scale) * factor) as f32;
        kernel(outputs, targets, scale, losses, gradient);
        for loss in losses {
            *loss = factor * *loss + constant;
        }
    }

    /// The mean of each number: reconstructions `[rows, n]` from outputs `[rows, outputs(n)]`. The sigmoid of logits, else
    /// the outputs themselves.
    pub fn mean(self, outputs: MatrixRef<'_>, mut mean: MatrixMut<'_>) {
        mean.as_mut_slice().copy_from_slice(outputs.span());
        if self.is_binary() {
            map_in_place(mean.as_mut_slice(), math::sigmoid);
        }
    }
}

#[cfg(test)]
mod tests {
    use latentia_tensor::Matrix;
    use latentia_testing::{SIZES, assert_close, numbers, reference};

    use super::*;

    fn check(likelihood: Likelihood, reference: fn(&[f64], &[f64]) -> f64) {
        for &n in &SIZES[1..] {
            let (rows, batch) = (3, 5);
            let o: Vec<f32> = numbers(1, rows * n).iter().map(|x| 4.0 * x).collect();
            let t: Vec<f32> = numbers(2, rows * n).iter().map(|x| 0.5 + 0.5 * x).collect();
            let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
            let (mut wide_o, wide_t) = (wide(&o), wide(&t));
            let mean = |o: &[f64]| -> f64 {
                let rows = o.chunks(n).zip(wide_t.chunks(n));
                rows.map(|(o, t)| reference(o, t)).sum::<f64>() / batch as f64
            };

            let mut gradient = Matrix::from_vec(rows, n, vec![f32::NAN; rows * n]);
            let (outputs, targets) = (MatrixRef::new(&o, rows, n), MatrixRef::new(&t, rows, n));
            let (mut losses, mut alone) = ([f64::NAN; 3], [f64::NAN; 3]);
            let scale = 1.0 / batch as f32;
            likelihood.losses_with_gradient(
                outputs,
                targets,
                scale,
                &mut losses,
                gradient.view_mut(),
            );
            likelihood.losses(outputs, targets, &mut alone);
            assert_eq!(losses, alone);
            let loss = losses.iter().sum::<f64>() / batch as f64;
            let expected = mean(&wide_o);
            assert!(
                (loss - expected).abs() < 2e-6 * expected.abs(),
                "{loss} {expected}"
            );

            // A few elements are enough: the kernels are checked one by one.
            let h = 1e-4;
            let (mut obtained, mut slopes) = (Vec::new(), Vec::new());
            for i in (0..rows * n).step_by(n.div_ceil(4)) {
                let at = wide_o[i];
                wide_o[i] = at + h;
                let up = mean(&wide_o);
                wide_o[i] = at - h;
                let down = mean(&wide_o);
                wide_o[i] = at;
                obtained.push(gradient.as_slice()[i]);
                slopes.push((up - down) / (2.0 * h));
            }
            assert_close(&obtained, &slopes, 2e-6);
        }
    }

    fn bernoulli(o: &[f64], t: &[f64]) -> f64 {
        let nats = |o: f64, t: f64| {
            let p = reference::sigmoid(o);
            -(t * p.ln() + (1.0 - t) * (1.0 - p).ln())
        };
        o.iter().zip(t).map(|(&o, &t)| nats(o, t)).sum()
    }

    fn squares(o: &[f64], t: &[f64]) -> f64 {
        o.iter().zip(t).map(|(o, t)| (o - t).powi(2)).sum()
    }

    #[test]
    fn losses_and_gradients_match_f64() {
        check(Likelihood::Mse, |o, t| squares(o, t) / o.len() as f64);
        check(Likelihood::Bce, |o, t| bernoulli(o, t) / o.len() as f64);
        check(Likelihood::Bernoulli, bernoulli);
        check(Likelihood::Gaussian, |o, t| {
            0.5 * squares(o, t) + 0.5 * o.len() as f64 * (2.0 * PI).ln()
        });
    }

    #[test]
    fn a_reconstruction_of_logits_is_a_probability() {
        let o = Matrix::from_vec(1, 3, vec![-200.0, 0.0, 200.0]);
        let mut mean = Matrix::zeros(1, 3);
        Likelihood::Bce.mean(o.view(), mean.view_mut());
        assert_eq!(mean.as_slice(), [0.0, 0.5, 1.0]);
        Likelihood::Mse.mean(o.view(), mean.view_mut());
        assert_eq!(mean.as_slice(), o.as_slice());
    }
}
