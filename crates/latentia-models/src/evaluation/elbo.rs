//! How probable a variational model finds examples.

mod sample_densities;

use latentia_nn::{BLOCK_ROWS, ImportanceBound, LatentDistribution, Mode, Position, Tape};
use latentia_tensor::{Noise, Rows};
use serde::Serialize;

use crate::autoencoder::inference::Run;
use crate::stream;
use crate::{Autoencoder, ModelError};
use sample_densities::SampleDensities;

/// More would take days for nothing: the bound hardly moves any more.
const MOST_SAMPLES: u32 = 1_000_000;

/// A dimension is active whose mean varies more than this over the examples (Burda et al. 2016).
const ACTIVE: f64 = 0.01;

/// Likelihood measures of a model whose code has a distribution, in nats per example, means over examples.
///
/// ```
/// use latentia_models::{ElboReport, ModelSpec};
/// use latentia_tensor::Matrix;
///
/// let spec: ModelSpec = toml::from_str(r#"
///     likelihood = "bernoulli"
///     code = { kind = "gaussian", units = 2 }
///     encoder = [{ layer = "dense", units = 8, activation = "relu" }]
///     decoder = [{ layer = "dense" }]
/// "#)?;
/// let model = spec.build(&[16], 42)?;
/// let black = Matrix::zeros(10, 16);
/// let report = ElboReport::measure(&model, &black, 100, 42)?.expect("a Gaussian code");
///
/// // Black examples through the biases, which begin at 0: the posterior is the prior, and each pixel costs about a bit.
/// assert_eq!((report.kl_per_dimension.len(), report.kl_nats), (2, 0.0));
/// assert_eq!(report.elbo_nats, -report.reconstruction_nats);
/// assert!(report.nll_nats <= -report.elbo_nats);
/// assert!((0.5..2.0).contains(&report.bits_per_dim));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ElboReport {
    /// Evidence lower bound `E_q[ln p(x | z)] - KL(q(z | x) ‖ p(z))`, with the samples of `nll_nats`; higher is better.
    pub elbo_nats: f64,
    /// `-E_q[ln p(x | z)]`
    pub reconstruction_nats: f64,
    /// `KL(q(z | x) ‖ p(z))`, analytic; from a prior that was learned, or of a posterior by a flow, the mean of `ln q(z | x) - ln p(z)` over
    /// the samples
    pub kl_nats: f64,
    /// Its part in each dimension of the code; empty where it has none: with a prior that was learned or a posterior by a
    /// flow, and of a direction
    pub kl_per_dimension: Vec<f64>,
    /// Negative log likelihood, importance-sampled: `-ln (1/k) Σ p(x | z) p(z) / q(z | x)` with `z` from `q`. It never
    /// falls short of the truth on average, and approaches it as `k` grows (Burda et al. 2016).
    pub nll_nats: f64,
    /// Standard error of `nll_nats` as a mean over examples
    pub nll_standard_error: f64,
    /// `nll_nats` in bits over the dimensions of an example
    pub bits_per_dim: f64,
    /// How many samples, `k`
    pub importance_samples: u32,
    /// Dimensions of the code whose mean varies over the examples by more than 0.01
    pub active_units: usize,
}

/// What is gathered over blocks of examples.
struct ElboSums<'a> {
    model: &'a Autoencoder,
    distribution: &'a dyn LatentDistribution,
    decoder: Tape,
    kl: Vec<f64>,
    /// `ln q(z | x) - ln p(z)`, mean over the samples.
    sampled_kl: f64,
    mean: Vec<f64>,
    mean_squares: Vec<f64>,
    reconstruction: f64,
    nll: f64,
    nll_squares: f64,
    row_kl: Vec<f32>,
    sigma: Vec<f32>,
    epsilon: Vec<f32>,
    densities: SampleDensities<'a>,
    bounds: Vec<ImportanceBound>,
}

impl ElboReport {
    /// Measures `model` on `examples` with `samples` samples for each, in bounded memory. `None` when the model's code has
    /// no distribution.
    ///
    /// # Errors
    /// When there are no examples or samples, or the examples do not fit the model or cannot be read.
    pub fn measure(
        model: &Autoencoder,
        examples: &dyn Rows,
        samples: u32,
        seed: u64,
    ) -> Result<Option<Self>, ModelError> {
        let Some(distribution) = model.latent().distribution() else {
            return Ok(None);
        };
        if examples.rows() == 0 {
            return Err(ModelError::NoExamples { purpose: "measure" });
        }
        if !(1..=MOST_SAMPLES).contains(&samples) {
            return Err(ModelError::Option {
                name: "importance-samples",
                seen: samples.to_string(),
                valid: "from 1 to 1,000,000",
            });
        }
        // Up to what the last layer of the latent takes: the parameters of the posterior.
        let run = Run::of(0..model.sections().code.end - 1);
        let noise = Noise::new(seed, stream::IMPORTANCE);
        let block_rows = BLOCK_ROWS.min(examples.rows());
        let slots = model.fold_outputs(
            run,
            examples,
            || ElboSums::new(model, distribution, block_rows),
            |sums, first, tape| sums.add(tape, first as u32, samples, noise),
        )?;
        Ok(Some(Self::of(
            model,
            &slots,
            examples.rows() as f64,
            samples,
        )))
    }

    fn of(model: &Autoencoder, slots: &[ElboSums<'_>], n: f64, samples: u32) -> Self {
        let sum = |of: fn(&ElboSums<'_>) -> f64| slots.iter().map(of).sum::<f64>() / n;
        let each = |of: for<'s> fn(&'s ElboSums<'_>) -> &'s Vec<f64>| -> Vec<f64> {
            (0..model.code_width())
                .map(|j| slots.iter().map(|slot| of(slot)[j]).sum::<f64>() / n)
                .collect()
        };
        let distribution = model.latent().distribution();
        let is_sampled = distribution.is_some_and(|own| own.sampled_prior().is_some());
        let kl = each(|s| &s.kl);
        let kl_nats: f64 = match is_sampled {
            true => sum(|s| s.sampled_kl),
            false => kl.iter().sum(),
        };
        let has_parts = !is_sampled && model.latent().is_gaussian();
        let kl_per_dimension = if has_parts { kl } else { Vec::new() };
        let reconstruction_nats = sum(|s| s.reconstruction);
        let nll_nats = sum(|s| s.nll);
        let variance = (sum(|s| s.nll_squares) - nll_nats * nll_nats).max(0.0);
        let (means, squares) = (each(|s| &s.mean), each(|s| &s.mean_squares));
        let varies = |(mean, square): (&f64, &f64)| square - mean * mean > ACTIVE;
        Self {
            elbo_nats: -(reconstruction_nats + kl_nats),
            reconstruction_nats,
            kl_nats,
            kl_per_dimension,
            nll_nats,
            nll_standard_error: (variance / n).sqrt(),
            bits_per_dim: nll_nats / std::f64::consts::LN_2 / model.width() as f64,
            importance_samples: samples,
            active_units: means
                .iter()
                .zip(&squares)
                .filter(|pair| varies(*pair))
                .count(),
        }
    }
}

impl<'a> ElboSums<'a> {
    fn new(model: &'a Autoencoder, distribution: &'a dyn LatentDistribution, rows: usize) -> Self {
        let code = model.code_width();
        Self {
            model,
            distribution,
            densities: SampleDensities::new(model, distribution, rows),
            sampled_kl: 0.0,
            decoder: Tape::forward_only(
                model.chain(),
                model.sections().decoder.clone(),
                Mode::Eval,
                rows,
            ),
            kl: vec![0.0; code],
            mean: vec![0.0; code],
            mean_squares: vec![0.0; code],
            reconstruction: 0.0,
            nll: 0.0,
            nll_squares: 0.0,
            row_kl: vec![0.0; code],
            sigma: vec![0.0; code],
            epsilon: vec![0.0; code],
            bounds: Vec::with_capacity(rows),
        }
    }

    /// Adds a block whose output holds the posteriors' parameters, and whose first example is number `first` of all. Each
    /// sample of each example has noise of its own, however many examples a block has.
    fn add(&mut self, tape: &Tape, first: u32, samples: u32, noise: Noise) {
        let (targets, parameters) = (tape.targets(), tape.output());
        let rows = targets.rows();
        let means = self.densities.means(parameters);
        for (x, means) in parameters.iter_rows().zip(means.iter_rows()) {
            self.distribution.kl(x, &mut self.row_kl);
            for (j, (&kl, &mean)) in self.row_kl.iter().zip(means).enumerate() {
                self.kl[j] += f64::from(kl);
                self.mean[j] += f64::from(mean);
                self.mean_squares[j] += f64::from(mean).powi(2);
            }
        }
        self.bounds.clear();
        self.bounds.resize(rows, ImportanceBound::default());
        let (chain, likelihood) = (self.model.chain(), self.model.likelihood());
        for sample in 0..samples {
            let mut log_ratios = [0.0f64; BLOCK_ROWS];
            let noise = noise.at_step(sample);
            let mut z = self.decoder.input_mut(rows, tape.labels());
            let codes = z.iter_rows_mut().zip(parameters.iter_rows());
            for (row, (z, parameters)) in codes.enumerate() {
                noise.normal(first + row as u32, &mut self.epsilon);
                let (epsilon, sigma) = (&self.epsilon, &mut self.sigma);
                log_ratios[row] = self.distribution.draw(parameters, epsilon, sigma, z);
            }
            let log_ratios = &mut log_ratios[..rows];
            (self.densities).complete(parameters, (noise, first), z, log_ratios);
            self.sampled_kl -= log_ratios.iter().sum::<f64>() / f64::from(samples);
            self.decoder.forward(chain, Position::default());
            let mut losses = [0.0; BLOCK_ROWS];
            likelihood.losses(self.decoder.output(), targets, &mut losses[..rows]);
            for (row, bound) in self.bounds.iter_mut().enumerate() {
                self.reconstruction += losses[row] / f64::from(samples);
                bound.add(log_ratios[row] - losses[row]);
            }
        }
        for bound in &self.bounds {
            let nll = -bound.nats();
            self.nll += nll;
            self.nll_squares += nll * nll;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use latentia_tensor::Matrix;
    use latentia_testing::numbers;

    use super::*;
    use crate::ModelSpec;

    /// A linear Gaussian model of three dimensions with a code of one, `x = w z + b + ε`, whose encoder is its posterior, moved
    /// by `shift` from it: `z | x ~ N(σ² w·(x - b) + shift, σ²)`, `σ² = 1 / (1 + |w|²)`.
    fn linear_gaussian(shift: f32) -> (Autoencoder, [f64; 3], [f64; 3]) {
        linear_gaussian_of(3, shift)
    }

    /// The same model whose encoder has `hidden` units, all but the first three of them idle.
    fn linear_gaussian_of(hidden: usize, shift: f32) -> (Autoencoder, [f64; 3], [f64; 3]) {
        linear_gaussian_with(hidden, shift, "", &[])
    }

    /// The same model with a prior that is learned, and its parameters.
    fn linear_gaussian_with(
        hidden: usize,
        shift: f32,
        prior: &str,
        parameters: &[Vec<f32>],
    ) -> (Autoencoder, [f64; 3], [f64; 3]) {
        let spec: ModelSpec = toml::from_str(&format!(
            "likelihood = 'gaussian'\n\
             encoder = [{{ layer = 'dense', units = {hidden} }}]\n\
             code = {{ kind = 'gaussian', units = 1{prior} }}\n\
             decoder = [{{ layer = 'dense' }}]"
        ))
        .expect("a specification");
        let mut model = spec.build(&[3], 1).expect("parts that fit");
        let (w, b) = ([0.9f32, -1.3, 0.4], [0.2f32, 0.1, -0.5]);
        let variance = 1.0 / (1.0 + w.iter().map(|w| w * w).sum::<f32>());
        let mu = -variance * w.iter().zip(&b).map(|(w, b)| w * b).sum::<f32>() + shift;
        let s = 30.0 * (variance.ln() / 30.0).atanh();
        let mut identity = vec![0.0; 3 * hidden];
        for unit in 0..3 {
            identity[unit * hidden + unit] = 1.0;
        }
        let mut moments: Vec<f32> = w.iter().flat_map(|w| [variance * w, 0.0]).collect();
        moments.resize(2 * hidden, 0.0);
        let mut values = vec![identity, vec![0.0; hidden], moments, vec![mu, s]];
        values.extend_from_slice(parameters);
        values.extend([w.to_vec(), b.to_vec()]);
        for (parameter, values) in model.chain.parameters_mut().iter_mut().zip(values) {
            parameter.value.as_mut_slice().copy_from_slice(&values);
        }
        (model, w.map(f64::from), b.map(f64::from))
    }

    fn examples() -> Matrix {
        Matrix::from_vec(130, 3, numbers(7, 390).iter().map(|x| 2.0 * x).collect())
    }

    /// `-ln N(x; b, w wᵀ + 1)`, mean over examples.
    fn exact_nll(w: [f64; 3], b: [f64; 3]) -> f64 {
        let norm: f64 = w.iter().map(|w| w * w).sum();
        let one = |x: &[f32]| {
            let d: Vec<f64> = x.iter().zip(b).map(|(&x, b)| f64::from(x) - b).collect();
            let along: f64 = d.iter().zip(w).map(|(d, w)| d * w).sum();
            let squares: f64 = d.iter().map(|d| d * d).sum();
            0.5 * (squares - along * along / (1.0 + norm)
                + (1.0 + norm).ln()
                + 3.0 * (2.0 * PI).ln())
        };
        let x = examples();
        (0..x.rows()).map(|row| one(x.row(row))).sum::<f64>() / x.rows() as f64
    }

    fn measure(model: &Autoencoder, samples: u32) -> ElboReport {
        measure_with(model, samples, 3)
    }

    fn measure_with(model: &Autoencoder, samples: u32, seed: u64) -> ElboReport {
        let measured = ElboReport::measure(model, &examples(), samples, seed);
        measured
            .expect("examples that fit")
            .expect("a Gaussian code")
    }

    #[test]
    fn a_linear_gaussian_model_has_its_exact_likelihood() {
        let (model, w, b) = linear_gaussian(0.0);
        let exact = exact_nll(w, b);
        // With the true posterior every weight is the likelihood itself, and the bound is tight.
        for samples in [1, 5] {
            let nll = measure(&model, samples).nll_nats;
            assert!((nll - exact).abs() < 1e-5 * exact, "{nll} {exact}");
        }
        let elbo = measure(&model, 2000).elbo_nats;
        assert!((-elbo - exact).abs() < 0.01, "{elbo} {exact}");
    }

    #[test]
    fn the_bound_rises_with_the_samples_from_the_elbo_to_the_likelihood() {
        let (model, w, b) = linear_gaussian(0.7);
        let exact = exact_nll(w, b);
        let nll = [1, 3, 30, 3000].map(|samples| measure(&model, samples).nll_nats);
        assert!(nll.is_sorted_by(|a, b| a > b), "{nll:?}");
        assert!((nll[3] - exact).abs() < 0.01, "{nll:?} {exact}");
        // On average, one sample is the ELBO.
        let elbo = measure(&model, 3000).elbo_nats;
        let seeds = 0..1000;
        let one: f64 = seeds
            .map(|seed| measure_with(&model, 1, seed).nll_nats)
            .sum();
        assert!(
            (one / 1000.0 + elbo).abs() < 0.03,
            "{} {elbo}",
            one / 1000.0
        );
        assert!(exact < -elbo);
    }

    #[test]
    fn a_prior_that_was_learned_is_that_of_the_likelihood() {
        let prior = ", prior = { kind = 'mixture', components = 2 }";
        let mixture = |means: [f32; 2], s: [f32; 2], logits: [f32; 2]| {
            let parameters = [means, s, logits].map(Vec::from);
            linear_gaussian_with(3, 0.4, prior, &parameters)
        };
        // Two standard components are the standard normal.
        let (standard, ..) = linear_gaussian(0.4);
        let (same, w, b) = mixture([0.0; 2], [0.0; 2], [0.7, -1.0]);
        let [expected, obtained] = [&standard, &same].map(|model| measure(model, 500));
        assert!((expected.nll_nats - obtained.nll_nats).abs() < 1e-5);
        assert!((expected.kl_nats - obtained.kl_nats).abs() < 0.01);
        assert!(obtained.kl_per_dimension.is_empty());
        let parts = obtained.reconstruction_nats + obtained.kl_nats;
        assert!((parts + obtained.elbo_nats).abs() < 1e-9);

        // x = w z + b + ε with z of two clusters is a mixture too, of N(x; w m + b, v w wᵀ + 1).
        let (model, ..) = mixture([-1.5, 0.5], [-1.0, 0.3], [0.4f32.ln(), 0.6f32.ln()]);
        let log_density = |x: &[f32]| {
            let component = |weight: f64, mean: f64, s: f64| {
                let v = (30.0 * (s / 30.0).tanh()).exp();
                let d = [0, 1, 2].map(|i| f64::from(x[i]) - w[i] * mean - b[i]);
                let (norm, along, squares) = (0..3).fold((0.0, 0.0, 0.0), |sums, i| {
                    let (norm, along, squares) = sums;
                    (
                        norm + w[i] * w[i],
                        along + w[i] * d[i],
                        squares + d[i] * d[i],
                    )
                });
                let determinant = 1.0 + v * norm;
                let square = squares - v * along * along / determinant;
                weight * (-0.5 * square).exp() / ((2.0 * PI).powi(3) * determinant).sqrt()
            };
            (component(0.4, -1.5, -1.0) + component(0.6, 0.5, f64::from(0.3f32))).ln()
        };
        let x = examples();
        let exact = x.view().iter_rows().map(log_density).sum::<f64>() / -130.0;
        let nll = [1, 5, 3000].map(|samples| measure(&model, samples).nll_nats);
        assert!((nll[2] - exact).abs() < 0.01, "{nll:?} {exact}");
        assert!(nll.is_sorted_by(|a, b| a > b), "{nll:?}");
    }

    #[test]
    fn each_example_has_noise_of_its_own_whatever_the_size_of_blocks() {
        // Blocks of 64 examples, and of 56, as the hidden layer is wide.
        let [narrow, wide] = [3, 5000].map(|hidden| linear_gaussian_of(hidden, 0.7).0);
        let rows = |model: &Autoencoder| {
            let layers = 0..model.sections().code.end - 1;
            model.chain().block_examples(layers, Mode::Eval)
        };
        assert_eq!((rows(&narrow), rows(&wide)), (64, 56));
        for samples in [1, 3] {
            let [a, b] = [&narrow, &wide].map(|model| measure(model, samples).nll_nats);
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }

    #[test]
    fn the_measure_does_not_depend_on_the_number_of_threads() {
        let (model, ..) = linear_gaussian(0.3);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads start").install(|| measure(&model, 7))
        };
        assert_eq!(with(1), with(3));
    }
}
