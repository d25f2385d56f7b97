//! The importance-weighted bound (Burda et al. 2016), and its relatives.
//!
//! With `k` samples `z` of `q(z | x)` for each example, `w = p(x | z) p(z) / q(z | x)`, the bound on the log likelihood is
//! `ln (1/k) Σ w`. It rises with `k`; with one sample it is one sample of the evidence lower bound. Its gradient is that of
//! the `ln w`, each weighted by `w / Σ w`.

use latentia_tensor::update;

use crate::invalid_spec::{InvalidSpec, require};
use crate::latent::Latent;
use crate::latents::GaussianSamples;
use crate::log_variance::multiply_by_log_variance_gradient;
use crate::penalty::{CodeGradients, Codes};

/// The least share of a group in all of an example's weight by which a decoder learns, below what single precision adds to a sum: the
/// encoder, which learns as much by each group, has its gradient through the decoder.
const LEAST_SHARE: f64 = 1e-12;

/// `ln (1/k) Σ w` of log-weights `ln w` that come one by one, without overflow.
#[derive(Clone, Copy, Debug)]
pub struct ImportanceBound {
    max: f64,
    /// `Σ w / e^max`
    sum: f64,
    samples: usize,
}

impl Default for ImportanceBound {
    fn default() -> Self {
        Self {
            max: f64::NEG_INFINITY,
            sum: 0.0,
            samples: 0,
        }
    }
}

impl ImportanceBound {
    /// Of all log-weights of one example.
    fn of(log_weights: &[f64]) -> Self {
        let mut bound = Self::default();
        for &log_weight in log_weights {
            // Written so that a NaN stays.
            bound.max = if log_weight <= bound.max {
                bound.max
            } else {
                log_weight
            };
        }
        for &log_weight in log_weights {
            bound.sum += (log_weight - bound.max).exp();
        }
        bound.samples = log_weights.len();
        bound
    }

    /// Adds a log-weight.
    pub fn add(&mut self, log_weight: f64) {
        if log_weight > self.max {
            self.sum = self.sum * (self.max - log_weight).exp() + 1.0;
            self.max = log_weight;
        } else {
            self.sum += (log_weight - self.max).exp();
        }
        self.samples += 1;
    }

    /// The bound, in nats.
    pub fn nats(self) -> f64 {
        self.max + (self.sum / self.samples as f64).ln()
    }

    /// `w / Σ w` of one of the weights.
    fn share(self, log_weight: f64) -> f64 {
        (log_weight - self.max).exp() / self.sum
    }

    /// `Σ w` of all of these weights by that of `others`.
    fn share_in(self, others: Self) -> f64 {
        (self.max - others.max).exp() * self.sum / others.sum
    }
}

/// How the `k` samples of a posterior are weighted by importance: the bound on the log likelihood, and the estimate of its gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Importance {
    /// `M`, groups of `k / M` samples that have a bound each, of which the mean is taken (MIWAE, Rainforth et al. 2018): 1 is Burda's
    /// bound, `k` the ELBO of `k` samples.
    pub groups: usize,
    /// `β` of `β · bound + (1 - β) · ELBO` (CIWAE, Rainforth et al. 2018).
    pub mix: f32,
    /// Whether the encoder's gradient is the doubly reparameterised one (DReG, Tucker et al. 2019): of the same mean as the derivative
    /// of the bound, without the term whose variance grows with `k`.
    pub doubly_reparameterised: bool,
    /// Whether the groups are for the encoder alone, with a flow on its posterior, while the decoder, with a prior that is learned, has the
    /// bound of all samples (PIWAE, Rainforth et al. 2018): more samples leave an encoder less of a gradient, beside its noise, and
    /// give a decoder more. The loss is then that bound, and `mix` 1. Nothing behind the code may compare rows, as batch
    /// statistics do.
    pub partially: bool,
}

impl Default for Importance {
    /// The bound of Burda et al. 2016, and its derivative.
    fn default() -> Self {
        Self {
            groups: 1,
            mix: 1.0,
            doubly_reparameterised: false,
            partially: false,
        }
    }
}

/// The shares of samples in the gradient, where codes are some of those.
#[derive(Clone, Copy, Debug)]
pub(super) struct SampleShares<'a> {
    /// Of all samples of the examples.
    pub(super) all: &'a [f64],
    /// Number of the first code among them.
    pub(super) first: usize,
    /// Samples of an example.
    pub(super) samples: usize,
}

impl<'a> SampleShares<'a> {
    /// Those of the codes, and what is behind.
    fn own(self) -> impl Iterator<Item = &'a f64> {
        self.all[self.first..].iter()
    }
}

/// Turns the loss `-ln p(x | z)` of each code of a [`crate::latents::GaussianLatent`] into its log-weight.
pub(super) fn turn_into_log_weights(codes: Codes<'_>, losses: &mut [f64]) {
    for (row, loss) in losses.iter_mut().enumerate() {
        let z = codes.codes.row(row);
        let samples = GaussianSamples::of(codes.saved.row(row), z.len());
        *loss = samples.log_ratio(z) - *loss;
    }
}

impl Importance {
    /// Refuses what does not fit `samples` samples of a code's posterior, or each other.
    ///
    /// # Errors
    /// What is wrong, and what would be valid.
    pub fn check(self, samples: usize, latent: &dyn Latent) -> Result<(), InvalidSpec> {
        let (groups, mix) = (self.groups, self.mix);
        let is_set = [
            ("importance-groups", groups != 1),
            ("importance-mix", mix != 1.0),
            ("doubly-reparameterised", self.doubly_reparameterised),
            ("partially-importance-weighted", self.partially),
        ];
        if let Some((name, _)) = is_set.into_iter().find(|(_, is_set)| *is_set) {
            let seen = || format!("has {name} with importance-samples {samples}");
            let valid = "it needs importance-samples of 2 or more";
            require(samples > 1, seen, valid)?;
        }
        require(
            groups > 0 && samples.is_multiple_of(groups),
            || format!("has importance-groups {groups} of importance-samples {samples}"),
            "the samples are a multiple of the groups",
        )?;
        require(
            (0.0..=1.0).contains(&mix),
            || format!("has importance-mix {mix}"),
            "it must be from 0 to 1",
        )?;
        if self.partially {
            require(
                groups > 1,
                || format!("has partially-importance-weighted with importance-groups {groups}"),
                "it needs importance-groups of 2 or more, which the encoder has alone",
            )?;
            require(
                mix == 1.0,
                || format!("has partially-importance-weighted beside importance-mix {mix}"),
                "it has two bounds, of groups and of all samples: leave one of them out",
            )?;
        }
        if !self.doubly_reparameterised {
            return Ok(());
        }
        require(
            mix == 1.0,
            || format!("has doubly-reparameterised beside importance-mix {mix}"),
            "its estimate is of the bound alone: leave one of them out",
        )?;
        let distribution = latent.distribution();
        require(
            distribution.is_none_or(|own| own.learned_prior().is_none()),
            || "has doubly-reparameterised beside a learned prior".into(),
            "it needs the standard normal prior: leave one of them out",
        )
    }

    /// Samples of a group, of `samples` in all; one group alone where there are fewer samples than groups, as behind the mean of a
    /// posterior.
    fn group_of(self, samples: usize) -> usize {
        (samples / self.groups.max(1)).max(1)
    }

    /// Turns the loss `-ln p(x | z)` of each sample into its share in the gradient, and returns the sum over the examples of the
    /// negative bound, in nats.
    ///
    /// `codes` are those of a [`crate::latents::GaussianLatent`]; `losses` `[rows · k]`.
    pub(super) fn weight_samples(self, codes: Codes<'_>, losses: &mut [f64]) -> f64 {
        let samples = (losses.len() / codes.inputs.rows().max(1)).max(1);
        let mut sum = 0.0;
        turn_into_log_weights(codes, losses);
        for losses in losses.chunks_mut(samples) {
            self.share(losses, &mut sum);
        }
        sum
    }

    /// Turns the log-weights of one example into the shares of its samples in the gradient, and takes the bound off `sum`.
    pub(super) fn share(self, log_weights: &mut [f64], sum: &mut f64) {
        match self.partially {
            true => self.share_partially(log_weights, sum),
            false => self.share_by_groups(log_weights, sum),
        }
    }

    /// As [`Self::share`], the same for encoder and decoder.
    fn share_by_groups(self, log_weights: &mut [f64], sum: &mut f64) {
        let samples = log_weights.len();
        let group = self.group_of(samples);
        // Of a group among those of an example.
        let share_of_group = group as f64 / samples as f64;
        let (mix, rest) = (f64::from(self.mix), 1.0 - f64::from(self.mix));
        for log_weights in log_weights.chunks_mut(group) {
            let bound = ImportanceBound::of(log_weights);
            *sum -= mix * share_of_group * bound.nats();
            for log_weight in log_weights {
                if rest != 0.0 {
                    *sum -= rest * *log_weight / samples as f64;
                }
                *log_weight =
                    mix * share_of_group * bound.share(*log_weight) + rest / samples as f64;
            }
        }
    }

    /// As [`Self::share`], of all samples, where the groups are for the encoder alone.
    fn share_partially(self, log_weights: &mut [f64], sum: &mut f64) {
        let all = ImportanceBound::of(log_weights);
        *sum -= all.nats();
        let group = self.group_of(log_weights.len());
        for log_weights in log_weights.chunks_mut(group) {
            let bound = ImportanceBound::of(log_weights);
            let share_of_group = bound.share_in(all).max(LEAST_SHARE);
            for log_weight in log_weights {
                *log_weight = share_of_group * bound.share(*log_weight);
            }
        }
    }

    /// Adds the gradients of the weighted `ln q(z | x) - ln p(z)` by the codes, or by `ln p(z)` of a learned prior, and by `ln σ²`, of a
    /// mean over `batch` examples, behind those of `-ln p(x | z)`. Where the encoder learns by other shares than the decoder, `posterior` takes
    /// the one by the other for each code: all samples of a group have the same.
    pub(super) fn add_gradients(
        self,
        codes: Codes<'_>,
        shares: SampleShares<'_>,
        batch: usize,
        gradients: &mut CodeGradients<'_>,
        posterior: &mut [f32],
    ) {
        let width = codes.codes.cols();
        self.posterior_factors(shares, posterior);
        let is_learned = !gradients.log_prior.is_empty();
        for (row, share) in (0..codes.codes.rows()).zip(shares.own()) {
            let share_of_mean = (share / batch as f64) as f32;
            if is_learned {
                gradients.log_prior[row] = -share_of_mean;
                continue;
            }
            update(
                gradients.codes.row_mut(row),
                codes.codes.row(row),
                |d, z| d + share_of_mean * z,
            );
        }
        if self.doubly_reparameterised {
            self.weight_twice(codes, (shares, posterior), batch, gradients);
            return;
        }
        // The shares of an example's samples sum to one, and ln σ is the same for all. Nothing else reaches the parameters.
        for row in 0..codes.inputs.rows() {
            let elements = width..2 * width;
            let ds = &mut gradients.inputs.row_mut(row)[elements.clone()];
            ds.fill(-0.5 / batch as f32);
            multiply_by_log_variance_gradient(ds, &codes.inputs.row(row)[elements]);
        }
    }

    /// For each code the share in its group, of `1 / M`, by that in the decoder's gradient.
    fn posterior_factors(self, shares: SampleShares<'_>, factors: &mut [f32]) {
        let group = self.group_of(shares.samples);
        let share_of_group = group as f64 / shares.samples as f64;
        let mut factor = 1.0;
        for (at, to) in (shares.first..).zip(&mut *factors) {
            let example = at / shares.samples * shares.samples;
            let begin = example + (at - example) / group * group;
            if at == begin || at == shares.first {
                let end = (begin + group).min(example + shares.samples);
                let own = shares.all[begin..end].iter();
                factor = (share_of_group / own.sum::<f64>()) as f32;
            }
            *to = factor;
        }
    }

    /// Makes the gradients by the codes those of `-Σ w̃² ln w` with the weights `w̃ = w / Σ w` of a group held, where `ln q(z | x)`
    /// depends on the code alone: the parameters of the posterior are reached through the code.
    fn weight_twice(
        self,
        codes: Codes<'_>,
        (shares, posterior): (SampleShares<'_>, &[f32]),
        batch: usize,
        gradients: &mut CodeGradients<'_>,
    ) {
        let width = codes.codes.cols();
        let groups = (shares.samples / self.group_of(shares.samples)) as f64;
        for (row, share) in (0..codes.codes.rows()).zip(shares.own()) {
            let saved = GaussianSamples::of(codes.saved.row(row), width);
            // Of the samples of a group.
            let factor = posterior.get(row).map_or(1.0, |&factor| factor.into());
            let weight = (share * groups * factor) as f32;
            let share_of_mean = (share / batch as f64) as f32;
            let posterior = saved.epsilon.iter().zip(saved.deviation);
            let dz = gradients.codes.row_mut(row).iter_mut().zip(posterior);
            for (dz, (epsilon, sigma)) in dz {
                *dz = weight * (*dz - share_of_mean * epsilon / sigma);
            }
        }
    }
}
