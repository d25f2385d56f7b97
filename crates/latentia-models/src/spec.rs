//! What an autoencoder is made of.

use std::io;

use latentia_nn::terms::Perturb;
use latentia_nn::{
    Activation, Chain, Condition, Corrupt, Corruption, Layer, LayerSpec, Likelihood, Objective,
    Permute, Shape, Widths,
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
    /// From a code to the likelihood's parameters; a layer without `units` or `channels` is as wide as an example, the last one
    /// as the likelihood asks for.
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
        let last = spec.decoder.iter().rfind(|layer| layer.has_width());
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
    /// Sets the width of the code: its own units, or those of the encoder's last layer that has a width, which are channels of
    /// a convolution.
    ///
    /// # Errors
    /// When `width` is 0, or the encoder has no such layer.
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
        let last = self.encoder.iter_mut().rfind(|layer| layer.has_width());
        last.ok_or_else(no_encoder)?.set_width(width);
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
        if !self.encoder.iter().any(LayerSpec::has_width) {
            return Err(no_encoder());
        }
        if !self.decoder.iter().any(LayerSpec::has_width) {
            return Err(ModelError::Part {
                part: "decoder",
                seen: "has no layer that learns a weight".into(),
                valid: "it needs at least one, the last without `units` or `channels`".into(),
            });
        }
        self.check_parts()?;
        let mut layers: Vec<Box<dyn Layer>> = Vec::new();
        if let Some(corruption) = self.corruption {
            layers.push(Box::new(Corrupt::new(inputs, corruption)));
        }
        if self.objective.contractive > 0.0 {
            layers.push(Box::new(Perturb::new(inputs)));
        }

        let encoder = layers.len();
        let picture = Picture::of(shape);
        let mut row = self.condition(Shape::Flat(inputs), &mut layers);
        if self.encoder.iter().any(LayerSpec::needs_planes)
            && let Some(Picture { planes, last }) = picture
            && row == Shape::Flat(inputs)
        {
            row = Shape::Planes(planes);
            if last {
                layers.push(Box::new(Permute::channels_first(planes)));
            }
        }
        let widths = Widths {
            last: inputs,
            others: inputs,
        };
        let mut row = part("encoder", &self.encoder, row, widths, &mut layers)?;
        let quantised = matches!(self.code, Code::VectorQuantised { .. });
        let places = match row {
            Shape::Planes(planes) if quantised => Some(planes),
            _ => None,
        };
        if let Some(planes) = places {
            // The vectors that are replaced are those of all channels at a place.
            layers.push(Box::new(Permute::channels_last(planes, 1)));
        }

        let code = layers.len();
        if let Some((seen, valid)) = self.code.problem(row) {
            let part = "code";
            return Err(ModelError::Part { part, seen, valid });
        }
        let samples = self.objective.importance_samples;
        let own = self.code.build(row.numbers(), samples);
        if let Some(last) = own.last().filter(|last| last.outputs() != row.numbers()) {
            row = last.shape();
        }
        layers.extend(own);

        let decoder = layers.len();
        if let Some(planes) = places {
            layers.push(Box::new(Permute::channels_first(planes)));
        }
        let row = self.condition(row, &mut layers);
        let last = self.likelihood.last_layer(inputs);
        let wanted = match &last {
            Some(last) => last.inputs(),
            None => self.likelihood.outputs(inputs),
        };
        let widths = Widths {
            last: wanted,
            others: inputs,
        };
        let row = part("decoder", &self.decoder, row, widths, &mut layers)?;
        let outputs = row.numbers();
        if outputs != wanted {
            let valid = match wanted == inputs {
                true => format!("an example has {inputs}"),
                false => format!(
                    "`{}` takes {wanted} for the {inputs} of an example",
                    self.likelihood.name()
                ),
            };
            let seen = match row {
                Shape::Flat(outputs) => format!("ends with {outputs} numbers"),
                Shape::Planes(_) => format!("ends with {row}, {outputs} numbers"),
            };
            return Err(ModelError::Part {
                part: "decoder",
                seen,
                valid: format!("{valid}; leave out `units` or `channels` of its last layer"),
            });
        }
        if let (Shape::Planes(_), Some(Picture { planes, last: true })) = (row, picture) {
            layers.push(Box::new(Permute::channels_last(planes, wanted / inputs)));
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
        let ends = self.decoder.iter().rfind(|layer| layer.has_width());
        if !self.output_bias.is_zero() && !ends.is_some_and(LayerSpec::is_dense) {
            let seen = "`data-mean` begins at a mean for each number".into();
            return refuse(
                "output-bias",
                seen,
                "leave it out, or end the decoder with a dense layer",
            );
        }
        self.objective.check(self)?;
        if self.code.has_prior() && !self.likelihood.is_in_nats_per_example() {
            let valid = "the code's divergence is in nats per example: use `bernoulli`, a Gaussian, or one of 8-bit values";
            let seen = format!("`{}` is a mean over elements", self.likelihood.name());
            return refuse("likelihood", seen, valid);
        }
        Ok(())
    }

    /// Adds the layer that tells of the class, where the model is told it, and gives back the shape of a row behind it.
    fn condition(&self, row: Shape, layers: &mut Vec<Box<dyn Layer>>) -> Shape {
        let Some(ConditionSpec { classes }) = self.condition else {
            return row;
        };
        let layer = Condition::new(row.numbers(), classes);
        let row = layer.shape();
        layers.push(Box::new(layer));
        row
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
        // Whatever comes last may bend the output, behind the last layer that has a width.
        let bends = |layer: &&LayerSpec| layer.activation() != Activation::Linear;
        let end = self.decoder.iter().rposition(LayerSpec::has_width);
        let last = self.decoder[end.unwrap_or(0)..].iter().find(bends);
        match last.map(LayerSpec::activation) {
            None => Ok(()),
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

/// Examples that are planes.
#[derive(Clone, Copy, Debug)]
struct Picture {
    /// `[channels, height, width]`
    planes: [usize; 3],
    /// Whether the channels come last, as files of pictures have them.
    last: bool,
}

impl Picture {
    /// What examples of shape `shape` are: `[height, width]`, or with up to 4 channels behind, or else with channels before.
    fn of(shape: &[usize]) -> Option<Self> {
        let (planes, last) = match *shape {
            [height, width] => ([1, height, width], false),
            [height, width, channels @ 1..=4] => ([channels, height, width], channels > 1),
            [channels, height, width] => ([channels, height, width], false),
            _ => return None,
        };
        Some(Self { planes, last })
    }
}

/// Adds the layers of one part, for rows of shape `row`, and gives back the shape behind them.
fn part(
    part: &'static str,
    specs: &[LayerSpec],
    row: Shape,
    widths: Widths,
    layers: &mut Vec<Box<dyn Layer>>,
) -> Result<Shape, ModelError> {
    let built = LayerSpec::build(specs, row, widths);
    let (built, row) = built.map_err(|source| ModelError::Layer { part, source })?;
    layers.extend(built);
    Ok(row)
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
        seen: "has no layer that learns a weight".into(),
        valid: "it needs at least one, dense or a convolution; the last one's `units` are the width of a deterministic code".into(),
    }
}
