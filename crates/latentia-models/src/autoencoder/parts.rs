//! The parts that a model is made of, and a model of them.

use std::sync::Arc;

use latentia_nn::latents::Deterministic;
use latentia_nn::likelihoods::Mse;
use latentia_nn::{
    Chain, Discriminator, Importance, InvalidSpec, Latent, Layer, Likelihood, Penalty, Shape, Unit,
};
use latentia_tensor::ExampleShape;

use super::mean_bias::MeanBias;
use super::sections::Sections;
use crate::{Autoencoder, LossOn, ModelError, Preprocessing, Scaling};

/// The most parameters that a model learns: a slip of the keyboard should not end in a lack of memory.
const MAX_PARAMETERS: usize = 1 << 30;

/// The most samples of an example where they cannot come in rounds.
const MAX_SAMPLES_AT_ONCE: usize = 1000;

/// The parts that a model is made of: those of the specification's lists, which [`crate::ModelSpec::parts`] gives, or anyone's own.
///
/// `examples -> preprocessing -> corruption -> encoder -> latent -> decoder -> likelihood`, and penalties on the codes. What a literal
/// leaves out is a deterministic code, [`Mse`], and nothing else; encoder and decoder there must be.
///
/// ```
/// use latentia_models::{Autoencoder, Parts};
/// use latentia_nn::layers::Dense;
/// use latentia_nn::{Activation, Initializer, Layer};
///
/// let dense = |inputs, outputs, activation| -> Box<dyn Layer> {
///     Box::new(Dense::new(inputs, outputs, activation, Initializer::Glorot))
/// };
/// let parts = Parts {
///     encoder: vec![dense(8, 2, Activation::Relu)],
///     decoder: vec![dense(2, 8, Activation::Linear)],
///     ..Parts::default()
/// };
/// let model = Autoencoder::from_parts(parts, &[8], 42)?;
/// assert_eq!(model.code_width(), 2);
/// # Ok::<(), latentia_models::ModelError>(())
/// ```
#[derive(Debug)]
pub struct Parts {
    /// How raw values become the model's.
    pub preprocessing: Preprocessing,
    /// Layers before the encoder that change examples in training; the target stays as it was.
    pub corruption: Vec<Box<dyn Layer>>,
    /// Which elements the loss is counted on: the hidden ones need a layer of `corruption` that [saves what it hides](
    /// latentia_nn::Abilities::saves_hidden), as [`Corrupt::recording`](latentia_nn::layers::Corrupt::recording) does.
    pub loss_on: LossOn,
    /// From an example to what the code is made of.
    pub encoder: Vec<Box<dyn Layer>>,
    /// How the code is made of the encoder's output.
    pub latent: Arc<dyn Latent>,
    /// From the code to the likelihood's parameters, without the likelihood's own last layer.
    pub decoder: Vec<Box<dyn Layer>>,
    /// What the decoder's output means, and the loss.
    pub likelihood: Arc<dyn Likelihood>,
    /// What is added to the loss, beside the penalty that [belongs to the latent](Latent::penalty). A Gaussian code needs
    /// [`KlDivergence`](latentia_nn::penalties::KlDivergence) here, or nothing holds it to its prior.
    pub penalties: Vec<Arc<dyn Penalty>>,
    /// What tells codes from draws of another distribution while the encoder learns to deceive it.
    pub discriminator: Option<Discriminator>,
    /// Samples of the posterior for each example, weighted by importance (Burda et al. 2016); 1 for the ELBO.
    pub importance_samples: usize,
    /// How they are weighted.
    pub importance: Importance,
    /// How many classes encoder and decoder are told one of; their layers take it from [`latentia_nn::Pass::labels`].
    pub classes: Option<usize>,
    /// Where outputs begin at the mean of the training examples.
    pub output_bias: Option<MeanBias>,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            preprocessing: Preprocessing::default(),
            corruption: Vec::new(),
            loss_on: LossOn::default(),
            encoder: Vec::new(),
            latent: Arc::new(Deterministic {}),
            decoder: Vec::new(),
            likelihood: Arc::new(Mse),
            penalties: Vec::new(),
            discriminator: None,
            importance_samples: 1,
            importance: Importance::default(),
            classes: None,
            output_bias: None,
        }
    }
}

impl Autoencoder {
    /// A model of `parts` for examples of shape `shape`, with parameters drawn from `seed`.
    ///
    /// No specification describes it: [`Self::described_as`] says what a file is to keep instead.
    ///
    /// # Errors
    /// When parts do not fit each other; the part, its value and what would be valid are named.
    pub fn from_parts(
        parts: Parts,
        shape: impl Into<ExampleShape>,
        seed: u64,
    ) -> Result<Self, ModelError> {
        let shape = shape.into();
        let inputs = elements(&shape)?;
        parts.check(inputs)?;
        let hidden = parts.hidden_layer()?;
        let Parts {
            corruption,
            encoder,
            latent,
            decoder,
            likelihood,
            ..
        } = parts;
        let row = behind(&encoder, Shape::Flat(inputs));
        let code = code_layers(&*latent, row, parts.importance_samples)?;
        let mut sections = Sections {
            encoder: corruption.len()..corruption.len() + encoder.len(),
            code: 0..0,
            decoder: 0..0,
        };
        let mut layers = corruption;
        layers.extend(encoder);
        sections.code = layers.len()..layers.len() + code.len();
        layers.extend(code);
        let code_width = behind(&layers, row).elements();
        sections.decoder.start = layers.len();
        layers.extend(decoder);
        layers.extend(likelihood.last_layer(inputs));
        sections.decoder.end = layers.len();
        check_size(&layers)?;
        let own = latent.penalty(code_width, &*likelihood);
        Ok(Self {
            description: None,
            shape,
            schema: None,
            preparation: None,
            windows: None,
            preprocessing: parts.preprocessing,
            scaling: Scaling::identity(),
            is_fitted: false,
            classes: parts.classes,
            penalties: own.into_iter().chain(parts.penalties).collect(),
            discriminator: parts.discriminator,
            importance: (parts.importance_samples > 1).then_some(parts.importance),
            output_bias: parts.output_bias,
            hidden,
            chain: Chain::new(layers, seed)?,
            sections,
            latent,
            likelihood,
        })
    }
}

impl Parts {
    /// Refuses parts that do not fit each other, for examples of `inputs` elements.
    fn check(&self, inputs: usize) -> Result<(), ModelError> {
        let refuse =
            |part, seen: String, valid: String| Err(ModelError::Part { part, seen, valid });
        let of_example = format!("an example has {inputs}");
        let first = self.corruption.iter().chain(&self.encoder).next();
        let (Some(first), false, false) = (first, self.encoder.is_empty(), self.decoder.is_empty())
        else {
            let part = if self.encoder.is_empty() {
                "encoder"
            } else {
                "decoder"
            };
            return refuse(part, "has no layer".into(), "it needs at least one".into());
        };
        if first.inputs() != inputs {
            let seen = format!(
                "begins with {}, which takes {}",
                first.name(),
                first.inputs()
            );
            return refuse("encoder", seen, of_example);
        }
        self.check_objective()
            .map_err(ModelError::part("objective"))?;
        let fits = self.likelihood.check(inputs);
        fits.map_err(ModelError::part("likelihood"))?;
        let (last, name) = (self.likelihood.last_layer(inputs), self.likelihood.name());
        let wanted = match &last {
            Some(last) => last.inputs(),
            None => self.likelihood.outputs(inputs),
        };
        let outputs = behind(&self.decoder, Shape::Flat(0)).elements();
        if outputs != wanted {
            let valid = match wanted == inputs {
                true => of_example,
                false => format!("`{name}` takes {wanted} for the {inputs} of an example"),
            };
            return refuse("decoder", format!("ends with {outputs} elements"), valid);
        }
        if self.latent.distribution().is_some() && !self.likelihood.is_in_nats_per_example() {
            let (what, others) = match self.likelihood.unit() {
                Unit::Dissimilarity => (
                    "a dissimilarity",
                    ", or a deterministic code that `mmd` or a discriminator holds to its prior",
                ),
                _ => ("a mean over elements", ""),
            };
            let valid = format!(
                "the code's divergence is in nats per example: use `bernoulli`, a Gaussian, or one of 8-bit values{others}"
            );
            return refuse("likelihood", format!("`{name}` is {what}"), valid);
        }
        self.check_preprocessing()
    }

    /// Refuses weights of samples that fit neither each other nor the other parts, and a discriminator that does not fit the latent.
    fn check_objective(&self) -> Result<(), InvalidSpec> {
        let (samples, importance) = (self.importance_samples, self.importance);
        if samples == 0 {
            let valid = "it must be at least 1";
            return Err(("has importance-samples 0".into(), valid.into()));
        }
        importance.check(samples, &*self.latent)?;
        if let Some(discriminator) = self.discriminator {
            discriminator.check(&*self.latent)?;
        }
        if importance.partially && (self.discriminator.is_some() || !self.penalties.is_empty()) {
            let seen = "has partially-importance-weighted beside a penalty or a discriminator";
            let valid = "an encoder learns by the bound alone then: leave one of them out";
            return Err((seen.into(), valid.into()));
        }
        if samples > MAX_SAMPLES_AT_ONCE && self.loss_on == LossOn::Hidden {
            let seen = format!("has importance-samples {samples} beside loss-on `hidden`");
            let valid = format!(
                "that loss needs all samples at once, at most {MAX_SAMPLES_AT_ONCE}: ask for fewer"
            );
            return Err((seen, valid));
        }
        let mut decoder = self.decoder.iter();
        let compares = decoder.find(|layer| layer.abilities().batch_statistics.is_some());
        let Some(layer) = compares.map(|layer| layer.name()) else {
            return Ok(());
        };
        if importance.partially {
            let seen =
                format!("has partially-importance-weighted with a layer `{layer}` in the decoder");
            let valid = "statistics of the batch mix the gradients of its rows: use `group-norm` there, or leave one of them out";
            return Err((seen, valid.into()));
        }
        if samples > MAX_SAMPLES_AT_ONCE {
            let seen =
                format!("has importance-samples {samples} with a layer `{layer}` in the decoder");
            let valid = format!(
                "statistics of the batch need all samples at once, at most {MAX_SAMPLES_AT_ONCE}: use `group-norm` there, or fewer"
            );
            return Err((seen, valid));
        }
        Ok(())
    }

    /// The layer that hides what the loss is counted on, where it is counted on that.
    fn hidden_layer(&self) -> Result<Option<usize>, ModelError> {
        if self.loss_on == LossOn::All {
            return Ok(None);
        }
        let likelihood = &self.likelihood;
        let mut layers = self.corruption.iter();
        let hiding = layers.position(|layer| layer.abilities().saves_hidden);
        let (seen, valid) = match hiding {
            None => (
                "has loss-on `hidden`, but no corruption that hides elements".into(),
                "use `masking`, `salt-and-pepper`, `hide` or `patches` at a rate that hides some, or leave `loss-on` out",
            ),
            Some(_) if !(likelihood.has_independent_elements() || likelihood.takes_missing()) => (
                format!(
                    "has loss-on `hidden` under likelihood `{}`",
                    likelihood.name()
                ),
                "it needs a likelihood whose elements have losses of their own, as `bernoulli` and `mse`: counts share a library, `ms-ssim` compares neighbours",
            ),
            layer => return Ok(layer),
        };
        let (part, valid) = ("model", valid.into());
        Err(ModelError::Part { part, seen, valid })
    }

    /// Refuses preprocessing that the likelihood cannot work on.
    fn check_preprocessing(&self) -> Result<(), ModelError> {
        let (preprocessing, likelihood) = (self.preprocessing, &self.likelihood);
        let valid = if preprocessing.binarises() && !likelihood.is_binary() {
            "values are 0 or 1: use `bernoulli` or `bce`"
        } else if likelihood.is_discrete() && preprocessing != Preprocessing::UnitRange {
            "it needs 8-bit values as they are: use `unit-range`, or likelihood `gaussian-learned-scale`"
        } else if likelihood.is_of_counts() && preprocessing != Preprocessing::UnitRange {
            "it needs counts as they are: use `unit-range`, and activation `symlog` before the encoder's first dense layer"
        } else if likelihood.is_binary()
            && matches!(
                preprocessing,
                Preprocessing::Standardise | Preprocessing::Robust
            )
        {
            "it needs values in [0, 1]: use `unit-range` or `min-max`, or likelihood `mse`"
        } else {
            return Ok(());
        };
        let (name, preprocessing) = (likelihood.name(), preprocessing.name());
        Err(ModelError::Part {
            part: "likelihood",
            seen: format!("`{name}` does not fit preprocessing `{preprocessing}`"),
            valid: valid.into(),
        })
    }
}

/// Elements of an example of shape `shape`.
pub(super) fn elements(shape: &[usize]) -> Result<usize, ModelError> {
    let mut sizes = shape.iter();
    let elements = sizes.try_fold(1, |elements: usize, &n| elements.checked_mul(n));
    // No example of that many elements fits into memory: none can be had.
    elements.filter(|&n| n > 0).ok_or(ModelError::NoExamples {
        purpose: "build a model for",
    })
}

/// The layers that make a code of rows of shape `row`.
pub(super) fn code_layers(
    latent: &dyn Latent,
    row: Shape,
    samples: usize,
) -> Result<Vec<Box<dyn Layer>>, ModelError> {
    latent.check(row).map_err(ModelError::part("code"))?;
    Ok(latent.layers(row.elements(), samples))
}

/// The shape of a row behind `layers`, which are given rows of shape `row`.
fn behind(layers: &[Box<dyn Layer>], row: Shape) -> Shape {
    layers.last().map_or(row, |last| last.output())
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
            "has {parameters} parameters, in layers of {} elements",
            widths.join(", ")
        ),
        valid: format!("at most {MAX_PARAMETERS} are possible; use smaller layers"),
    })
}
