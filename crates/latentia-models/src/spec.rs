//! What an autoencoder is made of.

use std::io;

use latentia_nn::terms::Perturb;
use latentia_nn::{
    Activation, Chain, Condition, Corrupt, Corruption, Layer, LayerSpec, Likelihood, Objective,
};
use serde::{Deserialize, Serialize};

use crate::autoencoder::Sections;
use crate::{Autoencoder, Code, ModelError, ObjectiveSpec, Preprocessing, Scaling};

/// The most numbers that a model learns: a slip of the keyboard should not end in a lack of memory.
const MAX_PARAMETERS: usize = 1 << 30;

/// An autoencoder as plain data: `preprocessing -> corruption -> encoder -> code -> decoder -> likelihood`, and an
/// objective that weighs the terms.
///
/// ```
/// let spec: latentia_models::ModelSpec = toml::from_str(r#"
///     likelihood = "bce"
///     encoder = [{ layer = "dense", units = 32, activation = "relu" }]
///     decoder = [{ layer = "dense" }]
/// "#)?;
/// let model = spec.build(&[28, 28], 42)?;
/// assert_eq!(model.code_width(), 32);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ModelSpec {
    /// How raw values become the model's input.
    #[serde(default)]
    pub preprocessing: Preprocessing,
    /// What the decoder's output means, and the loss.
    pub likelihood: Likelihood,
    /// Where the output begins.
    #[serde(default, skip_serializing_if = "OutputBias::is_zero")]
    pub output_bias: OutputBias,
    /// How examples are spoilt in training before the encoder sees them; the target stays clean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corruption: Option<Corruption>,
    /// What stands between encoder and decoder.
    #[serde(default, skip_serializing_if = "Code::is_deterministic")]
    pub code: Code,
    /// The weights of the code's terms.
    #[serde(default, skip_serializing_if = "ObjectiveSpec::is_default")]
    pub objective: ObjectiveSpec,
    /// What encoder and decoder are told beside the numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<ConditionSpec>,
    /// From an example to its code, or to what the code is made of.
    pub encoder: Vec<LayerSpec>,
    /// From a code to the likelihood's parameters; a dense layer without `units` is as wide as an example, the last one as
    /// the likelihood asks for.
    pub decoder: Vec<LayerSpec>,
}

/// What a model is told of an example beside its numbers: its class (Sohn et al. 2015).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ConditionSpec {
    /// How many classes there are; labels count from 0.
    pub classes: usize,
}

/// First values of the bias of the decoder's last layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputBias {
    /// Zero
    #[default]
    Zero,
    /// Such that the output begins at the mean of the training examples: under a sigmoid `ln(m / (1 - m))`, the means `m`
    /// held to `[0.001, 0.999]` (Burda et al. 2016), else `m`. Without it, the first steps push all units down to reach the
    /// mean of dark pictures, and some units of a ReLU never return. Of two outputs a number, the first begin there (`ln α`
    /// of a beta-binomial likelihood) and the second at 0.
    DataMean,
}

impl OutputBias {
    fn is_zero(&self) -> bool {
        *self == Self::Zero
    }

    /// The bias for means `means` of the training examples, where it depends on them.
    pub(crate) fn values(
        self,
        spec: &ModelSpec,
        means: impl FnOnce() -> io::Result<Vec<f64>>,
    ) -> io::Result<Option<Vec<f32>>> {
        if self.is_zero() {
            return Ok(None);
        }
        let last = spec.decoder.iter().rfind(|layer| layer.is_dense());
        let sigmoid = spec.likelihood.has_sigmoid_mean()
            || last.is_some_and(|layer| layer.activation() == Activation::Sigmoid);
        let bias = |mean: f64| {
            let held = mean.clamp(0.001, 0.999);
            let bias = if sigmoid {
                (held / (1.0 - held)).ln()
            } else {
                mean
            };
            bias as f32
        };
        Ok(Some(means()?.into_iter().map(bias).collect()))
    }
}

impl ModelSpec {
    /// Sets the width of the code: its own units, or those of the encoder's last dense layer.
    ///
    /// # Errors
    /// When `width` is 0, or the encoder has no dense layer.
    pub fn set_code_width(&mut self, width: usize) -> Result<(), ModelError> {
        if width == 0 {
            return Err(ModelError::Option {
                name: "latent",
                seen: "0".into(),
                valid: "at least 1",
            });
        }
        if let Code::Gaussian { units } = &mut self.code {
            *units = width;
            return Ok(());
        }
        let dense = self.encoder.iter_mut().rev().find_map(|layer| match layer {
            LayerSpec::Dense { units, .. } => Some(units),
            LayerSpec::Dropout { .. } => None,
        });
        match dense {
            Some(units) => *units = Some(width),
            None => return Err(no_encoder()),
        }
        Ok(())
    }

    /// Builds a model for examples of shape `shape`, with parameters drawn from `seed`.
    ///
    /// Past this point nothing can mismatch.
    ///
    /// # Errors
    /// When parts do not fit each other; the part, its value and what would be valid are named.
    pub fn build(&self, shape: &[usize], seed: u64) -> Result<Autoencoder, ModelError> {
        let inputs = shape
            .iter()
            .try_fold(1, |inputs: usize, &n| inputs.checked_mul(n));
        // No example of that many numbers fits into memory: none can be had.
        let Some(inputs) = inputs.filter(|&n| n > 0) else {
            return Err(ModelError::NoExamples {
                purpose: "build a model for",
            });
        };
        if !self.encoder.iter().any(LayerSpec::is_dense) {
            return Err(no_encoder());
        }
        if !self.decoder.iter().any(LayerSpec::is_dense) {
            return Err(ModelError::Part {
                part: "decoder",
                seen: "has no dense layer".into(),
                valid: "it needs at least one, the last without `units`".into(),
            });
        }
        let part = |part, specs: &[LayerSpec], width| {
            LayerSpec::build(specs, width, inputs)
                .map_err(|source| ModelError::Layer { part, source })
        };
        self.check_parts()?;
        let width =
            |layers: &[Box<dyn Layer>]| layers.last().map_or(inputs, |layer| layer.outputs());
        let condition = |width| -> Option<Box<dyn Layer>> {
            let classes = self.condition?.classes;
            Some(Box::new(Condition::new(width, classes)))
        };
        let mut layers: Vec<Box<dyn Layer>> = Vec::new();
        if let Some(corruption) = self.corruption {
            layers.push(Box::new(Corrupt::new(inputs, corruption)));
        }
        if self.objective.contractive > 0.0 {
            layers.push(Box::new(Perturb::new(inputs)));
        }
        let encoder = layers.len();
        layers.extend(condition(inputs));
        layers.extend(part("encoder", &self.encoder, width(&layers))?);
        let code = layers.len();
        if let Some((seen, valid)) = self.code.problem(width(&layers)) {
            let part = "code";
            return Err(ModelError::Part { part, seen, valid });
        }
        let samples = self.objective.importance_samples;
        layers.extend(self.code.build(width(&layers), samples));
        let decoder = layers.len();
        layers.extend(condition(width(&layers)));
        let last = self.likelihood.last_layer(inputs);
        let wanted = match &last {
            Some(last) => last.inputs(),
            None => self.likelihood.outputs(inputs),
        };
        let specs = self.decoder_ending_with(wanted);
        layers.extend(part("decoder", &specs, width(&layers))?);

        let outputs = width(&layers);
        if outputs != wanted {
            let valid = match wanted == inputs {
                true => format!("an example has {inputs}"),
                false => format!(
                    "`{}` takes {wanted} for the {inputs} of an example",
                    self.likelihood.name()
                ),
            };
            return Err(ModelError::Part {
                part: "decoder",
                seen: format!("ends with {outputs} numbers"),
                valid: format!("{valid}; leave out `units` of its last layer"),
            });
        }
        layers.extend(last);
        self.check_likelihood()?;
        check_size(&layers)?;
        Ok(Autoencoder {
            spec: self.clone(),
            shape: shape.to_vec(),
            scaling: Scaling::identity(),
            sections: Sections {
                encoder: encoder..code,
                code: code..decoder,
                decoder: decoder..layers.len(),
            },
            chain: Chain::new(layers, seed),
        })
    }

    /// Epochs after which losses compare with each other: nothing warms up any more.
    pub(crate) fn warm_up(&self) -> u32 {
        self.objective.warm_up.max(self.code.warm_up())
    }

    /// What training minimises, for a model built of `layers` cut into `sections`.
    pub(crate) fn objective(&self, sections: &Sections, layers: &[Box<dyn Layer>]) -> Objective {
        let code = sections.decoder.start - 1;
        let own = self.code.term(layers[code].outputs(), self.likelihood);
        let asked = self.objective.terms(self.code);
        Objective {
            likelihood: self.likelihood,
            code,
            terms: own.into_iter().chain(asked).collect(),
            importance_weighted: self.objective.is_importance_weighted(),
        }
    }

    /// Refuses numbers of corruption, condition and objective that make no sense, alone or together.
    fn check_parts(&self) -> Result<(), ModelError> {
        let refuse = |part, seen: String, valid: &str| {
            let valid = valid.into();
            Err(ModelError::Part { part, seen, valid })
        };
        if let Some(corruption) = self.corruption.filter(|corruption| !corruption.is_valid()) {
            let valid = "a rate lies in [0, 1], a deviation is finite and at least 0";
            return refuse("corruption", format!("is {corruption}"), valid);
        }
        if let Some(ConditionSpec { classes }) = self.condition
            && !(2..=256).contains(&classes)
        {
            let valid = "it must be from 2 to 256";
            return refuse("condition", format!("has {classes} classes"), valid);
        }
        self.objective.check(self)?;
        if self.code.has_prior() && !self.likelihood.is_in_nats_per_example() {
            let valid = "the code's divergence is in nats per example: use `bernoulli`, a Gaussian, or one of 8-bit values";
            let seen = format!("`{}` is a mean over elements", self.likelihood.name());
            return refuse("likelihood", seen, valid);
        }
        Ok(())
    }

    /// The decoder, its last dense layer `width` wide where it does not say how wide it is.
    fn decoder_ending_with(&self, width: usize) -> Vec<LayerSpec> {
        let mut decoder = self.decoder.clone();
        let last = decoder.iter_mut().rfind(|layer| layer.is_dense());
        if let Some(LayerSpec::Dense { units, .. }) = last {
            units.get_or_insert(width);
        }
        decoder
    }

    /// Refuses preprocessing and a last activation that the likelihood cannot work on.
    fn check_likelihood(&self) -> Result<(), ModelError> {
        let name = self.likelihood.name();
        let preprocessing = self.preprocessing.name();
        let refused = |valid: &str| {
            Err(ModelError::Part {
                part: "likelihood",
                seen: format!("`{name}` does not fit preprocessing `{preprocessing}`"),
                valid: valid.into(),
            })
        };
        if self.preprocessing.binarises() && !self.likelihood.is_binary() {
            return refused("values are 0 or 1: use `bernoulli` or `bce`");
        }
        if self.likelihood.is_discrete() && self.preprocessing != Preprocessing::UnitRange {
            return refused(
                "it needs 8-bit values as they are: use `unit-range`, or likelihood `gaussian-learned-scale`",
            );
        }
        if self.likelihood.is_binary() && self.preprocessing == Preprocessing::Standardise {
            return refused(
                "it needs values in [0, 1]: use `unit-range` or `min-max`, or likelihood `mse`",
            );
        }
        let what = match self.likelihood {
            Likelihood::Bce | Likelihood::Bernoulli => "logits and applies the sigmoid itself",
            Likelihood::GaussianLearnedScale | Likelihood::DiscretisedLogistic => {
                "means and the logarithms of scales"
            }
            Likelihood::BetaBinomial => "the logarithms of α and β",
            Likelihood::Mse | Likelihood::Gaussian | Likelihood::GaussianSharedScale => {
                return Ok(());
            }
        };
        let last = self.decoder.iter().rfind(|layer| layer.is_dense());
        match last.map(LayerSpec::activation) {
            None | Some(Activation::Linear) => Ok(()),
            Some(activation) => Err(ModelError::Part {
                part: "decoder",
                seen: format!(
                    "ends with activation `{}` under likelihood `{name}`",
                    activation.name()
                ),
                valid: format!("it works on {what}: leave the last activation out"),
            }),
        }
    }
}

fn check_size(layers: &[Box<dyn Layer>]) -> Result<(), ModelError> {
    let parameters = layers
        .iter()
        .flat_map(|layer| layer.parameters())
        .map(|p| p.rows.saturating_mul(p.cols))
        .fold(0, usize::saturating_add);
    if parameters <= MAX_PARAMETERS {
        return Ok(());
    }
    let widths: Vec<String> = layers.iter().map(|l| l.outputs().to_string()).collect();
    Err(ModelError::Part {
        part: "model",
        seen: format!(
            "has {parameters} parameters, in layers of {} numbers",
            widths.join(", ")
        ),
        valid: format!("at most {MAX_PARAMETERS} are possible; use smaller layers"),
    })
}

fn no_encoder() -> ModelError {
    ModelError::Part {
        part: "encoder",
        seen: "has no dense layer".into(),
        valid:
            "it needs at least one; the last one's `units` are the width of a deterministic code"
                .into(),
    }
}
