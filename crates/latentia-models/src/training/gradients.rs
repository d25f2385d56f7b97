//! Gradients that vanish or explode.
//!
//! They are measured by the ratio `‖∇L‖ / ‖w‖` of each layer (You, Gitman and Ginsburg 2017), which depends little on how
//! wide the layer is. `w` are its weights; `∇L` is the gradient by all that it learns, so that something is left of it in the
//! last layer when all that it is given is zero. A layer without a weight, as a shared scale, is not looked at.

use std::fmt::{Display, Formatter, Result as Written};

use latentia_nn::{
    Activation, Chain, Initializer, Moments, Parameter, ParameterRole, ParameterSpec,
};
use latentia_tensor::sum_of_squares;
use serde::{Deserialize, Serialize};

use crate::{Autoencoder, Preprocessing};

/// Examples whose gradients are looked at, at the beginning of a run and at the end of each epoch: one alone may well have
/// none behind a ReLU.
const EXAMPLES: usize = 64;

/// A layer whose ratio is less than this share of that of the last layer, which the loss meets first, has a gradient that
/// vanishes. The least share in the presets is 0.09; that of the first of 8 sigmoid layers is 8e-5.
const VANISHING: f64 = 1e-3;

/// A layer whose ratio is more than this many times the largest at the beginning of the run has a gradient that explodes. The most in the presets is 111 times.
const EXPLODING: f64 = 1e4;

/// What is wrong with gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum GradientFault {
    /// Next to nothing of the loss reaches the layer.
    Vanishing,
    /// They grow from step to step.
    Exploding,
}

/// A layer whose gradient vanishes or explodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GradientReport {
    /// Which of both.
    pub fault: GradientFault,
    /// The epoch after which it was seen, from 1.
    pub epoch: u32,
    /// The layer by part, number and name.
    pub layer: String,
    /// `‖∇L‖ / ‖w‖` of the layer, divided by that of `reference`.
    pub ratio: f64,
    /// What it is compared with: a layer, or where the run began.
    pub reference: String,
    /// What of the usual remedies is there. No checkpoint keeps it: the report has been told by then.
    #[serde(skip)]
    pub remedies: Remedies,
}

/// Remedies against gradients that vanish or explode: those that are there are no advice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Remedies {
    /// Activation `gelu`.
    pub gelu: bool,
    /// Activation `leaky-relu`.
    pub leaky_relu: bool,
    /// Initializer `he`.
    pub he: bool,
    /// Clipping by the norm.
    pub clip_norm: bool,
    /// Preprocessing `standardise`.
    pub standardise: bool,
}

impl Remedies {
    /// Those of layer `layer`, whose activation may stand behind it.
    fn of(chain: &Chain, layer: usize) -> Self {
        let own = &chain.layers()[layer];
        let behind = chain.layers()[layer + 1..].iter();
        let behind = behind.take_while(|layer| !layer.parameters().iter().any(is_weight_spec));
        let names: Vec<String> = std::iter::once(own)
            .chain(behind)
            .map(|layer| layer.name())
            .collect();
        let has = |activation: Activation| {
            let mut words = names.iter().flat_map(|name| name.split_whitespace());
            words.any(|word| word == activation.name())
        };
        Self {
            gelu: has(Activation::Gelu),
            leaky_relu: has(Activation::LeakyRelu),
            he: own
                .parameters()
                .iter()
                .any(|p| is_weight_spec(p) && p.initializer == Initializer::He),
            ..Self::default()
        }
    }

    /// What is left to try against a fault.
    fn others(self, fault: GradientFault) -> String {
        let mut advice = Vec::new();
        match fault {
            GradientFault::Vanishing => {
                advice.extend(match (self.gelu, self.leaky_relu) {
                    (false, false) => Some("activation `gelu` or `leaky-relu`"),
                    (true, false) => Some("activation `leaky-relu`"),
                    (false, true) => Some("activation `gelu`"),
                    (true, true) => None,
                });
                advice.extend((!self.he).then_some("initializer `he`"));
                advice.extend(["fewer layers", "a smaller learning rate"]);
            }
            GradientFault::Exploding => {
                advice.push("a smaller learning rate");
                advice.extend((!self.clip_norm).then_some("`clip-norm`"));
                advice.extend((!self.standardise).then_some("preprocessing `standardise`"));
            }
        }
        match advice.split_last() {
            Some((last, others)) if !others.is_empty() => {
                format!("{}, or {last}", others.join(", "))
            }
            _ => advice.concat(),
        }
    }
}

fn is_weight_spec(parameter: &ParameterSpec) -> bool {
    parameter.role == ParameterRole::Weight
}

impl Display for GradientReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        let Self {
            epoch,
            layer,
            ratio,
            reference,
            remedies,
            ..
        } = self;
        let ratio = match ratio {
            0.0 => "0".into(),
            ratio => format!("{ratio:.0e}"),
        };
        let advice = remedies.others(self.fault);
        match self.fault {
            GradientFault::Vanishing => write!(
                f,
                "gradients vanish in epoch {epoch}: for their weights, those of {layer} are {ratio} of those of \
                 {reference}; try {advice}"
            ),
            GradientFault::Exploding => write!(
                f,
                "gradients explode in epoch {epoch}: for their weights, those of {layer} are {ratio} times those \
                 {reference}; try {advice}"
            ),
        }
    }
}

/// Squared ratios of a few batches, layer by layer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Ratios {
    sums: Vec<f64>,
    batches: u32,
}

impl Ratios {
    fn add(&mut self, chain: &Chain, moments: &[Moments]) {
        self.sums.resize(chain.layers().len(), 0.0);
        for (layer, sum) in self.sums.iter_mut().enumerate() {
            let (mut gradient, mut weight) = (0.0, 0.0);
            for at in chain.owned(layer) {
                let parameter = &chain.parameters()[at];
                if parameter.is_learned() {
                    gradient += sum_of_squares(moments[at].gradient.as_slice());
                }
                // Biases and scales begin at zero, and are no measure.
                if is_weight(parameter) {
                    weight += sum_of_squares(parameter.value.as_slice());
                }
            }
            let ratio = if weight > 0.0 { gradient / weight } else { 0.0 };
            // Finite, whatever the gradient: JSON, in which a checkpoint keeps it, knows nothing else.
            *sum = (*sum + ratio).min(f64::MAX);
        }
        self.batches += 1;
    }

    /// The root of the mean square ratio of layer `layer`.
    fn of(&self, layer: usize) -> f64 {
        let sum = self.sums.get(layer).copied().unwrap_or_default();
        (sum / f64::from(self.batches.max(1))).sqrt()
    }

    fn clear(&mut self) {
        self.sums.fill(0.0);
        self.batches = 0;
    }
}

/// Looks at the gradients of a run; each fault is reported once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct GradientWatch {
    beginning: Ratios,
    latest: Ratios,
    reports: Vec<GradientReport>,
}

impl GradientWatch {
    /// Takes a batch into account that ends after `done` of `total` examples of epoch `epoch`, from 1.
    pub(crate) fn on_batch_end(
        &mut self,
        (chain, moments): (&Chain, &[Moments]),
        epoch: u32,
        batch: usize,
        done: usize,
        total: usize,
    ) {
        if epoch == 1 && done - batch < EXAMPLES {
            self.beginning.add(chain, moments);
        }
        if done + EXAMPLES > total {
            self.latest.add(chain, moments);
        }
    }

    /// Judges the end of epoch `epoch` of a run of `model`, with clipping by the norm where `clips`, and returns what was not
    /// reported before. Layers that are `frozen` have no gradients to judge.
    pub(crate) fn on_epoch_end(
        &mut self,
        model: &Autoencoder,
        frozen: impl Fn(usize) -> bool,
        epoch: u32,
        clips: bool,
    ) -> Vec<GradientReport> {
        let layers: Vec<usize> = weighty(&model.chain)
            .filter(|&layer| !frozen(layer))
            .collect();
        let exploding = self
            .exploding(model, &layers, epoch)
            .map(|report| GradientReport {
                remedies: Remedies {
                    clip_norm: clips,
                    standardise: model.preprocessing == Preprocessing::Standardise,
                    ..Remedies::default()
                },
                ..report
            });
        let found = [self.vanishing(model, &layers, epoch), exploding];
        self.latest.clear();
        let mut new: Vec<_> = found.into_iter().flatten().collect();
        new.retain(|report| self.report(report.fault).is_none());
        self.reports.extend_from_slice(&new);
        new
    }

    fn vanishing(
        &self,
        model: &Autoencoder,
        layers: &[usize],
        epoch: u32,
    ) -> Option<GradientReport> {
        let (&last, before) = layers.split_last()?;
        let share = |layer| self.latest.of(layer) / self.latest.of(last);
        let least = before
            .iter()
            .copied()
            .rev()
            .min_by(|a, b| share(*a).total_cmp(&share(*b)))?;
        let ratio = share(least);
        (ratio < VANISHING).then(|| GradientReport {
            fault: GradientFault::Vanishing,
            epoch,
            layer: model.layer_label(least),
            ratio,
            reference: model.layer_label(last),
            remedies: Remedies::of(&model.chain, least),
        })
    }

    fn exploding(
        &self,
        model: &Autoencoder,
        layers: &[usize],
        epoch: u32,
    ) -> Option<GradientReport> {
        let latest = layers.iter().map(|&layer| (layer, self.latest.of(layer)));
        let (layer, largest) = latest.max_by(|a, b| a.1.total_cmp(&b.1))?;
        let beginning = layers.iter().map(|&layer| self.beginning.of(layer));
        let beginning = beginning.fold(0.0, f64::max);
        let ratio = if beginning > 0.0 {
            largest / beginning
        } else {
            0.0
        };
        (ratio > EXPLODING).then(|| GradientReport {
            fault: GradientFault::Exploding,
            epoch,
            layer: model.layer_label(layer),
            ratio: ratio.min(f64::MAX),
            reference: "at the beginning".into(),
            remedies: Remedies::default(),
        })
    }

    /// The first report of each fault.
    pub(crate) fn reports(&self) -> &[GradientReport] {
        &self.reports
    }

    /// The first report of a fault.
    pub(crate) fn report(&self, fault: GradientFault) -> Option<&GradientReport> {
        self.reports.iter().find(|report| report.fault == fault)
    }

    /// Forgets what was measured in an epoch that does not count; the beginning too, when the run begins anew.
    pub(crate) fn reset(&mut self, anew: bool) {
        self.latest.clear();
        if anew {
            self.beginning.clear();
        }
    }
}

fn is_weight(parameter: &Parameter) -> bool {
    parameter.role == ParameterRole::Weight
}

/// The layers that learn weights, first to last. Before a normalisation a weight's size does not matter, nor does its gradient's.
fn weighty(chain: &Chain) -> impl Iterator<Item = usize> {
    let last = chain.layers().len();
    (0..last).filter(move |&layer| {
        let own = |layer| &chain.parameters()[chain.owned(layer)];
        let normalised = layer + 1 < last
            && own(layer + 1)
                .iter()
                .any(|p| p.role == ParameterRole::Scale);
        own(layer).iter().any(is_weight) && !normalised
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ModelSpec;

    #[test]
    fn what_a_layer_has_is_no_advice() {
        let check = |encoder: &str, advice: &str| {
            let text = format!(
                "likelihood = 'mse'\nencoder = [{encoder}]\ndecoder = [{{ layer = 'dense' }}]"
            );
            let spec: ModelSpec = toml::from_str(&text).expect("a specification");
            let model = spec.build(&[4], 1).expect("parts that fit");
            let mut watch = GradientWatch::default();
            watch.latest.sums = vec![1.0; model.chain.layers().len()];
            watch.latest.sums[0] = 0.0;
            watch.latest.batches = 1;
            let found = watch.on_epoch_end(&model, |_| false, 1, false);
            let [report] = &found[..] else {
                panic!("{found:?}")
            };
            assert!(report.layer.starts_with("encoder.0 "), "{report}");
            let said = report.to_string();
            let expected = format!("; try {advice}fewer layers, or a smaller learning rate");
            assert!(said.ends_with(&expected), "{said}");
        };
        let dense = |rest: &str| format!("{{ layer = 'dense', units = 2{rest} }}");
        check(
            &dense(""),
            "activation `gelu` or `leaky-relu`, initializer `he`, ",
        );
        check(
            &dense(", activation = 'gelu'"),
            "activation `leaky-relu`, initializer `he`, ",
        );
        check(
            &dense(", activation = 'leaky-relu'"),
            "activation `gelu`, initializer `he`, ",
        );
        check(
            &dense(", initializer = 'he'"),
            "activation `gelu` or `leaky-relu`, ",
        );
        check(
            &dense(", activation = 'gelu', initializer = 'he'"),
            "activation `leaky-relu`, ",
        );
        // The activation stands behind, and that of a later layer is none of its own.
        let behind = format!(
            "{}, {{ layer = 'activation', activation = 'gelu' }}, {}",
            dense(""),
            dense(", activation = 'leaky-relu'")
        );
        check(&behind, "activation `leaky-relu`, initializer `he`, ");
    }

    #[test]
    fn what_a_run_has_is_no_advice() {
        let check = |preprocessing: &str, clips: bool, advice: &str| {
            let text = format!(
                "likelihood = 'mse'\npreprocessing = '{preprocessing}'
                 encoder = [{{ layer = 'dense', units = 2 }}]\ndecoder = [{{ layer = 'dense' }}]"
            );
            let spec: ModelSpec = toml::from_str(&text).expect("a specification");
            let model = spec.build(&[4], 1).expect("parts that fit");
            let ratios = |sum: f64| Ratios {
                sums: vec![sum; model.chain.layers().len()],
                batches: 1,
            };
            let mut watch = GradientWatch {
                beginning: ratios(1.0),
                latest: ratios(1e12),
                ..GradientWatch::default()
            };
            let found = watch.on_epoch_end(&model, |_| false, 1, clips);
            let [report] = &found[..] else {
                panic!("{found:?}")
            };
            let (said, expected) = (report.to_string(), format!("; try {advice}"));
            assert!(said.ends_with(&expected), "{said}");
        };
        let rate = "a smaller learning rate";
        let both = format!("{rate}, `clip-norm`, or preprocessing `standardise`");
        check("unit-range", false, &both);
        let standardise = format!("{rate}, or preprocessing `standardise`");
        check("unit-range", true, &standardise);
        check("standardise", false, &format!("{rate}, or `clip-norm`"));
        check("standardise", true, rate);
    }
}
