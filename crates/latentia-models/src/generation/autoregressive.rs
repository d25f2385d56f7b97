//! A distribution of the indices of a quantised code.

use std::f64::consts::{LN_2, PI};
use std::sync::Arc;

use latentia_nn::{CodeValues, Likelihood, Objective, Optimizer, Step, StepOptions};
use latentia_tensor::{Matrix, Noise, Rows, Subset};
use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::autoregressive_network::{MOST_LOGITS, Network, Sizes};
use crate::autoencoder::inference::{Run, fold_blocks};
use crate::evaluation::{ObservedRows, ProgressObserver};
use crate::{Autoencoder, ModelError, stream};

/// The most codes that it learns from.
pub(super) const MOST_CODES: usize = 100_000;

/// Codes in a step of training.
const BATCH: usize = 128;

/// Steps of training at most, passes over the codes, and the steps that it takes however few these are.
const STEPS: usize = 2500;
const EPOCHS: usize = 30;
const LEAST_STEPS: usize = 300;

/// Multiplications of all steps at most, forward and back: a minute or two on two cores.
const MULTIPLICATIONS: u64 = 1 << 41;

/// Steps between two looks at codes that are held out, and how many looks without a gain are the last.
const LOOK: usize = 100;
const PATIENCE: usize = 5;

/// One code in so many chooses the parameters that are kept, and as many measure these.
const HELD_OUT: usize = 20;

/// The first learning rate, which falls along a cosine.
const LEARNING_RATE: f64 = 2e-3;

/// Codes drawn at a time.
const DRAWN_AT_ONCE: usize = 64;

/// A prior of codes that are made of vectors of a codebook, fitted after training: `p(k₁, …, k_P) = Π p(k_p | k_1, …, k_{p-1})` of their
/// indices in the order of the code, by a masked autoencoder for distribution estimation (MADE, Germain et al. 2015). It is to a
/// vector-quantised autoencoder what the PixelCNN of van den Oord et al. 2017 is.
///
/// ```
/// use latentia_models::{Autoregressive, ModelSpec};
/// use latentia_tensor::Matrix;
///
/// let spec: ModelSpec = toml::from_str(r#"
///     likelihood = "mse"
///     code = { kind = "finite-scalar-quantised", levels = [3] }
///     encoder = [{ layer = "dense", units = 4 }]
///     decoder = [{ layer = "dense" }]
/// "#)?;
/// let model = spec.build(&[2], 42)?;
/// let line = (0..400).flat_map(|i| [1.0, -2.0].map(|slope| slope * (i as f32 * 0.7).sin())).collect();
/// let examples = Matrix::from_vec(400, 2, line);
/// let prior = Autoregressive::fit(&model, &examples, 42, &())?;
/// // A code has 4 indices of 3 values each, which depend on each other.
/// assert!(prior.bits_per_index().expect("codes were held out") < prior.uniform_bits());
///
/// let codes = prior.sample_codes(&model, 10, 7)?;
/// assert_eq!(model.decode(&codes)?.rows(), 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Autoregressive {
    pub(super) network: Network,
    pub(super) bits_per_index: Option<f64>,
}

/// Codes that it learns from, those that choose its parameters, and those that measure it: numbers of rows.
struct Parts {
    training: Vec<u32>,
    choosing: Vec<u32>,
    measuring: Vec<u32>,
}

impl Parts {
    /// Of `count` codes; where they are few, all are learned from.
    fn of(count: usize) -> Self {
        let (choosing, measuring) = (0, HELD_OUT / 2);
        let part = |wanted: &dyn Fn(usize) -> bool| -> Vec<u32> {
            let rows = 0..count as u32;
            rows.filter(|&row| wanted(row as usize % HELD_OUT))
                .collect()
        };
        match count < 2 * HELD_OUT {
            true => Self {
                training: part(&|_| true),
                choosing: Vec::new(),
                measuring: Vec::new(),
            },
            false => Self {
                training: part(&|at| at != choosing && at != measuring),
                choosing: part(&|at| at == choosing),
                measuring: part(&|at| at == measuring),
            },
        }
    }
}

impl Autoregressive {
    /// Learns from the codes of at most 100,000 of `examples`, evenly spread, while `observer` watches: maximum likelihood by Adam over at
    /// most 2,500 batches of 128. Of twenty codes one is held out to choose the parameters that are kept, and one to
    /// [measure](Self::bits_per_index) them.
    ///
    /// # Errors
    /// When codes are not made of vectors of a codebook, or have too many indices of too many vectors, there are no examples, or they do
    /// not fit the model or cannot be read.
    pub fn fit(
        model: &Autoencoder,
        examples: &dyn Rows,
        seed: u64,
        observer: &dyn ProgressObserver,
    ) -> Result<Self, ModelError> {
        let vectors = vectors_of(model)?;
        if examples.rows() == 0 {
            return Err(ModelError::NoExamples {
                purpose: "fit an autoregressive prior to",
            });
        }
        let (all, count) = (examples.rows(), examples.rows().min(MOST_CODES));
        let chosen = (0..count).map(|i| (i * all / count) as u32);
        let examples = Subset::new(examples, chosen.collect());
        observer.on_stage("codes", count as u64);
        let indices = model.encode_indices(&ObservedRows::new(&examples, observer))?;
        let positions = indices.len() / count;
        if positions.saturating_mul(vectors) > MOST_LOGITS {
            return Err(ModelError::Indices {
                seen: format!("codes of {positions} indices from {vectors} vectors"),
                valid: "an autoregressive prior takes codes whose indices times vectors are at most 262,144".into(),
            });
        }
        Self::learn(&indices, Sizes::of(positions, vectors), seed, observer)
    }

    /// Learns from the indices of codes, one code after the other.
    fn learn(
        indices: &[u32],
        sizes: Sizes,
        seed: u64,
        observer: &dyn ProgressObserver,
    ) -> Result<Self, ModelError> {
        let elements = indices.iter().map(|&index| index as f32).collect();
        let codes = Matrix::from_vec(indices.len() / sizes.positions, sizes.positions, elements);
        let mut fitted = Self {
            network: Network::new(sizes, seed)?,
            bits_per_index: None,
        };
        let Parts {
            mut training,
            choosing,
            measuring,
        } = Parts::of(codes.rows());
        let batch = BATCH.min(training.len());
        let mut step = fitted.step(batch, seed);
        let steps = fitted.steps(training.len(), batch);
        observer.on_stage("learning a prior", (steps * batch) as u64);
        let mut best = (f64::INFINITY, fitted.network.chain().clone());
        let (mut first, mut waited) = (training.len(), 0);
        let mut random = Noise::new(seed, stream::SAMPLER).at_step(u32::MAX).row(0);
        for number in 0..=steps {
            if !choosing.is_empty() && (number % LOOK == 0 || number == steps) {
                let nats = fitted.nats(&codes, &choosing)?;
                waited += 1;
                if nats < best.0 {
                    best = (nats, fitted.network.chain().clone());
                    waited = 0;
                }
                if waited == PATIENCE || !nats.is_finite() {
                    break;
                }
            }
            if number == steps {
                break;
            }
            if first + batch > training.len() {
                training.shuffle(&mut random);
                first = 0;
            }
            let progress = number as f64 / steps as f64;
            let rate = 0.5 * LEARNING_RATE * (1.0 + (PI * progress).cos());
            let chain = fitted.network.chain_mut();
            step.run(
                chain,
                &codes,
                &training[first..first + batch],
                (rate as f32).into(),
            )?;
            observer.on_examples(batch);
            first += batch;
        }
        if !choosing.is_empty() {
            *fitted.network.chain_mut() = best.1;
            let nats = fitted.nats(&codes, &measuring)?;
            fitted.bits_per_index = Some(nats / LN_2 / sizes.positions as f64);
        }
        Ok(fitted)
    }

    /// The memory to learn by batches of `batch` codes.
    fn step(&self, batch: usize, seed: u64) -> Step {
        let options = StepOptions {
            objective: Objective {
                likelihood: Arc::new(self.network.likelihood()),
                latent: 0,
                penalties: Vec::new(),
                importance: None,
                adversary: None,
                hidden: None,
            },
            optimizer: Optimizer::default(),
            clip_norm: None,
            seed,
            frozen: Vec::new(),
        };
        Step::new(self.network.chain(), batch, options)
    }

    /// How many steps it learns by, from `count` codes.
    fn steps(&self, count: usize, batch: usize) -> usize {
        let layers = self.network.chain().layers().iter();
        let of_code: u64 = layers.map(|layer| layer.multiplications() as u64).sum();
        // Forward, and back to both weights and inputs.
        let affordable = MULTIPLICATIONS / (3 * batch as u64 * of_code.max(1));
        let steps = (EPOCHS * count.div_ceil(batch)).clamp(LEAST_STEPS, STEPS);
        affordable.clamp(1, steps as u64) as usize
    }

    /// `-ln p` of codes, mean over those that `rows` count.
    fn nats(&self, codes: &Matrix, rows: &[u32]) -> Result<f64, ModelError> {
        let own = Subset::new(codes, rows.to_vec());
        let likelihood: &dyn Likelihood = &self.network.likelihood();
        let chain = self.network.chain();
        let run = Run::of(0..chain.layers().len());
        let sums = fold_blocks(
            chain,
            run,
            &own,
            || 0.0,
            |sum: &mut f64, _, tape| {
                let mut losses = vec![0.0; tape.rows()];
                likelihood.losses(tape.output(), tape.input(), &mut losses);
                *sum += losses.iter().sum::<f64>();
            },
        )?;
        Ok(sums.iter().sum::<f64>() / rows.len() as f64)
    }

    /// `-log₂ p` of codes that were held out and chose nothing, mean over their indices; none where there were fewer than 40 codes in all.
    pub fn bits_per_index(&self) -> Option<f64> {
        self.bits_per_index
    }

    /// The same of a prior that has all vectors equally likely: `log₂` of how many there are.
    pub fn uniform_bits(&self) -> f64 {
        (self.network.sizes.vectors as f64).log2()
    }

    /// The indices of `count` codes drawn one index after another, one code after the other, for [`Autoencoder::decode_indices`]. Code `i`
    /// is the same for every `count`.
    pub fn sample(&self, count: usize, seed: u64) -> Vec<u32> {
        let positions = self.network.sizes.positions;
        let mut indices = vec![0; count * positions];
        let noise = Noise::new(seed, stream::SAMPLER);
        let parts = indices.par_chunks_mut(DRAWN_AT_ONCE * positions);
        parts.enumerate().for_each(|(number, part)| {
            let first = (number * DRAWN_AT_ONCE) as u32;
            self.network.draw(noise, first, part);
        });
        indices
    }

    /// The codes of [`Self::sample`], of the model that it was fitted to: `[count, code_width]`.
    ///
    /// # Errors
    /// When the indices are none of the model's.
    pub fn sample_codes(
        &self,
        model: &Autoencoder,
        count: usize,
        seed: u64,
    ) -> Result<Matrix, ModelError> {
        model.decode_indices(&self.sample(count, seed))
    }
}

/// Vectors of the codebook that the codes of a model are made of.
pub(super) fn vectors_of(model: &Autoencoder) -> Result<usize, ModelError> {
    match model.latent().values() {
        CodeValues::Codebook { vectors, .. } => Ok(vectors),
        _ => Err(ModelError::Indices {
            seen: format!("code is {}, without a codebook", model.latent().name()),
            valid:
                "an autoregressive prior takes codes from a codebook, as vector-quantised ones are"
                    .into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;

    const POSITIONS: usize = 4;
    const VECTORS: usize = 5;

    /// Codes whose first index is 3 in seven of ten, the second the one after it, the third any, the fourth the sum of first and third.
    fn codes(count: usize) -> Vec<u32> {
        let mut random = Noise::new(3, 0).row(0);
        let code = |_| {
            let draw: f32 = random.random();
            let first = if draw < 0.7 {
                3
            } else {
                random.random_range(0..3)
            };
            let third = random.random_range(0..5);
            [first, (first + 1) % 5, third, (first + third) % 5]
        };
        (0..count).flat_map(code).collect()
    }

    fn fitted(count: usize) -> Autoregressive {
        let sizes = Sizes::of(POSITIONS, VECTORS);
        Autoregressive::learn(&codes(count), sizes, 1, &()).expect("sizes that fit")
    }

    #[test]
    fn a_fitted_prior_draws_each_index_by_those_before_it() {
        let prior = fitted(4000);
        let drawn = prior.sample(1000, 3);
        let share = |holds: &dyn Fn(&[u32]) -> bool| {
            let codes = drawn.chunks(POSITIONS);
            codes.filter(|code| holds(code)).count() as f64 / 1000.0
        };
        let (common, next) = (
            share(&|code| code[0] == 3),
            share(&|code| code[1] == (code[0] + 1) % 5),
        );
        assert!((common - 0.7).abs() < 0.06, "{common}");
        assert!(next > 0.98, "{next}");
        let (third, sum) = (
            share(&|code| code[2] == 2),
            share(&|code| code[3] == (code[0] + code[2]) % 5),
        );
        assert!((third - 0.2).abs() < 0.06, "{third}");
        assert!(sum > 0.95, "{sum}");

        // ln 0.7 and ln 0.1 of the first, ln 5 of the third, nothing of the others.
        let entropy = -(0.7 * 0.7f64.log2() + 0.3 * 0.1f64.log2()) + 5f64.log2();
        let bits = prior.bits_per_index().expect("codes were held out");
        assert!((bits - entropy / 4.0).abs() < 0.08, "{bits} of {entropy}");
        assert_eq!(prior.uniform_bits(), 5f64.log2());
        assert_eq!(prior.sample(70, 3), drawn[..70 * POSITIONS]);
        assert_ne!(prior.sample(70, 4), drawn[..70 * POSITIONS]);
    }

    #[test]
    fn what_is_drawn_has_the_probabilities_of_the_chain() {
        let prior = fitted(600);
        let drawn = prior.sample(4000, 1);
        // Of codes that begin alike, the last index has the distribution that the whole chain gives it.
        let begin = [3, 4, 2];
        let last = drawn.chunks(POSITIONS).filter(|code| code[..3] == begin);
        let last: Vec<u32> = last.map(|code| code[3]).collect();
        for index in 0..VECTORS as u32 {
            let of = |indices: [u32; 4]| {
                let code = Matrix::from_vec(1, POSITIONS, indices.map(|x| x as f32).to_vec());
                (-prior.nats(&code, &[0]).expect("in memory")).exp()
            };
            let all: f64 = (0..5).map(|other| of([3, 4, 2, other])).sum();
            let expected = of([3, 4, 2, index]) / all;
            let own = last.iter().filter(|&&own| own == index).count();
            let share = own as f64 / last.len() as f64;
            let deviation = (expected * (1.0 - expected) / last.len() as f64).sqrt();
            assert!((share - expected).abs() < 4.0 * deviation + 2e-3, "{index}");
        }
    }

    #[test]
    fn the_prior_does_not_depend_on_the_number_of_threads() {
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads start").install(|| {
                let prior = fitted(300);
                (prior.bits_per_index(), prior.sample(100, 3))
            })
        };
        assert_eq!(with(1), with(3));
    }

    #[test]
    fn a_few_codes_are_all_learned_from() {
        let prior = fitted(39);
        assert_eq!(prior.bits_per_index(), None);
        assert!(prior.sample(10, 1).iter().all(|&index| index < 5));
        let same = Autoregressive::learn(&[2, 0], Sizes::of(2, 3), 1, &());
        let drawn = same.expect("one code").sample(50, 1);
        let right = drawn.chunks(2).filter(|code| *code == [2, 0]).count();
        assert!(right > 25, "{right}");
    }
}
