//! Lossless coding by a model with a Gaussian code: bits back.

use latentia_models::Autoencoder;
use latentia_nn::{Discrete, LatentDistribution};
use latentia_tensor::loss::{beta_binomial, discretised_logistic};
use latentia_tensor::math::sigmoid;
use latentia_tensor::{Matrix, MatrixMut, Rows, map};

use crate::CodecError;
use crate::chunk::{ChunkCoder, Coded, checked, read_all, split_checksum, with_checksum};
use crate::distributions::{Bernoulli, BetaBinomial, Logistic, Normal, Prior};
use crate::network::Network;
use crate::stack::{Distribution, Stack};

/// Bits back with asymmetric numeral systems (Townsend, Bird and Barber 2019).
///
/// An example `x` is coded by drawing its code `z` from `q(z | x)` with bits that are on the stack already, and pushing `x` by
/// `p(x | z)` and `z` by `p(z)`: `-ELBO` nats more on the stack. Who decodes pops `z` and `x`, and pushes `z` by `q(z | x)` to
/// get the bits back for the next example. The first example of a chunk finds no bits on the stack: its code is its mean, and
/// the bits that drawing it would have taken are lost.
///
/// Examples are chained through the stack from the last to the first, so that they come back in order.
pub(crate) struct BitsBack<'a> {
    model: &'a Autoencoder,
    distribution: &'a dyn LatentDistribution,
    pixels: Pixels,
}

/// What an example's values are.
#[derive(Clone, Copy)]
enum Pixels {
    /// 0 or 255, which the model knows as 0 and 1.
    Binary,
    /// 0 to 255.
    Logistic,
    BetaBinomial,
}

impl<'a> BitsBack<'a> {
    /// The coder by `model`, or why it has none.
    pub(crate) fn new(model: &'a Autoencoder) -> Result<Self, String> {
        let (likelihood, preprocessing) = (model.likelihood(), model.preprocessing());
        let pixels = match likelihood.discrete() {
            Some(Discrete::Bernoulli) if preprocessing.binarises() => Pixels::Binary,
            Some(Discrete::DiscretisedLogistic) => Pixels::Logistic,
            Some(Discrete::BetaBinomial) => Pixels::BetaBinomial,
            Some(Discrete::Bernoulli) | None => {
                return Err(format!(
                    "likelihood `{}` with preprocessing `{}` gives 8-bit values no probabilities",
                    likelihood.name(),
                    preprocessing.name()
                ));
            }
        };
        let Some(distribution) = model.latent().distribution() else {
            return Err(format!(
                "a code that is {} has no distribution",
                model.latent().name()
            ));
        };
        if let Some(prior) = distribution.learned_prior() {
            return Err(format!(
                "the learned prior of kind {} has no intervals to code by: bits back needs the standard normal",
                prior.name()
            ));
        }
        if let Some(posterior) = distribution.posterior_flow() {
            return Err(format!(
                "the posterior of kind {} has no intervals to code by: bits back needs a diagonal Gaussian",
                posterior.name()
            ));
        }
        if !distribution.is_gaussian() {
            let name = model.latent().name();
            return Err(format!(
                "a code that is {name} has no intervals to code by: bits back needs a Gaussian with the standard normal prior"
            ));
        }
        Ok(Self {
            model,
            distribution,
            pixels,
        })
    }

    fn networks(&self) -> Result<Networks<'_>, CodecError> {
        let posterior = Network::posterior(self.model);
        let posterior = posterior.ok_or_else(|| CodecError::Unfit("no posterior".into()))?;
        let (width, code) = (self.model.width(), self.model.code_width());
        Ok(Networks {
            model: self.model,
            distribution: self.distribution,
            pixels: self.pixels,
            posterior,
            decoder: Network::decoder(self.model),
            example: vec![0.0; width],
            deviations: vec![0.0; code],
            code: vec![0.0; code],
            buckets: vec![0; code],
            probabilities: vec![0.0; width],
        })
    }
}

/// The two networks, and buffers for one example.
struct Networks<'a> {
    model: &'a Autoencoder,
    distribution: &'a dyn LatentDistribution,
    pixels: Pixels,
    posterior: Network<'a>,
    decoder: Network<'a>,
    example: Vec<f32>,
    deviations: Vec<f32>,
    code: Vec<f32>,
    buckets: Vec<u32>,
    probabilities: Vec<f32>,
}

impl Networks<'_> {
    /// Hands the posterior of each element of the code of example `x` to `see`, with its bucket.
    fn posteriors(&mut self, x: &[u8], mut see: impl FnMut(Normal, &mut u32)) {
        for (number, &x) in self.example.iter_mut().zip(x) {
            *number = f32::from(x);
        }
        if !matches!(self.pixels, Pixels::Binary) {
            let width = self.example.len();
            let row = MatrixMut::new(&mut self.example, 1, width);
            self.model.scaling().apply(row, 255.0);
        }
        let moments = self.posterior.run(&self.example);
        self.distribution.deviation(moments, &mut self.deviations);
        let moments = moments.iter().zip(&self.deviations);
        for ((&mean, &deviation), bucket) in moments.zip(&mut self.buckets) {
            see(Normal::new(mean, deviation), bucket);
        }
    }

    /// The decoder's outputs for the code in the buckets; under a binary likelihood, probabilities.
    fn outputs(&mut self) -> &[f32] {
        for (z, &bucket) in self.code.iter_mut().zip(&self.buckets) {
            *z = Prior::value(bucket);
        }
        let outputs = self.decoder.run(&self.code);
        if !matches!(self.pixels, Pixels::Binary) {
            return outputs;
        }
        map(&mut self.probabilities, outputs, sigmoid);
        &self.probabilities
    }

    fn push(&mut self, x: &[u8], stack: &mut Stack) -> bool {
        let pixels = self.pixels;
        let outputs = self.outputs();
        let second = outputs.len() - x.len();
        // Backwards, so that they are popped in order.
        let mut whole = true;
        for (at, &x) in x.iter().enumerate().rev() {
            let pair = (outputs[at], outputs[second + at]);
            let interval = match pixels {
                Pixels::Binary => Bernoulli::new(pair.0).interval(x.into()),
                Pixels::Logistic => logistic(pair).interval(x.into()),
                Pixels::BetaBinomial => counts(pair).interval(x.into()),
            };
            whole &= stack.push(interval);
        }
        whole
    }

    fn pop(&mut self, stack: &mut Stack, x: &mut [u8]) {
        let pixels = self.pixels;
        let outputs = self.outputs();
        let second = outputs.len() - x.len();
        for (at, x) in x.iter_mut().enumerate() {
            let pair = (outputs[at], outputs[second + at]);
            let value = match pixels {
                Pixels::Binary => stack.pop(&Bernoulli::new(pair.0)),
                Pixels::Logistic => stack.pop(&logistic(pair)),
                Pixels::BetaBinomial => stack.pop(&counts(pair)),
            };
            *x = value as u8;
        }
    }
}

fn logistic((m, s): (f32, f32)) -> Logistic {
    Logistic::new(discretised_logistic::parameters(m, s))
}

fn counts((a, b): (f32, f32)) -> BetaBinomial {
    BetaBinomial::new(beta_binomial::parameters(a, b))
}

impl ChunkCoder for BitsBack<'_> {
    fn encode(&self, examples: &dyn Rows) -> Result<Coded, CodecError> {
        // Black and white as the model sees them; others as they are.
        let values = match self.pixels {
            Pixels::Binary => read_all(&self.model.scaled(examples)?)?,
            _ => read_all(examples)?,
        };
        let values: Vec<u8> = values.as_slice().iter().map(|&x| x as u8).collect();
        let mut networks = self.networks()?;
        let mut stack = Stack::new();
        let (mut whole, mut initial_bits) = (true, 0.0);
        for (number, x) in values.chunks(self.model.width()).rev().enumerate() {
            networks.posteriors(x, |posterior, bucket| {
                if number > 0 {
                    *bucket = stack.pop(&posterior);
                } else {
                    *bucket = posterior.middle();
                    initial_bits += posterior.interval(*bucket).bits();
                }
            });
            whole &= networks.push(x, &mut stack);
            for &bucket in networks.buckets.iter().rev() {
                whole &= stack.push(Prior.interval(bucket));
            }
        }
        if !whole {
            let what = "the model gives an example no probability; its weights are not finite";
            return Err(CodecError::Unfit(what.into()));
        }
        Ok(Coded {
            bytes: with_checksum(&values, stack.into_bytes()),
            initial_bits,
        })
    }

    fn decode(&self, bytes: &[u8], examples: usize) -> Result<Matrix, CodecError> {
        let damaged = || CodecError::Damaged("a chunk does not hold whole examples".into());
        let (checksum, bytes) = split_checksum(bytes)?;
        let mut stack = Stack::from_bytes(bytes).ok_or_else(damaged)?;
        let width = self.model.width();
        let mut values = vec![0; examples * width];
        let mut networks = self.networks()?;
        let mut shares = Vec::with_capacity(self.model.code_width());
        for (number, x) in values.chunks_mut(width).enumerate() {
            for bucket in &mut networks.buckets {
                *bucket = stack.pop(&Prior);
            }
            networks.pop(&mut stack, x);
            if number + 1 == examples {
                break;
            }
            shares.clear();
            networks.posteriors(x, |posterior, bucket| {
                shares.push(posterior.interval(*bucket))
            });
            for &share in shares.iter().rev() {
                if !stack.push(share) {
                    return Err(damaged());
                }
            }
        }
        if !stack.is_empty() {
            return Err(damaged());
        }
        let scale = match self.pixels {
            Pixels::Binary => 255.0,
            _ => 1.0,
        };
        checked(values, checksum, width, scale)
    }
}
