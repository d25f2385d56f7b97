//! What is weighed beside the likelihood.

use latentia_nn::terms::{Contractive, Divergence, KlSparsity, L1, Mmd, TotalCorrelation};
use latentia_nn::{Activation, LayerSpec, Term};
use serde::{Deserialize, Serialize};

use crate::{Code, ModelError};

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
    /// Nats of each dimension's divergence, a mean over the batch, up to which it is not pushed down (Kingma et al. 2016). They
    /// stay in the loss as a constant.
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

/// A number of the objective, as far as the rest of a specification must fit it.
struct Asked {
    name: &'static str,
    value: f32,
    /// Whether it is other than what leaves it out.
    is_set: bool,
    /// Kinds of codes that it has a meaning for.
    codes: &'static [&'static str],
    /// Whether it compares the codes of a batch with each other.
    needs_pairs: bool,
}

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
        let mut asked = self.asked().into_iter();
        asked.any(|asked| asked.is_set && asked.needs_pairs)
    }

    /// Every number but that of samples, whose weight is a choice between bounds.
    fn asked(&self) -> [Asked; 9] {
        const GAUSSIAN: &[&str] = &["gaussian"];
        const NUMBERS: &[&str] = &["deterministic", "top-k"];
        let asked = |name, value: f32, codes, needs_pairs| Asked {
            name,
            value,
            is_set: value != 0.0,
            codes,
            needs_pairs,
        };
        let sparsity = self.kl_sparsity.map_or(0.0, |sparsity| sparsity.weight);
        [
            Asked {
                is_set: self.beta != 1.0,
                ..asked("beta", self.beta, GAUSSIAN, false)
            },
            asked("warm-up", self.warm_up as f32, GAUSSIAN, false),
            asked("free-bits", self.free_bits, GAUSSIAN, false),
            Asked {
                is_set: self.capacity.is_some(),
                ..asked("capacity", self.capacity.unwrap_or(0.0), GAUSSIAN, false)
            },
            asked("total-correlation", self.total_correlation, GAUSSIAN, true),
            asked("mmd", self.mmd, &["deterministic", "gaussian"], true),
            asked("l1", self.l1, NUMBERS, false),
            Asked {
                is_set: self.kl_sparsity.is_some(),
                ..asked("kl-sparsity", sparsity, &["deterministic"], false)
            },
            asked("contractive", self.contractive, NUMBERS, false),
        ]
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

    /// Refuses weights that are none, and terms that `code` and `encoder` have no place for.
    pub(crate) fn check(&self, code: &Code, encoder: &[LayerSpec]) -> Result<(), ModelError> {
        let refuse = |seen: String, valid: &str| {
            Err(ModelError::Part {
                part: "objective",
                seen,
                valid: valid.into(),
            })
        };
        let asked = self.asked();
        for Asked { name, value, .. } in &asked {
            if !(value.is_finite() && *value >= 0.0) {
                let valid = "it must be finite and at least 0";
                return refuse(format!("has {name} {value}"), valid);
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

        let kind = code.name();
        let unfit = |codes: &[&str]| !codes.contains(&kind);
        if self.is_importance_weighted() && unfit(&["gaussian"]) {
            let seen = format!("has importance-samples, which a {kind} code does not know");
            return refuse(seen, "it needs a code of kind `gaussian`");
        }
        for Asked { name, codes, .. } in asked.iter().filter(|asked| asked.is_set) {
            if unfit(codes) {
                return refuse(
                    format!("has {name}, which a {kind} code does not know"),
                    &format!("it needs a code of kind `{}`", codes.join("` or `")),
                );
            }
            if self.is_importance_weighted() {
                return refuse(
                    format!("has {name} beside importance-samples {samples}"),
                    "samples are weighed whole: leave it out, or importance-samples",
                );
            }
        }
        if self.contractive > 0.0 && self.needs_pairs() {
            return refuse(
                "has contractive beside a term that compares codes, to which its pairs would be two".into(),
                "leave one of them out",
            );
        }
        if self.contractive > 0.0 && encoder.iter().any(|layer| !layer.is_dense()) {
            return refuse(
                "has contractive for an encoder with dropout, which moves the code far more than a small step does".into(),
                "leave dropout out of the encoder, or contractive",
            );
        }
        let last = encoder.last();
        let ends_in_sigmoid = last.is_some_and(|layer| layer.activation() == Activation::Sigmoid);
        if self.kl_sparsity.is_some() && !ends_in_sigmoid {
            return refuse(
                "has kl-sparsity for a code whose numbers do not lie in (0, 1)".into(),
                "let the encoder end with a dense layer of activation `sigmoid`",
            );
        }
        Ok(())
    }
}
