//! What is weighed beside the likelihood.

use latentia_nn::terms::{Contractive, Divergence, KlSparsity, L1, Mmd, TotalCorrelation};
use latentia_nn::{Activation, Term};
use serde::{Deserialize, Serialize};

use crate::{Code, ModelError, ModelSpec};

/// The weights of the terms that training adds to the likelihood's loss, in its unit. A weight of 0 leaves a term out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct ObjectiveSpec {
    /// Factor on the divergence of a Gaussian code from its prior, in nats per example: 1 is the ELBO, more is a β-VAE
    /// (Higgins et al. 2017).
    #[serde(skip_serializing_if = "is_one")]
    pub beta: f32,
    /// Epochs over which the factor rises from 0 to `beta`, in a straight line (Bowman et al. 2016); with a capacity, over
    /// which that rises instead.
    #[serde(skip_serializing_if = "is_default")]
    pub warm_up: u32,
    /// Nats of each dimension's divergence, a mean over the batch, that cost nothing (Kingma et al. 2016).
    #[serde(skip_serializing_if = "is_default")]
    pub free_bits: f32,
    /// Nats that the divergence is held to, as `beta |KL - capacity|` (Burgess et al. 2018).
    #[serde(skip_serializing_if = "is_default")]
    pub capacity: Option<f32>,
    /// Samples of a Gaussian code for each example, weighed by importance (Burda et al. 2016); 1 is the ELBO.
    #[serde(skip_serializing_if = "is_one_sample")]
    pub importance_samples: usize,
    /// Factor on the total correlation of a Gaussian code, beside the divergence: see [`TotalCorrelation`].
    #[serde(skip_serializing_if = "is_default")]
    pub total_correlation: f32,
    /// Factor on the maximum mean discrepancy between codes and prior: see [`Mmd`].
    #[serde(skip_serializing_if = "is_default")]
    pub mmd: f32,
    /// Factor on the absolute values of the code: see [`L1`].
    #[serde(skip_serializing_if = "is_default")]
    pub l1: f32,
    /// Held to a mean activity of each unit: see [`KlSparsity`].
    #[serde(skip_serializing_if = "is_default")]
    pub kl_sparsity: Option<KlSparsity>,
    /// Factor on the squared norm of the code's Jacobian: see [`Contractive`].
    #[serde(skip_serializing_if = "is_default")]
    pub contractive: f32,
}

impl Default for ObjectiveSpec {
    fn default() -> Self {
        Self {
            beta: 1.0,
            warm_up: 0,
            free_bits: 0.0,
            capacity: None,
            importance_samples: 1,
            total_correlation: 0.0,
            mmd: 0.0,
            l1: 0.0,
            kl_sparsity: None,
            contractive: 0.0,
        }
    }
}

fn is_one(weight: &f32) -> bool {
    *weight == 1.0
}

fn is_one_sample(samples: &usize) -> bool {
    *samples == 1
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The most samples of a code for each example.
const MOST_SAMPLES: usize = 1000;

const GAUSSIAN: &str = "it needs code `{ kind = \"gaussian\", units = N }`";

impl ObjectiveSpec {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the samples of a code are weighed by importance.
    pub(crate) fn is_importance_weighted(&self) -> bool {
        self.importance_samples > 1
    }

    /// Whether a term compares the codes of a batch with each other, and is nothing for a single example.
    pub(crate) fn needs_pairs(&self) -> bool {
        self.mmd > 0.0 || self.total_correlation > 0.0
    }

    /// The terms beside the likelihood's loss.
    pub(crate) fn terms(&self, code: Code) -> Vec<Box<dyn Term>> {
        let mut terms: Vec<Box<dyn Term>> = Vec::new();
        if code.has_prior() && !self.is_importance_weighted() {
            terms.push(Box::new(Divergence {
                weight: self.beta,
                warm_up: self.warm_up,
                free_bits: self.free_bits,
                capacity: self.capacity,
            }));
        }
        let mut add = |weight: f32, term: Box<dyn Term>| {
            if weight > 0.0 {
                terms.push(term);
            }
        };
        let weight = self.total_correlation;
        add(weight, Box::new(TotalCorrelation { weight }));
        let weight = self.mmd;
        add(weight, Box::new(Mmd { weight }));
        let weight = self.l1;
        add(weight, Box::new(L1 { weight }));
        if let Some(sparsity) = self.kl_sparsity {
            add(sparsity.weight, Box::new(sparsity));
        }
        let weight = self.contractive;
        add(weight, Box::new(Contractive { weight }));
        terms
    }

    /// Refuses weights that are none, and terms that the rest of `spec` has no place for.
    pub(crate) fn check(&self, spec: &ModelSpec) -> Result<(), ModelError> {
        let refuse = |seen: String, valid: &str| {
            Err(ModelError::Part {
                part: "objective",
                seen,
                valid: valid.into(),
            })
        };
        let weights = [
            ("beta", self.beta),
            ("free-bits", self.free_bits),
            ("capacity", self.capacity.unwrap_or(0.0)),
            ("total-correlation", self.total_correlation),
            ("mmd", self.mmd),
            ("l1", self.l1),
            (
                "kl-sparsity.weight",
                self.kl_sparsity.map_or(0.0, |s| s.weight),
            ),
            ("contractive", self.contractive),
        ];
        for (name, weight) in weights {
            if !(weight.is_finite() && weight >= 0.0) {
                let valid = "it must be finite and at least 0";
                return refuse(format!("has {name} {weight}"), valid);
            }
        }
        if let Some(KlSparsity { target, .. }) = self.kl_sparsity
            && !(target > 0.0 && target < 1.0)
        {
            let valid = "it must lie between 0 and 1";
            return refuse(format!("has kl-sparsity.target {target}"), valid);
        }
        let samples = self.importance_samples;
        if !(1..=MOST_SAMPLES).contains(&samples) {
            let valid = "it must be from 1 to 1000";
            return refuse(format!("has importance-samples {samples}"), valid);
        }

        let of_divergence = [
            ("beta", self.beta != 1.0),
            ("warm-up", self.warm_up > 0),
            ("free-bits", self.free_bits > 0.0),
            ("capacity", self.capacity.is_some()),
            ("importance-samples", self.is_importance_weighted()),
            ("total-correlation", self.total_correlation > 0.0),
        ];
        let of_numbers = [
            ("l1", self.l1 > 0.0),
            ("kl-sparsity", self.kl_sparsity.is_some()),
            ("contractive", self.contractive > 0.0),
        ];
        let first = |terms: &[(&'static str, bool)]| {
            let mut wanted = terms.iter().filter(|(_, wanted)| *wanted);
            wanted.next().map(|(name, _)| *name)
        };
        let kind = spec.code.name();
        if !spec.code.has_prior()
            && let Some(name) = first(&of_divergence)
        {
            return refuse(
                format!("has {name}, which a {kind} code does not know"),
                GAUSSIAN,
            );
        }
        if !matches!(spec.code, Code::Deterministic | Code::TopK { .. })
            && let Some(name) = first(&of_numbers)
        {
            let valid = "it needs a deterministic code, or one of `kind = \"top-k\"`";
            return refuse(
                format!("has {name}, which a {kind} code does not know"),
                valid,
            );
        }
        if self.mmd > 0.0 && !matches!(spec.code, Code::Deterministic | Code::Gaussian { .. }) {
            let valid = "it needs a deterministic or a Gaussian code";
            return refuse(format!("has mmd, which a {kind} code does not know"), valid);
        }
        if self.is_importance_weighted() {
            let others = [
                &of_divergence[..4],
                &of_divergence[5..],
                &[("mmd", self.mmd > 0.0)],
            ];
            if let Some(name) = first(&others.concat()) {
                return refuse(
                    format!("has {name} beside importance-samples {samples}"),
                    "samples are weighed whole: leave it out, or importance-samples",
                );
            }
        }
        if self.contractive > 0.0 && spec.encoder.iter().any(|layer| !layer.is_dense()) {
            return refuse(
                "has contractive for an encoder with dropout, which moves the code far more than a small step does".into(),
                "leave dropout out of the encoder, or contractive",
            );
        }
        let last = spec.encoder.iter().rfind(|layer| layer.is_dense());
        let last = last.map(|layer| layer.activation());
        if self.kl_sparsity.is_some()
            && !(spec.code.is_deterministic() && last == Some(Activation::Sigmoid))
        {
            return refuse(
                "has kl-sparsity for a code whose numbers do not lie in (0, 1)".into(),
                "let the encoder end with activation `sigmoid`, before a deterministic code",
            );
        }
        Ok(())
    }
}
