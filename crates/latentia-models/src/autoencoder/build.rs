//! From a specification to a model.

use std::sync::Arc;

use latentia_nn::layers::{Condition, Corrupt, OneHot, Permute};
use latentia_nn::{Layer, LayerSpec, Likelihood, Shape, Widths};
use latentia_tensor::{Column, ColumnKind, ElementKind, ExampleShape, Schema};

use super::description::Description;
use super::mean_bias::MeanBias;
use super::parts::{Parts, code_layers, elements};
use crate::spec::no_encoder;
use crate::{Autoencoder, ConditionSpec, LossOn, ModelError, ModelSpec, Picture};

impl ModelSpec {
    /// Builds a model for examples of shape `shape`, with parameters drawn from `seed`.
    ///
    /// Past this point nothing can mismatch.
    ///
    /// # Errors
    /// When parts do not fit each other; the part, its value and what would be valid are named.
    pub fn build(
        &self,
        shape: impl Into<ExampleShape>,
        seed: u64,
    ) -> Result<Autoencoder, ModelError> {
        let shape = shape.into();
        Ok(Autoencoder {
            description: Some(Description::Spec(Box::new(self.clone()))),
            ..Autoencoder::from_parts(self.parts(&shape)?, shape, seed)?
        })
    }

    /// The parts of a model for examples of shape `shape`, to change some or add one's own before
    /// [`Autoencoder::from_parts`].
    ///
    /// # Errors
    /// As [`Self::build`].
    pub fn parts(&self, shape: impl Into<ExampleShape>) -> Result<Parts, ModelError> {
        let shape = shape.into();
        let parts = self.parts_over(&shape, None);
        parts.map_err(|error| self.with_fitting_sizes(error, &shape))
    }

    /// Builds a model for the rows of a table whose columns are those of `schema`, which it keeps; with parameters drawn from `seed`.
    ///
    /// Under a likelihood over columns, rows are spread out before the encoder sees them, and missing cells are told to it; other
    /// likelihoods take numbers alone. Under one of counts, booleans that are written as 0 and 1 are counts, which may be larger elsewhere.
    ///
    /// # Errors
    /// As [`Self::build`], and when the likelihood takes no categories or gaps and the table has some.
    pub fn build_table(&self, schema: &Schema, seed: u64) -> Result<Autoencoder, ModelError> {
        let shape = ExampleShape::from(&[schema.learned().count()]);
        let mut schema = schema.clone();
        if self.likelihood.is_of_counts() {
            schema.columns.iter_mut().for_each(count_if_boolean);
        }
        let parts = self.parts_over(&shape, Some(&schema))?;
        Ok(Autoencoder {
            description: Some(Description::Spec(Box::new(self.clone()))),
            schema: Some(schema),
            ..Autoencoder::from_parts(parts, shape, seed)?
        })
    }

    /// The parts of a model for examples of shape `shape`, rows of a table where there is a schema.
    pub(super) fn parts_over(
        &self,
        shape: &ExampleShape,
        schema: Option<&Schema>,
    ) -> Result<Parts, ModelError> {
        let inputs = elements(shape)?;
        let likelihood = match schema {
            Some(schema) => self.likelihood.over(&schema.elements()),
            None => self.likelihood.of_pictures(shape.picture()),
        };
        self.check_columns(&*likelihood, schema)?;
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
        let mut row = Row {
            spec: self,
            inputs,
            picture: shape.picture(),
            schema,
            likelihood: Arc::clone(&likelihood),
            layers: Vec::new(),
            shape: Shape::Flat(inputs),
        };
        row.add_corruption();
        let corruption = row.take_layers();
        row.add_encoder()?;
        let positions = row.add_channels_last();
        let encoder = row.take_layers();
        row.pass_latent()?;
        let permuted = row.add_decoder(positions)?;
        let decoder = row.take_layers();
        self.check_outputs(&*likelihood)?;
        Ok(Parts {
            preprocessing: self.preprocessing,
            corruption,
            loss_on: self.loss_on,
            encoder,
            latent: self.code.clone().into(),
            decoder,
            likelihood,
            penalties: self.objective.penalties(&*self.code),
            discriminator: self.objective.discriminator,
            importance_samples: self.objective.importance_samples,
            importance: self.objective.importance().unwrap_or_default(),
            classes: self.condition.map(|condition| condition.classes),
            output_bias: self.begins_at_mean().map(|sigmoid| MeanBias {
                sigmoid,
                feature_maps: permuted,
            }),
        })
    }
}

/// Makes a column of counts of one that has none above 1.
fn count_if_boolean(column: &mut Column) {
    if column.kind == ColumnKind::Boolean && column.levels == ["0", "1"] {
        column.kind = ColumnKind::Number;
        column.levels.clear();
        column.decimals = Some(0);
    }
}

/// A row on its way through the parts: the layers so far of the part that it is in, and its shape behind them.
struct Row<'a> {
    spec: &'a ModelSpec,
    /// Elements in an example.
    inputs: usize,
    picture: Option<Picture>,
    /// What the columns are, where the example is a row of a table.
    schema: Option<&'a Schema>,
    likelihood: Arc<dyn Likelihood>,
    layers: Vec<Box<dyn Layer>>,
    shape: Shape,
}

impl Row<'_> {
    /// The layers of a part that is complete.
    fn take_layers(&mut self) -> Vec<Box<dyn Layer>> {
        std::mem::take(&mut self.layers)
    }

    /// What stands before the encoder, in training alone.
    fn add_corruption(&mut self) {
        let corruption = self.spec.corruption;
        if let Some(corruption) = corruption.filter(|own| own.hides() || !self.is_spread_out()) {
            let corrupt = Corrupt::new(self.inputs, corruption).of_picture(self.picture);
            let records = self.spec.loss_on == LossOn::Hidden && corrupt.replaces();
            self.layers.push(Box::new(corrupt.recording(records)));
        }
        self.layers
            .extend(self.spec.objective.input_layers(self.inputs));
    }

    /// Whether a row has cells of a table that are spread out for the encoder.
    fn is_spread_out(&self) -> bool {
        self.likelihood.takes_missing()
    }

    /// The cells of a table spread out, and corrupted then, unless they were hidden before.
    fn add_one_hot(&mut self) {
        let corruption = self.spec.corruption;
        let hides = corruption.is_some_and(|own| own.hides());
        let (kinds, gaps) = match self.schema {
            Some(schema) => {
                let gaps = schema.learned().map(|column| column.gaps || hides);
                (schema.elements(), gaps.collect())
            }
            None => (
                vec![ElementKind::Number; self.inputs],
                vec![hides; self.inputs],
            ),
        };
        let layer = OneHot::new(&kinds, &gaps);
        self.shape = layer.output();
        self.layers.push(Box::new(layer));
        if let Some(corruption) = corruption.filter(|own| !own.hides()) {
            let width = self.shape.elements();
            self.layers.push(Box::new(Corrupt::new(width, corruption)));
        }
    }

    fn add_encoder(&mut self) -> Result<(), ModelError> {
        if self.is_spread_out() {
            self.add_one_hot();
        }
        self.add_condition();
        if self.spec.encoder.iter().any(|l| l.needs_feature_maps())
            && let Some(picture) = self.picture
            && self.shape == Shape::Flat(self.inputs)
        {
            let feature_maps = picture.feature_maps();
            self.shape = Shape::feature_maps(feature_maps);
            if picture.channels_last {
                self.layers
                    .push(Box::new(Permute::channels_first(feature_maps)));
            }
        }
        self.add_layers("encoder", &self.spec.encoder, self.inputs, None)
    }

    /// Where codes are made position by position of feature maps: all channels of a position beside each other. Returns the
    /// feature maps.
    fn add_channels_last(&mut self) -> Option<[usize; 3]> {
        let per_position = self.spec.code.is_per_position();
        let feature_maps = self.shape.as_feature_maps().filter(|_| per_position)?;
        self.layers
            .push(Box::new(Permute::channels_last(feature_maps, 1)));
        Some(feature_maps)
    }

    /// The latent, whose layers are made of the latent itself.
    fn pass_latent(&mut self) -> Result<(), ModelError> {
        let samples = self.spec.objective.importance_samples;
        let own = code_layers(&*self.spec.code, self.shape, samples)?;
        let width = self.shape.elements();
        if let Some(last) = own.last().filter(|last| last.outputs() != width) {
            self.shape = last.output();
        }
        Ok(())
    }

    /// The decoder, without the likelihood's own layer; `positions` are the feature maps that codes were made of. Returns the feature
    /// maps that outputs are, where their channels are put last behind the decoder.
    fn add_decoder(
        &mut self,
        positions: Option<[usize; 3]>,
    ) -> Result<Option<[usize; 3]>, ModelError> {
        let code = self.shape.elements();
        self.layers.extend(self.spec.objective.code_layers(code));
        if let Some(feature_maps) = positions {
            self.layers
                .push(Box::new(Permute::channels_first(feature_maps)));
        }
        self.add_condition();
        let wanted = match self.likelihood.last_layer(self.inputs) {
            Some(last) => last.inputs(),
            None => self.likelihood.outputs(self.inputs),
        };
        let end = self.picture.map(|picture| {
            let [_, height, width] = picture.feature_maps();
            [height, width]
        });
        self.add_layers("decoder", &self.spec.decoder, wanted, end)?;
        self.check_outputs(wanted)?;
        let picture = self
            .picture
            .filter(|_| self.shape.as_feature_maps().is_some());
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
        Ok(permuted)
    }

    /// Refuses feature maps behind the decoder that have as many elements as those of the pictures, `wanted`, but another shape.
    fn check_feature_maps(&self, picture: Picture, wanted: usize) -> Result<(), ModelError> {
        let times = wanted / self.inputs;
        let [channels, height, width] = picture.feature_maps();
        let shape = Shape::feature_maps([times * channels, height, width]);
        if self.shape == shape {
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
            seen: format!("ends with feature maps {}", self.shape),
            valid: format!("{valid}: end with that shape, or with `flatten`"),
        })
    }

    /// Refuses a decoder that does not end with `wanted` elements.
    fn check_outputs(&self, wanted: usize) -> Result<(), ModelError> {
        let (inputs, outputs) = (self.inputs, self.shape.elements());
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
        let seen = match self.shape {
            Shape::Flat(outputs) => format!("ends with {outputs} elements"),
            Shape::FeatureMaps { .. } => format!("ends with {}, {outputs} elements", self.shape),
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
            let layer = Condition::new(self.shape.elements(), classes);
            self.shape = layer.output();
            self.layers.push(Box::new(layer));
        }
    }

    /// The layers of one part, of which the last has `last` elements where it does not say how wide it is, and feature maps of `sizes`
    /// where it can.
    fn add_layers(
        &mut self,
        part: &'static str,
        specs: &[LayerSpec],
        last: usize,
        sizes: Option<[usize; 2]>,
    ) -> Result<(), ModelError> {
        let widths = Widths {
            last,
            others: self.inputs,
            sizes,
        };
        let built = LayerSpec::build(specs, self.shape, widths);
        let (layers, row) = built.map_err(|source| ModelError::Layer { part, source })?;
        self.layers.extend(layers);
        self.shape = row;
        Ok(())
    }
}
