//! What outputs mean: one file for each likelihood, and the list of them.

mod bce;
mod bernoulli;
mod beta_binomial;
mod columns;
mod counts;
mod described;
mod discretised_logistic;
mod gaussian;
mod gaussian_learned_scale;
mod gaussian_shared_scale;
mod ms_ssim;
mod mse;
mod negative_binomial;
mod poisson;
mod scaled;
mod shared;
mod zinb;

use std::sync::Arc;

use latentia_tensor::{ElementKind, Picture};
use serde::{Deserialize, Serialize};

use crate::kinds::named_kinds;
use crate::likelihood::Likelihood;

pub use bce::Bce;
pub use bernoulli::Bernoulli;
pub use beta_binomial::BetaBinomial;
pub use columns::Columns;
pub use counts::{CountKind, Counts};
pub use discretised_logistic::DiscretisedLogistic;
pub use gaussian::Gaussian;
pub use gaussian_learned_scale::GaussianLearnedScale;
pub use gaussian_shared_scale::GaussianSharedScale;
pub use ms_ssim::MsSsim;
pub use mse::Mse;
pub use shared::Shared;

named_kinds! {
    /// What the decoder's output means, and the loss, one of these kinds.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    #[serde(rename_all = "kebab-case")]
    pub enum LikelihoodSpec: Likelihood {
        /// Mean squared error, a mean over elements, as Keras reports it. It is no distribution: a draw is the mean.
        Mse,
        /// Binary cross-entropy of values in `[0, 1]`, in nats per element, as Keras reports it: `bernoulli` over the number of
        /// elements.
        Bce,
        /// Bernoulli distribution of values in `[0, 1]`, in nats per example; its mean is the sigmoid of the output.
        Bernoulli,
        /// Gaussian of unit scale, in nats per example, a density: half the squared error and a constant.
        Gaussian,
        /// Gaussian with one learned scale for all elements, in nats per example, a density (σ-VAE: Rybkin et al. 2021).
        GaussianSharedScale,
        /// Gaussian with a learned scale for each element, in nats per example, a density (Rybkin et al. 2021).
        GaussianLearnedScale,
        /// Logistic distribution over 8-bit values, in nats per example, a mass (Salimans et al. 2017).
        DiscretisedLogistic,
        /// Beta-binomial distribution over 8-bit values, in nats per example, a mass (Townsend, Bird and Barber 2019).
        BetaBinomial,
        /// Columns of a table, each by what it is, in nats per example: a Gaussian of unit scale for a number, a Bernoulli distribution
        /// for a boolean, a softmax for a category. What is missing is left out. Arrays are numbers alone.
        Columns = Columns::of_numbers(false),
        /// As `columns`, with a learned scale for each column of numbers.
        ColumnsLearnedScale = Columns::of_numbers(true),
        /// Poisson distribution of counts, in nats per example, a mass; the mean is the row's library size, `Σ x`, times the softmax of the
        /// outputs (Lopez et al. 2018).
        Poisson = Counts(latentia_tensor::loss::counts::Poisson),
        /// Negative binomial distribution of counts, in nats per example, a mass; the mean as under `poisson`, the variance `μ + μ² / θ` with a
        /// learned `θ` for each element (Lopez et al. 2018).
        NegativeBinomial = Counts(latentia_tensor::loss::counts::NegativeBinomial),
        /// Zero-inflated negative binomial distribution of counts, in nats per example, a mass: as `negative-binomial`, or nothing with a
        /// probability that the decoder gives for each element (Lopez et al. 2018).
        Zinb = Counts(latentia_tensor::loss::counts::ZeroInflated),
        /// Dissimilarity of pictures with values in `[0, 1]`, from 0 to 1: `0.84 (1 - MS-SSIM) + 0.16 |x - y|`, by multi-scale structural similarity
        /// (Wang et al. 2003) and the absolute error, as mixed by Zhao et al. 2017; the reconstruction is the sigmoid of the output. It is no
        /// distribution: a draw is the mean.
        MsSsim = MsSsim(None),
    }
}

impl LikelihoodSpec {
    /// The likelihood of rows whose elements are of these kinds: those of columns have them, others do not ask.
    ///
    /// ```
    /// use latentia_nn::LikelihoodSpec;
    /// use latentia_tensor::ElementKind;
    ///
    /// let kinds = [ElementKind::Number, ElementKind::Category { levels: 4 }];
    /// assert_eq!(LikelihoodSpec::Columns.over(&kinds).outputs(2), 5);
    /// assert_eq!(LikelihoodSpec::Gaussian.over(&kinds).outputs(2), 2);
    /// // Where nothing is known of them, elements are numbers.
    /// assert_eq!(LikelihoodSpec::Columns.outputs(2), 2);
    /// ```
    pub fn over(self, kinds: &[ElementKind]) -> Arc<dyn Likelihood> {
        match self.columns() {
            Some(columns) => Arc::new(Columns::new(kinds.into(), columns.has_learned_scale())),
            None => self.into(),
        }
    }

    /// The likelihood of examples that are such pictures, or none: one that compares pictures has them, others do not ask.
    ///
    /// ```
    /// use latentia_nn::LikelihoodSpec;
    /// use latentia_tensor::Picture;
    ///
    /// let check = |shape: &[usize]| LikelihoodSpec::MsSsim.of_pictures(Picture::of(shape)).check(784);
    /// assert!(check(&[28, 28]).is_ok() && check(&[784]).is_err());
    /// ```
    pub fn of_pictures(self, picture: Option<Picture>) -> Arc<dyn Likelihood> {
        match self {
            Self::MsSsim => Arc::new(MsSsim(picture)),
            other => other.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use latentia_tensor::{Matrix, MatrixRef, Noise};
    use latentia_testing::{SIZES, assert_close, numbers, reference};

    use super::*;

    /// Holds a likelihood to its formula for one example, at targets that `target` makes of numbers in `[-1, 1)`.
    fn check(
        likelihood: LikelihoodSpec,
        target: fn(f32) -> f32,
        reference: fn(&[f64], &[f64]) -> f64,
    ) {
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
            let out = Some(gradient.view_mut());
            likelihood.compute(outputs, targets, scale, &mut losses, out, &mut Vec::new());
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
            let (mut obtained, mut gradients) = (Vec::new(), Vec::new());
            for i in (0..rows * width).step_by(width.div_ceil(8)) {
                let at = wide_o[i];
                wide_o[i] = at + h;
                let up = mean(&wide_o);
                wide_o[i] = at - h;
                let down = mean(&wide_o);
                wide_o[i] = at;
                obtained.push(gradient.as_slice()[i]);
                gradients.push((up - down) / (2.0 * h));
            }
            assert_close(&obtained, &gradients, 5e-6);
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
        check(LikelihoodSpec::Mse, unit, |o, t| {
            squares(o, t) / o.len() as f64
        });
        check(LikelihoodSpec::Bce, unit, |o, t| {
            bernoulli(o, t) / o.len() as f64
        });
        check(LikelihoodSpec::Bernoulli, unit, bernoulli);
        check(LikelihoodSpec::Gaussian, unit, |o, t| {
            0.5 * squares(o, t) + 0.5 * o.len() as f64 * (2.0 * PI).ln()
        });
        check(LikelihoodSpec::GaussianSharedScale, unit, |o, t| {
            gaussian(o, t, |_| o[t.len()])
        });
        check(LikelihoodSpec::GaussianLearnedScale, unit, |o, t| {
            gaussian(o, t, |i| o[t.len() + i])
        });
        check(LikelihoodSpec::Columns, unit, |o, t| {
            0.5 * squares(o, t) + 0.5 * o.len() as f64 * (2.0 * PI).ln()
        });
        check(LikelihoodSpec::ColumnsLearnedScale, unit, |o, t| {
            gaussian(o, t, |i| o[t.len() + i])
        });
        check(LikelihoodSpec::DiscretisedLogistic, level, logistic);
        check(LikelihoodSpec::BetaBinomial, level, urn);
    }

    /// Mean and variance of a number whose outputs are `outputs`, from a hundred thousand draws.
    fn moments(likelihood: LikelihoodSpec, outputs: &[f32]) -> [f64; 2] {
        let (rows, n) = (100, 1000);
        // One output for each number, or one for all at the end of the row.
        let row: Vec<f32> = match likelihood {
            LikelihoodSpec::GaussianSharedScale => [vec![outputs[0]; n], vec![outputs[1]]].concat(),
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
        let cases: [(LikelihoodSpec, &[f32], [f64; 2]); 10] = [
            (LikelihoodSpec::Mse, &[0.3], [f64::from(0.3f32), 0.0]),
            (LikelihoodSpec::Bce, &[-0.4], [p, p * (1.0 - p)]),
            (LikelihoodSpec::Bernoulli, &[-0.4], [p, p * (1.0 - p)]),
            (LikelihoodSpec::Gaussian, &[0.3], [0.3, 1.0]),
            (
                LikelihoodSpec::GaussianSharedScale,
                &[0.3, -1.0],
                [0.3, sigma(-1.0).powi(2)],
            ),
            (
                LikelihoodSpec::GaussianLearnedScale,
                &[0.3, -5.0],
                [0.3, sigma(-5.0).powi(2)],
            ),
            (
                LikelihoodSpec::DiscretisedLogistic,
                &[0.45, scale as f32],
                [0.45, rounded],
            ),
            (LikelihoodSpec::BetaBinomial, &[1.0, 2.0], [share, spread]),
            (LikelihoodSpec::Columns, &[0.3], [0.3, 1.0]),
            (
                LikelihoodSpec::ColumnsLearnedScale,
                &[0.3, -5.0],
                [0.3, sigma(-5.0).powi(2)],
            ),
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
            LikelihoodSpec::Mse,
            LikelihoodSpec::Bce,
            LikelihoodSpec::Bernoulli,
            LikelihoodSpec::Gaussian,
            LikelihoodSpec::GaussianSharedScale,
            LikelihoodSpec::GaussianLearnedScale,
            LikelihoodSpec::DiscretisedLogistic,
            LikelihoodSpec::BetaBinomial,
            LikelihoodSpec::Columns,
            LikelihoodSpec::ColumnsLearnedScale,
            LikelihoodSpec::Poisson,
            LikelihoodSpec::NegativeBinomial,
            LikelihoodSpec::Zinb,
            LikelihoodSpec::MsSsim,
        ] {
            #[derive(Serialize)]
            struct Spec {
                likelihood: LikelihoodSpec,
            }
            let text = toml::to_string(&Spec { likelihood }).expect("plain data");
            assert_eq!(text, format!("likelihood = \"{}\"\n", likelihood.name()));
        }
    }

    #[test]
    fn columns_have_the_kinds_that_they_are_given_and_others_ignore_them() {
        let kinds = [
            ElementKind::Category { levels: 3 },
            ElementKind::Number,
            ElementKind::Boolean,
        ];
        let columns = LikelihoodSpec::Columns.over(&kinds);
        assert_eq!(columns.columns().map(Columns::kinds), Some(&kinds[..]));
        assert!(columns.takes_missing() && columns.is_density());
        assert_eq!(columns.linear_outputs(), Some("means and logits"));
        assert_eq!(columns.outputs(3), 5);
        assert!(columns.last_layer(3).is_none());
        let scaled = LikelihoodSpec::ColumnsLearnedScale.over(&kinds);
        assert_eq!(
            (scaled.name(), scaled.outputs(3)),
            ("columns-learned-scale", 6)
        );
        let layer = scaled.last_layer(3).expect("a layer of the scale");
        assert_eq!((layer.inputs(), layer.output().elements()), (5, 6));
        // Without numbers there is neither a density nor a scale.
        let scaled = LikelihoodSpec::ColumnsLearnedScale.over(&kinds[2..]);
        assert!(!scaled.is_density() && scaled.last_layer(1).is_none());

        let gaussian = LikelihoodSpec::Gaussian.over(&kinds);
        assert_eq!((gaussian.name(), gaussian.outputs(3)), ("gaussian", 3));
        assert!(!gaussian.takes_missing());
        let numbers = LikelihoodSpec::Columns;
        assert_eq!(numbers.columns().map(Columns::kinds), Some(&[][..]));
        assert_eq!((numbers.outputs(3), numbers.linear_outputs()), (3, None));
    }

    #[test]
    fn a_reconstruction_of_logits_is_a_probability() {
        let o = Matrix::from_vec(1, 3, vec![-200.0, 0.0, 200.0]);
        let mut mean = Matrix::zeros(1, 3);
        LikelihoodSpec::Bce.mean(o.view(), mean.view_mut());
        assert_eq!(mean.as_slice(), [0.0, 0.5, 1.0]);
        LikelihoodSpec::Mse.mean(o.view(), mean.view_mut());
        assert_eq!(mean.as_slice(), o.as_slice());
        // Of two outputs a number, the first are the means.
        let mut mean = Matrix::zeros(1, 2);
        LikelihoodSpec::GaussianSharedScale.mean(o.view(), mean.view_mut());
        assert_eq!(mean.as_slice(), [-200.0, 0.0]);
    }
}
