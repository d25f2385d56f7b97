//! From a specification to a model.

use latentia_nn::layers::{Condition, Corrupt, Permute};
use latentia_nn::{Chain, Layer, LayerSpec, Shape, Widths};

use super::sections::Sections;
use crate::spec::no_encoder;
use crate::{Autoencoder, ConditionSpec, ModelError, ModelSpec, Picture, Scaling};

/// The most parameters that a model learns: a slip of the keyboard should not end in a lack of memory.
const MAX_PARAMETERS: usize = 1 << 30;

impl ModelSpec {
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
        // No example of that many elements fits into memory: none can be had.
        let Some(inputs) = inputs.filter(|&n| n > 0) else {
            return Err(ModelError::NoExamples {
                purpose: "build a model for",
            });
        };
        if !self.encoder.iter().any(|layer| layer.has_width()) {
            return Err(no_encoder());
        }
        if !self.decoder.iter().any(|layer| layer.has_width()) {
            return Err(ModelError::Part {
                part: "decoder",
                seen: "has no layer that learns a weight".into(),
                valid: "it needs at least one, the last without `units` or `channels`".into(),
            });
        }
        self.check_parts()?;
        let mut parts = Parts {
            spec: self,
            inputs,
            picture: Picture::of(shape),
            layers: Vec::new(),
            row: Shape::Flat(inputs),
        };
        parts.add_corruption();
        let encoder = parts.layers.len();
        parts.add_encoder()?;
        let positions = parts.add_channels_last();
        let code = parts.layers.len();
        parts.add_latent()?;
        let decoder = parts.layers.len();
        let permuted_outputs = parts.add_decoder(positions)?;
        let layers = parts.layers;
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
            permuted_outputs,
            chain: Chain::new(layers, seed)?,
        })
    }
}

/// The parts of a model so far, and the shape of a row behind them.
struct Parts<'a> {
    spec: &'a ModelSpec,
    /// Elements in an example.
    inputs: usize,
    picture: Option<Picture>,
    layers: Vec<Box<dyn Layer>>,
    row: Shape,
}

impl Parts<'_> {
    /// What stands before the encoder, in training alone.
    fn add_corruption(&mut self) {
        if let Some(corruption) = self.spec.corruption {
            self.layers
                .push(Box::new(Corrupt::new(self.inputs, corruption)));
        }
        self.layers
            .extend(self.spec.objective.input_layers(self.inputs));
    }

    fn add_encoder(&mut self) -> Result<(), ModelError> {
        self.add_condition();
        if self.spec.encoder.iter().any(|l| l.needs_feature_maps())
            && let Some(picture) = self.picture
            && self.row == Shape::Flat(self.inputs)
        {
            let feature_maps = picture.feature_maps();
            self.row = Shape::feature_maps(feature_maps);
            if picture.channels_last {
                self.layers
                    .push(Box::new(Permute::channels_first(feature_maps)));
            }
        }
        self.add_layers("encoder", &self.spec.encoder, self.inputs)
    }

    /// Where codes are made position by position of feature maps: all channels of a position beside each other. Returns the
    /// feature maps.
    fn add_channels_last(&mut self) -> Option<[usize; 3]> {
        let per_position = self.spec.code.is_per_position();
        let feature_maps = self.row.as_feature_maps().filter(|_| per_position)?;
        self.layers
            .push(Box::new(Permute::channels_last(feature_maps, 1)));
        Some(feature_maps)
    }

    fn add_latent(&mut self) -> Result<(), ModelError> {
        let latent = &self.spec.code;
        latent.check(self.row).map_err(ModelError::part("code"))?;
        let (width, samples) = (self.row.elements(), self.spec.objective.importance_samples);
        let own = latent.layers(width, samples);
        if let Some(last) = own.last().filter(|last| last.outputs() != width) {
            self.row = last.output();
        }
        self.layers.extend(own);
        Ok(())
    }

    /// The decoder and the likelihood's own layer; `positions` are the feature maps that codes were made of. Returns the feature
    /// maps that outputs are, where their channels are put last behind the decoder.
    fn add_decoder(
        &mut self,
        positions: Option<[usize; 3]>,
    ) -> Result<Option<[usize; 3]>, ModelError> {
        if let Some(feature_maps) = positions {
            self.layers
                .push(Box::new(Permute::channels_first(feature_maps)));
        }
        self.add_condition();
        let last = self.spec.likelihood.last_layer(self.inputs);
        let wanted = match &last {
            Some(last) => last.inputs(),
            None => self.spec.likelihood.outputs(self.inputs),
        };
        self.add_layers("decoder", &self.spec.decoder, wanted)?;
        self.check_outputs(wanted)?;
        let picture = self
            .picture
            .filter(|_| self.row.as_feature_maps().is_some());
        if let Some(picture) = picture {
            self.check_feature_maps(picture, wanted)?;
        }
        let permuted = picture.filter(|picture| picture.channels_last);
        let permuted = permuted.map(Picture::feature_maps);
        if let Some(feature_maps) = permuted {
            let times = wanted / self.inputs;
            self.layers
                .push(Box::new(Permute::channels_last(feature_maps, times)));
        }
        self.layers.extend(last);
        Ok(permuted)
    }

    /// Refuses feature maps behind the decoder that have as many elements as those of the pictures, `wanted`, but another shape.
    fn check_feature_maps(&self, picture: Picture, wanted: usize) -> Result<(), ModelError> {
        let times = wanted / self.inputs;
        let [channels, height, width] = picture.feature_maps();
        let shape = Shape::feature_maps([times * channels, height, width]);
        if self.row == shape {
            return Ok(());
        }
        let valid = match times {
            1 => format!("an example has {shape}, of as many elements"),
            _ => format!(
                "`{}` takes {shape}, as many elements",
                self.spec.likelihood.name()
            ),
        };
        Err(ModelError::Part {
            part: "decoder",
            seen: format!("ends with feature maps {}", self.row),
            valid: format!("{valid}: end with that shape, or with `flatten`"),
        })
    }

    /// Refuses a decoder that does not end with `wanted` elements.
    fn check_outputs(&self, wanted: usize) -> Result<(), ModelError> {
        let (inputs, outputs) = (self.inputs, self.row.elements());
        if outputs == wanted {
            return Ok(());
        }
        let valid = match wanted == inputs {
            true => format!("an example has {inputs}"),
            false => format!(
                "`{}` takes {wanted} for the {inputs} of an example",
                self.spec.likelihood.name()
            ),
        };
        let seen = match self.row {
            Shape::Flat(outputs) => format!("ends with {outputs} elements"),
            Shape::FeatureMaps { .. } => format!("ends with {}, {outputs} elements", self.row),
        };
        Err(ModelError::Part {
            part: "decoder",
            seen,
            valid: format!("{valid}; leave out `units` or `channels` of its last layer"),
        })
    }

    /// The layer that tells of the class, where the model is told it.
    fn add_condition(&mut self) {
        if let Some(ConditionSpec { classes }) = self.spec.condition {
            let layer = Condition::new(self.row.elements(), classes);
            self.row = layer.output();
            self.layers.push(Box::new(layer));
        }
    }

    /// The layers of one part, of which the last has `last` elements where it does not say how wide it is.
    fn add_layers(
        &mut self,
        part: &'static str,
        specs: &[LayerSpec],
        last: usize,
    ) -> Result<(), ModelError> {
        let others = self.inputs;
        let built = LayerSpec::build(specs, self.row, Widths { last, others });
        let (layers, row) = built.map_err(|source| ModelError::Layer { part, source })?;
        self.layers.extend(layers);
        self.row = row;
        Ok(())
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
            "has {parameters} parameters, in layers of {} elements",
            widths.join(", ")
        ),
        valid: format!("at most {MAX_PARAMETERS} are possible; use smaller layers"),
    })
}
