//! What an autoencoder is made of.

use latentia_nn::{
    Activation, Corruption, LatentSpec, LayerSpec, Likelihood, LikelihoodSpec, ObjectiveSpec,
};
use latentia_tensor::{ElementKind, Schema};
use serde::{Deserialize, Serialize};

use crate::{ModelError, Preprocessing};

/// An autoencoder as plain data: `preprocessing -> corruption -> encoder -> latent -> decoder -> likelihood`, and
/// an objective that weighs penalties.
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ModelSpec {
    /// How raw values become the model's input. Example: `preprocessing = "standardise"`
    #[serde(default)]
    pub preprocessing: Preprocessing,
    /// What the decoder's output means, and the loss. Example: `likelihood = "bernoulli"`
    pub likelihood: LikelihoodSpec,
    /// Where the output begins. Example: `output-bias = "data-mean"`
    #[cfg_attr(feature = "schema", schemars(!skip_serializing_if))]
    #[serde(default, skip_serializing_if = "OutputBias::is_zero")]
    pub output_bias: OutputBias,
    /// How examples are corrupted in training before the encoder sees them; the target stays clean.
    /// Example: `corruption = { kind = "masking", rate = 0.3 }`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corruption: Option<Corruption>,
    /// Which elements of an example the likelihood's loss is counted on. Example: `loss-on = "hidden"`
    #[cfg_attr(feature = "schema", schemars(!skip_serializing_if))]
    #[serde(default, skip_serializing_if = "LossOn::is_all")]
    pub loss_on: LossOn,
    /// What stands between encoder and decoder. Example: `code = { kind = "gaussian", units = 20 }`
    #[cfg_attr(feature = "schema", schemars(!skip_serializing_if))]
    #[serde(default, skip_serializing_if = "LatentSpec::is_default")]
    pub code: LatentSpec,
    /// The weights of the penalties. Example: `objective = { beta = 4.0, warm-up = 10 }`
    #[cfg_attr(feature = "schema", schemars(!skip_serializing_if))]
    #[serde(default, skip_serializing_if = "ObjectiveSpec::is_default")]
    pub objective: ObjectiveSpec,
    /// What encoder and decoder are told beside the values. Example: `condition = { classes = 10 }`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<ConditionSpec>,
    /// From an example to its code, or to what the code is made of; without `code`, the width of the last layer is the code's.
    /// Example: `encoder = [{ layer = "dense", units = 32 }]`
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub encoder: Vec<LayerSpec>,
    /// From a code to the likelihood's parameters; a layer without `units` or `channels` is as wide as an example, the last one
    /// as the likelihood asks for. Layers that enlarge feature maps come back to the height and width of an example: each has, of
    /// the sizes that it can have, the one that ends so, as written where that does. Example: `decoder = [{ layer = "dense" }]`
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub decoder: Vec<LayerSpec>,
}

/// What a model is told of an example beside its values: its class (Sohn et al. 2015).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ConditionSpec {
    /// How many classes there are; labels count from 0. Example: `classes = 10`
    #[cfg_attr(feature = "schema", schemars(range(min = 2, max = 65536)))]
    pub classes: usize,
}

/// Which elements of an example the likelihood's loss is counted on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LossOn {
    /// All.
    #[default]
    All,
    /// Those that the corruption hides, by `masking`, `salt-and-pepper`, `hide` or `patches`: a masked autoencoder (He et al. 2022, arXiv 2111.06377). A loss that
    /// is a mean over elements is one over the hidden ones. Validation examples are then corrupted too, each in all epochs alike, so that their loss is of the
    /// same kind as that of training; other measures are of examples as they are.
    Hidden,
}

impl LossOn {
    fn is_all(&self) -> bool {
        *self == Self::All
    }
}

/// Initial values of the bias of the decoder's last layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OutputBias {
    /// Zero
    #[default]
    Zero,
    /// Such that the output begins at the mean of the training examples: under a sigmoid `ln(m / (1 - m))`, the means `m`
    /// held to `[0.001, 0.999]` (Burda et al. 2016), else `m`. Without it, the first steps push all units down to reach the
    /// mean of dark pictures, and some units of a ReLU never return. Of two outputs an element, the first begin there (`ln α`
    /// of a beta-binomial likelihood) and the second at 0.
    DataMean,
}

impl OutputBias {
    fn is_zero(&self) -> bool {
        *self == Self::Zero
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
        if self.code.set_width(width) {
            return Ok(());
        }
        let last = self.encoder.iter_mut().rfind(|layer| layer.has_width());
        last.ok_or_else(no_encoder)?.set_width(width);
        Ok(())
    }

    /// Where outputs begin at the mean of the training examples, whether that is a sigmoid of theirs.
    pub(crate) fn begins_at_mean(&self) -> Option<bool> {
        let bends = |layer: &LayerSpec| layer.activation() == Activation::Sigmoid;
        // Its own activation, or one that stands behind it.
        let sigmoid = || self.likelihood.has_sigmoid_mean() || self.decoder_end().iter().any(bends);
        (!self.output_bias.is_zero()).then(sigmoid)
    }

    /// The decoder from its last layer that has a width.
    fn decoder_end(&self) -> &[LayerSpec] {
        let end = self.decoder.iter().rposition(|layer| layer.has_width());
        &self.decoder[end.unwrap_or(0)..]
    }

    /// Refuses values of corruption, condition and objective that make no sense, alone or together.
    pub(crate) fn check_parts(&self) -> Result<(), ModelError> {
        let refuse = |part, seen: String, valid: &str| {
            let valid = valid.into();
            Err(ModelError::Part { part, seen, valid })
        };
        if let Some(corruption) = self.corruption.filter(|corruption| !corruption.is_valid()) {
            let valid =
                "a rate lies in [0, 1], a deviation is finite and at least 0, a size at least 1";
            return refuse("corruption", format!("is {corruption}"), valid);
        }
        if let Some(ConditionSpec { classes }) = self.condition
            && !(2..=65_536).contains(&classes)
        {
            let valid = "it must be from 2 to 65536";
            return refuse("condition", format!("has {classes} classes"), valid);
        }
        let ends_dense = self
            .decoder_end()
            .split_first()
            .is_some_and(|(last, behind)| {
                last.is_dense() && behind.iter().all(|layer| layer.is_elementwise())
            });
        if !self.output_bias.is_zero() && !ends_dense {
            let seen = "`data-mean` begins at a mean for each element".into();
            return refuse(
                "output-bias",
                seen,
                "leave it out, or end the decoder with a dense layer",
            );
        }
        let objective = &self.objective;
        let objective = objective.check(&*self.code, &self.encoder, &self.decoder);
        objective.map_err(ModelError::part("objective"))?;
        Ok(())
    }

    /// Refuses a table's categories and gaps under a likelihood that takes numbers alone, and what cannot be done to cells that are
    /// no numbers.
    pub(crate) fn check_columns(
        &self,
        likelihood: &dyn Likelihood,
        schema: Option<&Schema>,
    ) -> Result<(), ModelError> {
        let refuse = |part, seen: String, valid: &str| {
            let valid = valid.into();
            Err(ModelError::Part { part, seen, valid })
        };
        if likelihood.is_of_counts() && !self.output_bias.is_zero() {
            let seen = "`data-mean` is no logit of a share in a library".into();
            return refuse("output-bias", seen, "leave it out");
        }
        let over_columns = "use `columns` or `columns-learned-scale`";
        if likelihood.takes_missing() {
            let has_others = schema.is_some_and(|schema| {
                let kinds = schema.elements();
                kinds.iter().any(|kind| *kind != ElementKind::Number)
            });
            let hides = self.corruption.is_none_or(|own| own.hides());
            let is_cut = matches!(self.corruption, Some(Corruption::Patches { .. }));
            if !hides && (is_cut || self.loss_on == LossOn::Hidden) {
                let seen = match is_cut {
                    true => "is `patches`, over a table's columns",
                    false => "hides parts of columns, and the loss is on hidden ones",
                };
                return refuse(
                    "corruption",
                    seen.into(),
                    "use `hide`, which hides whole columns",
                );
            }
            if !self.output_bias.is_zero() {
                let seen = "`data-mean` is no mean of a table's columns".into();
                return refuse("output-bias", seen, "leave it out");
            }
            if self.objective.input_layers(1).next().is_some() && has_others {
                let seen = "`contractive` takes small steps, which categories do not have".into();
                return refuse("objective", seen, "it needs columns of numbers alone");
            }
            return Ok(());
        }
        if self.corruption.is_some_and(|corruption| corruption.hides()) {
            let seen = format!("hides values, which `{}` does not take", likelihood.name());
            return refuse("corruption", seen, over_columns);
        }
        let category = |kind| matches!(kind, Some(ElementKind::Category { .. }));
        let is_boolean = |kind| likelihood.is_of_counts() && kind == Some(ElementKind::Boolean);
        let mut learned = schema.into_iter().flat_map(Schema::learned);
        let is_other = |kind| category(kind) || is_boolean(kind);
        match learned.find(|column| column.gaps || is_other(column.element())) {
            None => Ok(()),
            Some(column) => {
                let what = match category(column.element()) {
                    true => "is a category",
                    false if is_boolean(column.element()) => "is a boolean",
                    false => "has gaps",
                };
                let name = likelihood.name();
                let seen = format!("`{name}` takes numbers, column `{}` {what}", column.name);
                refuse("likelihood", seen, over_columns)
            }
        }
    }

    /// Refuses a last activation that the likelihood cannot work on.
    pub(crate) fn check_outputs(&self, likelihood: &dyn Likelihood) -> Result<(), ModelError> {
        let Some(what) = likelihood.linear_outputs() else {
            return Ok(());
        };
        // Whatever comes last may bend the output, behind the last layer that has a width.
        let bends = |layer: &&LayerSpec| layer.activation() != Activation::Linear;
        let last = self.decoder_end().iter().find(bends);
        match last.map(|layer| layer.activation()) {
            None => Ok(()),
            Some(activation) => Err(ModelError::Part {
                part: "decoder",
                seen: format!(
                    "ends with activation `{}` under likelihood `{}`",
                    activation.name(),
                    likelihood.name()
                ),
                valid: format!("it works on {what}: leave the last activation out"),
            }),
        }
    }
}

pub(crate) fn no_encoder() -> ModelError {
    ModelError::Part {
        part: "encoder",
        seen: "has no layer that learns a weight".into(),
        valid: "it needs at least one, dense or a convolution; the last one's `units` are the width of a deterministic code".into(),
    }
}
