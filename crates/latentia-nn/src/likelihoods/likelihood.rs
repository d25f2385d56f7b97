//! How well an output explains an example: the end of every chain.

use std::f64::consts::PI;

use latentia_tensor::loss::{self, beta_binomial, discretised_logistic, gaussian};
use latentia_tensor::{MatrixMut, MatrixRef, Noise, map_in_place, math, update};
use serde::{Deserialize, Serialize};

use crate::{Layer, SharedScale};

/// What the decoder's output means, and the loss that follows.
///
/// With `n` numbers in an example, target `t` and output `o`. `mse` and `bce` are means over all elements, as Keras reports
/// them; the others are negative log likelihoods in nats per example: sums over dimensions, means over examples.
///
/// Learned scales are bounded below, smoothly: `-6 + softplus(s + 6)` stands for the logarithm `s` of a Gaussian's scale, so
/// that constant pixels do not make a density infinite (σ-VAE: Rybkin et al. 2021); -8 is the bound of a logistic one.
///
/// The discretised ones give the 256 values of 8-bit data a probability each: targets are `v / 255`, and losses are those of
/// the integers `v`, so that bits per dimension need no correction.
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
    /// Gaussian with one learned scale for all numbers of all examples; the outputs are `n` means and the scale's logarithm,
    /// which [`SharedScale`] appends.
    GaussianSharedScale,
    /// Gaussian with a scale for each number; the outputs are `n` means, then `n` logarithms of scales.
    GaussianLearnedScale,
    /// Logistic distribution over the values 0 to 255 (Salimans et al. 2017); the outputs are `n` means, then `n` logarithms of
    /// scales, both on the scale where 255 is 1. See [`mod@loss::discretised_logistic`].
    DiscretisedLogistic,
    /// Beta-binomial distribution over the values 0 to 255; the outputs are `n` numbers `ln α`, then `n` numbers `ln β`. See
    /// [`mod@loss::beta_binomial`].
    BetaBinomial,
}

impl Likelihood {
    /// Whether targets must lie in `[0, 1]`, and outputs are logits.
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Bce | Self::Bernoulli)
    }

    /// Whether targets must be multiples of 1/255 in `[0, 1]`: 8-bit data.
    pub fn is_discrete(self) -> bool {
        matches!(self, Self::DiscretisedLogistic | Self::BetaBinomial)
    }

    /// Whether the mean of a number is the sigmoid of an output, or of the difference of two.
    pub fn has_sigmoid_mean(self) -> bool {
        self.is_binary() || self == Self::BetaBinomial
    }

    /// Whether the loss is a negative log likelihood in nats per example, and not a mean over elements.
    pub fn is_in_nats_per_example(self) -> bool {
        !matches!(self, Self::Mse | Self::Bce)
    }

    /// Whether the loss is that of a density: it may be negative, and only differences of it say something.
    pub fn is_density(self) -> bool {
        matches!(
            self,
            Self::Gaussian | Self::GaussianSharedScale | Self::GaussianLearnedScale
        )
    }

    /// Its name in a specification.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mse => "mse",
            Self::Bce => "bce",
            Self::Bernoulli => "bernoulli",
            Self::Gaussian => "gaussian",
            Self::GaussianSharedScale => "gaussian-shared-scale",
            Self::GaussianLearnedScale => "gaussian-learned-scale",
            Self::DiscretisedLogistic => "discretised-logistic",
            Self::BetaBinomial => "beta-binomial",
        }
    }

    /// What the loss is counted in.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Mse => "squared error, mean over elements",
            Self::Bce => "nats, mean over elements",
            _ => "nats per example",
        }
    }

    /// Numbers in a row of the output, for examples of `n` numbers.
    pub fn outputs(self, n: usize) -> usize {
        match self {
            Self::Mse | Self::Bce | Self::Bernoulli | Self::Gaussian => n,
            Self::GaussianSharedScale => n.saturating_add(1),
            Self::GaussianLearnedScale | Self::DiscretisedLogistic | Self::BetaBinomial => {
                n.saturating_mul(2)
            }
        }
    }

    /// The layer that ends the chain, after the decoder's own, for examples of `n` numbers.
    pub fn last_layer(self, n: usize) -> Option<Box<dyn Layer>> {
        match self {
            Self::GaussianSharedScale => Some(Box::new(SharedScale::new(n))),
            _ => None,
        }
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
            Self::Gaussian => 0.5,
            _ => 1.0,
        };
        let constant = match self {
            Self::Gaussian => n * 0.5 * (2.0 * PI).ln(),
            _ => 0.0,
        };
        let kernel = match self {
            Self::Mse | Self::Gaussian => loss::squared_error,
            Self::Bce | Self::Bernoulli => loss::binary_cross_entropy,
            Self::GaussianSharedScale => loss::gaussian_shared_scale,
            Self::GaussianLearnedScale => loss::gaussian_learned_scale,
            Self::DiscretisedLogistic => loss::discretised_logistic,
            Self::BetaBinomial => loss::beta_binomial,
        };
        let scale = (f64::from(scale) * factor) as f32;
        kernel(outputs, targets, scale, losses, gradient);
        for loss in losses {
            *loss = factor * *loss + constant;
        }
    }

    /// The mean of each number: reconstructions `[rows, n]` from outputs `[rows, outputs(n)]`. The sigmoid of logits, the
    /// exact mean of a discretised distribution over 255, else the first `n` outputs themselves.
    pub fn mean(self, outputs: MatrixRef<'_>, mut mean: MatrixMut<'_>) {
        match self {
            Self::DiscretisedLogistic => return discretised_logistic::mean(outputs, mean),
            Self::BetaBinomial => return beta_binomial::mean(outputs, mean),
            _ => {}
        }
        let n = mean.cols();
        for (mean, outputs) in mean.iter_rows_mut().zip(outputs.iter_rows()) {
            mean.copy_from_slice(&outputs[..n]);
        }
        if self.is_binary() {
            map_in_place(mean.as_mut_slice(), math::sigmoid);
        }
    }

    /// One draw of each number from its distribution: `out` `[rows, n]` from outputs `[rows, outputs(n)]`, in the model's
    /// scale. A Bernoulli draw is 0 or 1, one from a discretised distribution a multiple of 1/255. `mse` has no distribution
    /// and gives the mean.
    ///
    /// Row `r` takes the noise of row `first_row + r`.
    pub fn sample(
        self,
        outputs: MatrixRef<'_>,
        noise: Noise,
        first_row: u32,
        mut out: MatrixMut<'_>,
    ) {
        let n = out.cols();
        let rows = out.iter_rows_mut().zip(outputs.iter_rows());
        for (row, (out, outputs)) in (first_row..).zip(rows) {
            match self {
                Self::Mse => out.copy_from_slice(outputs),
                Self::Bce | Self::Bernoulli => {
                    noise.uniform(row, out);
                    update(out, outputs, |u, o| f32::from(u < math::sigmoid(o)));
                }
                Self::Gaussian => {
                    noise.normal(row, out);
                    update(out, outputs, |epsilon, o| o + epsilon);
                }
                Self::GaussianSharedScale | Self::GaussianLearnedScale => {
                    let (means, scales) = outputs.split_at(n);
                    noise.normal(row, out);
                    gaussian::scale_and_shift(out, means, scales);
                }
                Self::DiscretisedLogistic => discretised_logistic::draw(outputs, noise, row, out),
                Self::BetaBinomial => beta_binomial::draw(outputs, noise, row, out),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use latentia_tensor::Matrix;
    use latentia_testing::{SIZES, assert_close, numbers, reference};

    use super::*;

    /// Holds a likelihood to its formula for one example, at targets that `target` makes of numbers in `[-1, 1)`.
    fn check(likelihood: Likelihood, target: fn(f32) -> f32, reference: fn(&[f64], &[f64]) -> f64) {
        for &n in &SIZES[1..] {
            let (rows, batch, width) = (3, 5, likelihood.outputs(n));
            let o: Vec<f32> = numbers(1, rows * width).iter().map(|x| 4.0 * x).collect();
            let t: Vec<f32> = numbers(2, rows * n).into_iter().map(target).collect();
            let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
            let (mut wide_o, wide_t) = (wide(&o), wide(&t));
            let mean = |o: &[f64]| -> f64 {
                let rows = o.chunks(width).zip(wide_t.chunks(n));
                rows.map(|(o, t)| reference(o, t)).sum::<f64>() / batch as f64
            };

            let mut gradient = Matrix::from_vec(rows, width, vec![f32::NAN; rows * width]);
            let (outputs, targets) = (MatrixRef::new(&o, rows, width), MatrixRef::new(&t, rows, n));
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
            let h = 1e-5;
            let (mut obtained, mut slopes) = (Vec::new(), Vec::new());
            for i in (0..rows * width).step_by(width.div_ceil(8)) {
                let at = wide_o[i];
                wide_o[i] = at + h;
                let up = mean(&wide_o);
                wide_o[i] = at - h;
                let down = mean(&wide_o);
                wide_o[i] = at;
                obtained.push(gradient.as_slice()[i]);
                slopes.push((up - down) / (2.0 * h));
            }
            assert_close(&obtained, &slopes, 5e-6);
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

    /// `Σ ½ ((o - t) / σ)² + ln σ + ½ ln 2π`, with the logarithm of the scale `scale(i)` before its bound.
    fn gaussian(o: &[f64], t: &[f64], scale: impl Fn(usize) -> f64) -> f64 {
        let one = |i: usize| {
            let s = (scale(i) + 6.0).exp().ln_1p() - 6.0;
            0.5 * ((o[i] - t[i]) / s.exp()).powi(2) + s + 0.5 * (2.0 * PI).ln()
        };
        (0..t.len()).map(one).sum()
    }

    fn logistic(o: &[f64], t: &[f64]) -> f64 {
        let n = t.len();
        let one = |i: usize| {
            let v = (255.0 * t[i]).round();
            let scale = 255.0 * ((o[i + n] + 8.0).exp().ln_1p() - 8.0).exp();
            let sigmoid = |x: f64| reference::sigmoid((x - 255.0 * o[i]) / scale);
            // In the upper tail, by symmetry, so that the difference is one of small numbers.
            let above = |x: f64| reference::sigmoid((255.0 * o[i] - x) / scale);
            let mass = match v {
                0.0 => sigmoid(0.5),
                255.0 => above(254.5),
                v if v < 255.0 * o[i] => sigmoid(v + 0.5) - sigmoid(v - 0.5),
                v => above(v - 0.5) - above(v + 0.5),
            };
            -mass.ln()
        };
        (0..n).map(one).sum()
    }

    fn urn(o: &[f64], t: &[f64]) -> f64 {
        let n = t.len();
        let one = |i: usize| {
            let v = (255.0 * t[i]).round() as i32;
            let [a, b] = [o[i], o[i + n]].map(|s| (12.0 * (s / 12.0).tanh()).exp());
            let rising = |x: f64, n: i32| (0..n).map(|i| (x + f64::from(i)).ln()).sum::<f64>();
            let choose = rising(f64::from(256 - v), v) - rising(1.0, v);
            rising(a + b, 255) - rising(a, v) - rising(b, 255 - v) - choose
        };
        (0..n).map(one).sum()
    }

    #[test]
    fn losses_and_gradients_match_f64() {
        let unit = |x: f32| 0.5 + 0.5 * x;
        let level = |x: f32| (127.5 + 130.0 * x).round().clamp(0.0, 255.0) / 255.0;
        check(Likelihood::Mse, unit, |o, t| squares(o, t) / o.len() as f64);
        check(Likelihood::Bce, unit, |o, t| {
            bernoulli(o, t) / o.len() as f64
        });
        check(Likelihood::Bernoulli, unit, bernoulli);
        check(Likelihood::Gaussian, unit, |o, t| {
            0.5 * squares(o, t) + 0.5 * o.len() as f64 * (2.0 * PI).ln()
        });
        check(Likelihood::GaussianSharedScale, unit, |o, t| {
            gaussian(o, t, |_| o[t.len()])
        });
        check(Likelihood::GaussianLearnedScale, unit, |o, t| {
            gaussian(o, t, |i| o[t.len() + i])
        });
        check(Likelihood::DiscretisedLogistic, level, logistic);
        check(Likelihood::BetaBinomial, level, urn);
    }

    /// Mean and variance of a number whose outputs are `outputs`, from a hundred thousand draws.
    fn moments(likelihood: Likelihood, outputs: &[f32]) -> [f64; 2] {
        let (rows, n) = (100, 1000);
        // One output for each number, or one for all at the end of the row.
        let row: Vec<f32> = match likelihood {
            Likelihood::GaussianSharedScale => [vec![outputs[0]; n], vec![outputs[1]]].concat(),
            _ => outputs.iter().flat_map(|&o| vec![o; n]).collect(),
        };
        let outputs = Matrix::from_vec(rows, row.len(), row.repeat(rows));
        let mut out = Matrix::from_vec(rows, n, vec![f32::NAN; rows * n]);
        let noise = Noise::new(3, 4);
        likelihood.sample(outputs.view(), noise, 7, out.view_mut());
        // A row's draws do not depend on the others.
        let mut last = Matrix::zeros(1, n);
        likelihood.sample(outputs.top(1), noise, 106, last.view_mut());
        assert_eq!(last.row(0), out.row(99));
        let mean = |f: &dyn Fn(f64) -> f64| -> f64 {
            let numbers = out.as_slice().iter();
            numbers.map(|&x| f(x.into())).sum::<f64>() / (rows * n) as f64
        };
        let middle = mean(&|x| x);
        [middle, mean(&|x| (x - middle).powi(2))]
    }

    #[test]
    fn draws_have_the_mean_and_the_variance_of_the_distribution() {
        let sigma = |s: f64| ((s + 6.0).exp().ln_1p() - 6.0).exp();
        let p = reference::sigmoid(-0.4);
        // α / (α + β), and the variance of v / 255 (Johnson et al., Univariate Discrete Distributions, 6.9.2)
        let [a, b] = [1.0f64, 2.0].map(|s| (12.0 * (s / 12.0).tanh()).exp());
        let share = a / (a + b);
        let spread = share * (1.0 - share) * (a + b + 255.0) / (255.0 * (a + b + 1.0));
        // A logistic variance, and that of rounding.
        let scale = 0.02f64.ln();
        let width = ((scale + 8.0).exp().ln_1p() - 8.0).exp() * PI;
        let rounded = width * width / 3.0 + 1.0 / (12.0 * 255.0 * 255.0);
        let cases: [(Likelihood, &[f32], [f64; 2]); 8] = [
            (Likelihood::Mse, &[0.3], [f64::from(0.3f32), 0.0]),
            (Likelihood::Bce, &[-0.4], [p, p * (1.0 - p)]),
            (Likelihood::Bernoulli, &[-0.4], [p, p * (1.0 - p)]),
            (Likelihood::Gaussian, &[0.3], [0.3, 1.0]),
            (
                Likelihood::GaussianSharedScale,
                &[0.3, -1.0],
                [0.3, sigma(-1.0).powi(2)],
            ),
            (
                Likelihood::GaussianLearnedScale,
                &[0.3, -5.0],
                [0.3, sigma(-5.0).powi(2)],
            ),
            (
                Likelihood::DiscretisedLogistic,
                &[0.45, scale as f32],
                [0.45, rounded],
            ),
            (Likelihood::BetaBinomial, &[1.0, 2.0], [share, spread]),
        ];
        for (likelihood, outputs, [mean, variance]) in cases {
            let [seen_mean, seen_variance] = moments(likelihood, outputs);
            let error = 4.0 * (variance / 1e5).sqrt() + 1e-9;
            assert!(
                (seen_mean - mean).abs() < error,
                "{likelihood:?}: {seen_mean}"
            );
            let error = 0.03 * variance + 1e-9;
            assert!(
                (seen_variance - variance).abs() < error,
                "{likelihood:?}: {seen_variance} {variance}"
            );
        }
    }

    #[test]
    fn names_are_those_of_a_specification() {
        for likelihood in [
            Likelihood::Mse,
            Likelihood::Bce,
            Likelihood::Bernoulli,
            Likelihood::Gaussian,
            Likelihood::GaussianSharedScale,
            Likelihood::GaussianLearnedScale,
            Likelihood::DiscretisedLogistic,
            Likelihood::BetaBinomial,
        ] {
            #[derive(Serialize)]
            struct Spec {
                likelihood: Likelihood,
            }
            let text = toml::to_string(&Spec { likelihood }).expect("plain data");
            assert_eq!(text, format!("likelihood = \"{}\"\n", likelihood.name()));
        }
    }

    #[test]
    fn a_reconstruction_of_logits_is_a_probability() {
        let o = Matrix::from_vec(1, 3, vec![-200.0, 0.0, 200.0]);
        let mut mean = Matrix::zeros(1, 3);
        Likelihood::Bce.mean(o.view(), mean.view_mut());
        assert_eq!(mean.as_slice(), [0.0, 0.5, 1.0]);
        Likelihood::Mse.mean(o.view(), mean.view_mut());
        assert_eq!(mean.as_slice(), o.as_slice());
        // Of two outputs a number, the first are the means.
        let mut mean = Matrix::zeros(1, 2);
        Likelihood::GaussianSharedScale.mean(o.view(), mean.view_mut());
        assert_eq!(mean.as_slice(), [-200.0, 0.0]);
    }
}
