//! A flow that is fitted to codes.

use std::sync::Arc;

use latentia_nn::latents::GaussianLatent;
use latentia_nn::optim::Moments;
use latentia_nn::priors::Flow;
use latentia_nn::{Chain, Optimizer, PRIOR_ROWS, Prior};
use latentia_tensor::{Matrix, MatrixMut, MatrixRef, Noise};
use rand::RngExt;
use rayon::prelude::*;

use super::code_sample::MOST_CODES;
use super::sampler::CodeSampler;
use crate::autoencoder::value_range::check_finite;
use crate::{ModelError, stream};

/// Codes in a step of training.
const BATCH: usize = 4 * PRIOR_ROWS;

/// Steps of training at most.
const STEPS: usize = 4000;

/// Steps between two looks at the codes that are held out, and how many looks without a gain are the last.
const LOOK: usize = 50;
const PATIENCE: usize = 10;

/// One code in so many is held out.
const HELD_OUT: usize = 10;

/// The first learning rate, which falls along a cosine.
const LEARNING_RATE: f64 = 2e-3;

/// A density of codes that is fitted after training: a flow of six affine couplings of 64 hidden units from the standard normal
/// ([`Flow`], Dinh, Sohl-Dickstein and Bengio 2017) to standardised codes.
#[derive(Clone, Debug)]
pub struct FittedFlow {
    flow: Flow,
    /// A layer whose parameters are the flow's.
    pub(super) chain: Chain,
    pub(super) mean: Vec<f32>,
    /// 0 of elements that never change.
    pub(super) deviation: Vec<f32>,
}

/// The memory for a part of a batch.
struct Part {
    workspace: Vec<f32>,
    by_codes: Vec<f32>,
    sums: Vec<f32>,
}

impl FittedFlow {
    /// Learns from at most 20,000 of `codes`, evenly spread: maximum likelihood by Adam over at most 4,000 batches of 256, until
    /// the likelihood of every tenth code, which is held out, has not risen for 500; the best parameters are kept.
    ///
    /// # Errors
    /// When there are no codes, some that are not finite, or codes of a single element.
    pub fn fit(codes: &Matrix, seed: u64) -> Result<Self, ModelError> {
        if codes.rows() == 0 {
            return Err(ModelError::NoExamples {
                purpose: "fit a flow to",
            });
        }
        let width = codes.cols();
        if width < 2 {
            return Err(ModelError::Option {
                name: "code width",
                seen: width.to_string(),
                valid: "at least 2 for a flow",
            });
        }
        check_finite(codes)?;
        let (all, count) = (codes.rows(), codes.rows().min(MOST_CODES));
        let rows: Vec<&[f32]> = (0..count).map(|i| codes.row(i * all / count)).collect();
        let mut fitted = Self::new(moments(&rows, width), seed)?;
        let standard: Vec<f32> = fitted.standardised(&rows, seed);
        let held_out = |row: usize| count >= 2 * HELD_OUT && row.is_multiple_of(HELD_OUT);
        let choose = |held: bool| -> Vec<f32> {
            let rows = standard.chunks(width).enumerate();
            let chosen = rows.filter(|(row, _)| held_out(*row) == held);
            chosen.flat_map(|(_, code)| code).copied().collect()
        };
        fitted.learn(&choose(false), &choose(true), seed);
        Ok(fitted)
    }

    /// One that has learned nothing, of codes with these means and deviations.
    pub(super) fn new(
        (mean, deviation): (Vec<f32>, Vec<f32>),
        seed: u64,
    ) -> Result<Self, ModelError> {
        let flow = Flow::default();
        let layer = GaussianLatent::new(mean.len(), 1).with_prior(Arc::new(flow));
        let chain = Chain::new(vec![Box::new(layer)], seed);
        let chain = chain.map_err(|error| ModelError::Option {
            name: "flow",
            seen: error.to_string(),
            valid: "couplings that fit",
        })?;
        Ok(Self {
            flow,
            chain,
            mean,
            deviation,
        })
    }

    /// Codes of mean 0 and deviation 1; standard normal numbers for elements that never change, so that they teach nothing.
    fn standardised(&self, rows: &[&[f32]], seed: u64) -> Vec<f32> {
        let noise = Noise::new(seed, stream::SAMPLER).at_step(1);
        let mut all = Vec::with_capacity(rows.len() * self.mean.len());
        let mut code = vec![0.0; self.mean.len()];
        for (number, row) in (0..).zip(rows) {
            noise.normal(number, &mut code);
            let moments = self.mean.iter().zip(&self.deviation);
            for ((z, x), (mean, deviation)) in code.iter_mut().zip(*row).zip(moments) {
                if *deviation > 0.0 {
                    *z = (x - mean) / deviation;
                }
            }
            all.extend_from_slice(&code);
        }
        all
    }

    /// `Σ ln p(z)` of standardised codes.
    fn log_likelihood(&self, codes: &[f32]) -> f64 {
        let width = self.mean.len();
        let parts = codes.par_chunks(PRIOR_ROWS * width);
        let sums: Vec<f64> = parts
            .map(|part| {
                let rows = part.len() / width;
                let mut workspace = vec![0.0; self.flow.workspace(width)];
                let mut log_density = vec![0.0; rows];
                let z = MatrixRef::new(part, rows, width);
                let parameters = self.chain.parameters();
                self.flow
                    .log_density(parameters, z.into(), &mut log_density, &mut workspace);
                log_density.into_iter().map(f64::from).sum()
            })
            .collect();
        sums.iter().sum()
    }

    /// Maximum likelihood of standardised codes; the parameters that suit those held out best.
    fn learn(&mut self, codes: &[f32], held_out: &[f32], seed: u64) {
        let width = self.mean.len();
        let rows = codes.len() / width;
        let mut random = Noise::new(seed, stream::SAMPLER).at_step(2).row(0);
        let values = self.chain.parameters().iter().map(|p| &p.value);
        let mut moments: Vec<Moments> = values.map(Moments::new).collect();
        let learned: usize = moments.iter().map(|m| m.gradient.as_slice().len()).sum();
        let part = || Part {
            workspace: vec![0.0; self.flow.workspace(width)],
            by_codes: vec![0.0; PRIOR_ROWS * width],
            sums: vec![0.0; learned],
        };
        let mut parts: Vec<Part> = (0..BATCH / PRIOR_ROWS).map(|_| part()).collect();
        let mut batch = vec![0.0; BATCH * width];
        let mut best = (f64::NEG_INFINITY, self.chain.clone());
        let mut waited = 0;
        for step in 0..STEPS {
            if step.is_multiple_of(LOOK) && !held_out.is_empty() {
                let likelihood = self.log_likelihood(held_out);
                waited += 1;
                if likelihood > best.0 {
                    best = (likelihood, self.chain.clone());
                    waited = 0;
                }
                if waited == PATIENCE || !likelihood.is_finite() {
                    break;
                }
            }
            for code in batch.chunks_mut(width) {
                let row = random.random_range(0..rows);
                code.copy_from_slice(&codes[row * width..][..width]);
            }
            self.gradients(&batch, &mut parts, &mut moments);
            let progress = step as f64 / STEPS as f64;
            let rate = 0.5 * LEARNING_RATE * (1.0 + (std::f64::consts::PI * progress).cos());
            let parameters = self.chain.parameters_mut();
            Optimizer::default().at_step(step as u64 + 1, rate as f32, &mut |update| {
                for (parameter, own) in parameters.iter_mut().zip(&mut moments) {
                    update(
                        parameter.value.as_mut_slice(),
                        own.gradient.as_slice(),
                        own.first.as_mut_slice(),
                        own.second.as_mut_slice(),
                    );
                }
            });
        }
        if !held_out.is_empty() {
            self.chain = best.1;
        }
    }

    /// Gradients of `-ln p(z)`, mean over a batch: the sums of its parts, added in order.
    fn gradients(&self, batch: &[f32], parts: &mut [Part], moments: &mut [Moments]) {
        let width = self.mean.len();
        let factors = [-1.0 / BATCH as f32; PRIOR_ROWS];
        let codes = batch.par_chunks(PRIOR_ROWS * width);
        codes.zip(&mut *parts).for_each(|(codes, part)| {
            part.sums.fill(0.0);
            part.by_codes.fill(0.0);
            self.flow.backward(
                self.chain.parameters(),
                MatrixRef::new(codes, PRIOR_ROWS, width).into(),
                &factors,
                MatrixMut::new(&mut part.by_codes, PRIOR_ROWS, width),
                Some(&mut part.sums),
                &mut part.workspace,
            );
        });
        let mut first = 0;
        for own in moments {
            let gradient = own.gradient.as_mut_slice();
            gradient.fill(0.0);
            for part in &*parts {
                let sums = &part.sums[first..][..gradient.len()];
                latentia_tensor::update(gradient, sums, |sum, own| sum + own);
            }
            first += gradient.len();
        }
    }
}

/// Means and standard deviations of columns.
fn moments(rows: &[&[f32]], width: usize) -> (Vec<f32>, Vec<f32>) {
    let n = rows.len() as f64;
    let one = |j: usize| {
        let column = || rows.iter().map(|row| f64::from(row[j]));
        let mean = column().sum::<f64>() / n;
        let variance = column().map(|z| (z - mean).powi(2)).sum::<f64>() / n;
        (mean as f32, variance.sqrt() as f32)
    };
    (0..width).map(one).unzip()
}

impl CodeSampler for FittedFlow {
    fn sample(&self, count: usize, seed: u64) -> Matrix {
        let width = self.mean.len();
        let mut codes = Matrix::zeros(count, width);
        let noise = Noise::new(seed, stream::SAMPLER);
        let parts = codes.as_mut_slice().par_chunks_mut(PRIOR_ROWS * width);
        parts.enumerate().for_each(|(number, part)| {
            let (first, rows) = ((number * PRIOR_ROWS) as u32, part.len() / width);
            let z = MatrixMut::new(part, rows, width);
            self.flow.draw(self.chain.parameters(), noise, first, z);
            for code in part.chunks_mut(width) {
                let moments = self.mean.iter().zip(&self.deviation);
                for (z, (mean, deviation)) in code.iter_mut().zip(moments) {
                    *z = mean + deviation * *z;
                }
            }
        });
        codes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points on a circle of radius 3 around (10, 0), a little blurred, and a third element that is always 7.
    fn circle(rows: usize) -> Matrix {
        let mut points = Matrix::zeros(rows, 3);
        for (row, z) in (0..).zip(points.view_mut().iter_rows_mut()) {
            Noise::new(2, 0).normal(row, z);
            let angle = 2.4 * row as f32;
            let radius = 3.0 + 0.2 * z[0];
            z.copy_from_slice(&[10.0 + radius * angle.cos(), radius * angle.sin(), 7.0]);
        }
        points
    }

    #[test]
    fn a_fitted_flow_draws_from_where_the_codes_are() {
        let flow = FittedFlow::fit(&circle(2000), 1).expect("finite codes");
        let drawn = flow.sample(1000, 3);
        let mut near = 0;
        let mut mean = [0.0; 2];
        for z in drawn.view().iter_rows() {
            assert_eq!(z[2], 7.0);
            let (x, y) = (z[0] - 10.0, z[1]);
            near += usize::from(((x * x + y * y).sqrt() - 3.0).abs() < 0.8);
            mean = [mean[0] + x / 1000.0, mean[1] + y / 1000.0];
        }
        // A Gaussian with the moments of the circle has a third of its draws there.
        assert!(near > 800, "{near}");
        assert!(mean.iter().all(|mean| mean.abs() < 0.3), "{mean:?}");
        assert_eq!(flow.sample(70, 3).as_slice(), &drawn.as_slice()[..210]);
    }

    #[test]
    fn what_no_flow_fits_is_refused_and_what_hardly_differs_does_no_harm() {
        assert!(FittedFlow::fit(&Matrix::zeros(0, 2), 1).is_err());
        assert!(FittedFlow::fit(&Matrix::zeros(5, 1), 1).is_err());
        let flow = FittedFlow::fit(&Matrix::from_vec(3, 2, [1.0, -2.0].repeat(3)), 1);
        let drawn = flow.expect("finite codes").sample(4, 1);
        assert_eq!(drawn.as_slice(), [1.0, -2.0].repeat(4));
    }

    #[test]
    fn the_flow_does_not_depend_on_the_number_of_threads() {
        let points = circle(300);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let pool = pool.expect("threads start");
            pool.install(|| {
                FittedFlow::fit(&points, 4)
                    .expect("finite codes")
                    .sample(100, 3)
            })
        };
        assert_eq!(with(1), with(3));
    }
}
